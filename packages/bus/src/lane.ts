// One partition on its way from a remote log to a reader: records wait in order, batches are handed over one after the other.
import { setImmediate as turn } from 'node:timers/promises';
import type { Topic } from '@swarmscope/events/definitions.ts';
import { decodeEvent, Rejection } from '@swarmscope/events/event.ts';
import { type Batch, type BusRecord, REJECTED_BYTES_MAX, type RejectedRecord } from './bus.ts';

/** A record as the log gives it. */
export interface RawRecord {
  readonly offset: bigint;
  readonly timestamp: number;
  readonly bytes: Uint8Array;
}

export interface LaneOptions {
  readonly topic: Topic;
  readonly partition: number;
  readonly maxRows: number;
  readonly lingerMs: number;
  readonly deliver: (batch: Batch) => Promise<void>;
  /** Fetch no more of this partition, or again. */
  readonly pause: () => void;
  readonly resume: () => void;
}

/** Bytes that wait from which on no more are fetched, and those below which they are again. */
const PAUSE_BYTES = 1024 * 1024;
const RESUME_BYTES = 256 * 1024;

export class Lane {
  readonly topic: Topic;
  readonly partition: number;
  readonly #options: LaneOptions;
  #records: RawRecord[] = []; // bound: PAUSE_BYTES and one fetch more
  #bytes = 0;
  #paused = false;
  #ended = false;
  #wake: () => void = () => {};

  constructor(options: LaneOptions) {
    this.topic = options.topic;
    this.partition = options.partition;
    this.#options = options;
  }

  add(records: readonly RawRecord[]): void {
    if (this.#ended) return;
    for (const record of records) {
      this.#records.push(record);
      this.#bytes += record.bytes.length;
    }
    if (!this.#paused && this.#bytes > PAUSE_BYTES) {
      this.#paused = true;
      this.#options.pause();
    }
    this.#wake();
  }

  /** No further batch; what waits is dropped. The one in hand goes on. */
  end(): void {
    this.#ended = true;
    this.#records = []; // bound: as above
    this.#wake();
  }

  /** Hands over until the end. Throws what the reader throws. */
  async run(): Promise<void> {
    const { maxRows, lingerMs, deliver } = this.#options;
    while (!this.#ended) {
      if (this.#records.length === 0) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        // A trickle is gathered: small batches cost a commit each.
        if (lingerMs > 0 && this.#records.length < maxRows && !this.#ended) await this.#linger(lingerMs);
        continue;
      }
      await deliver(this.#take(maxRows));
      // Readers that are never full would keep heartbeats and answers waiting for as long as there is a backlog.
      await turn();
    }
  }

  /** Until the time is over, a batch is full, or the lane ends. */
  async #linger(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
      this.#wake = () => {
        if (this.#ended || this.#records.length >= this.#options.maxRows) resolve();
      };
    });
    clearTimeout(timer);
  }

  #take(maxRows: number): Batch {
    const taken = this.#records.slice(0, maxRows);
    this.#records = this.#records.slice(maxRows); // bound: as above
    for (const { bytes } of taken) this.#bytes -= bytes.length;
    if (this.#paused && this.#bytes < RESUME_BYTES) {
      this.#paused = false;
      this.#options.resume();
    }
    return batchOf(this.topic, this.partition, taken);
  }
}

/** Checked here, before any reader cuts batches: what is no event keeps its place as rejected. */
export function batchOf(topic: Topic, partition: number, raw: readonly RawRecord[]): Batch {
  const records: BusRecord[] = [];
  const rejected: RejectedRecord[] = [];
  for (const { offset, timestamp, bytes } of raw) {
    const value = decodeEvent(topic, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
    if (!(value instanceof Rejection)) {
      records.push({ offset, timestamp, value });
      continue;
    }
    const { reason, detail } = value;
    rejected.push({ offset, timestamp, reason, detail, bytes: bytes.slice(0, REJECTED_BYTES_MAX), size: bytes.length });
  }
  return { topic, partition, records, rejected } as Batch;
}
