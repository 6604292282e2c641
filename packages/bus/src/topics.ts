// How the topics of the events lie in a log: names, and the configuration they are created with.
import { definitions, TOPICS, type Topic } from '@swarmscope/events/definitions.ts';

export interface TopicPlan {
  readonly topic: Topic;
  readonly name: string;
  readonly configEntries: readonly { readonly name: string; readonly value: string }[];
}

/** A week: a table can be rebuilt as far back as this. */
const RETENTION_MS = 7 * 24 * 3_600_000;

/**
 * Only state topics are compacted: compaction would take records out of ranges that are cut again. Time is the broker's: tokens of
 * exactly-once inserts contain it.
 */
export function topicPlans(prefix: string, replicas: number): TopicPlan[] {
  return TOPICS.map((topic) => {
    const isState = definitions[topic].volume === 'state';
    const settings = {
      'cleanup.policy': isState ? 'compact' : 'delete',
      ...(isState ? {} : { 'retention.ms': String(RETENTION_MS) }),
      'message.timestamp.type': 'LogAppendTime',
      'min.insync.replicas': replicas > 2 ? '2' : '1',
    };
    return {
      topic,
      name: `${prefix}${topic}`,
      configEntries: Object.entries(settings).map(([name, value]) => ({ name, value })),
    };
  });
}

/** Topics whose events of one swarm must meet in one partition number, so that one owner has them all. */
export function sharedKeyTopics(): Topic[] {
  return TOPICS.filter((topic) => ['swarm_id', 'info_hash'].includes(definitions[topic].key));
}
