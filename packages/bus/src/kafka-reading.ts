// A member of a Kafka group as a reader sees it: assignments announced before their records, commits refused once they are over. No client library here.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Topic } from '@swarmscope/events/definitions.ts';
import {
  type Batch,
  type Consumption,
  type PartitionOf,
  type Position,
  PositionLost,
  type Reader,
  type ReadOptions,
} from './bus.ts';
import { placeOf } from './consume.ts';
import { Lane, type RawRecord } from './lane.ts';

/** What the reading needs of a client's consumer. */
export interface GroupClient {
  /** Joins the group and fetches, until stop(). */
  run(): Promise<void>;
  /** Where reading starts: the committed position with its metadata, else the oldest record. */
  starts(partitions: readonly PartitionOf[]): Promise<Position[]>;
  /** Records of these partitions that the group has not committed. */
  lag(partitions: readonly PartitionOf[]): Promise<number>;
  /** Under the membership that is valid when it is called, or not at all. */
  commit(positions: readonly Position[]): Promise<void>;
  /** The error says that the membership is over. */
  isLost(error: unknown): boolean;
  pause(partition: PartitionOf): void;
  resume(partition: PartitionOf): void;
  stop(): Promise<void>;
  /** Told what heals by itself, for a log. */
  readonly trouble: (what: string, error: unknown) => void;
}

/** What the client tells the reading. */
export interface GroupEvents {
  /** The membership is over; called at once, before another one is asked for. */
  joining(): void;
  joined(partitions: readonly PartitionOf[]): void;
  fetched(topic: Topic, partition: number, records: readonly RawRecord[]): void;
  /** The client gave up. */
  crashed(error: unknown): void;
}

const MAX_ROWS = 5_000;
const LINGER_MS = 250;
const RETRY_MS = 200;
const RETRY_MAX_MS = 2_000;

export class GroupReading implements Consumption, GroupEvents {
  readonly done: Promise<void>;
  readonly #options: ReadOptions;
  readonly #reader: Reader;
  readonly #onRejected: (count: number) => void;
  readonly #lanes = new Map<string, Lane>(); // bound: the partitions assigned
  readonly #hands = new Set<Promise<void>>(); // bound: one per partition assigned, and those whose last batch is in hand
  #client!: GroupClient;
  /** Assignments and revocations reach the reader one after the other. */
  #gate: Promise<void> = Promise.resolve();
  #held: readonly PartitionOf[] = []; // bound: the partitions assigned
  #epoch = 0;
  #stopping: Promise<void> | undefined;
  #failed = false;
  #settle!: { resolve: () => void; reject: (error: unknown) => void };

  constructor(options: ReadOptions, reader: Reader, onRejected: (count: number) => void) {
    this.#options = options;
    this.#reader = reader;
    this.#onRejected = onRejected;
    this.done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  async start(client: GroupClient): Promise<void> {
    this.#client = client;
    await client.run();
  }

  joining(): void {
    this.#epoch += 1;
    for (const lane of this.#lanes.values()) lane.end();
    this.#lanes.clear();
    this.#enqueue(async () => {
      const held = this.#held;
      this.#held = []; // bound: as above
      if (held.length > 0) await this.#reader.revoked(held);
      // The next assignment may have the same partition: its batches come after the one in hand.
      await Promise.all(this.#hands);
    });
  }

  joined(partitions: readonly PartitionOf[]): void {
    const epoch = ++this.#epoch;
    for (const lane of this.#lanes.values()) lane.end();
    this.#lanes.clear();
    if (this.#isOver()) return;
    const lanes = partitions.map((partition) => this.#lane(partition));
    for (const lane of lanes) {
      this.#lanes.set(placeOf(lane), lane);
      // A pause outlives the assignment in the client; the lane is new.
      this.#client.resume(lane);
    }
    this.#enqueue(() => this.#begin(epoch, lanes));
  }

  fetched(topic: Topic, partition: number, records: readonly RawRecord[]): void {
    this.#lanes.get(placeOf({ topic, partition }))?.add(records);
  }

  crashed(error: unknown): void {
    this.#fail(error);
  }

  /** While the brokers are away it is tried again, for as long as the membership lasts. */
  async commit(positions: readonly Position[]): Promise<void> {
    const epoch = this.#epoch;
    for (let tries = 1; ; tries += 1) {
      const lost = positions.find((position) => !this.#lanes.has(placeOf(position)));
      if (lost || epoch !== this.#epoch) throw new PositionLost('The partitions were given to the group anew.');
      try {
        return await this.#client.commit(positions);
      } catch (error) {
        if (this.#client.isLost(error)) throw new PositionLost((error as Error).message);
        if (this.#isOver()) throw error;
        await sleep(Math.min(RETRY_MS * tries, RETRY_MAX_MS));
      }
    }
  }

  lag(): Promise<number> {
    return this.#client.lag([...this.#lanes.values()]);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    for (const lane of this.#lanes.values()) lane.end();
    await Promise.all(this.#hands);
    await this.#client.stop();
    await this.#gate;
    this.#lanes.clear();
    this.#settle.resolve();
  }

  async #begin(epoch: number, lanes: readonly Lane[]): Promise<void> {
    const starts = await this.#starts(epoch, lanes);
    if (!starts) return;
    this.#held = lanes.map(({ topic, partition }) => ({ topic, partition }));
    await this.#reader.assigned(starts);
    for (const lane of lanes) {
      const hand = lane.run().catch((error: unknown) => this.#fail(error));
      this.#hands.add(hand);
      void hand.finally(() => this.#hands.delete(hand));
    }
  }

  /** Brokers that are away are waited for, for as long as the membership lasts; undefined when it is over. */
  async #starts(epoch: number, lanes: readonly Lane[]): Promise<readonly Position[] | undefined> {
    const isOver = () => epoch !== this.#epoch || this.#isOver();
    for (let tries = 1; !isOver(); tries += 1) {
      try {
        const starts = await this.#client.starts(lanes);
        return isOver() ? undefined : starts;
      } catch (error) {
        this.#client.trouble('ask for positions', error);
        await sleep(Math.min(RETRY_MS * tries, RETRY_MAX_MS));
      }
    }
    return undefined;
  }

  #lane(partition: PartitionOf): Lane {
    return new Lane({
      ...partition,
      maxRows: this.#options.maxRows ?? MAX_ROWS,
      lingerMs: this.#options.maxWaitMs ?? LINGER_MS,
      deliver: (batch: Batch) => {
        this.#onRejected(batch.rejected.length);
        return this.#reader.records(batch);
      },
      pause: () => this.#client.pause(partition),
      resume: () => this.#client.resume(partition),
    });
  }

  #enqueue(task: () => Promise<void>): void {
    this.#gate = this.#gate.then(task).catch((error: unknown) => this.#fail(error));
  }

  #isOver(): boolean {
    return this.#failed || this.#stopping !== undefined;
  }

  /** Broken by the reader, or by a loss that does not heal. */
  #fail(error: unknown): void {
    if (this.#isOver()) return;
    this.#failed = true;
    for (const lane of this.#lanes.values()) lane.end();
    this.#settle.reject(error);
    void this.#client.stop();
  }
}
