// The board Torrent: one swarm from every side: proofs, claims, pieces, sources, trackers, web seeds, files and peers.
import { ALERT_CHANGES, WATCH_CHANGES_OF_SWARM } from '../annotations.ts';
import type { Board, Panel } from '../board.ts';
import { hexOf, measures, NAMES, newestOfSwarm, OF_SWARM, SHOWN_NAME, STATE, STATE_TONES } from '../fragments.ts';
import { NETWORK, SWARM } from '../variables.ts';
import { FORECAST, FORECAST_OVER_TIME } from './forecast.ts';
import { FILES_AT_RISK, PEERS, SOURCES, TRACKERS, WEB_SEEDS } from './torrent-tables.ts';

const NO_CENSUS = 'This swarm was not measured in this time.';

/** The day of the first census, of all that are still kept. */
const FIRST_DAY = `(SELECT min(day) FROM swarm_1d WHERE ${OF_SWARM})`;

const IDENTITY: Panel = {
  id: 'identity',
  title: 'Torrent',
  description: 'What the torrent says of itself (its info dictionary, checked by hash), and whether the watch list has it.',
  kind: 'table',
  width: 24,
  columns: [
    { name: 'name', title: 'Name', unit: 'word' },
    { name: 'state', title: 'State', unit: 'word', words: STATE_TONES },
    { name: 'size_bytes', title: 'Size', unit: 'bytes' },
    { name: 'files_total', title: 'Files', unit: 'count' },
    { name: 'pieces', title: 'Pieces', unit: 'count' },
    { name: 'version', title: 'Version', unit: 'word' },
    { name: 'private', title: 'Private', unit: 'yes_no' },
    { name: 'watched', title: 'Watched', unit: 'yes_no' },
    { name: 'first_seen', title: 'First census', unit: 'time' },
    { name: 'last_seen', title: 'Newest census', unit: 'time' },
    { name: 'infohash', title: 'Infohash', unit: 'hex' },
  ],
  empty: 'Nothing is known of this swarm yet.',
  sql: `SELECT ${SHOWN_NAME} AS name, if(measured = 1, state, 'unknown') AS state, if(resolved = 1, size, NULL) AS size_bytes, if(resolved = 1, total, NULL) AS files_total,
  if(resolved = 1, piece_count, NULL) AS pieces, multiIf(resolved = 0, 'unknown', v1 AND v2, 'hybrid', v2, 'v2', 'v1') AS version,
  if(resolved = 1, secret, NULL) AS private, watched, if(measured = 1, first, NULL) AS first_seen, if(measured = 1, seen, NULL) AS last_seen, ${hexOf('swarm_id')} AS infohash
FROM (SELECT unhex({swarm:String}) AS swarm_id WHERE length({swarm:String}) = 40) AS asked
LEFT JOIN (SELECT swarm_id, 1 AS resolved, toFloat64(size_bytes) AS size, files_total AS total, pieces AS piece_count, private AS secret,
    info_hash_v1 IS NOT NULL AS v1, info_hash_v2 IS NOT NULL AS v2 FROM torrent_latest FINAL WHERE ${OF_SWARM}) AS facts USING (swarm_id)
LEFT JOIN (SELECT swarm_id, set AS watched FROM watch_latest FINAL WHERE ${OF_SWARM}) AS entries USING (swarm_id)
LEFT JOIN (SELECT swarm_id, 1 AS measured, ts AS seen, ${STATE} AS state FROM swarm_latest FINAL WHERE ${OF_SWARM}) AS newest USING (swarm_id)
LEFT JOIN (SELECT swarm_id, min(ts) AS first FROM swarm_sampled WHERE ${OF_SWARM} AND ts >= ${FIRST_DAY} AND ts < ${FIRST_DAY} + 1 GROUP BY swarm_id) AS oldest USING (swarm_id)
LEFT JOIN (${NAMES}) AS names USING (swarm_id)`,
};

