// Alert rules: each one query and one threshold, read by Grafana's rules and by the alerter alike. Missing data is not death.
import { hexOf, NAMES, SHOWN_NAME } from './fragments.ts';

/** A rule. Its query answers one row per thing it is about: the label columns (text) and one figure, `value`, never null. */
export interface AlertRule {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly group: 'torrents' | 'services';
  readonly severity: 'page' | 'ticket';
  readonly everyS: number;
  /** The condition must hold this long before it fires. */
  readonly forS: number;
  /** What `$__fromTime` means: so long before the evaluation. */
  readonly windowS: number;
  readonly sql: string;
  readonly labels: readonly string[];
  /** Fires at or below a figure, or at or above it; ends when the figure passes `recoversAt`. */
  readonly fires: { readonly when: 'at_most' | 'at_least'; readonly figure: number; readonly recoversAt: number };
  /** What no row at all means: nothing is wrong, or that whoever should report does not. */
  readonly missing: 'ok' | 'alerting';
  /** A sentence with `{label}` and `{value}` in it. */
  readonly summary: string;
  /** Where to look: board and panel. */
  readonly shows: { readonly board: string; readonly panel: string };
}

/** Quarters of an hour in which this network was seen at all: somebody answered somewhere. A census in another one says nothing about a swarm. */
const IN_SIGHT = `SELECT network, toStartOfFifteenMinutes(ts) FROM swarm_sampled WHERE $__timeFilter(ts) AND reached > 0
  UNION DISTINCT SELECT network, toStartOfFifteenMinutes(ts) FROM tracker_scraped WHERE $__timeFilter(ts) AND outcome = 'ok'
  UNION DISTINCT SELECT network, toStartOfFifteenMinutes(ts) FROM crawl_sampled WHERE $__timeFilter(ts) AND answers > 0`;

const LAST_SEEDER: AlertRule = {
  uid: 'last_proved_seeder_gone',
  title: 'Last proved seeder gone',
  description: 'A swarm that had a proved seeder within a week has none in its newest two censuses, while others could be seen.',
  group: 'torrents',
  severity: 'page',
  everyS: 60,
  forS: 300,
  windowS: 604_800,
  labels: ['network', 'swarm', 'name'],
  sql: `SELECT network, ${hexOf('swarm_id')} AS swarm, ${SHOWN_NAME} AS name, value
FROM (SELECT network, swarm_id, toUInt32(arrayMax(arraySlice(arrayReverseSort(groupArray((ts, proved))), 1, 2).2)) AS value
  FROM swarm_sampled
  WHERE $__timeFilter(ts) AND (reached > 0 OR (network, toStartOfFifteenMinutes(ts)) IN (${IN_SIGHT}))
  GROUP BY network, swarm_id HAVING max(proved) > 0 AND count() > 1 AND value < 2) AS swarms
LEFT JOIN (${NAMES}) AS names USING (swarm_id)
ORDER BY value, network, swarm LIMIT 50`,
  fires: { when: 'at_most', figure: 0, recoversAt: 1 },
  missing: 'ok',
  summary: '{name} ({network}) has lost its last proved seeder.',
  shows: { board: 'swarmscope-torrent', panel: 'classes' },
};

export const ALERT_RULES: readonly AlertRule[] = [LAST_SEEDER];
