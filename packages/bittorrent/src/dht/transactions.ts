// Questions in flight (BEP 5): matched by transaction id and exact socket, expired in the order they were sent.

import { endpointKey } from '../endpoint.ts';
import type { Query } from '../krpc/message.ts';
import type { Endpoint, Random } from '../machine.ts';
import type { Target } from './facts.ts';
import { RecentMap } from './recent-map.ts';

export interface Transaction {
  /** 4 bytes: some nodes (mainline 8) answer no other length. */
  readonly id: number;
  readonly to: Target;
  readonly query: Query;
  readonly sentMs: number;
  /** Who wants the answer: `ask`'s tag, or a lookup's number; both 0 for upkeep. */
  readonly tag: number;
  readonly lookup: number;
}

const MAX_GIVEN_UP = 20_000;

/** A question among those in flight, in the order of sending. Linked, so that an answered one is let go at once: behind one that stays silent a queue would keep them all. */
class Open implements Transaction {
  older: Open | undefined;
  newer: Open | undefined = undefined;
  readonly id: number;
  readonly to: Target;
  readonly query: Query;
  readonly sentMs: number;
  readonly tag: number;
  readonly lookup: number;

  constructor(id: number, to: Target, query: Query, sentMs: number, tag: number, lookup: number, older: Open | undefined) {
    this.id = id;
    this.to = to;
    this.query = query;
    this.sentMs = sentMs;
    this.tag = tag;
    this.lookup = lookup;
    this.older = older;
  }
}

/** Ids are random, so that nobody off the path can guess them. All have the same patience, so the first is the next to expire. */
export class Transactions {
  /** By the id as a signed number: V8 boxes what is above 2^31, and finds it more slowly. */
  readonly #open = new Map<number, Open>(); // bound: maxOpen
  #oldest: Open | undefined;
  #newest: Open | undefined;
  readonly #givenUp = new RecentMap<string>(MAX_GIVEN_UP);
  readonly #random: Random;
  readonly #timeoutMs: number;
  readonly #maxOpen: number;

  constructor(random: Random, timeoutMs: number, maxOpen: number) {
    this.#random = random;
    this.#timeoutMs = timeoutMs;
    this.#maxOpen = maxOpen;
  }

  get size(): number {
    return this.#open.size;
  }

  get isFull(): boolean {
    return this.#open.size >= this.#maxOpen;
  }

  /** Registers a question; the caller has seen that there is room. */
  begin(to: Target, query: Query, sentMs: number, tag: number, lookup: number): Transaction {
    let id: number;
    do id = Math.floor(this.#random() * 0x1_0000_0000);
    while (this.#open.has(id | 0));
    const open = new Open(id, to, query, sentMs, tag, lookup, this.#newest);
    if (this.#newest) this.#newest.newer = open;
    else this.#oldest = open;
    this.#newest = open;
    this.#open.set(id | 0, open);
    return open;
  }

  /** Takes the question that a datagram from this socket answers. `id` is -1 where it carries none that could be ours. */
  take(id: number, from: Endpoint): Transaction | undefined {
    const open = id < 0 ? undefined : this.#open.get(id | 0);
    if (!open || open.to.port !== from.port || open.to.address !== from.address) return undefined;
    this.#close(open);
    return open;
  }

  #close(open: Open): void {
    const { older, newer } = open;
    if (older) older.newer = newer;
    else this.#oldest = newer;
    if (newer) newer.older = older;
    else this.#newest = older;
    open.older = open.newer = undefined;
    this.#open.delete(open.id | 0);
  }

  /** Whether this socket was asked, and lately given up: an answer that comes after all is late, and no answer to nothing. */
  gaveUp(id: number, from: Endpoint): boolean {
    return this.#givenUp.get(String(id)) === endpointKey(from);
  }

  /** Takes one question whose time is over. */
  expire(now: number): Transaction | undefined {
    const open = this.#oldest;
    if (!open || open.sentMs + this.#timeoutMs > now) return undefined;
    this.#close(open);
    this.#givenUp.set(String(open.id), endpointKey(open.to));
    return open;
  }

  deadline(): number {
    return this.#oldest ? this.#oldest.sentMs + this.#timeoutMs : Number.POSITIVE_INFINITY;
  }
}
