// The choices on top of boards: which network, which swarm.
import type { Variable } from './board.ts';
import { hexOf, IN_NETWORK, NAMES, SHOWN_NAME } from './fragments.ts';

export const NETWORK: Variable = {
  name: 'network',
  title: 'Network',
  description: 'Public, or one of the laboratories; their figures are never added.',
  type: 'String',
  sql: `SELECT network AS value, network AS text FROM (
  SELECT network, ts FROM swarm_latest UNION ALL SELECT network, ts FROM crawl_sampled UNION ALL SELECT network, ts FROM watch_latest)
GROUP BY network ORDER BY max(ts) DESC, network LIMIT 100`,
};

/** Watched swarms first, then the ones measured last; any other swarm id may be given as text. */
export const SWARM: Variable = {
  name: 'swarm',
  title: 'Torrent',
  description: 'The swarm shown: name, or infohash where the name is not known.',
  type: 'String',
  sql: `SELECT ${hexOf('swarm_id')} AS value, ${SHOWN_NAME} AS text FROM (
  SELECT swarm_id, max(watched) AS watched, max(seen) AS seen FROM (
    SELECT swarm_id, 0 AS watched, ts AS seen FROM swarm_latest FINAL WHERE ${IN_NETWORK} AND ts >= $__fromTime
    UNION ALL SELECT swarm_id, set AS watched, ts AS seen FROM watch_latest FINAL WHERE ${IN_NETWORK})
  GROUP BY swarm_id) AS swarms
LEFT JOIN (${NAMES}) AS names USING (swarm_id)
ORDER BY watched DESC, seen DESC, value LIMIT 500`,
};
