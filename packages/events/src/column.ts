// What a column is: its value in TypeScript and JSON (zod), its ClickHouse type and codec, and what it means. One builder per kind.
import { z } from 'zod';

/** A column of an event. `hexBytes` marks the one mapping there is: hex text in JSON, raw FixedString in ClickHouse. */
export interface Column<T = unknown> {
  readonly zod: z.ZodType<T>;
  /** Says yes at once to what `zod` accepts; no where only `zod` can tell, and why. Never yes to what it refuses (a test). */
  readonly is: (value: unknown) => boolean;
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

/** The value of a column: as zod checks it, and the shortcut. */
interface Checked<T> {
  readonly zod: z.ZodType<T>;
  readonly is: (value: unknown) => boolean;
}

function column<T>({ zod, is }: Checked<T>, clickhouse: string, codec: string, meaning: string, unit = ''): Column<T> {
  return { zod, is, clickhouse, codec, meaning, unit, nullable: false };
}

/** The same column, where null says "unknown" (never 0). */
export function nullable<T>(of: Column<T>): Column<T | null> {
  const inner = /^LowCardinality\((.*)\)$/.exec(of.clickhouse);
  const clickhouse = inner ? `LowCardinality(Nullable(${inner[1]}))` : `Nullable(${of.clickhouse})`;
  const is = (value: unknown) => value === null || of.is(value);
  return { ...of, zod: of.zod.nullable(), is, clickhouse, nullable: true };
}

/** Lower-case hex of exactly `bytes` bytes. */
export function hex(bytes: number, meaning: string): Column<string> {
  const pattern = new RegExp(`^[0-9a-f]{${bytes * 2}}$`);
  const checked = { zod: z.string().regex(pattern), is: (value: unknown) => typeof value === 'string' && pattern.test(value) };
  return { ...column(checked, `FixedString(${bytes})`, HASH_CODEC, meaning, 'hex'), hexBytes: bytes };
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
  const known = new Set<unknown>(words);
  return column(
    { zod: z.enum(words) as unknown as z.ZodType<W[number]>, is: (value) => known.has(value) },
    'LowCardinality(String)',
    HASH_CODEC,
    `${meaning} One of: ${words.map((each) => `\`${each}\``).join(', ')}.`,
  );
}

export function flag(meaning: string): Column<Flag> {
  const checked = { zod: z.union([z.literal(0), z.literal(1)]), is: (value: unknown) => value === 0 || value === 1 };
  return column(checked, 'UInt8', INTEGER_CODEC, meaning, '0|1');
}

/** Address family. */
export function family(meaning: string): Column<4 | 6> {
  const checked = { zod: z.union([z.literal(4), z.literal(6)]), is: (value: unknown) => value === 4 || value === 6 };
  return column(checked, 'UInt8', INTEGER_CODEC, meaning, '4|6');
}

export const uint8 = (meaning: string, unit = '') => integer(8, meaning, unit);
export const uint16 = (meaning: string, unit = '') => integer(16, meaning, unit);
export const uint32 = (meaning: string, unit = '') => integer(32, meaning, unit);

/** A 64-bit count: decimal text in JSON, because JSON numbers end at 2^53. */
export function uint64(meaning: string, unit = ''): Column<string> {
  const zod = z.string().refine(isUint64, 'not an unsigned 64-bit integer');
  return column({ zod, is: (value) => typeof value === 'string' && isUint64(value) }, 'UInt64', INTEGER_CODEC, meaning, unit);
}

/** A finite number that is no count (a value of an alert). */
export function float(meaning: string, unit = ''): Column<number> {
  return column(NUMBER, 'Float64', HASH_CODEC, meaning, unit);
}

/** Epoch milliseconds, UTC; an integer in JSON. */
export function instant(meaning: string): Column<number> {
  return column(boundedInteger(9_999_999_999_999), "DateTime64(3, 'UTC')", 'Delta, ZSTD(1)', meaning, 'epoch ms');
}

/** A list of at most `max` values of one kind; empty when unknown. */
export function list<T>(of: Column<T>, max: number, meaning: string): Column<T[]> {
  return column(bounded(of, max), `Array(${of.clickhouse})`, HASH_CODEC, meaning, of.unit);
}

/** A list of at most `max` small records, stored as an array of named tuples. Hex inside stays text. */
export function records<F extends Columns>(fields: F, max: number, meaning: string): Column<{ [K in keyof F]: ValueOf<F[K]> }[]> {
  const entries = Object.entries(fields);
  const shape = Object.fromEntries(entries.map(([name, field]) => [name, field.zod]));
  const one = { zod: z.strictObject(shape) as unknown as z.ZodType<{ [K in keyof F]: ValueOf<F[K]> }>, is: exactly(fields) };
  const tuple = entries.map(([name, field]) => `${name} ${field.hexBytes ? textType(field) : field.clickhouse}`).join(', ');
  const meanings = entries.map(([name, field]) => `\`${name}\`: ${field.meaning}`).join(' ');
  return column(bounded(one, max), `Array(Tuple(${tuple}))`, HASH_CODEC, `${meaning} ${meanings}`);
}

