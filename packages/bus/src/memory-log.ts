// One partition of the memory bus: records from the oldest that a reader may still want to the newest, with whoever waits for more.

import type { Topic } from '@swarmscope/events/definitions.ts';
import type { Event } from '@swarmscope/events/event.ts';
import type { Batch, BusRecord, RejectedRecord } from './bus.ts';

type GoodEntry = BusRecord & { readonly weight: number };
type BadEntry = RejectedRecord & { readonly weight: number };
export type Entry = GoodEntry | BadEntry;

export function isRejected(entry: Entry): entry is BadEntry {
  return 'reason' in entry;
}

export class MemoryLog {
  readonly topic: Topic;
  readonly partition: number;
  /** Offset of the first entry kept. */
  base: bigint;
  #entries: Entry[] = []; // bound: the capacity of the bus (it trims and drops)
  #start = 0;
  #waiters: (() => void)[] = []; // bound: one per reader of the partition

  constructor(topic: Topic, partition: number, base: bigint) {
    this.topic = topic;
    this.partition = partition;
    this.base = base;
  }

  get end(): bigint {
    return this.base + BigInt(this.length);
  }

  get length(): number {
    return this.#entries.length - this.#start;
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
    this.wake();
  }

  wake(): void {
    const waiters = this.#waiters;
    if (waiters.length === 0) return;
    this.#waiters = []; // bound: as above
    for (const wake of waiters) wake();
  }

  /** Kept at the next push or wake. */
  more(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** At most `maxRows` entries from `offset` on, as a batch; undefined when there are none. */
  slice(offset: bigint, maxRows: number): Batch | undefined {
    const from = this.#start + Number(offset - this.base);
    const taken = this.#entries.slice(from, from + maxRows);
    if (taken.length === 0) return undefined;
    const records = taken.filter((entry): entry is GoodEntry => !isRejected(entry));
    return { topic: this.topic, partition: this.partition, records, rejected: taken.filter(isRejected) } as Batch;
  }

  /** Forgets everything before `offset`; returns the weight that was given back. */
  trim(offset: bigint): number {
    const until = Math.min(this.#start + Math.max(0, Number(offset - this.base)), this.#entries.length);
    let weight = 0;
    for (let i = this.#start; i < until; i += 1) weight += this.#entries[i]!.weight;
    this.base += BigInt(until - this.#start);
    this.#start = until;
    if (this.#start > 1_024 && this.#start * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#start); // bound: as above
      this.#start = 0;
    }
    return weight;
  }

  *values(from = this.base): Iterable<Event> {
    for (let i = this.#start + Number(from - this.base); i < this.#entries.length; i += 1) {
      const entry = this.#entries[i]!;
      if (!isRejected(entry)) yield entry.value;
    }
  }
}
