// Alerts about watched torrents. Missing data is not death: only censuses made while somebody could be seen count, and two of them must agree.
import type { Objective } from '@swarmscope/events/enums.ts';
import type { AlertRule } from '../alert-rule.ts';
import { hexOf, NAMES, SHOWN_NAME } from '../fragments.ts';

/** The network of a row and the five minutes it lies in. */
const SLOT = '(network, toStartOfFiveMinutes(ts))';

/**
 * Five minutes that lie between others in which this network was seen at all (somebody answered somewhere), none further away than a quarter of an hour.
 * A census in another one says nothing about a swarm: where the observer's own network is lost or comes back, the minutes beside it are half dark,
 * and every swarm would seem to have died in them.
 */
const IN_SIGHT = `SELECT network, slot FROM (
  SELECT network, toStartOfFiveMinutes(ts) AS seen FROM swarm_sampled WHERE $__timeFilter(ts) AND reached > 0
  UNION DISTINCT SELECT network, toStartOfFiveMinutes(ts) AS seen FROM tracker_scraped WHERE $__timeFilter(ts) AND outcome = 'ok'
  UNION DISTINCT SELECT network, toStartOfFiveMinutes(ts) AS seen FROM crawl_sampled WHERE $__timeFilter(ts) AND answers > 0)
ARRAY JOIN [-3, -2, -1, 1, 2, 3] AS away, arrayMap(i -> seen + 300 * i, [-3, -2, -1, 1, 2, 3]) AS slot
GROUP BY network, slot HAVING min(away) < 0 AND max(away) > 0`;

/** Entries of the watch list that may be told of: not those under maintenance. */
const ENTRIES =
  'watch_latest FINAL WHERE set = 1 AND NOT arrayExists(window -> toUnixTimestamp($__toTime) BETWEEN window.begins_s AND window.ends_s, maintenance)';

const WATCHED = `SELECT network, swarm_id FROM ${ENTRIES}`;

/** Censuses of watched torrents that say something. */
const SAYING = `$__timeFilter(ts) AND (network, swarm_id) IN (${WATCHED}) AND (reached > 0 OR ${SLOT} IN (${IN_SIGHT}))`;

/** The most that a figure was in the newest two of the censuses grouped. */
const bestOfTwo = (figure: string) => `toUInt32(arrayMax(arraySlice(arrayReverseSort(groupArray((ts, ${figure}))), 1, 2).2))`;

/** Rows with a name for people, the worst first. */
function named(swarms: string, order: string, labels = '', most = 50): string {
  return `SELECT network, ${hexOf('swarm_id')} AS swarm, ${SHOWN_NAME} AS name, ${labels}value
FROM (${swarms}) AS swarms
LEFT JOIN (${NAMES}) AS names USING (swarm_id)
ORDER BY ${order}, network, swarm LIMIT ${most}`;
}

const LAST_SEEDER: AlertRule = {
  uid: 'last_proved_seeder_gone',
  title: 'Last proved seeder gone',
  description:
    'A watched torrent that had a proved seeder within a week has none in its newest two censuses, while others could be seen.',
  group: 'torrents',
  severity: 'page',
  everyS: 60,
  forS: 300,
  windowS: 604_800,
  labels: ['network', 'swarm', 'name'],
  sql: named(
    `SELECT network, swarm_id, ${bestOfTwo('proved')} AS value FROM swarm_sampled WHERE ${SAYING}
  GROUP BY network, swarm_id HAVING max(proved) > 0 AND count() > 1 AND value < 2`,
    'value',
  ),
  fires: { when: 'at_most', figure: 0, recoversAt: 1 },
  missing: 'ok',
  summary: '{name} ({network}) has lost its last proved seeder.',
  shows: { board: 'swarmscope-torrent', panel: 'classes' },
};

const NOT_COMPLETABLE: AlertRule = {
  uid: 'not_completable',
  title: 'Not completable',
  description: 'A watched torrent that was whole within a week lacks a piece in its newest two censuses that could tell.',
  group: 'torrents',
  severity: 'page',
  everyS: 60,
  forS: 300,
  windowS: 604_800,
  labels: ['network', 'swarm', 'name'],
  sql: named(
    `SELECT network, swarm_id, ${bestOfTwo('assumeNotNull(completable)')} AS value FROM swarm_sampled WHERE ${SAYING} AND completable IS NOT NULL
  GROUP BY network, swarm_id HAVING max(completable) = 1 AND count() > 1`,
    'value',
  ),
  fires: { when: 'at_most', figure: 0, recoversAt: 1 },
  missing: 'ok',
  summary: 'Nobody in sight has every piece of {name} ({network}) any more.',
  shows: { board: 'swarmscope-torrent', panel: 'availability' },
};

/** Files that no peer, nor all together, have whole in both of the newest two censuses, and that somebody had within the window. */
const LOST_FILES = `SELECT network, swarm_id, arrayJoin(arraySlice(arraySort(arrayFilter(file -> NOT has(always, file), arrayIntersect(newest[1], newest[2]))), 1, 10)) AS index, toUInt32(0) AS value
  FROM (SELECT network, swarm_id, groupArrayIntersect(lost) AS always, arraySlice(arrayReverseSort(groupArray((ts, lost))), 1, 2).2 AS newest
    FROM (SELECT network, swarm_id, ts, arrayMap(file -> file.index, arrayFilter(file -> file.copies_min = 0, files_at_risk)) AS lost
      FROM swarm_sampled WHERE ${SAYING} AND completable IS NOT NULL) GROUP BY network, swarm_id HAVING count() > 1)`;

