// Events as values: made (pure), checked (strict, old versions lifted), keyed, and written as JSON.
import { z } from 'zod';
import { type Column, type Columns, exactly, type ValueOf } from './column.ts';
import { COMMON_COLUMNS, type CommonValues, type EventDefinition, type Stamp } from './definition.ts';
import { definitions, isTopic, TOPICS, type Topic } from './definitions.ts';
import { cutText, jsonBytes, RECORD_BYTES_MAX } from './lists.ts';

type ColumnsOf<T extends Topic> = (typeof definitions)[T]['columns'];
type ValuesOf<C extends Columns> = { -readonly [K in keyof C]: ValueOf<C[K]> };
type NullableKeys<V> = { [K in keyof V]: null extends V[K] ? K : never }[keyof V];

/** A whole event of one topic: `{topic, ts, event_version, instance_id, network, ...columns}`, every column present. */
export type EventOf<T extends Topic> = T extends Topic ? { topic: T } & CommonValues & ValuesOf<ColumnsOf<T>> : never;

/** Any event; `topic` discriminates. */
export type Event = EventOf<Topic>;

/** What `makeEvent` needs: the columns of the topic; nullable ones may be left out (null: unknown). */
export type NewColumns<T extends Topic> = Omit<ValuesOf<ColumnsOf<T>>, NullableKeys<ValuesOf<ColumnsOf<T>>>> &
  Partial<Pick<ValuesOf<ColumnsOf<T>>, NullableKeys<ValuesOf<ColumnsOf<T>>>>>;

export const REJECTION_REASONS = [
  'not_json',
  'not_an_object',
  'unknown_topic',
  'unknown_version',
  'bad_column',
  'too_large',
] as const;
export type RejectionReason = (typeof REJECTION_REASONS)[number];

/** Why a value is no event: a reason of a closed set and one sentence for people. */
export class Rejection {
  readonly reason: RejectionReason;
  readonly detail: string;
  constructor(reason: RejectionReason, detail: string) {
    this.reason = reason;
    this.detail = detail;
  }
}

interface Compiled {
  readonly definition: EventDefinition;
  readonly columns: readonly (readonly [string, Column])[];
  readonly schema: z.ZodType<Event>;
  /** Yes at once to most events of the present version: an eighth of what `schema` takes. */
  readonly is: (value: unknown) => boolean;
  /** Every column, null: a copy of it keeps its shape, an object that grows by 30 columns would become a hash table. */
  readonly blank: object;
}

const compiled = Object.fromEntries(TOPICS.map((topic) => [topic, compile(definitions[topic] as EventDefinition)])) as Record<
  Topic,
  Compiled
>;

function compile(definition: EventDefinition): Compiled {
  const { topic, columns } = definition;
  const all: Columns = { ...COMMON_COLUMNS, ...columns };
  const shape = Object.fromEntries(Object.entries(all).map(([name, column]) => [name, column.zod]));
  const schema = z.strictObject({ topic: z.literal(topic), ...shape }) as unknown as z.ZodType<Event>;
  const is = exactly({ topic: { is: (value) => value === topic }, ...all });
  const nulls = Object.fromEntries(Object.keys(all).map((name) => [name, null]));
  const blank = JSON.parse(JSON.stringify({ topic, ...nulls })) as object;
  return { definition, columns: Object.entries(columns), schema, is, blank };
}

/**
 * A fact becomes an event: columns are put in order, missing nullable ones become null, texts are cut to their bound.
 * Pure; the values are checked where the event enters the bus.
 */
export function makeEvent<T extends Topic>(topic: T, columns: NewColumns<T>, stamp: Stamp): EventOf<T> {
  const { definition, columns: known, blank } = compiled[topic];
  const event: Record<string, unknown> = { ...blank };
  event['ts'] = stamp.ts;
  event['event_version'] = definition.version;
  event['instance_id'] = stamp.instance_id;
  event['network'] = stamp.network;
  const given = columns as Record<string, unknown>;
  for (const [name, column] of known) {
    const value = given[name] ?? null;
    event[name] = column.textMax !== undefined && typeof value === 'string' ? cutText(value, column.textMax) : value;
  }
  return event as EventOf<T>;
}

/** The value that chooses the partition of an event (and the key of its record). */
export function eventKey(event: Event): string {
  const { key } = compiled[event.topic].definition;
  return String((event as unknown as Record<string, unknown>)[key]);
}

/** The JSON of an event: one line, the same in Kafka, NDJSON files and the spool. */
export function encodeEvent(event: Event): string {
  return JSON.stringify(event);
}

/**
 * Checks a value that claims to be an event of `topic`. Old versions are lifted to the present one; unknown newer ones,
 * unknown columns and values outside of their type are rejected.
 */
export function parseEvent(topic: string, value: unknown): Event | Rejection {
  if (!isTopic(topic)) return new Rejection('unknown_topic', `There is no topic "${topic}".`);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return new Rejection('not_an_object', 'An event is a JSON object.');
  const { definition, schema, is } = compiled[topic];
  const lifted = lift(definition, value as Record<string, unknown>);
  if (lifted instanceof Rejection) return lifted;
  if (is(lifted)) return lifted as unknown as Event;
  const result = schema.safeParse(lifted);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  return new Rejection('bad_column', `${issue?.path.join('.') || topic}: ${issue?.message ?? 'invalid'}`);
}

/** The same for the bytes of a record: bounded, then JSON, then checked. */
export function decodeEvent(topic: string, json: string): Event | Rejection {
  if (json.length > RECORD_BYTES_MAX || (json.length > RECORD_BYTES_MAX / 3 && jsonBytes(json) > RECORD_BYTES_MAX)) {
    return new Rejection('too_large', `A record is at most ${RECORD_BYTES_MAX} bytes.`);
  }
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return new Rejection('not_json', 'The record is no JSON.');
  }
  return parseEvent(topic, value);
}

/** An event of an old version in the columns of the present one, step by step; what is newer, or no version, is rejected. */
export function lift(definition: EventDefinition, value: Record<string, unknown>): Record<string, unknown> | Rejection {
  const version = value['event_version'];
  if (version === definition.version) return value;
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1 || version > definition.version) {
    return new Rejection(
      'unknown_version',
      `${definition.topic} is known up to version ${definition.version}, not ${String(version)}.`,
    );
  }
  let columns = value;
  for (let from = version; from < definition.version; from += 1) {
    const upcast = definition.upcasts?.[from];
    if (!upcast) return new Rejection('unknown_version', `${definition.topic} version ${version} cannot be lifted any more.`);
    columns = upcast(columns);
  }
  return { ...columns, event_version: definition.version };
}
