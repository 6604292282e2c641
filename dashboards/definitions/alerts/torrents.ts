// Alerts about watched torrents. Missing data is not death: only censuses made while somebody could be seen count, and two of them must agree.
import type { AlertRule } from '../alert-rule.ts';
import { hexOf, NAMES, SHOWN_NAME } from '../fragments.ts';

/** Quarters of an hour in which this network was seen at all: somebody answered somewhere. A census in another one says nothing about a swarm. */
const IN_SIGHT = `SELECT network, toStartOfFifteenMinutes(ts) FROM swarm_sampled WHERE $__timeFilter(ts) AND reached > 0
  UNION DISTINCT SELECT network, toStartOfFifteenMinutes(ts) FROM tracker_scraped WHERE $__timeFilter(ts) AND outcome = 'ok'
  UNION DISTINCT SELECT network, toStartOfFifteenMinutes(ts) FROM crawl_sampled WHERE $__timeFilter(ts) AND answers > 0`;

const WATCHED = 'SELECT network, swarm_id FROM watch_latest FINAL WHERE set = 1';

/** Censuses of watched torrents that say something. */
const SAYING = `$__timeFilter(ts) AND (network, swarm_id) IN (${WATCHED}) AND (reached > 0 OR (network, toStartOfFifteenMinutes(ts)) IN (${IN_SIGHT}))`;

/** The most that a figure was in the newest two of the censuses grouped. */
const bestOfTwo = (figure: string) => `toUInt32(arrayMax(arraySlice(arrayReverseSort(groupArray((ts, ${figure}))), 1, 2).2))`;

/** Rows with a name for people, the worst first. */
function named(swarms: string, order: string, labels = ''): string {
  return `SELECT network, ${hexOf('swarm_id')} AS swarm, ${SHOWN_NAME} AS name, ${labels}value
FROM (${swarms}) AS swarms
LEFT JOIN (${NAMES}) AS names USING (swarm_id)
ORDER BY ${order}, network, swarm LIMIT 50`;
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

const OBJECTIVE_MISSED: AlertRule = {
  uid: 'objective_missed',
  title: 'Objective missed',
  description:
    'A watched torrent had fewer proved seeders than its objective in both of its newest two censuses; the figure is how many are missing.',
  group: 'torrents',
  severity: 'ticket',
  everyS: 60,
  forS: 600,
  windowS: 604_800,
  labels: ['network', 'swarm', 'name', 'objective'],
  sql: named(
    `SELECT network, swarm_id, toUInt32(greatest(toInt64(wanted) - best, 0)) AS value
  FROM (SELECT network, swarm_id, ${bestOfTwo('proved')} AS best FROM swarm_sampled WHERE ${SAYING} GROUP BY network, swarm_id HAVING count() > 1) AS newest
  INNER JOIN (SELECT network, swarm_id, objectives['min_proved_seeders'] AS wanted FROM watch_latest FINAL WHERE set = 1 AND mapContains(objectives, 'min_proved_seeders')) AS entries
  USING (network, swarm_id)`,
    'value DESC',
    "'min_proved_seeders' AS objective, ",
  ),
  fires: { when: 'at_least', figure: 1, recoversAt: 0 },
  missing: 'ok',
  summary: '{name} ({network}) lacks {value} proved seeders of its objective.',
  shows: { board: 'swarmscope-watch-list', panel: 'entries' },
};

export const TORRENT_RULES: readonly AlertRule[] = [LAST_SEEDER, NOT_COMPLETABLE, OBJECTIVE_MISSED];
