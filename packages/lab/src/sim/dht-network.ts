// A DHT of any size for the simulated world: nodes with public addresses and behaviours by share, infohashes where announcers would have put them.

import type { Family } from '@swarmscope/bittorrent/endpoint.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Endpoint, Random } from '@swarmscope/bittorrent/machine.ts';
import { DHT_BEHAVIOURS, DHT_LIES, type DhtBehaviour, type DhtLie, isTruthful, lying } from './dht-behaviour.ts';
import { DhtLabNode, type DhtNodeFact } from './dht-node.ts';
import { ID_BYTES, K, Population, type Resident } from './population.ts';
import type { SimHost, SimWorld } from './world.ts';

export interface DhtNetworkPlan {
  readonly nodes: number;
  readonly infohashes: number;
  /** Of the whole network; 4 when not given. */
  readonly family?: Family;
  /** Shares of all nodes. */
  readonly dead: number;
  readonly liars: number;
  /** Which lies; all in turn when not given. */
  readonly lies?: readonly DhtLie[];
  /** Of the truthful: without BEP 51, and without BEP 33. */
  readonly old?: number;
  /** Seconds of BEP 51 interval that the truthful say and keep. */
  readonly intervalS: number;
  /** Of all: behind a NAT, so that they answer only whom they wrote to. They are listed like the others. */
  readonly natted?: number;
  /** Peers of each infohash. */
  readonly peers?: number;
  /** Share of the nodes that leaves in an hour; for each that leaves one comes that was not there lately: for two hours all that come are new. */
  readonly churnPerHour?: number;
}

export interface DhtNetwork {
  readonly population: Population;
  readonly hosts: readonly SimHost<DhtNodeFact, DhtLabNode>[];
  readonly nodes: readonly DhtLabNode[];
  /** Infohashes (hex) held by at least one truthful, reachable node that speaks BEP 51. */
  readonly reachableInfohashes: ReadonlySet<string>;
  /** All that are true, held or not. */
  readonly infohashes: ReadonlySet<string>;
  /** The same as bytes, in order of entry. */
  readonly contents: readonly Uint8Array[];
  readonly bootstrap: Endpoint;
}

/** First octets that are public wherever the rest is anything: no bogon guard refuses them. */
const PUBLIC_FIRST = [5, 23, 31, 37, 46, 62, 77, 80, 84, 88, 90, 92, 95, 109, 121, 144, 151, 176, 178, 186, 190, 201, 212, 217];

function bytesOf(random: Random, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = Math.floor(random() * 256);
  return bytes;
}

function randomV4(random: Random): string {
  const first = PUBLIC_FIRST[Math.floor(random() * PUBLIC_FIRST.length)]!;
  return `${first}.${[0, 0, 0].map(() => 1 + Math.floor(random() * 254)).join('.')}`;
}

/** A /64 of its own within 2a00::/16, in canonical text. */
function randomV6(random: Random): string {
  const groups = [0, 0, 0].map(() => (1 + Math.floor(random() * 0xfffe)).toString(16));
  return `2a00:${groups.join(':')}::1`;
}

/** A public address that no other call with the same `taken` gave. */
export function publicAddress(random: Random, taken: Set<string>, wanted: Family = 4): string {
  for (;;) {
    const address = wanted === 4 ? randomV4(random) : randomV6(random);
    if (taken.has(address)) continue;
    taken.add(address);
    return address;
  }
}

function behaviours(plan: DhtNetworkPlan): { truthful: DhtBehaviour; old: DhtBehaviour } {
  const { libtorrent, patient, old } = DHT_BEHAVIOURS;
  const base = plan.intervalS === 0 ? libtorrent : patient;
  return { truthful: { ...base, intervalS: plan.intervalS }, old };
}

