// The bus: what services publish to and read from. Two implementations (memory, Kafka), one contract suite.

import type { Topic } from '@swarmscope/events/definitions.ts';
import type { Event, EventOf, RejectionReason } from '@swarmscope/events/event.ts';

/** An event at its position. `timestamp` is the log's own epoch milliseconds (part of deduplication tokens). */
export interface BusRecord<E extends Event = Event> {
  readonly offset: bigint;
  readonly timestamp: number;
  readonly value: E;
}

/** A record that is no event: it counts as read, and goes to the `rejected` table. `bytes` are the first 64 KiB of `size`. */
export interface RejectedRecord {
  readonly offset: bigint;
  readonly timestamp: number;
  readonly reason: RejectionReason;
  readonly detail: string;
  readonly bytes: Uint8Array;
  readonly size: number;
}

export const REJECTED_BYTES_MAX = 64 * 1024;

/** Consecutive records of one partition, in order; `records` and `rejected` together have every offset delivered. */
export interface Batch<T extends Topic = Topic> {
  readonly topic: T;
  readonly partition: number;
  readonly records: readonly BusRecord<EventOf<T>>[];
  readonly rejected: readonly RejectedRecord[];
}

export interface PartitionOf {
  readonly topic: Topic;
  readonly partition: number;
}

/** A committed position: `offset` is the next to read; `metadata` is the reader's own (at most 4 096 bytes in Kafka). */
export interface Position extends PartitionOf {
  readonly offset: bigint;
  readonly metadata: string;
}

/** Who is told which partitions of a group are his. */
export interface Membership {
  /** These partitions are ours from now on, and no others: none where the group has more members. Delivery starts at each `offset`. Awaited before the first batch. */
  assigned(positions: readonly Position[]): void | Promise<void>;
  /** These are ours no more: drop what is buffered of them. */
  revoked(partitions: readonly PartitionOf[]): void | Promise<void>;
}

/** A reader with positions of its own: nothing is committed for it. */
export interface Reader<T extends Topic = Topic> extends Membership {
  /** Batches of one partition come one after the other: the next when this promise is kept. */
  records(batch: Batch<T>): Promise<void>;
}

export interface ReadOptions<T extends Topic = Topic> {
  readonly group: string;
  readonly topics: readonly T[];
  /** The largest batch; default 5 000. */
  readonly maxRows?: number;
  /** How long to wait for more before a small batch is delivered; default 5 ms in memory, 250 ms in Kafka. */
  readonly maxWaitMs?: number;
  /** The group's positions outlive its last member, and its unread records are kept (memory; Kafka always does). */
  readonly durable?: boolean;
}

/** The group's position was taken by another member, or moved: drop the buffers, they will be delivered elsewhere. */
export class PositionLost extends Error {
  override readonly name = 'PositionLost';
}

export interface Consumption {
  /** Makes positions durable. Throws PositionLost when the partition is not ours any more. */
  commit(positions: readonly Position[]): Promise<void>;
  /** Records of the partitions assigned that the group has not committed. Rejects when the log does not answer. */
  lag(): Promise<number>;
  /** Ends delivery after the batches being handled; leaves the group. Commits nothing. */
  stop(): Promise<void>;
  /** Kept by stop(); broken by what a reader or handler threw, or by a loss of the log that does not heal. */
  readonly done: Promise<void>;
}

export interface BusCounters {
  published: number;
  /** Sightings given up under pressure. */
  dropped: number;
  /** Values that are no events. */
  rejected: number;
  /** Records accepted and not yet taken over by the log (Kafka) or by every reader (memory). */
  queued: number;
}

export interface Bus {
  /** Synchronous and bounded: a sighting may be given up under pressure (`dropped`, counted), nothing else ever is. */
  publish(event: Event): 'queued' | 'dropped';
  /** Kept when there is room for measurements: await it before starting one. */
  room(): Promise<void>;
  /** Each partition's batches in order; a batch is acknowledged (committed) when the handler's promise is kept. At least once. */
  consume<T extends Topic>(
    options: ReadOptions<T>,
    handler: (batch: Batch<T>) => Promise<void>,
    membership?: Membership,
  ): Promise<Consumption>;
  /** Reading with positions of one's own (ingest: exactly once). */
  read<T extends Topic>(options: ReadOptions<T>, reader: Reader<T>): Promise<Consumption>;
  /** Which partition of a topic the events of a key are in: who reads it owns the key. */
  partitionOf(topic: Topic, key: string): number;
  /** Every event of compacted topics, oldest first, up to now; the newest of a key is its state. */
  history<T extends Topic>(topics: readonly T[]): AsyncIterable<EventOf<T>>;
  /** Kept when everything published is taken over (by the log; in memory: committed by every durable group). False after `timeoutMs`. */
  flush(timeoutMs?: number): Promise<boolean>;
  close(): Promise<void>;
  readonly counters: Readonly<BusCounters>;
  /** Names this log: part of deduplication tokens, so that offsets of another log never collide with ours. */
  readonly logId: string;
}
