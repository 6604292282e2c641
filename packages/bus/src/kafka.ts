// The bus over Kafka: an idempotent producer with one send in flight, readers whose commits are fenced. The one file that imports kafkajs.
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import type { Topic } from '@swarmscope/events/definitions.ts';
import type { Event, EventOf } from '@swarmscope/events/event.ts';
import kafkajs, { type Admin, type EachBatchPayload, type Kafka, type KafkaMessage, type Producer } from 'kafkajs';
import type { Batch, Bus, BusCounters, Consumption, PartitionOf, Position, Reader, ReadOptions } from './bus.ts';
import { consumeByReading, placeOf } from './consume.ts';
import { historyByReading } from './kafka-history.ts';
import { type GroupClient, type GroupEvents, GroupReading } from './kafka-reading.ts';
import type { RawRecord } from './lane.ts';
import { type Letter, Outbox } from './outbox.ts';
import { partitionOf } from './partition.ts';
import { sharedKeyTopics, topicPlans } from './topics.ts';

export interface KafkaBusOptions {
  /** `host:port` each. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** In front of topics and groups. */
  readonly prefix?: string;
  /** Partitions and replicas of the topics that are created; those that exist stay as they are. */
  readonly partitions?: number;
  readonly replicas?: number;
  readonly sightingsMax?: number;
  readonly measureBytesMax?: number;
  /** A member that is silent for so long is given up by the group. */
  readonly sessionTimeoutMs?: number;
  /** Told what heals by itself, for a log. */
  readonly onTrouble?: (what: string, error: unknown) => void;
}

const PARTITIONS = 12;
const SIGHTINGS_MAX = 100_000;
const MEASURE_BYTES_MAX = 32 * 1024 * 1024;
const SESSION_TIMEOUT_MS = 10_000;
const FETCH_WAIT_MS = 250;
const SEND_LETTERS = 2_000;
/** Below the broker's 1 MiB for a batch, also when all of it goes to one partition. */
const SEND_BYTES = 512 * 1024;
const SEND_LINGER_MS = 5;
const RESEND_MS = 500;
/** Failures of one batch in a row after which the producer itself is replaced (its epoch may be fenced, its sequence lost). */
const RENEW_AFTER = 3;
const FLUSH_AT_CLOSE_MS = 10_000;
const RETRY = { retries: 5, initialRetryTime: 200, maxRetryTime: 3_000 };
const ASK_TRIES = 15;
const ASK_AGAIN_MS = 50;

const { CompressionCodecs, CompressionTypes, Kafka: Client, logLevel, PartitionAssigners } = kafkajs;

CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: ({ buffer }: { buffer: Buffer }) => promisify(zstdCompress)(buffer),
  decompress: (buffer: Buffer) => promisify(zstdDecompress)(buffer),
});

/** kafkajs looks for pending requests each millisecond also when there are none: 3 to 5 % of a core, and a warning of Node. */
interface RequestQueue {
  pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
}
const queue = (createRequire(import.meta.url)('kafkajs/src/network/requestQueue/index.js') as { prototype: RequestQueue })
  .prototype;
const scheduleCheck = queue.scheduleCheckPendingRequests;
queue.scheduleCheckPendingRequests = function (this: RequestQueue) {
  if (this.pending.length > 0) scheduleCheck.call(this);
};

/** Creates the topics that are missing, checks the others, and connects. Rejects when no broker answers or the topics do not fit. */
export async function openKafkaBus(options: KafkaBusOptions): Promise<KafkaBus> {
  const trouble = options.onTrouble ?? (() => {});
  const kafka = new Client({
    brokers: [...options.brokers],
    clientId: options.clientId,
    logLevel: logLevel.ERROR,
    logCreator: () => (entry) => trouble(entry.log.message, entry.log['error']),
    retry: RETRY,
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    const { clusterId } = await admin.describeCluster();
    const partitions = await prepareTopics(admin, options);
    const producer = await connectProducer(kafka);
    return new KafkaBus(options, { kafka, admin, producer, partitions, clusterId, trouble });
  } catch (error) {
    await admin.disconnect().catch(() => {});
    throw error;
  }
}

async function connectProducer(kafka: Kafka): Promise<Producer> {
  const producer = kafka.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    // Its own retries know which brokers have acknowledged already: let it go on for a minute or more.
    retry: { ...RETRY, retries: 30 },
  });
  await producer.connect();
  return producer;
}