const NOW: Panel = {
  id: 'now',
  title: 'Newest census',
  description:
    'Peers of the newest census in the time range by class; proved means that a piece with the right hash came from each of them.',
  kind: 'stat',
  width: 14,
  columns: [
    {
      name: 'proved',
      title: 'Proved',
      unit: 'count',
      steps: [
        { from: null, tone: 'bad' },
        { from: 1, tone: 'warn' },
        { from: 2, tone: 'proved' },
      ],
    },
    { name: 'claims', title: 'Claimed or choked', unit: 'count', tone: 'claimed' },
    { name: 'super_seeder', title: 'Super-seeders', unit: 'count', tone: 'super_seeder' },
    { name: 'partial_seed', title: 'Partial seeds', unit: 'count', tone: 'partial_seed' },
    { name: 'leecher', title: 'Leechers', unit: 'count', tone: 'leecher' },
    {
      name: 'liars',
      title: 'Liars',
      unit: 'count',
      steps: [
        { from: null, tone: 'plain' },
        { from: 1, tone: 'liar' },
      ],
    },
    { name: 'unreachable', title: 'Unreachable', unit: 'count', tone: 'unknown' },
  ],
  empty: NO_CENSUS,
  sql: `SELECT proved, claimed + choked AS claims, super_seeder, partial_seed, leecher, liar_corrupt + liar_missing AS liars, unreachable
FROM (${newestOfSwarm(['proved', 'claimed', 'choked', 'super_seeder', 'partial_seed', 'leecher', 'liar_corrupt', 'liar_missing', 'unreachable'])})`,
};

const WHOLE: Panel = {
  id: 'whole',
  title: 'Is it whole?',
  description:
    'Whether every piece is in sight at a peer that is no liar, and how many copies; estimates with their 95 % bounds.',
  kind: 'stat',
  width: 10,
  columns: [
    {
      name: 'completable',
      title: 'Completable',
      unit: 'yes_no',
      steps: [
        { from: null, tone: 'bad' },
        { from: 1, tone: 'good' },
      ],
    },
    {
      name: 'completable_outside',
      title: 'Without own seeds',
      unit: 'yes_no',
      steps: [
        { from: null, tone: 'warn' },
        { from: 1, tone: 'good' },
      ],
    },
    {
      name: 'copies',
      title: 'Copies in sight',
      unit: 'copies',
      steps: [
        { from: null, tone: 'bad' },
        { from: 1, tone: 'warn' },
        { from: 2, tone: 'good' },
      ],
    },
    { name: 'size_estimate', title: 'Peers (estimate)', unit: 'count', bounds: ['size_low', 'size_high'] },
  ],
  empty: NO_CENSUS,
  sql: `SELECT completable, completable_outside, distributed_copies_permille / 1000 AS copies, size_estimate, size_low, size_high
FROM (${newestOfSwarm(['completable', 'completable_outside', 'distributed_copies_permille', 'size_estimate', 'size_low', 'size_high'])})`,
};

const CLASSES: Panel = {
  id: 'classes',
  title: 'Peers by class',
  description:
    'Peers of each census by what they were found to be; the newest census of each bucket of time (in long ranges: hourly or daily means).',
  kind: 'timeseries',
  draw: 'stack',
  width: 12,
  columns: [
    { name: 'time', title: 'Time', unit: 'time' },
    { name: 'n_proved', title: 'Proved', unit: 'count', tone: 'proved' },
    { name: 'n_claimed', title: 'Claimed', unit: 'count', tone: 'claimed' },
    { name: 'n_choked', title: 'Choked us', unit: 'count', tone: 'choked' },
    { name: 'n_super', title: 'Super-seeder', unit: 'count', tone: 'super_seeder' },
    { name: 'n_partial', title: 'Partial seed', unit: 'count', tone: 'partial_seed' },
    { name: 'n_leecher', title: 'Leecher', unit: 'count', tone: 'leecher' },
    { name: 'n_liar', title: 'Liar', unit: 'count', tone: 'liar' },
  ],
  empty: NO_CENSUS,
  sql: `SELECT $__timeInterval(moment) AS time, argMax(proved, moment) AS n_proved, argMax(claimed, moment) AS n_claimed, argMax(choked, moment) AS n_choked,
  argMax(super_seeder, moment) AS n_super, argMax(partial_seed, moment) AS n_partial, argMax(leecher, moment) AS n_leecher, argMax(liar_corrupt + liar_missing, moment) AS n_liar
FROM (${measures(['proved', 'claimed', 'choked', 'super_seeder', 'partial_seed', 'leecher', 'liar_corrupt', 'liar_missing'], OF_SWARM)}) GROUP BY time ORDER BY time`,
};

