// What is buffered of one partition, and where it is cut: ranges of the log that are inserted with a token and can be cut the same way again.
import type { Batch, BusRecord, PartitionOf, RejectedRecord } from '@swarmscope/bus/bus.ts';
import type { Topic } from '@swarmscope/events/definitions.ts';
import type { Event } from '@swarmscope/events/event.ts';
import { lineWriter } from '@swarmscope/events/table.ts';
import { rejectedLine } from '@swarmscope/store/rejected.ts';
import type { Table } from '@swarmscope/store/store.ts';

/** When a range is full enough to be inserted: by rows, by bytes of its lines, or by the age of its first row. */
export interface Limits {
  readonly rows: number;
  readonly bytes: number;
  readonly ageMs: number;
}

/** A range of a partition, both ends included, with its rows as lines for the store. Frozen: every attempt inserts the same. */
export interface Cut extends PartitionOf {
  readonly min: bigint;
  readonly max: bigint;
  /** The log's own times of the first and the last record. */
  readonly firstTimestamp: number;
  readonly lastTimestamp: number;
  readonly lines: readonly string[];
  readonly rejected: readonly string[];
  readonly bytes: number;
}

/** A range that somebody began to insert: it has to be cut again exactly so. It travels in the metadata of a committed offset. */
export interface Intent {
  readonly max: bigint;
  readonly firstTimestamp: number;
}

export function encodeIntent({ max, firstTimestamp }: Intent): string {
  return `intent ${max} ${firstTimestamp}`;
}

export function decodeIntent(metadata: string): Intent | undefined {
  const match = /^intent (\d+) (\d+)$/.exec(metadata);
  return match ? { max: BigInt(match[1]!), firstTimestamp: Number(match[2]) } : undefined;
}

/** What makes an insert recognisable: the same range of the same log gives the same token, and another log never does. */
export function tokenOf(table: Table, logId: string, cut: Cut): string {
  return [table, logId, cut.topic, cut.partition, cut.min, cut.max, cut.firstTimestamp, cut.lastTimestamp].join('|');
}

interface Entry {
  readonly offset: bigint;
  readonly timestamp: number;
  /** Empty for what is not stored: it has its place in the range all the same. */
  readonly line: string;
  readonly isRejected: boolean;
  /** The log was made anew before it: offsets begin again, and no range reaches across. */
  isAnew?: boolean;
}

/** Whether an event must not be stored. */
export type Suppresses = (event: Event) => boolean;

/** The buffer of one partition. Pure: time is an argument. */
export class Lane {
  readonly topic: Topic;
  readonly partition: number;
  /** Offset that the next range begins at. */
  next: bigint;
  readonly #limits: Limits;
  readonly #write: ReturnType<typeof lineWriter>;
  #entries: Entry[] = []; // bound: Limits and one batch of the bus; a range that is cut again may be as long as it was
  #bytes = 0;
  #since = Number.POSITIVE_INFINITY;
  /** Of the newest record: by its time a log that was made anew is told from one that is read again. */
  #newest = { offset: -1n, timestamp: -1 };
  readonly #suppresses: Suppresses;
  #intent: Intent | undefined;

  constructor(
    { topic, partition }: PartitionOf,
    offset: bigint,
    metadata: string,
    limits: Limits,
    suppresses: Suppresses = () => false,
  ) {
    this.#suppresses = suppresses;
    this.topic = topic;
    this.partition = partition;
    this.next = offset;
    this.#limits = limits;
    this.#write = lineWriter(topic);
    this.#intent = decodeIntent(metadata);
  }