/** Builds the network and puts its nodes into the world. The dead are listed by others and are no hosts. */
export function buildDhtNetwork(world: SimWorld, plan: DhtNetworkPlan, random: Random): DhtNetwork {
  const taken = new Set<string>();
  const residents: Resident[] = Array.from({ length: plan.nodes }, () => ({
    id: bytesOf(random, ID_BYTES),
    endpoint: { address: publicAddress(random, taken, plan.family), port: 1_024 + Math.floor(random() * 60_000) },
  }));
  const population = new Population(residents);
  const kinds = behaviours(plan);
  const { lies = DHT_LIES } = plan;
  let liars = 0;
  const pick = (): DhtBehaviour => {
    const draw = random();
    if (draw < plan.dead) return DHT_BEHAVIOURS.dead;
    if (draw < plan.dead + plan.liars) return lying(lies[liars++ % lies.length]!);
    return random() < (plan.old ?? 0) ? kinds.old : kinds.truthful;
  };
  const nodes = population.residents.map((_, index) => new DhtLabNode(population, index, pick(), random));
  const natted = new Set(nodes.filter(() => random() < (plan.natted ?? 0)));
  const hosts = nodes
    .filter((node) => !node.behaviour.silent)
    .map((node) => world.add<DhtNodeFact, DhtLabNode>(node, node.resident.endpoint, { nat: natted.has(node) }));
  const first = nodes.find((node) => isTruthful(node.behaviour) && node.behaviour.bep51 && !natted.has(node))!;
  const stored = fill(nodes, natted, plan, random);
  if (plan.churnPerHour)
    churn(
      world,
      hosts.filter((host) => host.machine !== first),
      plan.churnPerHour,
      random,
    );
  return { population, hosts, nodes, ...stored, bootstrap: first.resident.endpoint };
}

/** Announces the infohashes to the closest nodes that answer announcers. */
function fill(
  nodes: readonly DhtLabNode[],
  natted: ReadonlySet<DhtLabNode>,
  plan: DhtNetworkPlan,
  random: Random,
): Pick<DhtNetwork, 'infohashes' | 'reachableInfohashes' | 'contents'> {
  const answering = new Map(
    nodes.filter((node) => !node.behaviour.silent && !natted.has(node)).map((node) => [node.resident, node]),
  );
  const announcedTo = new Population([...answering.keys()]);
  const contents: Uint8Array[] = [];
  const infohashes = new Set<string>();
  const reachableInfohashes = new Set<string>();
  const addresses = new Set<string>();
  for (let i = 0; i < plan.infohashes; i++) {
    const infoHash = bytesOf(random, ID_BYTES);
    const hex = toHex(infoHash);
    const peers = Array.from({ length: plan.peers ?? 1 }, () => ({
      endpoint: { address: publicAddress(random, addresses, plan.family), port: 6_881 },
      seed: random() < 0.5,
    }));
    const holding = { infoHash, peers };
    infohashes.add(hex);
    contents.push(infoHash);
    for (const resident of announcedTo.closest(infoHash, K)) {
      const node = answering.get(resident)!;
      node.holdNew(holding);
      if (isTruthful(node.behaviour) && node.behaviour.bep51) reachableInfohashes.add(hex);
    }
  }
  return { infohashes, reachableInfohashes, contents };
}

/** So long it takes until everybody who was absent has come; after it those come back that left first. */
const CHURN_HOURS = 2;

/** Keeps a reserve of absent nodes and swaps, at even pace and without end, one that leaves for one that comes. */
function churn(world: SimWorld, hosts: readonly SimHost<DhtNodeFact, DhtLabNode>[], perHour: number, random: Random): void {
  const order = [...hosts];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  const absent = order.splice(0, Math.floor((hosts.length * perHour * CHURN_HOURS) / (1 + perHour * CHURN_HOURS)));
  for (const host of absent) host.setUp(false);
  const everyMs = 3_600_000 / (perHour * order.length);
  const present = new Ring(order);
  const away = new Ring(absent);
  const swap = (startMs: number) =>
    world.at(startMs + random() * everyMs, () => {
      const [leaving, coming] = [present.first, away.first];
      leaving.setUp(false);
      coming.setUp(true);
      present.turn(coming);
      away.turn(leaving);
      swap(startMs + everyMs);
    });
  if (order.length > 0 && absent.length > 0) swap(world.now);
}

/** A queue of fixed length: whoever is taken from its front is replaced at its end. */
class Ring<T> {
  readonly #items: T[];
  #at = 0;

  constructor(items: T[]) {
    this.#items = items;
  }

  get first(): T {
    return this.#items[this.#at]!;
  }

  turn(last: T): void {
    this.#items[this.#at] = last;
    this.#at = (this.#at + 1) % this.#items.length;
  }
}
