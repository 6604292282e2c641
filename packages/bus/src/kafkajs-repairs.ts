// Two repairs of kafkajs 2.2.4, put in when this file is loaded: a timer that never rests, and a topic that comes back as another one.
import { createRequire } from 'node:module';

/** kafkajs looks for pending requests each millisecond also when there are none: 3 to 5 % of a core, and a warning of Node. */
interface RequestQueue {
  pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
}
/** The insides of the client, which are no modules that can be imported. */
const inside = createRequire(import.meta.url);
const queue = (inside('kafkajs/src/network/requestQueue/index.js') as { prototype: RequestQueue }).prototype;
const scheduleCheck = queue.scheduleCheckPendingRequests;
queue.scheduleCheckPendingRequests = function (this: RequestQueue) {
  if (this.pending.length > 0) scheduleCheck.call(this);
};

/**
 * A topic that is deleted and made anew has the offsets of the old one: kafkajs goes on at its old position, and what lies before it is lost.
 * Whoever met a missing topic joins anew, which asks where to begin.
 */
interface ConsumerGroup {
  fetch(nodeId: string): Promise<unknown[]>;
  recoverFromFetch(error: { type?: string }): Promise<void>;
  joinAndSync(): Promise<void>;
}
const group = (inside('kafkajs/src/consumer/consumerGroup.js') as { prototype: ConsumerGroup }).prototype;
const { fetch, recoverFromFetch } = group;
const bereft = new WeakSet<ConsumerGroup>();
group.recoverFromFetch = function (this: ConsumerGroup, error) {
  if (error.type === 'UNKNOWN_TOPIC_OR_PARTITION') bereft.add(this);
  return recoverFromFetch.call(this, error);
};
group.fetch = async function (this: ConsumerGroup, nodeId) {
  if (!bereft.has(this)) return fetch.call(this, nodeId);
  await this.joinAndSync();
  bereft.delete(this);
  return [];
};
