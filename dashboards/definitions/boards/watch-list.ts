// The board Watch list: every watched torrent with its objectives, met or missed, and what alerts say.
import type { Objective } from '@swarmscope/events/enums.ts';
import { ALERT_CHANGES, WATCH_CHANGES } from '../annotations.ts';
import type { Board, Panel } from '../board.ts';
import { hexOf, IN_NETWORK, measures, NAMES, newestCensus, SHOWN_NAME, STATE, STATE_COLUMNS, STATE_TONES } from '../fragments.ts';
import { NETWORK } from '../variables.ts';
import { FORETOLD, RISK, RISK_COLUMN } from './forecast.ts';

const NOBODY = 'The watch list is empty: `swarmscope watch add MAGNET` puts a torrent on it.';

/** The present entries of the watch list: the newest state of each that is still set. */
const WATCHED = `SELECT swarm_id, labels, objectives FROM watch_latest FINAL WHERE ${IN_NETWORK} AND set = 1`;

/** How many trackers or web seeds answered when they were asked last, within a day of the end of the range. */
const answering = (table: string) =>
  `SELECT swarm_id, countIf(outcome = 'ok') AS ok, count() AS asked
  FROM (SELECT swarm_id, argMax(outcome, ts) AS outcome FROM ${table} WHERE ${IN_NETWORK} AND $__timeFilter(ts) AND ts > $__toTime - INTERVAL 1 DAY
    AND swarm_id IN (SELECT swarm_id FROM (${WATCHED})) GROUP BY swarm_id, url_hash) GROUP BY swarm_id`;

/** What was measured of each objective; null: nothing was. */
const GOT: Readonly<Record<Objective, string>> = {
  min_proved_seeders: 'if(measured = 1, n_proved, NULL)',
  min_proved_outside: 'n_outside',
  min_trackers_up: 'if(trackers.asked = 0, NULL, trackers.ok)',
  min_web_seeds_intact: 'if(web_seeds.asked = 0, NULL, web_seeds.ok)',
};
const GOT_MAP = `map(${Object.entries(GOT)
  .map(([name, got]) => `'${name}', toNullable(toFloat64(${got}))`)
  .join(', ')})`;

/** Watched swarms with their newest census, what they miss of their objectives, and \`verdict\`: unknown as long as nothing was measured. */
const OBJECTIVES = `SELECT swarm_id, labels, measured, seen, state, n_proved, claims, leechers, completable, copies,
  if(mapContains(objectives, 'min_proved_seeders'), toUInt32(objectives['min_proved_seeders']), NULL) AS wanted,
  ${GOT_MAP} AS got,
  arrayFilter(promise -> ifNull(got[promise.1] < promise.2, 0), arrayZip(mapKeys(objectives), mapValues(objectives))) AS missed,
  multiIf(measured = 0, 'not measured', empty(objectives), 'no objective', empty(missed), 'met',
    n_reached = 0 AND NOT hasAny(missed.1, ['min_trackers_up', 'min_web_seeds_intact']), 'nobody reached', 'missed') AS verdict
FROM (${WATCHED}) AS entries
LEFT JOIN (SELECT swarm_id, 1 AS measured, seen, ${STATE} AS state, proved AS n_proved, proved_outside AS n_outside, reached AS n_reached, claimed + choked + super_seeder AS claims,
    leecher + partial_seed AS leechers, completable, distributed_copies_permille / 1000 AS copies
  FROM (${newestCensus([...STATE_COLUMNS, 'leecher', 'partial_seed', 'proved_outside', 'distributed_copies_permille'])})) AS censuses USING (swarm_id)
LEFT JOIN (${answering('tracker_scraped')}) AS trackers USING (swarm_id)
LEFT JOIN (${answering('webseed_audited')}) AS web_seeds USING (swarm_id)`;

