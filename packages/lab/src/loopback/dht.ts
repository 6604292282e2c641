// The loopback world's DHT: light nodes on real UDP sockets, and what they hold.
import { equalBytes, toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import type { Clock } from '@swarmscope/runtime/clock.ts';
import { type Driven, drive } from '@swarmscope/runtime/drive.ts';
import type { OnInvariant } from '@swarmscope/runtime/invariant.ts';
import { randomBytes, seededRandom } from '@swarmscope/runtime/random.ts';
import { openUdp } from '@swarmscope/runtime/udp.ts';
import { DHT_BEHAVIOURS, type DhtBehaviour, isTruthful } from '../sim/dht-behaviour.ts';
import { DhtLabNode, type DhtNodeFact, type HeldPeer } from '../sim/dht-node.ts';
import { mix32 } from '../sim/mix.ts';
import { ID_BYTES, K, Population } from '../sim/population.ts';
import type { AddressPlan } from './addresses.ts';

/** What is true of the DHT now. */
export interface DhtTruth {
  /** Nodes that answer truthfully, and infohashes that at least one of them would reveal by BEP 51. */
  readonly nodes: number;
  readonly infohashes: number;
  readonly nodeEndpoints: readonly Endpoint[];
  /** Lower-case hex. */
  readonly infoHashes: readonly string[];
  /** Nodes that listen to nobody. */
  readonly silent: number;
}

export interface DhtOptions {
  readonly seed: number;
  readonly nodes: number;
  /** Who behaves how: node `index` of all. */
  readonly behaviour?: (index: number) => DhtBehaviour;
}

/** The mix of an ordinary network: of twenty nodes one is silent, two are old, two speak BEP 33 by the letter or not at all, the rest as libtorrent. */
export function ordinaryBehaviour(index: number): DhtBehaviour {
  const { dead, old, plain, unscraped, libtorrent } = DHT_BEHAVIOURS;
  return ({ 3: dead, 7: old, 11: plain, 13: old, 17: unscraped } as Record<number, DhtBehaviour>)[index % 20] ?? libtorrent;
}

/** All nodes, running. */
export class LoopbackDht {
  readonly #driven: readonly Driven<DhtLabNode, DhtNodeFact>[];
  readonly #population: Population;
  readonly #nodes: readonly DhtLabNode[];
  /** How often each infohash that the world asked to watch was named in a query. */
  readonly #named = new Map<string, number>(); // bound: the infohashes given to `guard`

  private constructor(population: Population, nodes: readonly DhtLabNode[], driven: readonly Driven<DhtLabNode, DhtNodeFact>[]) {
    this.#population = population;
    this.#nodes = nodes;
    this.#driven = driven;
    for (const one of driven) one.listen((fact) => this.#heard(fact));
  }

  /** Opens a socket for each node, then starts them all. */
  static async open(options: DhtOptions, addresses: AddressPlan, clock: Clock, onInvariant: OnInvariant): Promise<LoopbackDht> {
    const random = seededRandom(mix32(options.seed, 0xd47));
    const behaviourOf = options.behaviour ?? ordinaryBehaviour;
    const sockets = await Promise.all(
      Array.from({ length: options.nodes }, (_, i) => openUdp({ address: addresses.node(i), port: 0 })),
    );
    const places = sockets.map((socket, i) => ({
      socket,
      behaviour: behaviourOf(i),
      resident: { id: randomBytes(random, ID_BYTES), endpoint: socket.local },
    }));
    const population = new Population(places.map((place) => place.resident));
    const placeOf = new Map(places.map((place) => [place.resident, place]));
    const started = population.residents.map((resident, index) => {
      const { socket, behaviour } = placeOf.get(resident as (typeof places)[number]['resident'])!;
      const node = new DhtLabNode(population, index, behaviour, random);
      return { node, driven: drive(node, socket, clock, onInvariant) };
    });
    return new LoopbackDht(
      population,
      started.map((one) => one.node),
      started.map((one) => one.driven),
    );
  }

  /** A truthful node to begin with. */
  get bootstrap(): Endpoint {
    return this.#nodes.find((node) => isTruthful(node.behaviour) && node.behaviour.bep51)!.resident.endpoint;
  }

  /** Announces peers to the nodes that an announcer would have found: the closest that answer. */
  announce(infoHash: Uint8Array, peers: readonly HeldPeer[]): void {
    const answering = new Set(this.#nodes.filter((node) => !node.behaviour.silent).map((node) => node.resident));
    const closest = new Set(this.#population.closest(infoHash, K, (resident) => answering.has(resident)));
    for (const node of this.#nodes) if (closest.has(node.resident)) node.hold({ infoHash, peers });
  }

  /** Everybody who is announced as a peer of an infohash, at any node. */
  announced(infoHash: Uint8Array): Endpoint[] {
    const held = this.#nodes.flatMap((node) => node.holdings.filter((one) => equalBytes(one.infoHash, infoHash)));
    return held.flatMap((one) => one.peers.map((peer) => peer.endpoint));
  }

  /** Counts from now on how often this infohash is named in a query. */
  guard(infoHash: Uint8Array): void {
    this.#named.set(toHex(infoHash), 0);
  }

  /** How often a guarded infohash was named. */
  namings(infoHash: Uint8Array): number {
    return this.#named.get(toHex(infoHash)) ?? 0;
  }

  truth(): DhtTruth {
    const truthful = this.#nodes.filter((node) => isTruthful(node.behaviour));
    const held = truthful
      .filter((node) => node.behaviour.bep51)
      .flatMap((node) => node.holdings.map((one) => toHex(one.infoHash)));
    const infoHashes = [...new Set(held)].sort();
    return {
      nodes: truthful.length,
      infohashes: infoHashes.length,
      nodeEndpoints: truthful.map((node) => node.resident.endpoint),
      infoHashes,
      silent: this.#nodes.filter((node) => node.behaviour.silent).length,
    };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#driven.map((one) => one.stop()));
  }

  #heard(fact: DhtNodeFact): void {
    if (!fact.target || this.#named.size === 0) return;
    const name = toHex(fact.target);
    const count = this.#named.get(name);
    if (count !== undefined) this.#named.set(name, count + 1);
  }
}