/** Named numbers, at most `max` names. */
export function numbers(max: number, meaning: string): Column<Record<string, number>> {
  return column(named(NUMBER, max), 'Map(LowCardinality(String), Float64)', HASH_CODEC, meaning);
}

/** Named texts, at most `max` names. */
export function texts(max: number, meaning: string): Column<Record<string, string>> {
  return column(named(boundedText(1024), max), 'Map(LowCardinality(String), String)', HASH_CODEC, meaning);
}

/** A shortcut for plain objects that have exactly these columns. */
export function exactly(columns: Readonly<Record<string, Pick<Column, 'is'>>>): (value: unknown) => boolean {
  const names = Object.keys(columns);
  const checks = Object.values(columns).map(({ is }) => is);
  return (value) => {
    if (!isPlain(value) || Object.keys(value).length !== names.length) return false;
    for (let i = 0; i < names.length; i += 1) if (!checks[i]!(value[names[i]!])) return false;
    return true;
  };
}

const NUMBER: Checked<number> = { zod: z.number(), is: Number.isFinite };

function integer(bits: 8 | 16 | 32, meaning: string, unit: string): Column<number> {
  return column(boundedInteger(2 ** bits - 1), `UInt${bits}`, INTEGER_CODEC, meaning, unit);
}

function boundedInteger(max: number): Checked<number> {
  const is = (value: unknown) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max;
  return { zod: z.number().int().min(0).max(max), is };
}

function boundedText(max: number): Checked<string> {
  const zod = z
    .string()
    .max(max)
    .refine((value) => value.isWellFormed(), 'not well-formed Unicode');
  return { zod, is: (value) => typeof value === 'string' && value.length <= max && value.isWellFormed() };
}

function bounded<T>({ zod, is }: Checked<T>, max: number): Checked<T[]> {
  return { zod: z.array(zod).max(max), is: (value) => Array.isArray(value) && value.length <= max && value.every(is) };
}

function named<T>({ zod, is }: Checked<T>, max: number): Checked<Record<string, T>> {
  const type = z.record(z.string().max(128), zod).refine((value) => Object.keys(value).length <= max, `more than ${max} names`);
  return {
    zod: type,
    is: (value) => {
      if (!isPlain(value)) return false;
      const names = Object.keys(value);
      return names.length <= max && names.every((name) => name.length <= 128 && is(value[name]));
    },
  };
}

/** An object as JSON has them: what it inherits is not read as its columns. */
function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function textType(field: Column): string {
  return field.nullable ? 'Nullable(String)' : 'String';
}

const UINT64_MAX = 2n ** 64n - 1n;

function isUint64(value: string): boolean {
  return /^(0|[1-9]\d{0,19})$/.test(value) && (value.length < 20 || BigInt(value) <= UINT64_MAX);
}