const FILE_NOT_COMPLETABLE: AlertRule = {
  uid: 'file_not_completable',
  title: 'File not completable',
  description:
    'A file of a watched torrent that was whole within a week lacks a piece in the newest two censuses that could tell; the first ten files of a torrent.',
  group: 'torrents',
  severity: 'ticket',
  everyS: 300,
  forS: 300,
  windowS: 604_800,
  labels: ['network', 'swarm', 'name', 'file'],
  sql: named(
    `SELECT network, swarm_id, if(index < length(paths), paths[index + 1], concat('number ', toString(index))) AS path, value FROM (${LOST_FILES}) AS files
  LEFT JOIN (SELECT network, swarm_id, argMax(files.path, ts) AS paths FROM torrent_resolved WHERE (network, swarm_id) IN (${WATCHED}) GROUP BY network, swarm_id) AS torrents
  USING (network, swarm_id)`,
    'value, file',
    'path AS file, ',
  ),
  fires: { when: 'at_most', figure: 0, recoversAt: 1 },
  missing: 'ok',
  summary: 'Nobody in sight has all of the file {file} of {name} ({network}) any more.',
  shows: { board: 'swarmscope-torrent', panel: 'files_at_risk' },
};

/** What was asked at least twice within a day (a tracker, a web seed), and how many of them answered as they should at one of the last two times. */
const answering = (objective: string, table: string) =>
  `SELECT network, swarm_id, '${objective}' AS objective, toUInt32(countIf(up > 0)) AS best
    FROM (SELECT network, swarm_id, url_hash, ${bestOfTwo("toUInt32(outcome = 'ok')")} AS up FROM ${table}
      WHERE $__timeFilter(ts) AND ts > $__toTime - INTERVAL 1 DAY AND (network, swarm_id) IN (${WATCHED}) AND (outcome = 'ok' OR ${SLOT} IN (${IN_SIGHT}))
      GROUP BY network, swarm_id, url_hash HAVING count() > 1) GROUP BY network, swarm_id`;

const counted = (objective: string, figure: string, also = '') =>
  `SELECT network, swarm_id, '${objective}' AS objective, ${bestOfTwo(figure)} AS best FROM swarm_sampled WHERE ${SAYING}${also} GROUP BY network, swarm_id HAVING count() > 1`;

/** How each objective is measured: what was measured once, or not at all, is not judged. */
const MEASURED: Readonly<Record<Objective, string>> = {
  min_proved_seeders: counted('min_proved_seeders', 'proved'),
  min_proved_outside: counted('min_proved_outside', 'assumeNotNull(proved_outside)', ' AND proved_outside IS NOT NULL'),
  min_trackers_up: answering('min_trackers_up', 'tracker_scraped'),
  min_web_seeds_intact: answering('min_web_seeds_intact', 'webseed_audited'),
};

const OBJECTIVE_MISSED: AlertRule = {
  uid: 'objective_missed',
  title: 'Objective missed',
  description:
    'A watched torrent had less than one of its objectives wants in both of its newest two measurements; the figure is how much is missing.',
  group: 'torrents',
  severity: 'ticket',
  everyS: 60,
  forS: 600,
  windowS: 604_800,
  labels: ['network', 'swarm', 'name', 'objective'],
  sql: named(
    `SELECT network, swarm_id, objective, toUInt32(greatest(toInt64(ceil(wanted)) - best, 0)) AS value
  FROM (${Object.values(MEASURED).join('\n  UNION ALL ')}) AS newest
  INNER JOIN (SELECT network, swarm_id, toString(promise.1) AS objective, promise.2 AS wanted FROM (SELECT network, swarm_id, arrayJoin(objectives) AS promise FROM ${ENTRIES})) AS entries
  USING (network, swarm_id, objective)`,
    'value DESC',
    'objective, ',
  ),
  fires: { when: 'at_least', figure: 1, recoversAt: 0 },
  missing: 'ok',
  summary: '{name} ({network}) misses its objective {objective} by {value}.',
  shows: { board: 'swarmscope-watch-list', panel: 'entries' },
};

/** In percent; docs/estimates.md says what it costs and brings. It recovers below half a percent. */
const LOSS = { fires: 10, recovers: 0 } as const;
/** A forecast that has not learned from so many midnights of this network does not alarm. */
const TAUGHT = 1_000;

const WILL_LOSE_LAST_COPY: AlertRule = {
  uid: 'will_lose_last_copy',
  title: 'May lose its last complete copy',
  description:
    'The forecast of a watched torrent, averaged over days, gives its last complete copy 10 % or more to be gone within a week; it rests on censuses that could see.',
  group: 'torrents',
  severity: 'ticket',
  everyS: 600,
  forS: 1_200,
  windowS: 604_800,
  labels: ['network', 'swarm', 'name'],
  sql: named(
    `SELECT network, swarm_id, toUInt32(round(100 * p7_steady)) AS value FROM forecast
  WHERE $__timeFilter(seen) AND (network, swarm_id) IN (${WATCHED})
    AND network IN (SELECT network FROM forecast_cohorts WHERE days = 7 GROUP BY network HAVING sum(cases) >= ${TAUGHT})`,
    'value DESC',
    '',
    1_000,
  ),
  fires: { when: 'at_least', figure: LOSS.fires, recoversAt: LOSS.recovers },
  missing: 'ok',
  summary: '{name} ({network}) may lose its last complete copy within 7 days: {value} %.',
  shows: { board: 'swarmscope-torrent', panel: 'forecast' },
};

export const TORRENT_RULES: readonly AlertRule[] = [
  LAST_SEEDER,
  NOT_COMPLETABLE,
  FILE_NOT_COMPLETABLE,
  OBJECTIVE_MISSED,
  WILL_LOSE_LAST_COPY,
];
