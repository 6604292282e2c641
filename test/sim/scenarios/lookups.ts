// The real DHT node in a simulated network: its lookups find who is truly closest, the peers that are there, and nobody is pestered.

import type { DhtFact } from '@swarmscope/bittorrent/dht/facts.ts';
import { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import { endpointKey } from '@swarmscope/bittorrent/endpoint.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { type Figure, figure } from '@swarmscope/lab/figure.ts';
import { isTruthful } from '@swarmscope/lab/sim/dht-behaviour.ts';
import { buildDhtNetwork, type DhtNetwork, type DhtNetworkPlan } from '@swarmscope/lab/sim/dht-network.ts';
import { K } from '@swarmscope/lab/sim/population.ts';
import { Referee } from '@swarmscope/lab/sim/referee.ts';
import { type Link, type SimHost, SimWorld } from '@swarmscope/lab/sim/world.ts';
import { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import { randomBytes, seededRandom } from '@swarmscope/runtime/random.ts';

export interface LookupPlan {
  readonly seed: number;
  readonly network: DhtNetworkPlan;
  readonly link: Link;
  readonly lookups: number;
}

/** Where the visitor stands: a public address that no node has. */
const VISITORS = { 4: { address: '198.41.0.1', port: 6_881 }, 6: { address: '2a01:4f8::1', port: 6_881 } } as const;
/** So long an entry takes at most. */
export const ENTRY_MS = 30_000;
const policy = new AddressPolicy({ labNetworks: [], optOut: [] });

export interface Scene {
  readonly family: 4 | 6;
  readonly world: SimWorld;
  readonly network: DhtNetwork;
  readonly referee: Referee;
}

/** Looks on at what a visitor sends and is told. */
export function watch(world: SimWorld, network: DhtNetwork, watched: Endpoint): Referee {
  const truthful = new Set(
    network.nodes.filter((node) => isTruthful(node.behaviour)).map((node) => endpointKey(node.resident.endpoint)),
  );
  const referee = new Referee({
    watched,
    isBogon: (to) => !policy.admits(to),
    isTruthful: (from) => truthful.has(endpointKey(from)),
  });
  world.observe(referee);
  return referee;
}

/** A network with a referee on the visitor's line. */
export function setScene(plan: { seed: number; network: DhtNetworkPlan; link: Link }): Scene {
  const family = plan.network.family ?? 4;
  const random = seededRandom(plan.seed);
  const world = new SimWorld(random, plan.link);
  const network = buildDhtNetwork(world, plan.network, random);
  return { family, world, network, referee: watch(world, network, VISITORS[family]) };
}

/** A DHT node of ours, at the visitor's place if no other is named; not bootstrapped. */
export function visitor(scene: Scene, seed: number, id?: Uint8Array, at?: Endpoint): SimHost<DhtFact, DhtNode> {
  const random = seededRandom(seed ^ 0x5eed);
  const drawn = randomBytes(random, 20);
  const node = new DhtNode({ family: scene.family, id: id ?? drawn, random, admits: (to) => policy.admits(to) });
  return scene.world.add<DhtFact, DhtNode>(node, at ?? VISITORS[scene.family]);
}

/** Lets it look for its neighbours by the one address that everybody knows. */
export function enter(scene: Scene, host: SimHost<DhtFact, DhtNode>): void {
  host.act((machine, now, out) => machine.bootstrap([scene.network.bootstrap], now, out));
}

/** A visitor that has entered. */
export function addVisitor(scene: Scene, seed: number): SimHost<DhtFact, DhtNode> {
  const host = visitor(scene, seed);
  enter(scene, host);
  scene.world.run(scene.world.now + ENTRY_MS);
  return host;
}

/** Looks up infohashes of the network, some at a time; scores closest nodes and peers. */
export function runLookups(plan: LookupPlan): Figure[] {
  const scene = setScene(plan);
  const host = addVisitor(scene, plan.seed);
  const { world, network, referee } = scene;
  // A liar that answers in order and under its own id is a node of the network like others.
  const disordered = ['changes_id', 'malformed', 'oversize'];
  const answering = new Set(
    network.nodes
      .filter((node) => !node.behaviour.silent && !disordered.includes(node.behaviour.lie ?? ''))
      .map((node) => endpointKey(node.resident.endpoint)),
  );
  const queriesBefore = referee.queries;
  let closest = 0;
  let withPeers = 0;
  let done = 0;
  const found = new Set<string>();
  host.listen((fact) => {
    if (fact.type === 'peers') found.add(toHex(fact.infoHash));
    if (fact.type !== 'lookup_done') return;
    done++;
    const truly = network.population.closest(fact.infoHash, K, (one) => answering.has(endpointKey(one.endpoint)));
    const named = new Set(fact.closest.map(endpointKey));
    closest += truly.filter((one) => named.has(endpointKey(one.endpoint))).length / truly.length;
    if (found.has(toHex(fact.infoHash))) withPeers++;
  });
  const targets = network.contents.slice(0, plan.lookups);
  for (const [i, target] of targets.entries()) {
    world.at(world.now + i * 500, () => {
      host.act((machine, now, out) => machine.lookup({ target, kind: 'get_peers' }, now, out));
    });
  }
  world.run(world.now + targets.length * 500 + 300_000, () => done === targets.length);
  const { rate, bogon, interval, optOut } = referee.violations;
  const name = (what: string) => `dht lookups IPv${scene.family}: ${what}`;
  return [
    figure(name('finished'), '%', (100 * done) / targets.length, 'min', 100, plan.seed),
    figure(name('closest nodes found'), '%', (100 * closest) / targets.length, 'min', 88, plan.seed),
    figure(name('peers found'), '%', (100 * withPeers) / targets.length, 'min', 99, plan.seed),
    figure(name('queries each'), 'queries', (referee.queries - queriesBefore) / targets.length, 'max', 40, plan.seed),
    figure(name('politeness violations'), 'packets', rate + bogon + interval + optOut, 'max', 0, plan.seed),
  ];
}
