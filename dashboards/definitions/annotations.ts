// Moments drawn over time series: alerts that fired or ended.
import type { Annotation } from './board.ts';

export const ALERT_CHANGES: Annotation = {
  name: 'Alerts',
  description: 'Alerts that began to fire or were resolved.',
  tone: 'warn',
  // A change that was delivered is there twice: as it happened, and as accepted by its receiver.
  sql: `SELECT min(ts) AS time, concat(rule, ' ', state) AS title, if(labels['name'] = '', arrayStringConcat(mapValues(labels), ' '), labels['name']) AS text
FROM alert_changed WHERE $__timeFilter(ts) AND state IN ('firing', 'resolved') GROUP BY rule, labels, state, since ORDER BY time, title, text LIMIT 500`,
};
