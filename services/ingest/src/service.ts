// The ingest service: reads every topic of the bus, and keeps its pace and its end.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus, Consumption } from '@swarmscope/bus/bus.ts';
import { TOPICS } from '@swarmscope/events/definitions.ts';
import { type Event, makeEvent } from '@swarmscope/events/event.ts';
import type { Clock } from '@swarmscope/runtime/clock.ts';
import type { Metrics } from '@swarmscope/runtime/metrics.ts';
import type { Takedown } from '@swarmscope/runtime/takedown.ts';
import type { Store } from '@swarmscope/store/store.ts';
import type { Limits } from './batch.ts';
import { Ingest, type IngestCounters, type IngestLog } from './ingest.ts';
import { Eraser, isTakenDown } from './takedown.ts';
import { Watchdog } from './watchdog.ts';

/** The consumer group; in one process `MemoryBus.uncommitted(INGEST_GROUP)` is what goes to the spool. */
export const INGEST_GROUP = 'ingest';

/** In one process: what was published is durable after a second at the latest. */
export const LIMITS: Limits = { rows: 5_000, bytes: 4 * 1024 * 1024, ageMs: 500 };
const BYTES_MAX = 128 * 1024 * 1024;
const TICKS_PER_AGE = 5;
const DRAIN_MS = 10_000;
const SAMPLE_MS = 10_000;
/** The largest that its column holds. */
const LAG_MAX = 2 ** 32 - 1;
/** A store that restarts is no trouble yet. */
const REFUSED_MS = 60_000;

export interface StartIngestOptions {
  readonly bus: Bus;
  readonly store: Pick<Store, 'insert'> & Partial<Pick<Store, 'erase'>>;
  /** What is not stored; and with a store that can erase, what is taken out of it. */
  readonly takedown?: Takedown;
  readonly clock: Clock;
  readonly log: IngestLog;
  readonly metrics?: Metrics;
  /** INGEST_GROUP, where it is no other. */
  readonly group?: string;
  readonly limits?: Limits;
  /** Bytes that may wait for the store in all. */
  readonly bytesMax?: number;
  /** Who we are, for `service_sampled`; without it none is published. */
  readonly sampled?: {
    readonly instanceId: string;
    readonly network: string;
    readonly build: string;
  };
}

export interface RunningIngest {
  readonly name: string;
  /** Inserts what is buffered (10 s at most), commits, and leaves. */
  stop(): Promise<void>;
  /** Broken when ingest cannot go on; never kept. */
  readonly failed: Promise<never>;
  /** Since the start. `bytes` are held now. */
  progress(): IngestCounters & { bytes: number };
  /** What keeps it from its work, each a sentence (for `/healthz`). */
  troubles(): string[];
}

export async function startIngest(options: StartIngestOptions): Promise<RunningIngest> {
  const { bus, store, clock, log, takedown, group = INGEST_GROUP, limits = LIMITS, bytesMax = BYTES_MAX } = options;
  const suppresses = takedown && ((event: Event) => isTakenDown(takedown, event));
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {});
  const ingest = new Ingest(
    { store, clock, log, logId: bus.logId, limits, bytesMax, pause, ...(suppresses && { suppresses }) },
    failure.reject,
  );
  const { erase } = store;
  const eraser = takedown && erase && new Eraser(takedown, { erase: (swarms) => erase.call(store, swarms) }, log);
  const reading = { group, topics: TOPICS, maxRows: limits.rows, durable: true };
  const consumption = await bus.read(reading, ingest);
  ingest.attach(consumption);
  consumption.done.catch(failure.reject);
  options.metrics?.counters('ingest_total', 'What ingest did, by kind.', 'kind', () => ({ ...ingest.counters }));
  options.metrics?.gauges('ingest_bytes', 'Bytes of rows that wait for the store.', 'state', () => ({ held: ingest.bytes }));
  const ticking = setInterval(() => ingest.tick(), limits.ageMs / TICKS_PER_AGE);
  const watch = keepWatch(options, ingest, consumption, failure.reject);
  const stop = async () => {
    const isDrained = await ingest.drain(DRAIN_MS);
    if (!isDrained) log.warn({ bytes: ingest.bytes }, 'Not everything that was read could be inserted; it is left in the log.');
    clearInterval(ticking);
    watch.stop();
    ingest.abandon();
    await consumption.stop();
    await eraser?.stop();
  };
  let stopped: Promise<void> | undefined;
  return {
    name: 'ingest',
    failed: failure.promise,
    stop: () => (stopped ??= stop()),
    progress: () => ({ ...ingest.counters, bytes: ingest.bytes }),
    troubles: () => {
      const { refusedMs } = ingest;
      const refused = refusedMs > REFUSED_MS ? `The store has taken no rows for ${Math.round(refusedMs / 1_000)} s.` : undefined;
      return [refused, watch.trouble()].filter((sentence) => sentence !== undefined);
    },
  };
}

/** Asks how much waits, tells it, and notices when nothing moves. */
function keepWatch(
  options: StartIngestOptions,
  ingest: Ingest,
  consumption: Consumption,
  onStill: (error: Error) => void,
): { stop(): void; trouble(): string | undefined } {
  const { clock, metrics } = options;
  const watchdog = new Watchdog();
  let lag: number | undefined;
  let isAsking = false;
  const ask = async () => {
    isAsking = true;
    lag = await consumption.lag().catch(() => undefined);
    isAsking = false;
  };
  const look = () => {
    if (isAsking) lag = undefined;
    else void ask();
    publishSample(options, ingest, lag);
    const { batches, commits } = ingest.counters;
    const still = watchdog.look(clock.now(), { lag, done: batches + commits, isRefused: ingest.refusedMs > 0 });
    if (still !== undefined) onStill(new Error(still));
  };
  metrics?.gauges('ingest_lag', 'Records read by this process that are not committed.', 'state', () =>
    lag === undefined ? {} : { open: lag },
  );
  const timer = setInterval(look, SAMPLE_MS);
  return { stop: () => clearInterval(timer), trouble: () => watchdog.trouble(clock.now()) };
}

function publishSample({ bus, clock, sampled }: StartIngestOptions, ingest: Ingest, lag: number | undefined): void {
  if (!sampled) return;
  const { instanceId, network, build } = sampled;
  const counters = { ...ingest.counters, bytes: ingest.bytes };
  const stamp = { ts: clock.wall(), instance_id: instanceId, network };
  bus.publish(
    makeEvent(
      'service_sampled',
      { service: 'ingest', counters, lag: lag === undefined ? null : Math.min(lag, LAG_MAX), build },
      stamp,
    ),
  );
}

/** A wait that an abort ends early, without an error. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await sleep(ms, undefined, { signal }).catch(() => {});
}
