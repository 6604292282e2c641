// A consumer group of the memory bus: who of its members reads which partition, and how far the group has committed.
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
import { lastOffset } from './consume.ts';
import type { MemoryLog } from './memory-log.ts';

const MAX_ROWS = 5_000;
const LINGER_MS = 5;

interface Committed {
  offset: bigint;
  metadata: string;
}

export class MemoryGroup {
  readonly topics = new Set<Topic>(); // bound: the topics that exist
  durable = false;
  readonly #logsOf: (topic: Topic) => readonly MemoryLog[];
  readonly #onCommit: () => void;
  readonly #committed = new Map<MemoryLog, Committed>(); // bound: one per partition
  #members: Member[] = []; // bound: one per reader that joined
  #turn: Promise<void> = Promise.resolve();

  constructor(logsOf: (topic: Topic) => readonly MemoryLog[], onCommit: () => void) {
    this.#logsOf = logsOf;
    this.#onCommit = onCommit;
  }

  get isEmpty(): boolean {
    return this.#members.length === 0;
  }

  committed(log: MemoryLog): Committed {
    const found = this.#committed.get(log);
    if (found && found.offset >= log.base) return found;
    const fresh = { offset: log.base, metadata: found?.metadata ?? '' };
    this.#committed.set(log, fresh);
    return fresh;
  }

  async join(options: ReadOptions, reader: Reader): Promise<Member> {
    for (const topic of options.topics) this.topics.add(topic);
    for (const log of options.topics.flatMap((topic) => this.#logsOf(topic))) this.committed(log);
    this.durable ||= options.durable ?? false;
    const member = new Member(this, options, reader);
    this.#members.push(member);
    await this.#rebalance();
    return member;
  }

  async leave(member: Member): Promise<void> {
    this.#members = this.#members.filter((other) => other !== member); // bound: as above
    await this.#rebalance();
    this.#onCommit();
  }

  commit(log: MemoryLog, position: Position): void {
    this.#committed.set(log, { offset: position.offset, metadata: position.metadata });
    this.#onCommit();
  }

  /** Eager, as Kafka's round-robin: everything is revoked (batches being handled are waited for), then dealt anew. One rebalance at a time. */
  #rebalance(): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      await Promise.all(this.#members.map((member) => member.revoke()));
      const shares = new Map(this.#members.map((member) => [member, [] as MemoryLog[]]));
      let dealt = 0;
      for (const log of [...this.topics].flatMap((topic) => this.#logsOf(topic))) {
        const takers = this.#members.filter((member) => member.topics.includes(log.topic));
        if (takers.length > 0) shares.get(takers[dealt++ % takers.length]!)!.push(log);
      }
      for (const [member, logs] of shares) await member.assign(logs);
    });
    return this.#turn;
  }
}

export class Member implements Consumption {
  readonly topics: readonly Topic[];
  readonly done: Promise<void>;
  readonly #group: MemoryGroup;
  readonly #reader: Reader;
  readonly #maxRows: number;
  readonly #lingerMs: number;
  readonly #own = new Map<MemoryLog, { active: boolean }>(); // bound: the partitions assigned
  readonly #pumps = new Set<Promise<void>>(); // bound: one per partition assigned, and those that end
  #stopping = false;
  #settle!: { resolve: () => void; reject: (error: unknown) => void };

  constructor(group: MemoryGroup, options: ReadOptions, reader: Reader) {
    this.#group = group;
    this.#reader = reader;
    this.topics = options.topics;
    this.#maxRows = options.maxRows ?? MAX_ROWS;
    this.#lingerMs = options.maxWaitMs ?? LINGER_MS;
    this.done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  async assign(logs: readonly MemoryLog[]): Promise<void> {
    if (this.#stopping) return;
    const starts = logs.map((log) => ({ log, ...this.#group.committed(log) }));
    await this.#reader.assigned(
      starts.map(({ log, offset, metadata }) => ({ topic: log.topic, partition: log.partition, offset, metadata })),
    );
    for (const { log, offset } of starts) {
      const lease = { active: true };
      this.#own.set(log, lease);
      const pump = this.#pump(log, offset, lease).catch((error: unknown) => this.#fail(error));
      this.#pumps.add(pump);
      void pump.finally(() => this.#pumps.delete(pump));
    }
  }

  /** Positions stay ours until the batches being handled are done, so that these can still be committed. */
  async revoke(): Promise<void> {
    if (this.#own.size === 0) return;
    const partitions: PartitionOf[] = [...this.#own.keys()].map(({ topic, partition }) => ({ topic, partition }));
    this.#release();
    await Promise.all(this.#pumps);
    this.#own.clear();
    await this.#reader.revoked(partitions);
  }

  async commit(positions: readonly Position[]): Promise<void> {
    for (const position of positions) {
      const log = [...this.#own.keys()].find(
        ({ topic, partition }) => topic === position.topic && partition === position.partition,
      );
      if (!log) throw new PositionLost(`${position.topic}/${position.partition} is not ours any more.`);
      this.#group.commit(log, position);
    }
  }

  async lag(): Promise<number> {
    let lag = 0;
    for (const log of this.#own.keys()) lag += Number(log.end - this.#group.committed(log).offset);
    return lag;
  }

  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#release();
    await Promise.all(this.#pumps);
    this.#own.clear();
    await this.#group.leave(this);
    this.#settle.resolve();
  }

  async #pump(log: MemoryLog, start: bigint, lease: { active: boolean }): Promise<void> {
    let next = start;
    while (lease.active && !this.#stopping) {
      if (log.end <= next) {
        await log.more();
        if (this.#lingerMs > 0 && log.end - next < this.#maxRows && !this.#stopping)
          await new Promise((resolve) => setTimeout(resolve, this.#lingerMs));
        continue;
      }
      if (next < log.base) next = log.base;
      const batch: Batch | undefined = log.slice(next, this.#maxRows);
      if (!batch) continue;
      next = lastOffset(batch) + 1n;
      await this.#reader.records(batch);
    }
  }

  /** No further batch. */
  #release(): void {
    for (const [log, lease] of this.#own) {
      lease.active = false;
      log.wake();
    }
  }

  #fail(error: unknown): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#release();
    this.#own.clear();
    this.#settle.reject(error);
    // Not awaited: a rebalance waits for pumps, and this is the end of one.
    void this.#group.leave(this);
  }
}