/** The partitions of every topic, by name. */
async function prepareTopics(admin: Admin, options: KafkaBusOptions): Promise<Map<string, number>> {
  const { prefix = '', partitions = PARTITIONS, replicas = 1 } = options;
  const plans = topicPlans(prefix, replicas);
  const names = plans.map(({ name }) => name);
  const areNew = await admin.createTopics({
    waitForLeaders: true,
    topics: plans.map(({ name, configEntries }) => ({
      topic: name,
      numPartitions: partitions,
      replicationFactor: replicas,
      configEntries: [...configEntries],
    })),
  });
  // Leaders of new topics take a moment to know it.
  if (areNew) for (const name of names) await patiently(() => admin.fetchTopicOffsets(name));
  const { topics } = await admin.fetchTopicMetadata({ topics: names });
  const counts = new Map(topics.map((topic) => [topic.name, topic.partitions.length]));
  const shared = new Set(sharedKeyTopics().map((topic) => counts.get(`${prefix}${topic}`)));
  if (shared.size > 1) throw new Error('Topics keyed by swarm must have the same number of partitions; create them anew.');
  return counts;
}

interface Connected {
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly producer: Producer;
  readonly partitions: ReadonlyMap<string, number>;
  readonly clusterId: string;
  readonly trouble: (what: string, error: unknown) => void;
}

export class KafkaBus implements Bus {
  readonly logId: string;
  readonly #options: KafkaBusOptions;
  readonly #connected: Connected;
  readonly #prefix: string;
  readonly #outbox: Outbox;
  readonly #readings = new Set<GroupReading>(); // bound: the read() calls of the composition
  readonly #sending: Promise<void>;
  readonly #ends = new AbortController();
  readonly #ended: Promise<false>;
  #producer: Producer;
  #rejected = 0;