  get rows(): number {
    return this.#entries.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Enough is buffered that no more should come before some of it is gone. */
  get isFull(): boolean {
    return this.rows >= 2 * this.#limits.rows || this.#bytes >= 2 * this.#limits.bytes;
  }

  /** A range that somebody began is not whole yet. */
  get isRecutting(): boolean {
    return this.#intent !== undefined;
  }

  add(batch: Batch, nowMs: number): void {
    const entries = merge(
      batch.records.map((record) => this.#good(record)),
      batch.rejected.map((record) => this.#bad(record)),
    );
    if (entries.length === 0) return;
    this.#forgetForeignIntent(entries[0]!);
    if (this.rows === 0) this.#since = nowMs;
    for (const entry of entries) {
      const isBack = entry.offset <= this.#newest.offset;
      if (isBack && entry.timestamp <= this.#newest.timestamp) continue;
      if (isBack) this.#begin(entry);
      this.#newest = entry;
      this.#entries.push(entry);
      this.#bytes += entry.line.length;
    }
  }

  /** A topic was deleted and made anew while it was read. */
  #begin(first: Entry): void {
    this.#intent = undefined;
    first.isAnew = true;
  }

  /** The next range, if one is due; with `all` whatever there is. A range that was begun before is cut at its old end, or not yet. */
  cut(nowMs: number, all = false): Cut | undefined {
    if (this.rows === 0) return undefined;
    if (this.#intent) return this.#cutAgain(this.#intent.max, nowMs);
    const isDue =
      all || this.rows >= this.#limits.rows || this.#bytes >= this.#limits.bytes || nowMs - this.#since >= this.#limits.ageMs;
    return isDue ? this.#take(this.#fitting(), nowMs) : undefined;
  }

  #cutAgain(max: bigint, nowMs: number): Cut | undefined {
    if (this.#entries.at(-1)!.offset < max) return undefined;
    this.#intent = undefined;
    const beyond = this.#entries.findIndex(({ offset }) => offset > max);
    return this.#take(beyond === -1 ? this.rows : beyond, nowMs);
  }

  /** How many of the first entries one insert takes. */
  #fitting(): number {
    let bytes = 0;
    const most = Math.min(this.rows, this.#limits.rows);
    for (let i = 0; i < most; i += 1) {
      if (i > 0 && this.#entries[i]!.isAnew) return i;
      bytes += this.#entries[i]!.line.length;
      if (bytes >= this.#limits.bytes) return i + 1;
    }
    return most;
  }

  #take(count: number, nowMs: number): Cut {
    const taken = this.#entries.slice(0, count);
    this.#entries = this.#entries.slice(count); // bound: as above
    const bytes = taken.reduce((sum, { line }) => sum + line.length, 0);
    this.#bytes -= bytes;
    this.#since = this.rows === 0 ? Number.POSITIVE_INFINITY : nowMs;
    const [first, last] = [taken[0]!, taken.at(-1)!];
    const cut: Cut = {
      topic: this.topic,
      partition: this.partition,
      min: first.isAnew ? first.offset : this.next,
      max: last.offset,
      firstTimestamp: first.timestamp,
      lastTimestamp: last.timestamp,
      lines: taken.filter(({ isRejected, line }) => !isRejected && line !== '').map(({ line }) => line),
      rejected: taken.filter(({ isRejected }) => isRejected).map(({ line }) => line),
      bytes,
    };
    this.next = last.offset + 1n;
    return cut;
  }

  /** An intent of a log that is gone (a topic made anew, records that were deleted) says nothing about this one. */
  #forgetForeignIntent(first: Entry): void {
    if (this.rows > 0 || !this.#intent) return;
    const isSame =
      first.offset >= this.next && first.offset <= this.#intent.max && first.timestamp === this.#intent.firstTimestamp;
    if (isSame) return;
    this.#intent = undefined;
    this.next = first.offset;
  }

  #good({ offset, timestamp, value }: BusRecord): Entry {
    const line = this.#suppresses(value) ? '' : this.#write(value, this.partition, offset);
    return { offset, timestamp, line, isRejected: false };
  }

  #bad({ offset, timestamp, reason, detail, bytes, size }: RejectedRecord): Entry {
    const { topic, partition } = this;
    const line = rejectedLine({ ts: timestamp, topic, reason, detail, bytes, size, partition, offset });
    return { offset, timestamp, line, isRejected: true };
  }
}

/** Both are in the order of the log. */
function merge(good: readonly Entry[], bad: readonly Entry[]): readonly Entry[] {
  if (bad.length === 0) return good;
  return [...good, ...bad].sort((a, b) => (a.offset < b.offset ? -1 : 1));
}
