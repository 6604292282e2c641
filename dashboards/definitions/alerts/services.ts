// Alerts about ourselves: who is silent, what stalls, what was stored twice, and whether the prober can see at all.
import { TOPICS } from '@swarmscope/events/definitions.ts';
import type { AlertRule } from '../alert-rule.ts';

const SERVICE_SILENT: AlertRule = {
  uid: 'service_silent',
  title: 'Service silent',
  description:
    'A service that reported within a day has been silent for two minutes while others report; no service at all is silence too.',
  group: 'services',
  severity: 'page',
  everyS: 60,
  forS: 60,
  windowS: 86_400,
  labels: ['network', 'service'],
  sql: `SELECT network, service, toUInt32(greatest(0, dateDiff('second', max(ts), assumeNotNull((SELECT max(ts) FROM service_sampled WHERE $__timeFilter(ts)))))) AS value
FROM service_sampled WHERE $__timeFilter(ts) GROUP BY network, service ORDER BY value DESC, network, service LIMIT 50`,
  fires: { when: 'at_least', figure: 120, recoversAt: 60 },
  missing: 'alerting',
  summary: '{service} ({network}) has been silent for {value} s.',
  shows: { board: 'swarmscope-pipeline', panel: 'services' },
};

const INGEST_STALLED: AlertRule = {
  uid: 'ingest_stalled',
  title: 'Ingest stalled',
  description: 'Every service reports each ten seconds, yet nothing of it has arrived in the store for three minutes.',
  group: 'services',
  severity: 'page',
  everyS: 60,
  forS: 60,
  windowS: 86_400,
  labels: [],
  sql: `SELECT toUInt32(greatest(0, dateDiff('second', max(ts), $__toTime))) AS value FROM service_sampled WHERE $__timeFilter(ts) HAVING count() > 0 LIMIT 1`,
  fires: { when: 'at_least', figure: 180, recoversAt: 60 },
  missing: 'alerting',
  summary: 'Nothing has arrived in the store for {value} s.',
  shows: { board: 'swarmscope-pipeline', panel: 'rate' },
};

/** Raw tables in which a position of the log is there more than once. */
const STORED_TWICE = TOPICS.map(
  (topic) =>
    `SELECT '${topic}' AS topic, toUInt32(count() - uniqExact(_partition, _offset)) AS value FROM ${topic} WHERE $__timeFilter(ts)`,
).join('\n  UNION ALL ');

const AUDIT_MISMATCH: AlertRule = {
  uid: 'audit_mismatch',
  title: 'Audit mismatch',
  description: 'Records of the last hour are stored more than once: the promise of exactly once is broken.',
  group: 'services',
  severity: 'page',
  everyS: 300,
  forS: 0,
  windowS: 3_600,
  labels: ['topic'],
  sql: `SELECT topic, value FROM (
  ${STORED_TWICE}) ORDER BY value DESC, topic LIMIT 50`,
  fires: { when: 'at_least', figure: 1, recoversAt: 0 },
  missing: 'ok',
  summary: '{value} records of {topic} are stored twice.',
  shows: { board: 'swarmscope-pipeline', panel: 'audit' },
};

const REJECTED: AlertRule = {
  uid: 'records_rejected',
  title: 'Records rejected',
  description: 'Records of the last hour were no events; after an update that understands them they can be replayed.',
  group: 'services',
  severity: 'ticket',
  everyS: 300,
  forS: 0,
  windowS: 3_600,
  labels: ['topic', 'reason'],
  sql: `SELECT topic, reason, toUInt32(count()) AS value FROM rejected WHERE $__timeFilter(ts) GROUP BY topic, reason ORDER BY value DESC, topic, reason LIMIT 50`,
  fires: { when: 'at_least', figure: 1, recoversAt: 0 },
  missing: 'ok',
  summary: '{value} records of {topic} were rejected ({reason}).',
  shows: { board: 'swarmscope-pipeline', panel: 'rejected' },
};

/** Fewer attempts than that in half an hour say nothing. */
const ATTEMPTS_MIN = 20;

const PROBER_BLIND: AlertRule = {
  uid: 'prober_blind',
  title: 'Prober blind',
  description:
    'In half an hour twenty or more peers were dialled and no peer and no tracker answered: our own network is the likely reason, and torrents are not judged.',
  group: 'services',
  severity: 'page',
  everyS: 60,
  forS: 0,
  windowS: 1_800,
  labels: ['network'],
  sql: `SELECT network, toUInt32(sum(answers)) AS value FROM (
  SELECT network, count() AS attempts, countIf(outcome IN ('handshaken', 'wrong_infohash', 'encrypted_only', 'protocol_error', 'refused', 'busy')) AS answers
  FROM peer_probed WHERE $__timeFilter(ts) GROUP BY network
  UNION ALL SELECT network, 0 AS attempts, countIf(outcome IN ('ok', 'failure')) AS answers FROM tracker_scraped WHERE $__timeFilter(ts) GROUP BY network)
GROUP BY network HAVING sum(attempts) >= ${ATTEMPTS_MIN} ORDER BY value, network LIMIT 50`,
  fires: { when: 'at_most', figure: 0, recoversAt: 1 },
  missing: 'ok',
  summary: 'The prober of {network} reaches nobody: torrents are not judged until it does.',
  shows: { board: 'swarmscope-overview', panel: 'outcomes' },
};

export const SERVICE_RULES: readonly AlertRule[] = [SERVICE_SILENT, INGEST_STALLED, AUDIT_MISMATCH, REJECTED, PROBER_BLIND];
