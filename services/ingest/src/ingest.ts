// From the log into the store, exactly once: intent, insert with a token, commit (docs/decisions/0004-exactly-once.md).
import { type Batch, type Consumption, type PartitionOf, type Position, PositionLost, type Reader } from '@swarmscope/bus/bus.ts';
import type { Clock } from '@swarmscope/runtime/clock.ts';
import { type Store, StoreError, type Table } from '@swarmscope/store/store.ts';
import { type Cut, encodeIntent, Lane, type Limits, type Suppresses, tokenOf } from './batch.ts';

/** Receives what the operator should know. */
export interface IngestLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface IngestOptions {
  readonly store: Pick<Store, 'insert'>;
  readonly clock: Clock;
  readonly log: IngestLog;
  /** Names the log in tokens. */
  readonly logId: string;
  readonly limits: Limits;
  /** Bytes of lines that are held in all; beyond it no partition is read on. */
  readonly bytesMax: number;
  /** Events that are read and not stored: the takedown list. */
  readonly suppresses?: Suppresses;
  /** Waits, or until `signal` says that nobody waits any more. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface IngestCounters {
  rows: number;
  rejected: number;
  batches: number;
  /** Ranges that somebody had begun before, inserted (or recognised) again. */
  recut: number;
  insert_errors: number;
  commit_errors: number;
  commits: number;
  insert_ms: number;
}

const RETRY_MS = 200;
const RETRY_MAX_MS = 10_000;

interface Work {
  readonly lane: Lane;
  readonly lost: AbortController;
  /** What the last commit says; `done` is what is inserted, and may be further. */
  committed: bigint;
  done: bigint;
  busy: boolean;
  /** The intent found when the partition was assigned: no second commit of it is needed. */
  intent: string;
}

/** Reads partitions into lanes, and empties lanes into the store. `tick` wants to be called several times per `ageMs`. */
export class Ingest implements Reader {
  readonly counters: IngestCounters = {
    rows: 0,
    rejected: 0,
    batches: 0,
    recut: 0,
    insert_errors: 0,
    commit_errors: 0,
    commits: 0,
    insert_ms: 0,
  };
  readonly #options: IngestOptions;
  readonly #work = new Map<string, Work>(); // bound: the partitions assigned
  readonly #waiting = new Set<() => void>(); // bound: one per partition assigned
  readonly #onFailure: (error: unknown) => void;
  /** The bus may deliver before it has said where commits go. */
  readonly #consumption = Promise.withResolvers<Consumption>();
  /** Bytes of ranges that are being inserted. */
  #flying = 0;
  #draining = false;
  /** When the store began to refuse everything; undefined while it takes rows. */
  #refusedSince: number | undefined;

  constructor(options: IngestOptions, onFailure: (error: unknown) => void) {
    this.#options = options;
    this.#onFailure = onFailure;
  }

  /** Where commits go. */
  attach(consumption: Consumption): void {
    this.#consumption.resolve(consumption);
  }

