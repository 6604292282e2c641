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
  SELECT swarm_id, name, 1 AS rank, ts FROM torrent_resolved WHERE name != ''
  UNION ALL SELECT swarm_id, assumeNotNull(name) AS name, 0 AS rank, ts FROM torrent_watched WHERE name IS NOT NULL
) GROUP BY swarm_id`;

/** A name to show; without one the first half of the infohash. */
export const SHOWN_NAME = `if(names.name = '', concat(substring(${hexOf('swarm_id')}, 1, 16), '…'), names.name)`;

/**
 * The newest census of each swarm within the time range: `swarm_id`, `seen` and the columns named.
 * One tuple keeps them together: argMax on a nullable column alone would skip nulls and mix censuses.
 */
export function newestCensus(columns: readonly string[]): string {
  const picked = columns.map((column, i) => `newest.${i + 1} AS ${column}`).join(', ');
  return `SELECT swarm_id, seen, ${picked} FROM (
  SELECT swarm_id, max(ts) AS seen, argMax(tuple(${columns.join(', ')}), ts) AS newest
  FROM swarm_sampled WHERE ${IN_NETWORK} AND $__timeFilter(ts) GROUP BY swarm_id)`;
}

/** How long a census speaks for its swarm when no newer one follows. */
const CENSUS_VALID_S = 86_400;

/**
 * Censuses on a grid of time: `time`, `swarm_id` and the columns named. The last census of a bucket counts until the next one, at most a day, so
 * that swarms measured at different times can be added. Longer silence is a gap, not a zero.
 */
export function censusesOverTime(columns: readonly string[], where = IN_NETWORK): string {
  const picked = columns.map((column, i) => `newest.${i + 1} AS ${column}`).join(', ');
  return `SELECT toDateTime(moment, 'UTC') AS time, swarm_id, ${picked} FROM (
  SELECT swarm_id, toUInt32(bucket) AS start, newest,
    leadInFrame(toUInt32(bucket), 1, toUInt32(toUInt32($__toTime) + 1)) OVER (PARTITION BY swarm_id ORDER BY bucket ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS next
  FROM (
    SELECT swarm_id, $__timeInterval(ts) AS bucket, argMax(tuple(${columns.join(', ')}), ts) AS newest
    FROM swarm_sampled WHERE ${where} AND $__timeFilter(ts) GROUP BY swarm_id, bucket))
ARRAY JOIN range(start, least(next, start + greatest(${CENSUS_VALID_S}, $__interval_s)), toUInt32($__interval_s)) AS moment`;
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
