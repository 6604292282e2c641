// Questions in flight (BEP 5): matched by transaction id and exact socket, expired in the order they were sent.
import type { Query } from '../krpc/message.ts';
import type { Endpoint, Random } from '../machine.ts';
import type { Target } from './facts.ts';

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

/** Ids are random, so that nobody off the path can guess them. All have the same patience, so the first is the next to expire. */
export class Transactions {
  readonly #open = new Map<number, Transaction>(); // bound: maxOpen
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
    return transaction;
  }

  /** Takes the question that a datagram from this socket answers. */
  take(id: number, from: Endpoint): Transaction | undefined {
    const transaction = this.#open.get(id);
    if (!transaction || transaction.to.port !== from.port || transaction.to.address !== from.address) return undefined;
    this.#open.delete(id);
    return transaction;
  }

  /** Takes one question whose time is over. */
  expire(now: number): Transaction | undefined {
    for (const transaction of this.#open.values()) {
      if (transaction.sentMs + this.#timeoutMs > now) return undefined;
      this.#open.delete(transaction.id);
      return transaction;
    }
    return undefined;
  }

  deadline(): number {
    for (const transaction of this.#open.values()) return transaction.sentMs + this.#timeoutMs;
    return Number.POSITIVE_INFINITY;
  }
}
