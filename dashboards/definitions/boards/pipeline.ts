// The board Pipeline: are the services alive, does what they observe reach the store, once and whole.

import { TOPICS } from '@swarmscope/events/definitions.ts';
import { ALERT_CHANGES } from '../annotations.ts';
import type { Board, Panel } from '../board.ts';
import { IN_NETWORK, IS_LONG, IS_SHORT } from '../fragments.ts';
import { NETWORK } from '../variables.ts';

const NO_SERVICE = 'No service reported in this time.';

const SERVICES: Panel = {
  id: 'services',
  title: 'Services',
  description: 'Each process by its newest report (one each 10 s) in the time range; silence for a minute means trouble.',
  kind: 'table',
  width: 24,
  columns: [
    { name: 'service', title: 'Service', unit: 'word' },
    { name: 'instance', title: 'Instance', unit: 'word' },
    { name: 'health', title: 'Health', unit: 'word', words: { reporting: 'good', silent: 'bad' } },
    { name: 'silent_s', title: 'Since its last report', unit: 's' },
    {
      name: 'lag',
      title: 'Records behind',
      unit: 'count',
      steps: [
        { from: null, tone: 'plain' },
        { from: 10_000, tone: 'warn' },
        { from: 1_000_000, tone: 'bad' },
      ],
    },
    { name: 'build', title: 'Build', unit: 'word' },
    { name: 'seen', title: 'Last report', unit: 'time' },
  ],
  empty: NO_SERVICE,
  sql: `SELECT service, instance_id AS instance, if(silent_s > 60, 'silent', 'reporting') AS health, silent_s, newest.1 AS lag, newest.2 AS build, seen
FROM (SELECT service, instance_id, max(ts) AS seen, argMax(tuple(lag, build), ts) AS newest, toUInt32(greatest(0, dateDiff('second', seen, $__toTime))) AS silent_s
  FROM service_sampled WHERE ${IN_NETWORK} AND $__timeFilter(ts) GROUP BY service, instance_id)
ORDER BY health DESC, service, instance LIMIT 200`,
};

const LAG: Panel = {
  id: 'lag',
  title: 'Lag',
  description: 'Records between the end of the log and what each service has read: the most in each bucket of time.',
  kind: 'timeseries',
  draw: 'line',
  width: 12,
  columns: [
    { name: 'time', title: 'Time', unit: 'time' },
    { name: 'reader', title: 'Service', unit: 'word' },
    { name: 'behind', title: 'Records behind', unit: 'count' },
  ],
  empty: 'No service that reads the log reported in this time.',
  sql: `SELECT $__timeInterval(ts) AS time, concat(service, ' ', instance_id) AS reader, max(lag) AS behind
FROM service_sampled WHERE ${IN_NETWORK} AND $__timeFilter(ts) AND lag IS NOT NULL GROUP BY time, reader ORDER BY time, reader`,
};

/** Counts per topic and bucket over all raw tables. */
const ROWS_BY_TOPIC = TOPICS.map(
  (topic) =>
    `SELECT $__timeInterval(ts) AS time, '${topic}' AS topic, count() AS stored FROM ${topic} WHERE ${IS_SHORT} AND ${IN_NETWORK} AND $__timeFilter(ts) GROUP BY time`,
).join('\n  UNION ALL ');

const RATE: Panel = {
  id: 'rate',
  title: 'Events stored',
  description: 'Rows of each raw table a second, by the time at which they were observed.',
  kind: 'timeseries',
  draw: 'stack',
  width: 12,
  columns: [
    { name: 'time', title: 'Time', unit: 'time' },
    { name: 'topic', title: 'Topic', unit: 'word' },
    { name: 'rate', title: 'Rows', unit: 'per_second' },
  ],
  empty: 'No event was stored in this time.',
  sql: `SELECT time, topic, stored / greatest(1, least($__interval_s, dateDiff('second', time, $__toTime))) AS rate FROM (
  ${ROWS_BY_TOPIC}
  UNION ALL SELECT $__timeInterval(hour) AS time, topic, sum(rows) AS stored FROM (SELECT hour, topic, stored AS rows FROM stored_1h FINAL WHERE ${IS_LONG} AND ${IN_NETWORK} AND $__timeFilter(hour)) GROUP BY time, topic)
ORDER BY time, topic`,
};

/** The newest day of the range: older ones were audited when they were new, and a month of raw rows takes seconds. */
const AUDITED_S = 86_400;

/** The duplicate audit of each raw table: a position of the log is there once, or something is broken. */
const AUDITED = TOPICS.map(
  (topic) =>
    `SELECT '${topic}' AS topic, sum(rows) AS stored, sum(places) AS positions, max(last) AS newest FROM (
    SELECT count() AS rows, groupBitmap(_offset) AS places, max(ts) AS last FROM ${topic} WHERE $__timeFilter(ts) AND ts > $__toTime - ${AUDITED_S} GROUP BY _partition)`,
).join('\n  UNION ALL ');

const AUDIT: Panel = {
  id: 'audit',
  title: 'Duplicate audit',
  description:
    'Rows of each raw table in the last day of the time range against distinct positions of the log: equal, or a record was stored twice; all networks.',
  kind: 'table',
  width: 14,
  columns: [
    { name: 'topic', title: 'Topic', unit: 'word' },
    { name: 'stored', title: 'Rows', unit: 'count' },
    {
      name: 'twice',
      title: 'Stored twice',
      unit: 'count',
      steps: [
        { from: null, tone: 'plain' },
        { from: 1, tone: 'bad' },
      ],
    },
    { name: 'verdict', title: 'Audit', unit: 'word', words: { exact: 'good', duplicates: 'bad', empty: 'unknown' } },
    { name: 'newest', title: 'Newest row', unit: 'time' },
  ],
  empty: 'There is no table to audit.',
  sql: `SELECT topic, stored, stored - positions AS twice, multiIf(stored = 0, 'empty', stored = positions, 'exact', 'duplicates') AS verdict,
  if(stored = 0, NULL, newest) AS newest FROM (
  ${AUDITED}) ORDER BY twice DESC, stored DESC, topic`,
};

const REJECTED: Panel = {
  id: 'rejected',
  title: 'Rejected records',
  description:
    'Records of the log that are no events, by topic and reason, in the time range; their bytes are kept for a replay.',
  kind: 'table',
  width: 10,
  columns: [
    { name: 'topic', title: 'Topic', unit: 'word' },
    { name: 'reason', title: 'Reason', unit: 'word' },
    { name: 'records', title: 'Records', unit: 'count', tone: 'bad' },
    { name: 'newest', title: 'Newest', unit: 'time' },
  ],
  empty: 'Nothing was rejected in this time.',
  sql: `SELECT topic, reason, count() AS records, max(ts) AS newest FROM rejected WHERE $__timeFilter(ts)
GROUP BY topic, reason ORDER BY records DESC, topic, reason LIMIT 200`,
};

export const PIPELINE: Board = {
  uid: 'swarmscope-pipeline',
  title: 'Pipeline',
  description: 'Whether the services are alive, and whether what they observe reaches the store, once and whole.',
  range: '6h',
  refreshS: 30,
  variables: [NETWORK],
  annotations: [ALERT_CHANGES],
  rows: [
    { height: 8, panels: [SERVICES] },
    { height: 9, panels: [RATE, LAG] },
    { height: 12, panels: [AUDIT, REJECTED] },
  ],
};
