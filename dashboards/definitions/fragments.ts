// Pieces of SQL that several panels share: networks, names, the newest census of each swarm, censuses carried forward in time.

/** Hex columns are raw bytes in the store; only this form survives on the way to a reader. */
export function hexOf(column: string): string {
  return `lower(hex(${column}))`;
}

/** Networks are never mixed: a laboratory's figures are not the public ones. */
export const IN_NETWORK = 'network = {network:String}';

/** The swarm of the Torrent board. */
export const OF_SWARM = `swarm_id = unhex({swarm:String}) AND ${IN_NETWORK}`;

/** Names by swarm: what the torrent says of itself, else what the watch list calls it. */
export const NAMES = `SELECT swarm_id, argMax(name, (rank, ts)) AS name FROM (
  SELECT swarm_id, name, 1 AS rank, ts FROM torrent_latest WHERE name != ''
  UNION ALL SELECT swarm_id, assumeNotNull(name) AS name, 0 AS rank, ts FROM watch_latest WHERE name IS NOT NULL
) GROUP BY swarm_id`;

/** A name to show; without one the first half of the infohash. */
export const SHOWN_NAME = `if(names.name = '', concat(substring(${hexOf('swarm_id')}, 1, 16), '…'), names.name)`;

/**
 * The newest census of each swarm within the time range: `swarm_id`, `seen` and the columns named. It is the one that swarm_latest keeps; only a swarm
 * that was measured again after the end of the range is looked up in the raw rows. One tuple keeps a census together: argMax on a nullable
 * column alone would skip nulls and mix censuses.
 */
export function newestCensus(columns: readonly string[]): string {
  return `SELECT swarm_id, ts AS seen, ${columns.join(', ')} FROM swarm_latest FINAL WHERE ${IN_NETWORK} AND $__timeFilter(ts)
  UNION ALL SELECT swarm_id, seen, ${picked(columns)} FROM (
    SELECT swarm_id, max(ts) AS seen, argMax(tuple(${columns.join(', ')}), ts) AS newest FROM swarm_sampled
    WHERE ${IN_NETWORK} AND $__timeFilter(ts) AND swarm_id IN (SELECT swarm_id FROM swarm_latest FINAL WHERE ${IN_NETWORK} AND ts > $__toTime) GROUP BY swarm_id)`;
}

/** True where the newest census of the swarm lies after the end of the time range: then raw rows are needed. */
const MEASURED_LATER = `(SELECT max(ts) FROM swarm_latest WHERE ${OF_SWARM}) > $__toTime`;

/** The same for the swarm of the Torrent board: at most one row, with `seen`. */
export function newestOfSwarm(columns: readonly string[]): string {
  const from = (table: string) =>
    `SELECT swarm_id, ts AS seen, ${columns.join(', ')} FROM ${table} WHERE ${OF_SWARM} AND $__timeFilter(ts)`;
  return `SELECT * FROM (${from('swarm_latest')} UNION ALL ${from('swarm_sampled')} AND ${MEASURED_LATER}) ORDER BY seen DESC LIMIT 1`;
}

/** How long a census speaks for its swarm when no newer one follows. */
const CENSUS_VALID_S = 86_400;
/** From these widths of a bucket on, hours and days of the rollups are read instead of single censuses (which are kept 90 days only). */
const HOURS_FROM_S = 3_600;
/** In short ranges raw rows are read, in long ones (buckets of an hour and more) rollups: a month of raw rows takes seconds. */
export const IS_SHORT = `$__interval_s < ${HOURS_FROM_S}`;
export const IS_LONG = `$__interval_s >= ${HOURS_FROM_S}`;
/** The days of a long range, both ends whole. */
export const ON_DAYS = `${IS_LONG} AND day >= toDate($__fromTime) AND day <= toDate($__toTime)`;
const DAYS_FROM_S = 86_400;

/** Mean of a count over the censuses of an hour or a day. */
const mean = (name: string) => `toUInt32(round(sum(${name}_sum) / sum(censuses)))`;
const meanSize = (name: string) => `if(sum(sized) = 0, NULL, toUInt32(round(sum(${name}_sum) / sum(sized))))`;

/** What can be drawn over time, and how it is read from a rollup. What rollups do not have is unknown there. */
const OVER_TIME: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['proved', 'claimed', 'choked', 'super_seeder', 'partial_seed', 'leecher', 'liar_corrupt', 'liar_missing', 'reached'].map(
      (name) => [name, mean(name)],
    ),
  ),
  ...Object.fromEntries(['size_estimate', 'size_low', 'size_high'].map((name) => [name, meanSize(name)])),
  ...Object.fromEntries(
    ['complete_estimate', 'complete_low', 'complete_high'].map((name) => [name, "CAST(NULL, 'Nullable(UInt32)')"]),
  ),
  completable: 'if(sum(completable_known) = 0, NULL, toUInt8(2 * sum(completable_sum) >= sum(completable_known)))',
};