export const WATCH_SUMMARY: Panel = {
  id: 'summary',
  title: 'Watched torrents now',
  description: 'Entries of the watch list by their objectives, judged by the newest measurements in the time range.',
  kind: 'stat',
  width: 24,
  columns: [
    { name: 'watched', title: 'Watched', unit: 'count' },
    { name: 'met', title: 'Objective met', unit: 'count', tone: 'good' },
    {
      name: 'missed',
      title: 'Objective missed',
      unit: 'count',
      steps: [
        { from: null, tone: 'plain' },
        { from: 1, tone: 'bad' },
      ],
    },
    { name: 'proved', title: 'With a proved seeder', unit: 'count', tone: 'proved' },
    {
      name: 'dead',
      title: 'Not completable',
      unit: 'count',
      steps: [
        { from: null, tone: 'plain' },
        { from: 1, tone: 'bad' },
      ],
    },
    { name: 'unmeasured', title: 'Not measured yet', unit: 'count', tone: 'unknown' },
  ],
  empty: NOBODY,
  sql: `SELECT count() AS watched, countIf(verdict = 'met') AS met, countIf(verdict = 'missed') AS missed, countIf(measured = 1 AND n_proved > 0) AS proved,
  countIf(measured = 1 AND state = 'not completable') AS dead, countIf(measured = 0) AS unmeasured
FROM (${OBJECTIVES}) HAVING watched > 0`,
};

export const WATCH_TABLE: Panel = {
  id: 'entries',
  title: 'Watch list',
  description:
    'Every watched torrent by its newest census in the time range; a missed objective comes first, with what was measured and what was promised.',
  kind: 'table',
  searchable: true,
  width: 24,
  columns: [
    { name: 'name', title: 'Torrent', unit: 'word', opens: 'swarm' },
    {
      name: 'objective',
      title: 'Objective',
      unit: 'word',
      words: { met: 'good', missed: 'bad', 'no objective': 'unknown', 'nobody reached': 'warn', 'not measured': 'unknown' },
    },
    { name: 'missing', title: 'Missed', unit: 'word' },
    { name: 'state', title: 'State', unit: 'word', words: STATE_TONES },
    { name: 'proved', title: 'Proved', unit: 'count', tone: 'proved' },
    { name: 'wanted', title: 'Wanted', unit: 'count' },
    { name: 'claims', title: 'Claimed', unit: 'count', tone: 'claimed' },
    { name: 'leechers', title: 'Leechers', unit: 'count', tone: 'leecher' },
    { name: 'copies', title: 'Copies in sight', unit: 'copies' },
    RISK_COLUMN,
    { name: 'seen', title: 'Census', unit: 'time' },
    { name: 'labels', title: 'Labels', unit: 'word' },
  ],
  empty: NOBODY,
  sql: `SELECT ${SHOWN_NAME} AS name, ${hexOf('swarm_id')} AS swarm, verdict AS objective,
  arrayStringConcat(arrayMap(promise -> concat(promise.1, ' ', toString(assumeNotNull(got[promise.1])), ' of ', toString(promise.2)), missed), ', ') AS missing,
  if(measured = 1, state, 'unknown') AS state, if(measured = 1, n_proved, NULL) AS proved, wanted,
  if(measured = 1, claims, NULL) AS claims, if(measured = 1, leechers, NULL) AS leechers, if(measured = 1, copies, NULL) AS copies, ${RISK}, if(measured = 1, seen, NULL) AS seen,
  arrayStringConcat(arrayMap((name, value) -> concat(name, '=', value), mapKeys(labels), mapValues(labels)), ', ') AS labels
FROM (${OBJECTIVES}) AS entries
LEFT JOIN (${FORETOLD}) AS foretold USING (swarm_id)
LEFT JOIN (${NAMES}) AS names USING (swarm_id)
ORDER BY indexOf(['missed', 'nobody reached', 'not measured', 'no objective', 'met'], objective), name, swarm LIMIT 1000`,
};

/** The ten watched swarms with the fewest proved seeders now. */
const FEWEST = `SELECT swarm_id FROM (${newestCensus(['proved'])}) WHERE swarm_id IN (SELECT swarm_id FROM (${WATCHED})) ORDER BY proved, swarm_id LIMIT 10`;

const PROVED_OVER_TIME: Panel = {
  id: 'proved_over_time',
  title: 'Proved seeders of watched torrents',
  description:
    'The fewest proved seeders in each bucket of time (in long ranges: of its hourly or daily means), for the ten watched torrents that have the fewest now.',
  kind: 'timeseries',
  draw: 'line',
  width: 12,
  columns: [
    { name: 'time', title: 'Time', unit: 'time' },
    { name: 'torrent', title: 'Torrent', unit: 'word' },
    { name: 'fewest', title: 'Proved', unit: 'count' },
  ],
  empty: 'No watched torrent was measured in this time.',
  sql: `SELECT time, ${SHOWN_NAME} AS torrent, fewest
FROM (SELECT swarm_id, $__timeInterval(moment) AS time, min(proved) AS fewest FROM (${measures(['proved'], `${IN_NETWORK} AND swarm_id IN (${FEWEST})`)})
  GROUP BY swarm_id, time) AS censuses
LEFT JOIN (${NAMES}) AS names USING (swarm_id)
ORDER BY time, torrent`,
};

