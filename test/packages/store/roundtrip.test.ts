// Whatever is a valid event can be stored and comes back as it was: extremes of every column of every topic, through the real engine and its rollups.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Column } from '@swarmscope/events/column.ts';
import { TOPICS, type Topic } from '@swarmscope/events/definitions.ts';
import { parseEvent, Rejection } from '@swarmscope/events/event.ts';
import { columnsOf, lineWriter } from '@swarmscope/events/table.ts';
import { type EmbeddedStore, openEmbedded } from '@swarmscope/store/embedded.ts';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROWS = 60;
const directory = mkdtempSync(join(tmpdir(), 'swarmscope-roundtrip-'));
let store: EmbeddedStore;

beforeAll(async () => {
  // Rows of any time: none may go by age while it is looked at.
  const retentionDays = Object.fromEntries(TOPICS.map((topic) => [topic, 0]));
  store = await openEmbedded({ directory, retentionDays });
  await store.migrate();
});
afterAll(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

const text = (max: number) =>
  fc.string({ unit: 'binary', maxLength: Math.min(20, max) }).map((value) => value.slice(0, max).toWellFormed());
const hex = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((value) => Buffer.from(value).toString('hex'));
const number = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, 2 ** 53, 1e-7, 1e300),
);

/** Values of a ClickHouse type as they are in an event; `words` where only some words are. */
function valuesOf(type: string, words?: readonly unknown[]): fc.Arbitrary<unknown> {
  const inner = /^(?:LowCardinality|Nullable)\((.*)\)$/.exec(type);
  if (inner)
    return type.startsWith('Nullable') ? fc.option(valuesOf(inner[1]!, words), { nil: null }) : valuesOf(inner[1]!, words);
  if (words) return fc.constantFrom(...(words as string[]));
  const list = /^Array\((.*)\)$/.exec(type);
  if (list) return fc.array(valuesOf(list[1]!), { maxLength: 5 });
  const map = /^Map\(.*, (Float64|String)\)$/.exec(type);
  if (map) {
    const values: fc.Arbitrary<unknown> = map[1] === 'String' ? text(20) : number;
    return fc.dictionary(text(10), values, { maxKeys: 4, noNullPrototype: true });
  }
  if (type === 'String') return text(60);
  if (type === 'Float64') return number;
  if (type === 'UInt64') return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);
  if (type.startsWith('DateTime64')) return fc.integer({ min: 1_700_000_000_000, max: 1_900_000_000_000 });
  const bits = Number(/^UInt(8|16|32)$/.exec(type)?.[1]);
  if (bits) return fc.oneof(fc.integer({ min: 0, max: 2 ** bits - 1 }), fc.constantFrom(0, 2 ** bits - 1));
  throw new Error(`No values for ${type}.`);
}

/** The closed set of a column, from its check. */
function wordsOf(column: Column): unknown[] | undefined {
  const candidates = [...(/One of: (.*)\.$/.exec(column.meaning)?.[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, word]) => word);
  const all = candidates.length > 0 ? candidates : [0, 1, 4, 6];
  const fitting = all.filter((value) => column.zod.safeParse(value).success);
  const isClosed = candidates.length > 0 || (!column.zod.safeParse(2).success && fitting.length > 0);
  return isClosed && !column.clickhouse.startsWith('Array') ? fitting : undefined;
}

function columnValues(column: Column): fc.Arbitrary<unknown> {
  if (column.hexBytes) return column.nullable ? fc.option(hex(column.hexBytes), { nil: null }) : hex(column.hexBytes);
  const tuple = /^Array\(Tuple\((.*)\)\)$/.exec(column.clickhouse);
  if (!tuple) return valuesOf(column.clickhouse, wordsOf(column)).filter((value) => column.zod.safeParse(value).success);
  const fields = tuple[1]!.split(/, (?=\w+ [A-Z])/).map((field) => field.split(' ') as [string, string]);
  const record = fc.record(Object.fromEntries(fields.map(([name, type]) => [name, fieldOf(name, type)])));
  return fc.array(record as fc.Arbitrary<unknown>, { maxLength: 4 });
}

/** Fields of records: hex inside stays text, words are those of the meaning. */
function fieldOf(name: string, type: string): fc.Arbitrary<unknown> {
  const hexes: Record<string, fc.Arbitrary<unknown>> = { peer_key: hex(8), merkle_root: fc.option(hex(32), { nil: null }) };
  if (hexes[name]) return hexes[name];
  if (name === 'source') return fc.constantFrom('tracker', 'dht', 'pex', 'inbound', 'given');
  if (name === 'failed') return fc.constantFrom(0, 1);
  return valuesOf(type);
}

function eventsOf(topic: Topic): Record<string, unknown>[] {
  const shape = Object.fromEntries(columnsOf(topic).map(([name, column]) => [name, columnValues(column)]));
  const arbitrary = fc.record({ ...shape, topic: fc.constant(topic), event_version: fc.constant(1) });
  return fc.sample(arbitrary as fc.Arbitrary<Record<string, unknown>>, { numRuns: ROWS, seed: 20_261_124 });
}

/** A column as its event has it. */
function shown(name: string, column: Column): string {
  if (column.hexBytes) return `lower(hex(t.${name})) AS ${name}`;
  if (/DateTime64/.test(column.clickhouse)) return `toUnixTimestamp64Milli(t.${name}) AS ${name}`;
  return /^(Nullable\()?UInt64/.test(column.clickhouse) ? `toString(t.${name}) AS ${name}` : `t.${name} AS ${name}`;
}

/** 64-bit integers inside of records come as numbers. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, each: unknown) => (key === 'size_bytes' && typeof each === 'string' ? Number(each) : each)),
  );
}

test.each(TOPICS)('%s', async (topic) => {
  const events = eventsOf(topic);
  for (const event of events) expect(parseEvent(topic, event), JSON.stringify(event)).not.toBeInstanceOf(Rejection);
  const write = lineWriter(topic);
  await store.insert(
    topic,
    events.map((event, i) => write(event, 1, BigInt(i))),
    `roundtrip-${topic}`,
  );
  const columns = columnsOf(topic).map(([name, column]) => shown(name, column));
  const rows = await store.query<Record<string, unknown>>(`SELECT ${columns.join(', ')} FROM ${topic} AS t ORDER BY t._offset`);
  expect(rows).toHaveLength(events.length);
  for (const [i, event] of events.entries()) expect(plain({ topic, ...rows[i] })).toEqual(plain(event));
});
