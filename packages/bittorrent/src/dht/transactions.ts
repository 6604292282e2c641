// Questions in flight (BEP 5): matched by transaction id and exact socket, expired in the order they were sent.

import { endpointKey } from '../endpoint.ts';
import type { Query } from '../krpc/message.ts';
import type { Endpoint, Random } from '../machine.ts';
import type { Target } from './facts.ts';
import { Fifo } from './fifo.ts';
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

/** Ids are random, so that nobody off the path can guess them. All have the same patience, so the first is the next to expire. */
export class Transactions {
  readonly #open = new Map<number, Transaction>(); // bound: maxOpen
  /** In the order of sending; those that were answered are stepped over. */
  readonly #order = new Fifo<Transaction>();
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
    while (this.#open.has(id));
    const transaction = { id, to, query, sentMs, tag, lookup };
    this.#open.set(id, transaction);
    this.#order.push(transaction);
    return transaction;
  }

  /** Takes the question that a datagram from this socket answers. */
  take(id: number, from: Endpoint): Transaction | undefined {
    const transaction = this.#open.get(id);
    if (!transaction || transaction.to.port !== from.port || transaction.to.address !== from.address) return undefined;
    this.#open.delete(id);
    return transaction;
  }

  /** Whether this socket was asked, and lately given up: an answer that comes after all is late, and no answer to nothing. */
  gaveUp(id: number, from: Endpoint): boolean {
    return this.#givenUp.get(String(id)) === endpointKey(from);
  }

  /** The question that waits longest. */
  #oldest(): Transaction | undefined {
    for (let first = this.#order.first(); first; first = this.#order.first()) {
      if (this.#open.get(first.id) === first) return first;
      this.#order.shift();
    }
    return undefined;
  }

  /** Takes one question whose time is over. */
  expire(now: number): Transaction | undefined {
    const oldest = this.#oldest();
    if (!oldest || oldest.sentMs + this.#timeoutMs > now) return undefined;
    this.#order.shift();
    this.#open.delete(oldest.id);
    this.#givenUp.set(String(oldest.id), endpointKey(oldest.to));
    return oldest;
  }

  deadline(): number {
    const oldest = this.#oldest();
    return oldest ? oldest.sentMs + this.#timeoutMs : Number.POSITIVE_INFINITY;
  }
}
