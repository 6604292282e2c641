// The bus inside one process: bounded logs per topic and partition, consumer groups, back-pressure by class of event.
import { definitions, TOPICS, type Topic } from '@swarmscope/events/definitions.ts';
import { type Event, type EventOf, encodeEvent, eventKey, parseEvent, Rejection } from '@swarmscope/events/event.ts';
import {
  type Batch,
  type Bus,
  type BusCounters,
  type Consumption,
  type Membership,
  REJECTED_BYTES_MAX,
  type Reader,
  type ReadOptions,
} from './bus.ts';
import { consumeByReading } from './consume.ts';
import { MemoryGroup } from './memory-group.ts';
import { type Entry, MemoryLog } from './memory-log.ts';
import { partitionOf } from './partition.ts';

export interface MemoryBusOptions {
  /** Partitions of every topic; in one process one is enough. */
  readonly partitions?: number;
  /** Weight of unread sightings (about 1 KiB each) from which on they are given up; sampled down from half of it. */
  readonly sightingsMax?: number;
  /** Weight of unread measurements from which on `room()` waits. */
  readonly measuresMax?: number;
  /** Where compacted topics are replayed from (in `up`: the store). Without it the newest event of each key is kept here. */
  readonly history?: (topics: readonly Topic[]) => AsyncIterable<Event>;
  /** First offset of every partition; by default distinct from those of earlier processes. */
  readonly firstOffset?: bigint;
  readonly logId?: string;
}

const SIGHTINGS_MAX = 100_000;
const MEASURES_MAX = 50_000;
/** What a partition keeps while nobody reads its topic. */
const UNREAD_MAX = 1_000;
const LATEST_MAX = 100_000;

export class MemoryBus implements Bus {
  readonly #tally = { published: 0, dropped: 0, rejected: 0 };
  readonly logId: string;
  readonly #logs: Record<Topic, readonly MemoryLog[]>;
  readonly #groups = new Map<string, MemoryGroup>(); // bound: the groups that the composition names
  readonly #weights = { sighting: 0, measure: 0, state: 0 };
  readonly #sightingsMax: number;
  readonly #measuresMax: number;
  readonly #partitions: number;
  readonly #source: MemoryBusOptions['history'];
  readonly #latest = new Map<string, Event>(); // bound: LATEST_MAX, oldest first out
  #roomWaiters: (() => void)[] = []; // bound: one per prober slot that waits
  #idleWaiters: (() => void)[] = []; // bound: one per flush() that waits
  #sampling = 0;

