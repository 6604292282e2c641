// Questions to the administration of a remote log: topics, ends, committed positions. No client library here.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Topic } from '@swarmscope/events/definitions.ts';
import type { PartitionOf, Position } from './bus.ts';
import { placeOf } from './consume.ts';
import { sharedKeyTopics, topicPlans } from './topics.ts';

/** The part of a client's administration that is used. Offsets are decimal text; -1: none. */
export interface LogAdmin {
  createTopics(request: {
    waitForLeaders: boolean;
    topics: {
      topic: string;
      numPartitions: number;
      replicationFactor: number;
      configEntries: { name: string; value: string }[];
    }[];
  }): Promise<boolean>;
  fetchTopicMetadata(request: { topics: string[] }): Promise<{ topics: { name: string; partitions: unknown[] }[] }>;
  fetchTopicOffsets(name: string): Promise<{ partition: number; high: string; low: string }[]>;
  fetchOffsets(request: {
    groupId: string;
    topics: string[];
    resolveOffsets: boolean;
  }): Promise<{ topic: string; partitions: { partition: number; offset: string; metadata: string | null }[] }[]>;
}

export interface TopicOptions {
  readonly prefix?: string;
  readonly partitions?: number;
  readonly replicas?: number;
}

const PARTITIONS = 12;
const ASK_TRIES = 15;
const ASK_AGAIN_MS = 50;

/** Creates the topics that are missing and checks the others; answers the partitions of each, by name. Throws one sentence when they do not fit. */
export async function prepareTopics(admin: LogAdmin, options: TopicOptions): Promise<Map<string, number>> {
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
export function endsOf(admin: LogAdmin, topics: readonly Topic[], prefix: string): Promise<Map<string, bigint>> {
  return patiently(() => askEnds(admin, topics, prefix));
}

async function askEnds(admin: LogAdmin, topics: readonly Topic[], prefix: string): Promise<Map<string, bigint>> {
  const ends = new Map<string, bigint>(); // bound: the partitions of the topics
  for (const topic of topics)
    for (const { partition, high, low } of await admin.fetchTopicOffsets(`${prefix}${topic}`))
      if (BigInt(high) > BigInt(low)) ends.set(placeOf({ topic, partition }), BigInt(high));
  return ends;
}

/**
 * Where a group's reading of these partitions starts: its committed position with the metadata, else the oldest record. A position outside of
 * the log is one of a log that is gone (a topic made anew).
 */
export function startsOf(
  admin: LogAdmin,
  groupId: string,
  partitions: readonly PartitionOf[],
  prefix: string,
): Promise<Position[]> {
  return patiently(() => askStarts(admin, groupId, partitions, prefix));
}

async function askStarts(
  admin: LogAdmin,
  groupId: string,
  partitions: readonly PartitionOf[],
  prefix: string,
): Promise<Position[]> {
  const stands = await askStands(admin, groupId, partitions, prefix);
  return stands.map(({ topic, partition, offset, metadata }) => ({ topic, partition, offset, metadata }));
}

/** Records of these partitions that the group has not committed. */
export async function lagOf(
  admin: LogAdmin,
  groupId: string,
  partitions: readonly PartitionOf[],
  prefix: string,
): Promise<number> {
  if (partitions.length === 0) return 0;
  const stands = await askStands(admin, groupId, partitions, prefix);
  return stands.reduce((sum, { offset, high }) => sum + Number(high - offset), 0);
}

/** Where a group stands in each partition: next to read, and next to be written. */
async function askStands(
  admin: LogAdmin,
  groupId: string,
  partitions: readonly PartitionOf[],
  prefix: string,
): Promise<(Position & { readonly high: bigint })[]> {
  const nameOf = (topic: Topic) => `${prefix}${topic}`;
  const topics = [...new Set(partitions.map(({ topic }) => topic))];
  const committed = await admin.fetchOffsets({ groupId, topics: topics.map(nameOf), resolveOffsets: false });
  const ranges = new Map<string, { low: bigint; high: bigint }>(); // bound: the partitions of the topics
  for (const topic of topics)
    for (const { partition, low, high } of await admin.fetchTopicOffsets(nameOf(topic)))
      ranges.set(placeOf({ topic, partition }), { low: BigInt(low), high: BigInt(high) });
  return partitions.map(({ topic, partition }) => {
    const own = committed
      .find((entry) => entry.topic === nameOf(topic))
      ?.partitions.find((entry) => entry.partition === partition);
    const { low, high } = ranges.get(placeOf({ topic, partition })) ?? { low: 0n, high: 0n };
    const offset = BigInt(own?.offset ?? -1);
    const isThere = offset >= low && offset <= high;
    return { topic, partition, offset: isThere ? offset : low, high, metadata: own?.metadata ?? '' };
  });
}
