// What a column is: its value in TypeScript and JSON (zod), its ClickHouse type and codec, and what it means. One builder per kind.
import { z } from 'zod';

/** A column of an event. `hexBytes` marks the one mapping there is: hex text in JSON, raw FixedString in ClickHouse. */
export interface Column<T = unknown> {
  readonly zod: z.ZodType<T>;
  readonly clickhouse: string;
  readonly codec: string;
  readonly meaning: string;
  readonly unit: string;
  readonly nullable: boolean;
  readonly hexBytes?: number;
  /** For texts: the longest value in characters; `makeEvent` cuts to it. */
  readonly textMax?: number;
}

export type Columns = Readonly<Record<string, Column>>;
export type ValueOf<C> = C extends Column<infer T> ? T : never;

/** 0 or 1: a flag in JSON and SQL alike. */
export type Flag = 0 | 1;

const HASH_CODEC = 'ZSTD(1)';
const INTEGER_CODEC = 'T64, ZSTD(1)';

function column<T>(type: z.ZodType<T>, clickhouse: string, codec: string, meaning: string, unit = ''): Column<T> {
  return { zod: type, clickhouse, codec, meaning, unit, nullable: false };
}

/** The same column, where null says "unknown" (never 0). */
export function nullable<T>(of: Column<T>): Column<T | null> {
  const inner = /^LowCardinality\((.*)\)$/.exec(of.clickhouse);
  const clickhouse = inner ? `LowCardinality(Nullable(${inner[1]}))` : `Nullable(${of.clickhouse})`;
  return { ...of, zod: of.zod.nullable(), clickhouse, nullable: true };
}

/** Lower-case hex of exactly `bytes` bytes. */
export function hex(bytes: number, meaning: string): Column<string> {
  const pattern = new RegExp(`^[0-9a-f]{${bytes * 2}}$`);
  return { ...column(z.string().regex(pattern), `FixedString(${bytes})`, HASH_CODEC, meaning, 'hex'), hexBytes: bytes };
}

/** Free text, well-formed, at most `textMax` characters. */
export function text(meaning: string, textMax = 1024): Column<string> {
  return { ...column(boundedText(textMax), 'String', HASH_CODEC, meaning), textMax };
}

/** Text with few distinct values: clients, hosts, builds. */
export function word(meaning: string, textMax = 128): Column<string> {
  return { ...column(boundedText(textMax), 'LowCardinality(String)', HASH_CODEC, meaning), textMax };
}

/** One of a closed set of words. */
export function choice<const W extends readonly [string, ...string[]]>(words: W, meaning: string): Column<W[number]> {
  const type = z.enum(words) as unknown as z.ZodType<W[number]>;
  return column(
    type,
    'LowCardinality(String)',
    HASH_CODEC,
    `${meaning} One of: ${words.map((each) => `\`${each}\``).join(', ')}.`,
  );
}

export function flag(meaning: string): Column<Flag> {
  return column(z.union([z.literal(0), z.literal(1)]), 'UInt8', INTEGER_CODEC, meaning, '0|1');
}

/** Address family. */
export function family(meaning: string): Column<4 | 6> {
  return column(z.union([z.literal(4), z.literal(6)]), 'UInt8', INTEGER_CODEC, meaning, '4|6');
}

export const uint8 = (meaning: string, unit = '') => integer(8, meaning, unit);
export const uint16 = (meaning: string, unit = '') => integer(16, meaning, unit);
export const uint32 = (meaning: string, unit = '') => integer(32, meaning, unit);

/** A 64-bit count: decimal text in JSON, because JSON numbers end at 2^53. */
export function uint64(meaning: string, unit = ''): Column<string> {
  return column(z.string().refine(isUint64, 'not an unsigned 64-bit integer'), 'UInt64', INTEGER_CODEC, meaning, unit);
}

/** A finite number that is no count (a value of an alert). */
export function float(meaning: string, unit = ''): Column<number> {
  return column(z.number(), 'Float64', HASH_CODEC, meaning, unit);
}

/** Epoch milliseconds, UTC; an integer in JSON. */
export function instant(meaning: string): Column<number> {
  return column(z.number().int().min(0).max(9_999_999_999_999), "DateTime64(3, 'UTC')", 'Delta, ZSTD(1)', meaning, 'epoch ms');
}

/** A list of at most `max` values of one kind; empty when unknown. */
export function list<T>(of: Column<T>, max: number, meaning: string): Column<T[]> {
  return column(z.array(of.zod).max(max), `Array(${of.clickhouse})`, HASH_CODEC, meaning, of.unit);
}

/** A list of at most `max` small records, stored as an array of named tuples. Hex inside stays text. */
export function records<F extends Columns>(fields: F, max: number, meaning: string): Column<{ [K in keyof F]: ValueOf<F[K]> }[]> {
  const entries = Object.entries(fields);
  const shape = Object.fromEntries(entries.map(([name, field]) => [name, field.zod]));
  const type = z.array(z.strictObject(shape)).max(max) as unknown as z.ZodType<{ [K in keyof F]: ValueOf<F[K]> }[]>;
  const tuple = entries.map(([name, field]) => `${name} ${field.hexBytes ? textType(field) : field.clickhouse}`).join(', ');
  const meanings = entries.map(([name, field]) => `\`${name}\`: ${field.meaning}`).join(' ');
  return column(type, `Array(Tuple(${tuple}))`, HASH_CODEC, `${meaning} ${meanings}`);
}

/** Named numbers, at most `max` names. */
export function numbers(max: number, meaning: string): Column<Record<string, number>> {
  return column(named(z.number(), max), 'Map(LowCardinality(String), Float64)', HASH_CODEC, meaning);
}

/** Named texts, at most `max` names. */
export function texts(max: number, meaning: string): Column<Record<string, string>> {
  return column(named(boundedText(1024), max), 'Map(LowCardinality(String), String)', HASH_CODEC, meaning);
}

function integer(bits: 8 | 16 | 32, meaning: string, unit: string): Column<number> {
  const max = 2 ** bits - 1;
  return column(z.number().int().min(0).max(max), `UInt${bits}`, INTEGER_CODEC, meaning, unit);
}

function boundedText(max: number): z.ZodType<string> {
  return z
    .string()
    .max(max)
    .refine((value) => value.isWellFormed(), 'not well-formed Unicode');
}

function named<T>(type: z.ZodType<T>, max: number): z.ZodType<Record<string, T>> {
  return z.record(z.string().max(128), type).refine((value) => Object.keys(value).length <= max, `more than ${max} names`);
}

function textType(field: Column): string {
  return field.nullable ? 'Nullable(String)' : 'String';
}

const UINT64_MAX = 2n ** 64n - 1n;

function isUint64(value: string): boolean {
  return /^(0|[1-9]\d{0,19})$/.test(value) && (value.length < 20 || BigInt(value) <= UINT64_MAX);
}
