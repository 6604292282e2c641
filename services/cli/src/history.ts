// The state topics of a process without Kafka, read back from the store: the newest event of every key, oldest first.
import type { Column } from '@swarmscope/events/column.ts';
import { definitions, type Topic } from '@swarmscope/events/definitions.ts';
import { type Event, parseEvent, Rejection } from '@swarmscope/events/event.ts';
import { columnsOf } from '@swarmscope/events/table.ts';
import type { Store } from '@swarmscope/store/store.ts';

/** A column as its event value: hex as text, instants as epoch milliseconds, 64-bit integers as text. */
function asEventValue(name: string, column: Column): string {
  if (column.hexBytes) return `lower(hex(t.${name})) AS ${name}`;
  if (/DateTime64/.test(column.clickhouse)) return `toUnixTimestamp64Milli(t.${name}) AS ${name}`;
  if (/^(Nullable\()?UInt64/.test(column.clickhouse)) return `toString(t.${name}) AS ${name}`;
  return `t.${name} AS ${name}`;
}

/** The SELECT that gives the newest event of each key of a state topic. */
export function historySql(topic: Topic): string {
  const columns = columnsOf(topic).map(([name, column]) => asEventValue(name, column));
  const { key } = definitions[topic];
  return `SELECT ${columns.join(', ')} FROM (SELECT * FROM ${topic} ORDER BY ts DESC, _offset DESC LIMIT 1 BY ${key}) AS t ORDER BY t.ts`;
}

/** For `MemoryBus`: where compacted topics are replayed from. A row that is no event any more is left out. */
export function storeHistory(store: Store): (topics: readonly Topic[]) => AsyncIterable<Event> {
  return async function* (topics) {
    for (const topic of topics) {
      for (const row of await store.query(historySql(topic))) {
        const event = parseEvent(topic, { topic, ...row });
        if (!(event instanceof Rejection)) yield event;
      }
    }
  };
}
