// What the address of a view says: time range, bucket width, values of variables; read strictly, with defaults.
import type { Range } from '@swarmscope/dashboards/definitions/macros.ts';

/** Time ranges to choose from, in seconds, as they are written in an address. */
export const RANGES: readonly (readonly [name: string, seconds: number, title: string])[] = [
  ['5m', 300, '5 minutes'],
  ['15m', 900, '15 minutes'],
  ['1h', 3_600, '1 hour'],
  ['6h', 21_600, '6 hours'],
  ['24h', 86_400, '24 hours'],
  ['7d', 604_800, '7 days'],
  ['30d', 2_592_000, '30 days'],
  ['90d', 7_776_000, '90 days'],
  ['365d', 31_536_000, '1 year'],
];

/** Widths of a bucket of time that people can read, in seconds. */
const WIDTHS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800,
];
/** Buckets in a chart: more than that a phone or a glance does not tell apart. */
const BUCKETS = 120;
/** What is stored is shown from a little before its beginning. */
const MARGIN_S = 5;
const SHORTEST_S = 60;
/** A value of a variable: names and infohashes are far shorter. */
const VALUE_LENGTH_MAX = 256;

/** A request that is not understood, as one sentence. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest';
}

export function secondsOf(name: string): number | undefined {
  return RANGES.find(([each]) => each === name)?.[1];
}

/** The range of all that is stored: from the oldest figure to now, at most `longest` (a name of RANGES), at least a minute. */
export function wholeRange(firstS: number | null, nowS: number, longest: string): Range {
  const seconds = secondsOf(longest) ?? 86_400;
  const stored = firstS === null ? seconds : Math.max(SHORTEST_S, nowS - firstS + MARGIN_S);
  return rangeOf(nowS, Math.min(seconds, stored));
}

/** `range` (one of RANGES) up to `to` (epoch seconds, default now) becomes a range with readable buckets; undefined without `range`. */
export function readRange(query: URLSearchParams, nowS: number): Range | undefined {
  const name = query.get('range');
  if (!name) return undefined;
  const seconds = secondsOf(name);
  if (seconds === undefined) throw new BadRequest(`"range" is one of ${RANGES.map(([each]) => each).join(', ')}.`);
  const to = query.get('to');
  if (to !== null && !/^\d{1,10}$/.test(to)) throw new BadRequest('"to" is a moment in epoch seconds.');
  return rangeOf(to === null ? nowS : Number(to), seconds);
}

function rangeOf(toS: number, seconds: number): Range {
  const intervalS = WIDTHS.find((width) => width * BUCKETS >= seconds) ?? 604_800;
  return { fromS: Math.max(0, toS - seconds), toS, intervalS };
}

/** Values of the variables named, from the address. */
export function readValues(query: URLSearchParams, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, readValue(query, name)]));
}

export function readValue(query: URLSearchParams, name: string): string {
  const value = (query.get(name) ?? '').trim();
  if (value.length > VALUE_LENGTH_MAX || !value.isWellFormed() || value.includes('\0'))
    throw new BadRequest(`"${name}" is not a value.`);
  return value;
}