/** Measures of swarms over time: `swarm_id`, `moment` and the columns named: single censuses, or in long ranges the means of each bucket from hours or days. */
export function measures(columns: readonly string[], where: string): string {
  const rolled = columns.map((column) => `${OVER_TIME[column]} AS mean_${column}`).join(', ');
  const means = columns.map((column) => `mean_${column}`).join(', ');
  const width = '$__interval_s';
  const rollup = (table: string, key: string, guard: string, range: string) =>
    `SELECT swarm_id, moment, ${means} FROM (SELECT swarm_id, $__timeInterval(start) AS moment, ${rolled}
    FROM (SELECT *, toDateTime(${key}, 'UTC') AS start FROM ${table} WHERE ${guard} AND ${where} AND ${range}) GROUP BY network, swarm_id, moment)`;
  return `SELECT swarm_id, toDateTime(ts, 'UTC') AS moment, ${columns.join(', ')} FROM swarm_sampled WHERE ${width} < ${HOURS_FROM_S} AND ${where} AND $__timeFilter(ts)
  UNION ALL ${rollup('swarm_1h', 'hour', `${width} >= ${HOURS_FROM_S} AND ${width} < ${DAYS_FROM_S}`, '$__timeFilter(hour)')}
  UNION ALL ${rollup('swarm_1d', 'day', `${width} >= ${DAYS_FROM_S}`, 'day >= toDate($__fromTime) AND day <= toDate($__toTime)')}`;
}

/**
 * Measures on a grid of time: `time`, `swarm_id` and the columns named. The last one of a bucket counts until the next, at most a day, so
 * that swarms measured at different times can be added. Longer silence is a gap, not a zero.
 */
export function censusesOverTime(columns: readonly string[], where = IN_NETWORK): string {
  return `SELECT toDateTime(instant, 'UTC') AS time, swarm_id, ${picked(columns)} FROM (
  SELECT swarm_id, toUInt32(bucket) AS start, newest,
    leadInFrame(toUInt32(bucket), 1, toUInt32(toUInt32($__toTime) + 1)) OVER (PARTITION BY swarm_id ORDER BY bucket ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS next
  FROM (
    SELECT swarm_id, $__timeInterval(moment) AS bucket, argMax(tuple(${columns.join(', ')}), moment) AS newest
    FROM (${measures(columns, where)}) GROUP BY swarm_id, bucket))
ARRAY JOIN range(start, least(next, start + greatest(${CENSUS_VALID_S}, $__interval_s)), toUInt32($__interval_s)) AS instant`;
}

/** The figures of all swarms together in a long range: `time` and the columns named, of the last hour of each bucket. */
export function overviewOverTime(columns: Readonly<Record<string, string>>): string {
  const sums = Object.values(columns).map((column) => `toUInt32(sum(${column}))`);
  const figures = Object.keys(columns).map((name, i) => `newest.${i + 1} AS ${name}`);
  return `SELECT time, ${figures.join(', ')} FROM (
    SELECT $__timeInterval(hour) AS time, argMax(figures, hour) AS newest FROM (
      SELECT hour, tuple(${sums.join(', ')}) AS figures FROM overview_1h FINAL WHERE ${IS_LONG} AND ${IN_NETWORK} AND $__timeFilter(hour) GROUP BY hour)
    GROUP BY time)`;
}

function picked(columns: readonly string[]): string {
  return columns.map((column, i) => `newest.${i + 1} AS ${column}`).join(', ');
}

/** Columns that `STATE` reads. */
export const STATE_COLUMNS = ['proved', 'claimed', 'choked', 'super_seeder', 'reached', 'completable'] as const;

/** What a swarm is, from one census. A seeder that does not let us check it is claimed, not proved; nobody reached is not dead. */
export const STATE = `multiIf(proved > 0, 'proved', reached = 0, 'nobody reached', claimed + choked + super_seeder > 0, 'claimed only', completable = 1, 'no seeder, completable', completable = 0, 'not completable', 'unknown')`;

/** The tone of each word of `STATE`. */
export const STATE_TONES = {
  proved: 'proved',
  'claimed only': 'claimed',
  'no seeder, completable': 'partial_seed',
  'not completable': 'bad',
  'nobody reached': 'unknown',
  unknown: 'unknown',
} as const;