  constructor(options: MemoryBusOptions = {}) {
    const now = Date.now();
    this.#partitions = options.partitions ?? 1;
    this.#sightingsMax = options.sightingsMax ?? SIGHTINGS_MAX;
    this.#measuresMax = options.measuresMax ?? MEASURES_MAX;
    this.#source = options.history;
    this.logId = options.logId ?? `memory-${now.toString(36)}-${process.pid}`;
    const first = options.firstOffset ?? BigInt(now) << 20n;
    const logsOf = (topic: Topic) =>
      Array.from({ length: this.#partitions }, (_, partition) => new MemoryLog(topic, partition, first));
    this.#logs = Object.fromEntries(TOPICS.map((topic) => [topic, logsOf(topic)])) as unknown as Record<
      Topic,
      readonly MemoryLog[]
    >;
  }

  get counters(): BusCounters {
    const queued = TOPICS.reduce((sum, topic) => sum + this.#logs[topic].reduce((each, log) => each + log.length, 0), 0);
    return { ...this.#tally, queued };
  }

  publish(event: Event): 'queued' | 'dropped' {
    const { topic } = event;
    const { volume } = definitions[topic];
    if (volume === 'sighting' && this.#givesUp()) {
      this.#tally.dropped += 1;
      return 'dropped';
    }
    const log = this.#logs[topic][partitionOf(eventKey(event), this.#partitions)]!;
    const entry = this.#entry(log, event);
    this.#weights[volume] += entry.weight;
    this.#tally.published += 1;
    if (volume === 'state' && !this.#source) this.#remember(event);
    log.push(entry);
    if (log.length > UNREAD_MAX && !this.#isRead(topic)) this.#trim(log, log.end - BigInt(UNREAD_MAX));
    return 'queued';
  }

  room(): Promise<void> {
    if (this.#weights.measure + this.#weights.state < this.#measuresMax) return Promise.resolve();
    return new Promise((resolve) => this.#roomWaiters.push(resolve));
  }

  consume<T extends Topic>(
    options: ReadOptions<T>,
    handler: (batch: Batch<T>) => Promise<void>,
    membership?: Membership,
  ): Promise<Consumption> {
    return consumeByReading(this, options, handler, membership);
  }

  read<T extends Topic>(options: ReadOptions<T>, reader: Reader<T>): Promise<Consumption> {
    let group = this.#groups.get(options.group);
    if (!group) {
      group = new MemoryGroup(
        (topic) => this.#logs[topic],
        () => this.#settle(),
      );
      this.#groups.set(options.group, group);
    }
    return group.join(options, reader as unknown as Reader);
  }

  partitionOf(_topic: Topic, key: string): number {
    return partitionOf(key, this.#partitions);
  }

  async *history<T extends Topic>(topics: readonly T[]): AsyncIterable<EventOf<T>> {
    const wanted = new Set<Topic>(topics);
    if (this.#source) {
      yield* this.#source(topics) as AsyncIterable<EventOf<T>>;
      for (const topic of topics) for (const log of this.#logs[topic]) yield* log.values() as Iterable<EventOf<T>>;
      return;
    }
    for (const event of [...this.#latest.values()]) if (wanted.has(event.topic)) yield event as EventOf<T>;
  }

  async flush(timeoutMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    if (this.#isIdle()) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const wake = () => resolve(true);
    this.#idleWaiters.push(wake);
    const timer = Number.isFinite(timeoutMs) ? setTimeout(() => resolve(false), timeoutMs) : undefined;
    const done = await promise;
    clearTimeout(timer);
    this.#idleWaiters = this.#idleWaiters.filter((other) => other !== wake); // bound: as above
    return done;
  }

  /** What a durable group has not committed: for the spool at shutdown. */
  *uncommitted(group: string): Iterable<Event> {
    const found = this.#groups.get(group);
    if (!found) return;
    for (const topic of found.topics) for (const log of this.#logs[topic]) yield* log.values(found.committed(log).offset);
  }

  async close(): Promise<void> {
    this.#release();
    for (const wake of this.#idleWaiters.splice(0)) wake();
  }

  /** Above nine sixteenths of the room for sightings one of eight goes, then more, at the mark all. */
  #givesUp(): boolean {
    const pressure = this.#weights.sighting / this.#sightingsMax;
    if (pressure < 0.5) return false;
    this.#sampling += 1;
    return pressure >= 1 || this.#sampling % 8 < Math.floor((pressure - 0.5) * 16);
  }

  /** Checked once, where it enters: what is no event goes to the readers as rejected. */
  #entry(log: MemoryLog, event: Event): Entry {
    const position = { offset: log.end, timestamp: Date.now(), weight: weightOf(event) };
    const checked = parseEvent(event.topic, event);
    if (!(checked instanceof Rejection)) return { ...position, value: event };
    this.#tally.rejected += 1;
    const bytes = Buffer.from(encodeEvent(event));
    return {
      ...position,
      reason: checked.reason,
      detail: checked.detail,
      bytes: bytes.subarray(0, REJECTED_BYTES_MAX),
      size: bytes.length,
    };
  }

  #remember(event: Event): void {
    const key = `${event.topic}/${eventKey(event)}`;
    this.#latest.delete(key);
    this.#latest.set(key, event);
    if (this.#latest.size > LATEST_MAX) this.#latest.delete(this.#latest.keys().next().value!);
  }

  #isRead(topic: Topic): boolean {
    return [...this.#groups.values()].some((group) => group.topics.has(topic));
  }

  /** After a commit or a leave: forget what every group has read, and let those in that wait for room. */
  #settle(): void {
    for (const [name, group] of this.#groups) if (group.isEmpty && !group.durable) this.#groups.delete(name);
    for (const topic of TOPICS) {
      const readers = [...this.#groups.values()].filter((group) => group.topics.has(topic));
      if (readers.length === 0) continue;
      for (const log of this.#logs[topic]) if (log.length > 0) this.#trim(log, leastCommitted(readers, log));
    }
    if (this.#weights.measure + this.#weights.state < this.#measuresMax) this.#release();
    if (this.#idleWaiters.length > 0 && this.#isIdle()) for (const wake of this.#idleWaiters.splice(0)) wake();
  }

  #trim(log: MemoryLog, offset: bigint): void {
    this.#weights[definitions[log.topic].volume] -= log.trim(offset);
  }

  #isIdle(): boolean {
    return [...this.#groups.values()]
      .filter((group) => group.durable || !group.isEmpty)
      .every((group) =>
        [...group.topics].every((topic) => this.#logs[topic].every((log) => group.committed(log).offset >= log.end)),
      );
  }

  #release(): void {
    for (const wake of this.#roomWaiters.splice(0)) wake();
  }
}

function leastCommitted(groups: readonly MemoryGroup[], log: MemoryLog): bigint {
  let least = log.end;
  for (const group of groups) {
    const { offset } = group.committed(log);
    if (offset < least) least = offset;
  }
  return least;
}

/** About 1 KiB a unit: an event is one, and its long lists more. */
function weightOf(event: Event): number {
  switch (event.topic) {
    case 'torrent_resolved':
      return 1 + Math.ceil(event.files.length / 8);
    case 'swarm_sampled':
      return 1 + Math.ceil((event.files_at_risk.length + event.availability.length) / 32);
    case 'probe_state':
      return 1 + Math.ceil(event.scores.length / 8);
    default:
      return 1;
  }
}
