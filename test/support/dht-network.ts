// A virtual network for datagram machines: one clock, a delay, loss, a log of what was sent; nothing real.

import { randomId } from '@swarmscope/bittorrent/dht/distance.ts';
import type { DhtFact } from '@swarmscope/bittorrent/dht/facts.ts';
import { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import type { DhtNodeOptions } from '@swarmscope/bittorrent/dht/node-options.ts';
import { endpointKey } from '@swarmscope/bittorrent/endpoint.ts';
import type { Endpoint, Machine, Out, Random } from '@swarmscope/bittorrent/machine.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';

export interface Sent {
  readonly atMs: number;
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly bytes: Uint8Array;
}

/** Something that lives at an endpoint. */
export interface Inhabitant {
  readonly endpoint: Endpoint;
  receive(bytes: Uint8Array, from: Endpoint, now: number): void;
  tick(now: number): void;
  deadline(): number;
}

interface Datagram extends Sent {
  readonly dueMs: number;
}

export class VirtualNetwork {
  now = 1_000;
  readonly random: Random;
  /** Every datagram that was sent, lost ones too. */
  readonly log: Sent[] = []; // bound: one test
  readonly #inhabitants = new Map<string, Inhabitant>(); // bound: one test
  /** All delays are equal, so the order of sending is the order of arrival. */
  readonly #flying: Datagram[] = []; // bound: one test
  readonly #delayMs: number;
  readonly #loss: number;

  constructor(seed: number, delayMs = 20, loss = 0) {
    this.random = seededRandom(seed);
    this.#delayMs = delayMs;
    this.#loss = loss;
  }

  send(bytes: Uint8Array, from: Endpoint, to: Endpoint): void {
    const sent = { atMs: this.now, from, to, bytes: bytes.slice() };
    this.log.push(sent);
    if (this.random() >= this.#loss) this.#flying.push({ ...sent, dueMs: this.now + this.#delayMs });
  }

  add(inhabitant: Inhabitant): void {
    this.#inhabitants.set(endpointKey(inhabitant.endpoint), inhabitant);
  }

  /** A machine at an endpoint; its facts are appended to `facts`, or given to `onFact`. */
  addMachine<F>(machine: Machine<F>, endpoint: Endpoint, onFact: (fact: F, now: number) => void): Out<F> {
    const out: Out<F> = {
      send: (bytes, to) => this.send(bytes, endpoint, to),
      emit: (fact) => onFact(fact, this.now),
    };
    this.add({
      endpoint,
      receive: (bytes, from, now) => machine.receive(bytes, from, now, out),
      tick: (now) => machine.tick(now, out),
      deadline: () => machine.deadline(),
    });
    return out;
  }

  remove(endpoint: Endpoint): void {
    this.#inhabitants.delete(endpointKey(endpoint));
  }

  /** Lets `ms` pass. */
  run(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      let next = this.#flying[0]?.dueMs ?? Number.POSITIVE_INFINITY;
      for (const inhabitant of this.#inhabitants.values()) next = Math.min(next, inhabitant.deadline());
      if (next > end) break;
      this.now = Math.max(this.now, next);
      while (this.#flying[0] && this.#flying[0].dueMs <= this.now) {
        const datagram = this.#flying.shift()!;
        this.#inhabitants.get(endpointKey(datagram.to))?.receive(datagram.bytes, datagram.from, this.now);
      }
      for (const inhabitant of this.#inhabitants.values()) if (inhabitant.deadline() <= this.now) inhabitant.tick(this.now);
    }
    this.now = end;
  }
}

/** A DhtNode at home in a virtual network, with all that it said. */
export class VirtualNode {
  readonly node: DhtNode;
  readonly endpoint: Endpoint;
  readonly facts: DhtFact[] = []; // bound: one test
  readonly out: Out<DhtFact>;

  constructor(network: VirtualNetwork, endpoint: Endpoint, options: Partial<DhtNodeOptions> = {}) {
    this.endpoint = endpoint;
    const { random } = network;
    this.node = new DhtNode({
      family: endpoint.address.includes(':') ? 6 : 4,
      id: randomId(random),
      random,
      admits: () => true,
      caps: { perHost: 1, perPrefix: 1_000 },
      ...options,
    });
    this.out = network.addMachine(this.node, endpoint, (fact) => this.facts.push(fact));
  }

  factsOf<T extends DhtFact['type']>(type: T): Extract<DhtFact, { type: T }>[] {
    return this.facts.filter((fact): fact is Extract<DhtFact, { type: T }> => fact.type === type);
  }
}

/** `count` nodes on 10.0.x.y that all joined through the first one; a minute has passed. */
export function startMesh(network: VirtualNetwork, count: number, options: Partial<DhtNodeOptions> = {}): VirtualNode[] {
  const nodes = Array.from(
    { length: count },
    (_, i) => new VirtualNode(network, { address: `10.0.${i >> 8}.${i & 255}`, port: 6881 }, options),
  );
  const first = nodes[0]!;
  for (const { node, out } of nodes.slice(1)) node.bootstrap([first.endpoint], network.now, out);
  network.run(60_000);
  return nodes;
}
