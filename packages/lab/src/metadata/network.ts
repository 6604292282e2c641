// A DHT of thousands of nodes, each a socket on an address of its own, that hold hundreds of thousands of torrents between them.
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import type { Clock } from '@swarmscope/runtime/clock.ts';
import { type Driven, drive } from '@swarmscope/runtime/drive.ts';
import type { OnInvariant } from '@swarmscope/runtime/invariant.ts';
import { randomBytes, seededRandom } from '@swarmscope/runtime/random.ts';
import { openUdp } from '@swarmscope/runtime/udp.ts';
import { manyAddresses } from '../loopback/addresses.ts';
import { DHT_BEHAVIOURS } from '../sim/dht-behaviour.ts';
import { DhtLabNode, type DhtNodeFact } from '../sim/dht-node.ts';
import { mix32 } from '../sim/mix.ts';
import { ID_BYTES, Population, type Resident } from '../sim/population.ts';
import type { NumberedTorrents } from './torrents.ts';

/** Sockets opened at the same time. */
const OPENING = 256;

export interface WideDht {
  readonly bootstrap: Endpoint;
  stop(): Promise<void>;
}

/** Opens them all. `peersOf`: what the eight closest nodes hold of a torrent. Nodes are as libtorrent by default: a sample is drawn each six hours. */
export async function openWideDht(
  { seed, nodes }: { readonly seed: number; readonly nodes: number },
  torrents: NumberedTorrents,
  peersOf: (index: number) => readonly Endpoint[],
  clock: Clock,
  onInvariant: OnInvariant,
): Promise<WideDht> {
  const random = seededRandom(mix32(seed, 0x1de));
  const addresses = manyAddresses();
  const places: { resident: Resident; socket: Awaited<ReturnType<typeof openUdp>> }[] = []; // bound: nodes
  while (places.length < nodes) {
    const wanted = Math.min(OPENING, nodes - places.length);
    const opened = Array.from({ length: wanted }, (_, i) => openUdp({ address: addresses.node(places.length + i), port: 0 }));
    for (const socket of await Promise.all(opened))
      places.push({ socket, resident: { id: randomBytes(random, ID_BYTES), endpoint: socket.local } });
  }
  const population = new Population(places.map((place) => place.resident));
  const sockets = new Map(places.map((place) => [place.resident, place.socket]));
  const labNodes = new Map<Resident, DhtLabNode>(); // bound: nodes
  const driven: Driven<DhtLabNode, DhtNodeFact>[] = []; // bound: nodes
  for (const [index, resident] of population.residents.entries()) {
    const node = new DhtLabNode(population, index, DHT_BEHAVIOURS.patient, random);
    labNodes.set(resident, node);
    driven.push(drive(node, sockets.get(resident)!, clock, onInvariant));
  }
  for (let index = 0; index < torrents.count; index++) {
    const infoHash = torrents.infoHash(index);
    const holding = { infoHash, peers: peersOf(index).map((endpoint) => ({ endpoint, seed: true })) };
    for (const resident of population.closest(infoHash)) labNodes.get(resident)!.holdNew(holding);
  }
  return {
    bootstrap: population.residents[0]!.endpoint,
    stop: async () => void (await Promise.all(driven.map((one) => one.stop()))),
  };
}
