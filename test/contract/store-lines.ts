// Events as lines for the store, at positions of their own.
import type { Topic } from '@swarmscope/events/definitions.ts';
import type { EventOf } from '@swarmscope/events/event.ts';
import { rowWriter } from '@swarmscope/events/table.ts';

/** Lines of events at positions `first`, `first + 1`, ... of partition 0. */
export function linesOf<T extends Topic>(topic: T, events: readonly EventOf<T>[], first: number): string[] {
  const write = rowWriter(topic);
  return events.map((event, i) => write({ ...event, _partition: 0, _offset: String(first + i) }));
}
