// Moments drawn over time series: alerts that fired or ended.
import type { Annotation } from './board.ts';

export const ALERT_CHANGES: Annotation = {
  name: 'Alerts',
  description: 'Alerts that began to fire or were resolved.',
  tone: 'warn',
  sql: `SELECT ts AS time, concat(rule, ' ', state) AS title, if(labels['name'] = '', arrayStringConcat(mapValues(labels), ' '), labels['name']) AS text
FROM alert_changed WHERE $__timeFilter(ts) AND state IN ('firing', 'resolved') ORDER BY time LIMIT 500`,
};