const KEPT: Panel = {
  id: 'kept',
  title: 'Objective of proved seeders, kept and missed',
  description:
    'Watched torrents that had as many proved seeders as they promise in each bucket of time, and those that had fewer: that is the budget of the promise burnt.',
  kind: 'timeseries',
  draw: 'stack',
  width: 24,
  columns: [
    { name: 'time', title: 'Time', unit: 'time' },
    { name: 'kept', title: 'Kept', unit: 'count', tone: 'good' },
    { name: 'missed', title: 'Missed', unit: 'count', tone: 'bad' },
  ],
  empty: 'No watched torrent that promises proved seeders was measured in this time.',
  sql: `SELECT time, countIf(fewest >= wanted) AS kept, countIf(fewest < wanted) AS missed
FROM (SELECT swarm_id, $__timeInterval(moment) AS time, min(proved) AS fewest
  FROM (${measures(['proved'], `${IN_NETWORK} AND swarm_id IN (SELECT swarm_id FROM (${WATCHED}))`)}) GROUP BY swarm_id, time) AS censuses
INNER JOIN (SELECT swarm_id, objectives['min_proved_seeders'] AS wanted FROM (${WATCHED}) WHERE mapContains(objectives, 'min_proved_seeders')) AS promises USING (swarm_id)
GROUP BY time ORDER BY time`,
};

const BUDGET: Panel = {
  id: 'budget',
  title: 'Bytes spent on proofs',
  description: 'Piece payload received from peers of watched torrents in each bucket of time; it is hashed and thrown away.',
  kind: 'timeseries',
  draw: 'bars',
  width: 12,
  columns: [
    { name: 'time', title: 'Time', unit: 'time' },
    { name: 'bytes', title: 'Received', unit: 'bytes', tone: 'plain' },
  ],
  empty: 'No peer of a watched torrent was probed in this time.',
  sql: `SELECT $__timeInterval(ts) AS time, toFloat64(sum(bytes_down)) AS bytes FROM peer_probed
WHERE ${IN_NETWORK} AND $__timeFilter(ts) AND swarm_id IN (SELECT swarm_id FROM (${WATCHED})) GROUP BY time ORDER BY time`,
};

/** The newest state of each alert: what fires now comes first. */
export const ALERT_TABLE: Panel = {
  id: 'alerts',
  title: 'Alerts',
  description: 'The newest state of each alert that changed in the last 30 days of the time range.',
  kind: 'table',
  width: 24,
  columns: [
    { name: 'state', title: 'State', unit: 'word', words: { firing: 'bad', pending: 'warn', resolved: 'good' } },
    { name: 'rule', title: 'Rule', unit: 'word' },
    { name: 'about', title: 'About', unit: 'word', opens: 'swarm' },
    { name: 'value', title: 'Value', unit: 'count' },
    { name: 'since', title: 'Since', unit: 'time' },
    { name: 'changed', title: 'Changed', unit: 'time' },
  ],
  empty: 'No alert has changed in this time.',
  sql: `SELECT newest.1 AS state, rule, if(labels['name'] = '', arrayStringConcat(mapValues(labels), ' '), labels['name']) AS about, labels['swarm'] AS swarm, newest.2 AS value, newest.3 AS since, changed
FROM (SELECT rule, labels, argMax(tuple(state, value, since), ts) AS newest, max(ts) AS changed
  FROM alert_changed WHERE ts > $__toTime - 2592000 AND ts <= $__toTime GROUP BY rule, labels)
ORDER BY indexOf(['firing', 'pending', 'resolved'], state), changed DESC, rule, about, swarm LIMIT 200`,
};

export const WATCH_LIST: Board = {
  uid: 'swarmscope-watch-list',
  title: 'Watch list',
  description: 'Every watched torrent with its objectives, met or missed, and what alerts say.',
  range: '24h',
  refreshS: 30,
  variables: [NETWORK],
  annotations: [ALERT_CHANGES, WATCH_CHANGES],
  rows: [
    { height: 4, panels: [WATCH_SUMMARY] },
    { height: 10, panels: [WATCH_TABLE] },
    { height: 7, panels: [KEPT] },
    { height: 9, panels: [PROVED_OVER_TIME, BUDGET] },
    { height: 8, panels: [ALERT_TABLE] },
  ],
};
