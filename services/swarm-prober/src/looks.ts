// First looks: which swarms wait for one with which peers, and how many are under way. They have places of their own, so that no census waits for them.
import { Fifo } from '@swarmscope/bittorrent/dht/fifo.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import type { Sighting } from './census.ts';
import type { ProbedSwarm } from './swarm.ts';

/** Beyond it the oldest gets no first look: its census comes all the same. */
const WAITING_MAX = 20_000;
/** Enough to get the metadata from. */
const PEERS_MAX = 16;
const QUESTION = 'overheard';

/** Peers of a swarm, as one DHT node named them. */
export interface Overheard {
  readonly id: string;
  readonly endpoints: readonly Endpoint[];
  /** Pseudonym of the node. */
  readonly sourceId: string;
}

/** Gives a first look its peers: of the view that they were named under. */
export function recall(
  swarm: ProbedSwarm,
  { id, endpoints, sourceId }: Overheard,
  now: number,
  sighted: (via: number, endpoint: Endpoint, sighting: Sighting) => void,
): void {
  if (swarm.isPrivate) return;
  const via = swarm.views.findIndex(({ infoHash }) => toHex(infoHash) === id);
  swarm.census?.ask(QUESTION, 'dht', now);
  swarm.census?.settle(QUESTION, true);
  for (const endpoint of endpoints) sighted(Math.max(0, via), endpoint, { source: 'dht', sourceId });
}

export class Looks {
  readonly #max: number;
  /** In the order in which they were heard of. */
  readonly #waiting = new Map<string, Overheard>(); // bound: WAITING_MAX of PEERS_MAX
  /** Infohashes of which no peers were asked for yet. */
  readonly #unasked = new Fifo<string>(); // bound: the schedule's
  #active = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get active(): number {
    return this.#active;
  }

  /** One may begin now. */
  get isDue(): boolean {
    return this.#waiting.size > 0 && this.#active < this.#max;
  }

  /** Peers of this infohash will be asked for when there is room. */
  later(id: string): void {
    this.#unasked.push(id);
  }

  /** Hands out those that wait for it, until one is not taken. */
  ask(take: (id: string) => boolean): void {
    for (let id = this.#unasked.first(); id !== undefined && take(id); id = this.#unasked.first()) this.#unasked.shift();
  }

  add(id: string, endpoints: readonly Endpoint[], sourceId: string): void {
    this.#waiting.set(id, { id, endpoints: endpoints.slice(0, PEERS_MAX), sourceId });
    if (this.#waiting.size > WAITING_MAX) this.take();
  }

  /** The next one, as long as `isDue`. */
  take(): Overheard {
    const [next] = this.#waiting.values();
    this.#waiting.delete(next!.id);
    return next!;
  }

  began(): void {
    this.#active++;
  }

  ended(): void {
    this.#active--;
  }
}
