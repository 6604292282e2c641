// The bus over Kafka: an idempotent producer with one send in flight, readers whose commits are fenced. The one file that imports kafkajs.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import type { Topic } from '@swarmscope/events/definitions.ts';
import type { Event, EventOf } from '@swarmscope/events/event.ts';
import kafkajs, {
  type Admin,
  type Consumer,
  type EachBatchPayload,
  type Kafka,
  type KafkaMessage,
  type PartitionAssigner,
  type Producer,
  type SASLOptions,
} from 'kafkajs';
import type { Batch, Bus, BusCounters, Consumption, Membership, PartitionOf, Position, Reader, ReadOptions } from './bus.ts';
import { consumeByReading } from './consume.ts';
import { historyByReading } from './kafka-history.ts';
import { type GroupClient, type GroupEvents, GroupReading } from './kafka-reading.ts';
import type { KafkaSecurity } from './kafka-settings.ts';
import './kafkajs-repairs.ts';
import type { RawRecord } from './lane.ts';
import { endsOf, lagOf, prepareTopics, startsOf } from './log-admin.ts';
import { type Letter, Outbox } from './outbox.ts';
import { partitionOf } from './partition.ts';
import { type LogClient, Sender } from './sender.ts';

export interface KafkaBusOptions extends KafkaSecurity {
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

const SIGHTINGS_MAX = 100_000;
const MEASURE_BYTES_MAX = 32 * 1024 * 1024;
const SESSION_TIMEOUT_MS = 10_000;
const FETCH_WAIT_MS = 250;
/** Compressed, it is ten times as much in memory: a backlog comes in pieces between which a heartbeat fits. */
const FETCH_BYTES = 2 * 1024 * 1024;
const FETCH_BYTES_PARTITION = 256 * 1024;
const RUN_AGAIN_MS = 1_000;
const FLUSH_AT_CLOSE_MS = 10_000;
const RETRY = { retries: 5, initialRetryTime: 200, maxRetryTime: 3_000 };

const { CompressionCodecs, CompressionTypes, Kafka: Client, logLevel, PartitionAssigners } = kafkajs;

CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: ({ buffer }: { buffer: Buffer }) => promisify(zstdCompress)(buffer),
  decompress: (buffer: Buffer) => promisify(zstdDecompress)(buffer),
});

