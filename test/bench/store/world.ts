// A made-up month for the benchmark of the store, as SQL over numbers(): which swarms there are, who is in them when, and where their records lie in the log.

/** Swarms of a hundred, by the endpoints that each of them has: few are large, half are tiny. */
const CLASSES = [
  { swarms: 1, endpoints: 400 },
  { swarms: 9, endpoints: 60 },
  { swarms: 40, endpoints: 20 },
  { swarms: 50, endpoints: 5 },
] as const;
const BLOCK_SWARMS = 100;
const BLOCK_ROWS = 1_990;
const BLOCKS = 17;
/** Partitions of the log; a swarm stays in one. */
export const PARTITIONS = 12;
export const SWARMS = BLOCK_SWARMS * BLOCKS * PARTITIONS;
/** Endpoints of all swarms: rows of peer_probed in a round, in which every swarm has one census. */
export const ROUND_ROWS = BLOCK_ROWS * BLOCKS * PARTITIONS;
/** The rest of the month is not reached by retention while the benchmark runs. */
const SPAN_S = 29 * 86_400;
/** Rounds in it: a census of each swarm every 2.8 hours. */
const MONTH_ROUNDS = 247;
export const ROUND_MS = Math.floor((SPAN_S * 1_000) / MONTH_ROUNDS);

export interface Round {
  /** From 0 on. */
  readonly number: number;
  readonly startMs: number;
  /** Every probe meets a peer that was never met before: the worst case for size. */
  readonly strangers: boolean;
}

/** Place in a round (`n`) to log partition `p`, place in it `q`, swarm `s` and endpoint `slot` of it. */
function layout(numbers: string): string {
  const starts = CLASSES.map((_, i) => CLASSES.slice(0, i).reduce((sum, each) => sum + each.swarms * each.endpoints, 0));
  const firsts = CLASSES.map((_, i) => CLASSES.slice(0, i).reduce((sum, each) => sum + each.swarms, 0));
  const byClass = (of: (i: number) => string) =>
    `multiIf(${CLASSES.slice(1)
      .map((_, i) => `k < ${starts[i + 1]}, ${of(i)}`)
      .join(', ')}, ${of(CLASSES.length - 1)})`;
  const swarm = byClass((i) => `${firsts[i]} + intDiv(k - ${starts[i]}, ${CLASSES[i]!.endpoints})`);
  const slot = byClass((i) => `(k - ${starts[i]}) % ${CLASSES[i]!.endpoints}`);
  return `SELECT n, p, q, (b * ${BLOCK_SWARMS} + ${swarm}) * ${PARTITIONS} + p AS s, ${slot} AS slot
  FROM (SELECT number AS n, n % ${PARTITIONS} AS p, intDiv(n, ${PARTITIONS}) AS q, intDiv(q, ${BLOCK_ROWS}) AS b, q % ${BLOCK_ROWS} AS k FROM (${numbers}))`;
}

/** Endpoints of swarm `s`. */
export const ENDPOINTS = `multiIf(${CLASSES.slice(0, -1)
  .map((each, i) => {
    const end = CLASSES.slice(0, i + 1).reduce((sum, { swarms }) => sum + swarms, 0);
    return `intDiv(s, ${PARTITIONS}) % ${BLOCK_SWARMS} < ${end}, ${each.endpoints}`;
  })
  .join(', ')}, ${CLASSES.at(-1)!.endpoints})`;

/** A third of the endpoints stay about six days, most a day, a third some hours; then another peer has their place. */
const LIFE = 'multiIf(place % 10 < 3, 48, place % 10 < 7, 8, 2)';

/** Who is at a place of a swarm in this round (`who`), what only this probe has (`roll`), and a third figure of both. */
export function peers({ number, strangers }: Round, numbers: string): string {
  const who = strangers ? `sipHash64(n, ${number})` : `cityHash64(s, slot, intDiv(${number} + place % ${LIFE}, ${LIFE}))`;
  return `SELECT *, ${who} AS who, cityHash64(who) % 100 AS kind, sipHash64(n, ${number}, 1) AS roll
  FROM (SELECT *, cityHash64(s, slot) AS place FROM (${layout(numbers)}))`;
}

/** 20 random bytes that are always the same for an `s`. */
export function hashOf(salt: string, s = 's'): string {
  return `SHA1(concat('${salt}', toString(${s})))`;
}

/** 8 random bytes, as pseudonyms are; another figure each week, when the key changes. */
export function keyOf(salt: string, of: string, { startMs }: Round): string {
  return `reinterpretAsFixedString(sipHash64(${of}, '${salt}', ${epochOf(startMs)}))`;
}

export function epochOf(ms: number): number {
  return Math.floor(ms / 604_800_000);
}

export function moment(ms: string): string {
  return `fromUnixTimestamp64Milli(toInt64(${ms}), 'UTC')`;
}

/** A /24 or, of one peer in ten, a /48. */
export function prefixOf(who: string): string {
  const part = (shift: number) => `toString(bitAnd(bitShiftRight(${who}, ${shift}), 255))`;
  return `if(${who} % 10 = 0, concat('2001:', lower(hex(toUInt16(${who}))), ':', lower(hex(toUInt16(bitShiftRight(${who}, 16)))), '::/48'),
    concat(${part(8)}, '.', ${part(16)}, '.', ${part(24)}, '.0/24'))`;
}

/** One of the words, the first ones oftener. */
export function oneOf(words: readonly string[], by: string): string {
  const list = words.map((word) => `'${word}'`).join(', ');
  return `[${list}][1 + least(${by} % ${words.length}, intDiv(${by}, 7) % ${words.length})]`;
}

/** Rows of a topic: an expression for each stored column but the common ones, over `from`. */
export interface Rows {
  readonly columns: Readonly<Record<string, string>>;
  readonly from: string;
}

export const CLIENTS = [
  'qBittorrent/4.6.5',
  'qBittorrent/5.0.2',
  'Transmission 4.0.6',
  'µTorrent 3.6',
  'Deluge 2.1.1',
  'libtorrent 2.0.10',
];
CLIENTS.push(
  ...Array.from({ length: 34 }, (_, i) => `Client ${String.fromCharCode(65 + (i % 12))} ${1 + (i % 5)}.${i % 10}.${i % 7}`),
);
export const TRACKERS = Array.from({ length: 30 }, (_, i) => `udp://tracker-${i}.example:6969`);