const SIZE: Panel = {
  id: 'size',
  title: 'Size and whole copies, with bounds',
  description:
    'Estimated peers and estimated peers with all pieces, each with its 95 % bounds; beside them the seeders that are proved.',
  kind: 'timeseries',
  draw: 'line',
  width: 12,
  columns: [
    { name: 'time', title: 'Time', unit: 'time' },
    { name: 'size', title: 'Peers (estimate)', unit: 'count', tone: 'plain', bounds: ['size_from', 'size_to'] },
    { name: 'whole', title: 'With all pieces (estimate)', unit: 'count', tone: 'warn', bounds: ['whole_from', 'whole_to'] },
    { name: 'n_proved', title: 'Proved', unit: 'count', tone: 'proved' },
  ],
  empty: NO_CENSUS,
  sql: `SELECT time, newest.1 AS size, newest.2 AS size_from, newest.3 AS size_to, newest.4 AS whole, newest.5 AS whole_from, newest.6 AS whole_to, newest.7 AS n_proved
FROM (SELECT $__timeInterval(moment) AS time,
    argMax(tuple(size_estimate, size_low, size_high, complete_estimate, complete_low, complete_high, proved), moment) AS newest
  FROM (${measures(['size_estimate', 'size_low', 'size_high', 'complete_estimate', 'complete_low', 'complete_high', 'proved'], OF_SWARM)}) GROUP BY time)
ORDER BY time`,
};

const AVAILABILITY: Panel = {
  id: 'availability',
  title: 'Availability by piece range',
  description:
    'Copies of the rarest piece in each of up to 32 ranges of the torrent, from its start (000 %) to its end; no copies means that nobody in sight has a piece of it.',
  kind: 'heatmap',
  width: 12,
  columns: [
    { name: 'time', title: 'Time', unit: 'time' },
    { name: 'bucket', title: 'Range', unit: 'word' },
    { name: 'copies', title: 'Copies', unit: 'count', tone: 'proved' },
  ],
  empty: 'The pieces of this swarm were not seen in this time (its metadata is not known, or nobody was reached).',
  sql: `SELECT time, concat(leftPad(toString(intDiv(intDiv(i - 1, width) * width * 100, length(pieces))), 3, '0'), ' %') AS bucket, toUInt32(min(piece_copies)) AS copies
FROM (SELECT $__timeInterval(ts) AS time, argMax(availability, ts) AS pieces, intDiv(length(pieces) + 31, 32) AS width
  FROM swarm_sampled WHERE ${OF_SWARM} AND $__timeFilter(ts) AND notEmpty(availability) GROUP BY time)
ARRAY JOIN pieces AS piece_copies, arrayEnumerate(pieces) AS i
GROUP BY time, bucket ORDER BY time, bucket`,
};

const COMING_AND_GOING: Panel = {
  id: 'coming_and_going',
  title: 'Peers coming and going',
  description:
    'Peers that shook hands, by the bucket in which they were met first and last within the time range and a pseudonym period.',
  kind: 'timeseries',
  draw: 'bars',
  width: 12,
  columns: [
    { name: 'time', title: 'Time', unit: 'time' },
    { name: 'came', title: 'Met first', unit: 'count', tone: 'good' },
    { name: 'went', title: 'Met last', unit: 'count', tone: 'warn' },
  ],
  empty: 'No peer of this swarm shook hands in this time.',
  sql: `SELECT time, countIf(way = 'came') AS came, countIf(way = 'went') AS went
FROM (SELECT $__timeInterval(moment) AS time, way
  FROM (SELECT min(ts) AS first, max(ts) AS last FROM peer_probed
    WHERE ${OF_SWARM} AND $__timeFilter(ts) AND outcome = 'handshaken' GROUP BY peer_key, key_epoch)
  ARRAY JOIN [first, last] AS moment, ['came', 'went'] AS way)
GROUP BY time ORDER BY time`,
};

export const TORRENT: Board = {
  uid: 'swarmscope-torrent',
  title: 'Torrent',
  description: 'One swarm from every side: who has what, who proved it, who only says so, and what is at risk.',
  range: '24h',
  refreshS: 30,
  variables: [NETWORK, SWARM],
  annotations: [ALERT_CHANGES, WATCH_CHANGES_OF_SWARM],
  rows: [
    { height: 4, panels: [IDENTITY] },
    { height: 4, panels: [NOW, WHOLE] },
    { height: 4, panels: [FORECAST] },
    { height: 9, panels: [CLASSES, SIZE] },
    { height: 9, panels: [AVAILABILITY, COMING_AND_GOING] },
    { height: 8, panels: [FORECAST_OVER_TIME] },
    { height: 7, panels: [SOURCES, TRACKERS] },
    { height: 7, panels: [FILES_AT_RISK, WEB_SEEDS] },
    { height: 12, panels: [PEERS] },
  ],
};