  /** Bytes held, buffered or on the way. */
  get bytes(): number {
    let bytes = this.#flying;
    for (const { lane } of this.#work.values()) bytes += lane.bytes;
    return bytes;
  }

  /** How long the store has refused everything by now. */
  get refusedMs(): number {
    return this.#refusedSince === undefined ? 0 : this.#options.clock.now() - this.#refusedSince;
  }

  assigned(positions: readonly Position[]): void {
    for (const { topic, partition, offset, metadata } of positions) {
      const { limits, suppresses } = this.#options;
      const lane = new Lane({ topic, partition }, offset, metadata, limits, suppresses);
      const work: Work = { lane, lost: new AbortController(), committed: offset, done: offset, busy: false, intent: metadata };
      this.#work.set(placeOf({ topic, partition }), work);
    }
  }

  revoked(partitions: readonly PartitionOf[]): void {
    for (const partition of partitions) this.#drop(this.#work.get(placeOf(partition)));
    this.#wake();
  }

  async records(batch: Batch): Promise<void> {
    const work = this.#work.get(placeOf(batch));
    if (!work) return;
    work.lane.add(batch, this.#options.clock.now());
    this.#empty(work);
    while (this.#isTooMuch(work)) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  /** Inserts what is old enough, and makes the positions of idle partitions durable. */
  tick(): void {
    for (const work of this.#work.values()) this.#empty(work);
  }

  /** Inserts and commits everything that is buffered; false when that did not end in time. */
  async drain(timeoutMs: number): Promise<boolean> {
    const { clock, pause } = this.#options;
    const end = clock.now() + timeoutMs;
    this.#draining = true;
    for (;;) {
      this.tick();
      if (![...this.#work.values()].some(isOpen)) return true;
      if (clock.now() >= end) return false;
      await pause(10, new AbortController().signal);
    }
  }

  /** What is buffered is left to whoever reads the partitions next. */
  abandon(): void {
    for (const work of [...this.#work.values()]) this.#drop(work);
    this.#wake();
  }

  /** One range of a partition at a time. */
  #empty(work: Work): void {
    if (work.busy || !isOpen(work)) return;
    work.busy = true;
    this.#run(work)
      .catch((error: unknown) => {
        this.#drop(work);
        if (!(error instanceof PositionLost)) this.#onFailure(error);
      })
      .finally(() => {
        work.busy = false;
        this.#wake();
      });
  }

  async #run(work: Work): Promise<void> {
    const { clock } = this.#options;
    while (!work.lost.signal.aborted) {
      const cut = work.lane.cut(clock.now(), this.#draining);
      if (!cut) break;
      this.#flying += cut.bytes;
      try {
        await this.#insert(work, cut);
      } finally {
        this.#flying -= cut.bytes;
      }
      this.#wake();
    }
    const isIdle = work.lane.rows === 0;
    if (isIdle && work.committed < work.done && !work.lost.signal.aborted) await this.#commit(work, work.done, '');
  }

  /** Intent, rows, rejected rows. The next commit of this partition carries its end. */
  async #insert(work: Work, cut: Cut): Promise<void> {
    const intent = encodeIntent(cut);
    if (work.intent === intent && work.committed === cut.min) this.counters.recut += 1;
    else await this.#commit(work, cut.min, intent);
    work.intent = '';
    await this.#insertRows(work, cut, cut.topic, cut.lines);
    await this.#insertRows(work, cut, 'rejected', cut.rejected);
    if (work.lost.signal.aborted) throw new PositionLost('Another one has it.');
    work.done = cut.max + 1n;
    this.counters.batches += 1;
    this.counters.rows += cut.lines.length;
    this.counters.rejected += cut.rejected.length;
  }

  /** Until it is in, or the partition is lost: the store may be down for as long as it likes. */
  async #insertRows(work: Work, cut: Cut, table: Table, lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    const { store, log, logId, pause, clock } = this.#options;
    const token = tokenOf(table, logId, cut);
    for (let attempt = 0; !work.lost.signal.aborted; attempt += 1) {
      const begin = clock.now();
      try {
        await store.insert(table, lines, token);
        this.counters.insert_ms += clock.now() - begin;
        this.#refusedSince = undefined;
        if (attempt > 0) log.info({ table, attempts: attempt + 1 }, 'The store takes rows again.');
        return;
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        this.counters.insert_errors += 1;
        this.#refusedSince ??= begin;
        if (attempt === 0 || attempt % 20 === 0)
          log.warn({ table, rows: lines.length, code: error.code, error: error.message }, 'The store took no rows; trying on.');
        await pause(Math.min(RETRY_MS * 2 ** attempt, RETRY_MAX_MS), work.lost.signal);
      }
    }
  }

  /** A log that is away for a while is waited for; a partition that went elsewhere is given up. */
  async #commit(work: Work, offset: bigint, metadata: string): Promise<void> {
    const { log, pause } = this.#options;
    const { topic, partition } = work.lane;
    const consumption = await this.#consumption.promise;
    for (let attempt = 0; ; attempt += 1) {
      if (work.lost.signal.aborted) throw new PositionLost('Not ours any more.');
      try {
        await consumption.commit([{ topic, partition, offset, metadata }]);
        work.committed = offset;
        this.counters.commits += 1;
        return;
      } catch (error) {
        if (error instanceof PositionLost) throw error;
        this.counters.commit_errors += 1;
        log.warn({ topic, partition, error: String(error) }, 'A position could not be committed; trying on.');
        await pause(Math.min(RETRY_MS * 2 ** attempt, RETRY_MAX_MS), work.lost.signal);
      }
    }
  }

  /** A range that is cut again has to come whole, whatever else is held. */
  #isTooMuch(work: Work): boolean {
    if (work.lost.signal.aborted || work.lane.isRecutting) return false;
    return work.lane.isFull || this.bytes > this.#options.bytesMax;
  }

  #drop(work: Work | undefined): void {
    if (!work) return;
    work.lost.abort();
    const place = placeOf(work.lane);
    if (this.#work.get(place) === work) this.#work.delete(place);
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

/** Something of it is not inserted, or not committed. */
function isOpen({ lane, busy, committed, done }: Work): boolean {
  return busy || lane.rows > 0 || committed < done;
}

function placeOf({ topic, partition }: PartitionOf): string {
  return `${topic}/${partition}`;
}
