// Finding a torrent by a word of its name or the beginning of its infohash.
import { hexOf, IN_NETWORK, NAMES, newestCensus, SHOWN_NAME, STATE, STATE_COLUMNS } from './fragments.ts';

/** Infohashes are found by at least this many characters, names by at least two. */
const HASH_PREFIX_MIN = 4;

/**
 * Parameters `network`, `text`. Columns `swarm`, `name`, `state`, `proved`, `seen`; v1 and v2 infohashes both lead to the swarm.
 * Every swarm that was resolved, watched or measured can be found.
 */
export const SEARCH = {
  variables: { network: 'String', text: 'String' },
  sql: `SELECT ${hexOf('swarm_id')} AS swarm, ${SHOWN_NAME} AS name, if(measured = 1, state, 'unknown') AS state, if(measured = 1, n_proved, NULL) AS proved, if(measured = 1, seen, NULL) AS seen
FROM (SELECT DISTINCT swarm_id FROM (
    SELECT swarm_id FROM torrent_latest WHERE ${IN_NETWORK} AND (positionCaseInsensitiveUTF8(name, {text:String}) > 0
      OR (length({text:String}) >= ${HASH_PREFIX_MIN} AND (startsWith(${hexOf('swarm_id')}, lower({text:String})) OR startsWith(ifNull(${hexOf('info_hash_v2')}, ''), lower({text:String})))))
    UNION ALL SELECT swarm_id FROM watch_latest WHERE ${IN_NETWORK} AND (positionCaseInsensitiveUTF8(ifNull(name, ''), {text:String}) > 0
      OR (length({text:String}) >= ${HASH_PREFIX_MIN} AND startsWith(${hexOf('swarm_id')}, lower({text:String}))))
    UNION ALL SELECT swarm_id FROM swarm_latest WHERE ${IN_NETWORK}
      AND length({text:String}) >= ${HASH_PREFIX_MIN} AND startsWith(${hexOf('swarm_id')}, lower({text:String})))
  LIMIT 1000) AS found
LEFT JOIN (SELECT swarm_id, 1 AS measured, seen, ${STATE} AS state, proved AS n_proved FROM (${newestCensus(STATE_COLUMNS)})) AS censuses USING (swarm_id)
LEFT JOIN (${NAMES}) AS names USING (swarm_id)
ORDER BY measured DESC, n_proved DESC, name, swarm LIMIT 50`,
} as const;

/** Column `first`: epoch seconds of the oldest figure that boards show, null in an empty store; answered from the bounds of partitions. */
export const EXTENT = {
  variables: {},
  sql: `SELECT if(count() = 0, NULL, toUInt32(toUnixTimestamp64Milli(min(first)) / 1000)) AS first FROM (
  SELECT min(ts) AS first FROM swarm_sampled HAVING count() > 0
  UNION ALL SELECT min(ts) AS first FROM crawl_sampled HAVING count() > 0)`,
} as const;
