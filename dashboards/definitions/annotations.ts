// Moments drawn over time series: alerts that fired or ended, entries of the watch list that changed.
import type { Annotation } from './board.ts';
import { hexOf, IN_NETWORK, OF_SWARM } from './fragments.ts';

export const ALERT_CHANGES: Annotation = {
  id: 'alerts',
  name: 'Alerts',
  description: 'Alerts that began to fire or were resolved.',
  tone: 'warn',
  // A change that was delivered is there twice: as it happened, and as accepted by its receiver.
  sql: `SELECT min(ts) AS time, concat(rule, ' ', state) AS title, if(labels['name'] = '', arrayStringConcat(mapValues(labels), ' '), labels['name']) AS text
FROM alert_changed WHERE $__timeFilter(ts) AND state IN ('firing', 'resolved') GROUP BY rule, labels, state, since ORDER BY time, title, text LIMIT 500`,
};

function watchChanges(where: string): Annotation {
  return {
    id: 'watch_list',
    name: 'Watch list',
    description: 'Entries of the watch list that came, changed or went.',
    tone: 'plain',
    sql: `SELECT ts AS time, if(set = 1, 'watched', 'watched no more') AS title,
  concat(ifNull(name, ${hexOf('swarm_id')}), if(empty(objectives), '', concat(': ', arrayStringConcat(arrayMap((objective, figure) -> concat(objective, ' ', toString(figure)), mapKeys(objectives), mapValues(objectives)), ', ')))) AS text
FROM torrent_watched WHERE ${where} AND $__timeFilter(ts) ORDER BY time, text LIMIT 500`,
  };
}

/** Of all torrents, and of the one that the Torrent board shows. */
export const WATCH_CHANGES = watchChanges(IN_NETWORK);
export const WATCH_CHANGES_OF_SWARM = watchChanges(OF_SWARM);