/** Creates the topics that are missing, checks the others, and connects. Rejects when no broker answers or the topics do not fit. */
export async function openKafkaBus(options: KafkaBusOptions): Promise<KafkaBus> {
  const { prefix = '', onTrouble: trouble = () => {} } = options;
  const kafka = new Client({
    brokers: [...options.brokers],
    clientId: options.clientId,
    logLevel: logLevel.ERROR,
    logCreator: () => (entry) => trouble(entry.log.message, entry.log['error']),
    retry: RETRY,
    ...(options.tls && { ssl: options.tls.ca === undefined ? true : { ca: [options.tls.ca] } }),
    ...(options.sasl && { sasl: options.sasl as SASLOptions }),
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    const { clusterId } = await admin.describeCluster();
    const partitions = await prepareTopics(admin, options);
    const producer = new BatchProducer(kafka, partitions, prefix, trouble);
    await producer.renew();
    return new KafkaBus(options, { kafka, admin, producer, partitions, clusterId, trouble });
  } catch (error) {
    await admin.disconnect().catch(() => {});
    throw error;
  }
}

/** The idempotent producer, replaced when it is renewed. */
class BatchProducer implements LogClient {
  readonly isOver = (error: unknown) => isOf(OVER, error);
  readonly trouble: (what: string, error: unknown) => void;
  readonly #kafka: Kafka;
  readonly #partitions: ReadonlyMap<string, number>;
  readonly #prefix: string;
  #producer: Producer | undefined;

  constructor(kafka: Kafka, partitions: ReadonlyMap<string, number>, prefix: string, trouble: BatchProducer['trouble']) {
    this.#kafka = kafka;
    this.#partitions = partitions;
    this.#prefix = prefix;
    this.trouble = trouble;
  }

  async renew(): Promise<void> {
    const fresh = this.#kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      // Its own retries know which brokers have acknowledged already: let it go on for a minute or more.
      retry: { ...RETRY, retries: 30 },
    });
    await fresh.connect();
    await this.stop();
    this.#producer = fresh;
  }

  /** Partition by key, as every producer of these topics: chosen here, so that no client's default matters. */
  send(letters: readonly Letter[]): Promise<unknown> {
    const byTopic = Map.groupBy(letters, ({ topic }) => `${this.#prefix}${topic}`);
    const topicMessages = [...byTopic].map(([topic, each]) => ({
      topic,
      messages: each.map(({ key, value }) => ({ key, value, partition: partitionOf(key, this.#partitions.get(topic)!) })),
    }));
    return this.#producer!.sendBatch({ acks: -1, compression: CompressionTypes.ZSTD, topicMessages });
  }

  async stop(): Promise<void> {
    await this.#producer?.disconnect().catch((error: unknown) => this.trouble('disconnect', error));
  }
}

interface Connected {
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly producer: BatchProducer;
  /** Of each topic, by its name in the log. */
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
  readonly #sender: Sender;
  #rejected = 0;

  constructor(options: KafkaBusOptions, connected: Connected) {
    this.#options = options;
    this.#connected = connected;
    this.#prefix = options.prefix ?? '';
    this.logId = connected.clusterId;
    this.#outbox = new Outbox({
      sightingsMax: options.sightingsMax ?? SIGHTINGS_MAX,
      measureBytesMax: options.measureBytesMax ?? MEASURE_BYTES_MAX,
    });
    this.#sender = new Sender(this.#outbox, connected.producer);
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

  consume<T extends Topic>(
    options: ReadOptions<T>,
    handler: (batch: Batch<T>) => Promise<void>,
    membership?: Membership,
  ): Promise<Consumption> {
    return consumeByReading(this, options, handler, membership);
  }

  async read<T extends Topic>(options: ReadOptions<T>, reader: Reader<T>): Promise<Consumption> {
    const reading = new GroupReading(options, reader as unknown as Reader, (count) => {
      this.#rejected += count;
    });
    this.#readings.add(reading);
    const gone = () => void this.#readings.delete(reading);
    reading.done.then(gone, gone);
    await reading.start(new KafkaMember(this.#connected, this.#options, options, reading));
    return reading;
  }

  partitionOf(topic: Topic, key: string): number {
    return partitionOf(key, this.#connected.partitions.get(`${this.#prefix}${topic}`)!);
  }

  async *history<T extends Topic>(topics: readonly T[]): AsyncIterable<EventOf<T>> {
    const { admin } = this.#connected;
    const ends = await endsOf(admin, topics, this.#prefix);
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

  /** What keeps it from handing over, each a sentence (for `/healthz`). */
  troubles(): string[] {
    return this.#sender.troubles();
  }

  /** Leaves every group, hands over what waits, and disconnects. What is left is `unsent()`. */
  async close(flushMs = FLUSH_AT_CLOSE_MS): Promise<void> {
    await Promise.all([...this.#readings].map((reading) => reading.stop()));
    await this.flush(flushMs);
    await this.#sender.stop();
    await this.#connected.producer.stop();
    await this.#connected.admin.disconnect().catch((error: unknown) => this.#connected.trouble('disconnect', error));
  }
}

/** Error types that say: this membership is over. */
const LOST = new Set(['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'REBALANCE_IN_PROGRESS', 'FENCED_INSTANCE_ID']);

/** Error types that say: nothing that this session of a producer sends will be taken any more. */
const OVER = new Set(['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED', 'UNKNOWN_PRODUCER_ID', 'OUT_OF_ORDER_SEQUENCE_NUMBER']);

function isOf(types: ReadonlySet<string>, error: unknown): boolean {
  const { type, cause } = error as { type?: unknown; cause?: unknown };
  return (typeof type === 'string' && types.has(type)) || (cause instanceof Error && isOf(types, cause));
}

/** A request that met its broker between two connections: kafkajs takes it for a bug, and gives up. */
function isInterrupted({ message }: Error): boolean {
  return message === 'Broker not connected';
}

/** A consumer, and what the reading is told by it. */
class KafkaMember implements GroupClient {
  readonly isLost = (error: unknown) => isOf(LOST, error);
  readonly trouble: Connected['trouble'];
  readonly #admin: Admin;
  readonly #consumer: Consumer;
  readonly #groupId: string;
  readonly #topics: readonly Topic[];
  readonly #prefix: string;
  readonly #events: GroupEvents;
  /** A commit without retries, bound to the membership under which the last batch came; undefined between memberships. */
  #commitNow: ((offsets: Offsets) => Promise<void>) | undefined;
  #isStopped = false;

  constructor({ kafka, admin, trouble }: Connected, bus: KafkaBusOptions, options: ReadOptions, events: GroupEvents) {
    const { prefix = '', sessionTimeoutMs = SESSION_TIMEOUT_MS } = bus;
    this.trouble = trouble;
    this.#admin = admin;
    this.#groupId = `${prefix}${options.group}`;
    this.#topics = options.topics;
    this.#prefix = prefix;
    this.#events = events;
    this.#consumer = kafka.consumer({
      groupId: this.#groupId,
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: Math.floor(sessionTimeoutMs / 3),
      maxWaitTimeInMs: FETCH_WAIT_MS,
      maxBytes: FETCH_BYTES,
      maxBytesPerPartition: FETCH_BYTES_PARTITION,
      allowAutoTopicCreation: false,
      // It restarts itself after a loss of the brokers, also when it was stopped meanwhile: not then.
      retry: { ...RETRY, restartOnFailure: async () => !this.#isStopped },
      partitionAssigners: [this.#assigner],
    });
    this.#consumer.on('consumer.group_join', ({ payload }) => this.#joined(payload.memberAssignment));
    this.#consumer.on('consumer.crash', ({ payload }) => {
      if (payload.restart) return;
      if (isInterrupted(payload.error)) void this.#runAgain(payload.error);
      else events.crashed(payload.error);
    });
  }

  async #runAgain(error: unknown): Promise<void> {
    this.trouble('run the consumer again', error);
    while (!this.#isStopped) {
      await sleep(RUN_AGAIN_MS);
      try {
        return await this.run();
      } catch (again) {
        this.trouble('run the consumer again', again);
      }
    }
  }

  async run(): Promise<void> {
    const eachBatch = async ({ batch, commitOffsetsIfNecessary }: EachBatchPayload) => {
      this.#commitNow = commitOffsetsIfNecessary as (offsets: Offsets) => Promise<void>;
      this.#events.fetched(this.#topicOf(batch.topic), batch.partition, batch.messages.map(rawRecord));
    };
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topics: this.#topics.map((topic) => this.#nameOf(topic)), fromBeginning: true });
    await this.#consumer.run({ autoCommit: false, eachBatch });
  }

  starts(partitions: readonly PartitionOf[]): Promise<Position[]> {
    return startsOf(this.#admin, this.#groupId, partitions, this.#prefix);
  }

  lag(partitions: readonly PartitionOf[]): Promise<number> {
    return lagOf(this.#admin, this.#groupId, partitions, this.#prefix);
  }

  commit(positions: readonly Position[]): Promise<void> {
    const offsets = positions.map(({ topic, partition, offset, metadata }) => ({
      topic: this.#nameOf(topic),
      partition,
      offset: String(offset),
      metadata,
    }));
    if (!this.#commitNow) return this.#consumer.commitOffsets(offsets);
    const topics = Map.groupBy(offsets, ({ topic }) => topic);
    return this.#commitNow({ topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })) });
  }

  pause({ topic, partition }: PartitionOf): void {
    ignoringStopped(() => this.#consumer.pause([{ topic: this.#nameOf(topic), partitions: [partition] }]));
  }

  resume({ topic, partition }: PartitionOf): void {
    ignoringStopped(() => this.#consumer.resume([{ topic: this.#nameOf(topic), partitions: [partition] }]));
  }

  stop(): Promise<void> {
    this.#isStopped = true;
    return this.#consumer.disconnect();
  }

  /** Round-robin. Its protocol is asked for whenever a membership is applied for: the earlier one is over from here on. */
  readonly #assigner: PartitionAssigner = (config) => {
    const assigner = PartitionAssigners.roundRobin!(config);
    const protocol: typeof assigner.protocol = (subscription) => {
      this.#commitNow = undefined;
      this.#events.joining();
      return assigner.protocol(subscription);
    };
    return { ...assigner, protocol };
  };

  #joined(assignment: Record<string, number[]>): void {
    if (this.#isStopped) {
      void this.#consumer.disconnect();
      return;
    }
    const partitions = Object.entries(assignment).flatMap(([name, numbers]) =>
      numbers.map((partition) => ({ topic: this.#topicOf(name), partition })),
    );
    this.#events.joined(partitions);
  }

  #nameOf(topic: Topic): string {
    return `${this.#prefix}${topic}`;
  }

  #topicOf(name: string): Topic {
    return name.slice(this.#prefix.length) as Topic;
  }
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
