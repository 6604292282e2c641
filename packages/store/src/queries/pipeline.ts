// Questions about Swarmscope itself: is every event there once, what was refused, what do the services say, which alerts fired.
import { lastDays, type NamedQuery } from './query.ts';

const TABLES = [
  'dht_node_seen',
  'infohash_sighted',
  'peer_sighted',
  'peer_probed',
  'swarm_sampled',
  'tracker_scraped',
  'torrent_resolved',
];
const auditOf = (table: string) =>
  `SELECT '${table}' AS table, count() AS rows, uniqExact(_partition, _offset) AS positions, rows - positions AS doubled FROM ${table} WHERE ${lastDays('toDate(ts)')}`;

export const PIPELINE_QUERIES: readonly NamedQuery[] = [
  {
    name: 'doubled',
    title: 'Is every event there once?',
    question:
      'Does any record of the log have two rows? Positions are those of one log: a log that was made anew counts from its own start.',
    parameters: { days: 7 },
    sql: `SELECT * FROM (
${TABLES.map(auditOf).join('\nUNION ALL ')}
)
ORDER BY table`,
  },
  {
    name: 'rejected',
    title: 'Records that were no events',
    question: 'What was refused, and why? `swarmscope replay` tries them again once the reason is gone.',
    parameters: { days: 30 },
    sql: `SELECT topic, reason, count() AS records, max(ts) AS newest, any(detail) AS example
FROM rejected
WHERE ${lastDays('toDate(ts)')}
GROUP BY topic, reason
ORDER BY records DESC, topic, reason`,
  },
  {
    name: 'services',
    title: 'What the services say',
    question: 'Which processes report, when did they last, and how far are they behind?',
    parameters: { days: 1 },
    sql: `SELECT service, instance_id, argMax(build, ts) AS running, max(ts) AS newest, argMax(lag, ts) AS behind, argMax(counters, ts)['insert_errors'] AS insert_errors
FROM service_sampled
WHERE ${lastDays('toDate(ts)')} OR ts > (SELECT max(ts) FROM service_sampled) - 86400
GROUP BY service, instance_id
ORDER BY service, instance_id`,
  },
  {
    name: 'alerts',
    title: 'Alerts of the last days',
    question: 'Which alerts fired or ended?',
    parameters: { days: 7 },
    sql: `SELECT ts, rule, state, since, value, labels
FROM alert_changed
WHERE ${lastDays('toDate(ts)')}
ORDER BY ts DESC, rule, state`,
  },
];