  constructor(options: KafkaBusOptions, connected: Connected) {
    this.#options = options;
    this.#connected = connected;
    this.#prefix = options.prefix ?? '';
    this.#producer = connected.producer;
    this.logId = connected.clusterId;
    this.#outbox = new Outbox({
      sightingsMax: options.sightingsMax ?? SIGHTINGS_MAX,
      measureBytesMax: options.measureBytesMax ?? MEASURE_BYTES_MAX,
    });
    this.#ended = new Promise((resolve) => this.#ends.signal.addEventListener('abort', () => resolve(false)));
    this.#sending = this.#send();
  }

  get counters(): BusCounters {
    return { ...this.#outbox.counters, rejected: this.#rejected, queued: this.#outbox.length };
  }

  publish(event: Event): 'queued' | 'dropped' {
    return this.#outbox.put(event);
  }

  room(): Promise<void> {
    return this.#outbox.room();
  }

  consume<T extends Topic>(options: ReadOptions<T>, handler: (batch: Batch<T>) => Promise<void>): Promise<Consumption> {
    return consumeByReading(this, options, handler);
  }

  async read<T extends Topic>(options: ReadOptions<T>, reader: Reader<T>): Promise<Consumption> {
    const reading = new GroupReading(options, reader as unknown as Reader, (count) => {
      this.#rejected += count;
    });
    this.#readings.add(reading);
    const gone = () => void this.#readings.delete(reading);
    reading.done.then(gone, gone);
    await reading.start(groupClient(this.#connected, this.#options, options, reading));
    return reading;
  }

  async *history<T extends Topic>(topics: readonly T[]): AsyncIterable<EventOf<T>> {
    const { admin } = this.#connected;
    const ends = await patiently(() => endsOf(admin, topics, this.#prefix));
    const group = `history-${randomUUID()}`;
    try {
      yield* historyByReading(this, group, topics, ends) as AsyncIterable<EventOf<T>>;
    } finally {
      await admin
        .deleteGroups([`${this.#prefix}${group}`])
        .catch((error: unknown) => this.#connected.trouble('delete a group', error));
    }
  }

  flush(timeoutMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    return this.#outbox.empty(timeoutMs);
  }

  /** What the log has not taken over: for the spool, after close(). */
  unsent(): Iterable<string> {
    return this.#outbox.lines();
  }

  /** Leaves every group, hands over what waits, and disconnects. What is left is `unsent()`. */
  async close(flushMs = FLUSH_AT_CLOSE_MS): Promise<void> {
    await Promise.all([...this.#readings].map((reading) => reading.stop()));
    await this.flush(flushMs);
    this.#ends.abort();
    this.#outbox.close();
    await this.#sending;
    const quiet = (error: unknown) => this.#connected.trouble('disconnect', error);
    await this.#producer.disconnect().catch(quiet);
    await this.#connected.admin.disconnect().catch(quiet);
  }

  /** The only sender: a batch is sent until it is acknowledged, and nothing else before. */
  async #send(): Promise<void> {
    const ends = this.#ends.signal;
    while (!ends.aborted) {
      await this.#outbox.more();
      await sleep(SEND_LINGER_MS);
      const letters = this.#outbox.head(SEND_LETTERS, SEND_BYTES);
      if (letters.length === 0) continue;
      for (let failures = 0; !ends.aborted; failures += 1) {
        if (await this.#sendOnce(letters)) break;
        await sleep(RESEND_MS, undefined, { signal: ends }).catch(() => {});
        if (failures >= RENEW_AFTER) await this.#renewProducer();
      }
    }
  }

  /** True when the log has the batch; false when it failed, or the bus ends before that is known. */
  async #sendOnce(letters: readonly Letter[]): Promise<boolean> {
    const batch = { acks: -1, compression: CompressionTypes.ZSTD, topicMessages: this.#addressed(letters) };
    const sent = this.#producer.sendBatch(batch).then(
      () => true,
      (error: unknown) => {
        this.#connected.trouble('send', error);
        return false;
      },
    );
    const isSent = await Promise.race([sent, this.#ended]);
    if (isSent) this.#outbox.sent(letters.length);
    return isSent;
  }

  /** Partition by key, as every producer of these topics: chosen here, so that no client's default matters. */
  #addressed(letters: readonly Letter[]) {
    const byTopic = new Map<string, { key: string; value: string; partition: number }[]>();
    for (const { topic, key, value } of letters) {
      const name = `${this.#prefix}${topic}`;
      const messages = byTopic.get(name) ?? [];
      byTopic.set(name, messages);
      messages.push({ key, value, partition: partitionOf(key, this.#connected.partitions.get(name)!) });
    }
    return [...byTopic].map(([topic, messages]) => ({ topic, messages }));
  }

  async #renewProducer(): Promise<void> {
    try {
      const fresh = await connectProducer(this.#connected.kafka);
      await this.#producer.disconnect().catch(() => {});
      this.#producer = fresh;
    } catch (error) {
      this.#connected.trouble('connect', error);
    }
  }
}

/** Error types that say: this membership is over. */
const LOST = new Set(['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'REBALANCE_IN_PROGRESS', 'FENCED_INSTANCE_ID']);

function isLost(error: unknown): boolean {
  const { type, cause } = error as { type?: unknown; cause?: unknown };
  return (typeof type === 'string' && LOST.has(type)) || (cause instanceof Error && isLost(cause));
}

function groupClient(connected: Connected, bus: KafkaBusOptions, options: ReadOptions, events: GroupEvents): GroupClient {
  const { kafka, admin } = connected;
  const { prefix = '', sessionTimeoutMs = SESSION_TIMEOUT_MS } = bus;
  const groupId = `${prefix}${options.group}`;
  const nameOf = (topic: Topic) => `${prefix}${topic}`;
  const topicOf = (name: string) => name.slice(prefix.length) as Topic;
  // A commit of its own without retries, bound to the membership under which the batch came; undefined between memberships.
  let commitNow: ((offsets: Offsets) => Promise<void>) | undefined;
  let isStopped = false;
  const consumer = kafka.consumer({
    groupId,
    sessionTimeout: sessionTimeoutMs,
    heartbeatInterval: Math.floor(sessionTimeoutMs / 3),
    maxWaitTimeInMs: FETCH_WAIT_MS,
    allowAutoTopicCreation: false,
    // It restarts itself after a loss of the brokers, also when it was stopped meanwhile: not then.
    retry: { ...RETRY, restartOnFailure: async () => !isStopped },
    partitionAssigners: [
      (config) => {
        const assigner = PartitionAssigners.roundRobin!(config);
        // Asked for whenever a membership is applied for: the earlier one is over from here on.
        const protocol: typeof assigner.protocol = (subscription) => {
          commitNow = undefined;
          events.joining();
          return assigner.protocol(subscription);
        };
        return { ...assigner, protocol };
      },
    ],
  });
  consumer.on('consumer.group_join', ({ payload }) => {
    if (isStopped) {
      void consumer.disconnect();
      return;
    }
    const assigned = Object.entries(payload.memberAssignment);
    events.joined(assigned.flatMap(([name, numbers]) => numbers.map((partition) => ({ topic: topicOf(name), partition }))));
  });
  consumer.on('consumer.crash', ({ payload }) => {
    if (!payload.restart) events.crashed(payload.error);
  });
  const eachBatch = async ({ batch, commitOffsetsIfNecessary }: EachBatchPayload) => {
    commitNow = commitOffsetsIfNecessary as typeof commitNow;
    events.fetched(topicOf(batch.topic), batch.partition, batch.messages.map(rawRecord));
  };
  return {
    async run() {
      await consumer.connect();
      await consumer.subscribe({ topics: options.topics.map(nameOf), fromBeginning: true });
      await consumer.run({ autoCommit: false, eachBatch });
    },
    starts: (partitions) => patiently(() => startsOf(admin, groupId, partitions, nameOf)),
    commit: (positions) => {
      const offsets = positions.map(({ topic, partition, offset, metadata }) => ({
        topic: nameOf(topic),
        partition,
        offset: String(offset),
        metadata,
      }));
      if (!commitNow) return consumer.commitOffsets(offsets);
      const topics = Map.groupBy(offsets, ({ topic }) => topic);
      return commitNow({ topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })) });
    },
    isLost,
    pause: ({ topic, partition }) => ignoringStopped(() => consumer.pause([{ topic: nameOf(topic), partitions: [partition] }])),
    resume: ({ topic, partition }) => ignoringStopped(() => consumer.resume([{ topic: nameOf(topic), partitions: [partition] }])),
    stop: () => {
      isStopped = true;
      return consumer.disconnect();
    },
  };
}

interface Offsets {
  topics: { topic: string; partitions: { partition: number; offset: string; metadata: string }[] }[];
}

/** Between a crash and its own restart the consumer knows no partitions, and throws. */
function ignoringStopped(action: () => void): void {
  try {
    action();
  } catch {
    // The partitions are assigned anew when it has restarted.
  }
}

function rawRecord({ offset, timestamp, value }: KafkaMessage): RawRecord {
  return { offset: BigInt(offset), timestamp: Number(timestamp), bytes: value ?? new Uint8Array(0) };
}

/** A leader that moves, or topics that were just made, answer with errors for a moment. */
async function patiently<R>(ask: () => Promise<R>): Promise<R> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (tries === ASK_TRIES) throw error;
      await sleep(ASK_AGAIN_MS * tries);
    }
  }
}

/** By partition the offset that is next; partitions without records are left out. */
async function endsOf(admin: Admin, topics: readonly Topic[], prefix: string): Promise<Map<string, bigint>> {
  const ends = new Map<string, bigint>(); // bound: the partitions of the topics
  for (const topic of topics)
    for (const { partition, high, low } of await admin.fetchTopicOffsets(`${prefix}${topic}`))
      if (BigInt(high) > BigInt(low)) ends.set(placeOf({ topic, partition }), BigInt(high));
  return ends;
}

async function startsOf(
  admin: Admin,
  groupId: string,
  partitions: readonly PartitionOf[],
  nameOf: (topic: Topic) => string,
): Promise<Position[]> {
  const topics = [...new Set(partitions.map(({ topic }) => topic))];
  const committed = await admin.fetchOffsets({ groupId, topics: topics.map(nameOf), resolveOffsets: false });
  const oldest = new Map<string, bigint>(); // bound: the partitions of the topics
  for (const topic of topics)
    for (const { partition, low } of await admin.fetchTopicOffsets(nameOf(topic)))
      oldest.set(placeOf({ topic, partition }), BigInt(low));
  return partitions.map(({ topic, partition }) => {
    const own = committed
      .find((entry) => entry.topic === nameOf(topic))
      ?.partitions.find((entry) => entry.partition === partition);
    const low = oldest.get(placeOf({ topic, partition })) ?? 0n;
    const offset = BigInt(own?.offset ?? -1);
    return { topic, partition, offset: offset < low ? low : offset, metadata: own?.metadata ?? '' };
  });
}
