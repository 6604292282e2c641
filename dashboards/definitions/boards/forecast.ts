// Panels about the forecast: how likely a swarm loses its last complete copy. All read what the store keeps in the tables forecast and forecast_1d.
import type { Panel, PanelColumn } from '../board.ts';
import { hexOf, IN_NETWORK, NAMES, OF_SWARM, SHOWN_NAME } from '../fragments.ts';

/** Chances in percent; from the second step on the alert rule fires. */
const STEPS = [
  { from: null, tone: 'good' },
  { from: 3, tone: 'warn' },
  { from: 10, tone: 'bad' },
] as const;

function chance(days: 1 | 7 | 30): PanelColumn {
  const title = days === 1 ? 'Lost within a day' : `Lost within ${days} days`;
  return { name: `p${days}`, title, unit: 'percent', steps: STEPS, bounds: [`p${days}_low`, `p${days}_high`] };
}

const chanceSql = (days: 1 | 7 | 30) =>
  ['', '_low', '_high'].map((end) => `100 * forecast.p${days}${end} AS p${days}${end}`).join(', ');

/** For tables of swarms: the column, and the subquery `foretold` to join by swarm_id; without a forecast it is unknown, not zero. */
export const RISK_COLUMN: PanelColumn = {
  name: 'risk',
  title: 'Lost within 7 days',
  unit: 'percent',
  steps: STEPS,
  bounds: ['risk_low', 'risk_high'],
};
export const RISK = 'foretold.risk AS risk, foretold.risk_low AS risk_low, foretold.risk_high AS risk_high';
export const FORETOLD = `SELECT swarm_id, toNullable(100 * p7) AS risk, toNullable(100 * p7_low) AS risk_low, toNullable(100 * p7_high) AS risk_high
  FROM forecast WHERE ${IN_NETWORK} AND $__timeFilter(seen)`;

export const FORECAST: Panel = {
  id: 'forecast',
  title: 'Forecast',
  description:
    'Chances that the last complete copy of this swarm is gone, for a month or longer, with 95 % bounds: learned from how long copies stay in swarms like it.',
  kind: 'stat',
  width: 24,
  columns: [
    chance(1),
    chance(7),
    chance(30),
    { name: 'holders', title: 'Copies met in a week', unit: 'count', tone: 'proved' },
    { name: 'tenure', title: 'Longest there for', unit: 's' },
    { name: 'arrivals', title: 'New in a week', unit: 'count' },
    { name: 'alike', title: 'Swarms like it', unit: 'count' },
  ],
  empty: 'There is no forecast: no complete copy was met in the week before the newest census, or none was made in this time.',
  sql: `SELECT ${chanceSql(1)}, ${chanceSql(7)}, ${chanceSql(30)}, holders, 3600 * tenure_h AS tenure, arrivals_week AS arrivals, alike
FROM forecast WHERE ${OF_SWARM} AND $__timeFilter(seen) LIMIT 1`,
};

export const FORECAST_OVER_TIME: Panel = {
  id: 'forecast_over_time',
  title: 'Forecast, day by day',
  description:
    'What was forecast on each day of the time range: chances that the last complete copy is gone within 7 and 30 days.',
  kind: 'timeseries',
  draw: 'line',
  width: 24,
  columns: [
    { name: 'time', title: 'Time', unit: 'time' },
    { name: 'p7', title: 'Lost within 7 days', unit: 'percent', tone: 'warn', bounds: ['p7_from', 'p7_to'] },
    { name: 'p30', title: 'Lost within 30 days', unit: 'percent', tone: 'bad' },
  ],
  empty: 'No forecast of this swarm was kept in this time: one is, each midnight (UTC).',
  sql: `SELECT time, 100 * newest.1 AS p7, 100 * newest.2 AS p7_from, 100 * newest.3 AS p7_to, 100 * newest.4 AS p30
FROM (SELECT toDateTime(day, 'UTC') AS time, any(tuple(p7, p7_low, p7_high, p30)) AS newest FROM forecast_1d
  WHERE ${OF_SWARM} AND day >= toDate($__fromTime) AND day <= toDate($__toTime) GROUP BY time)
ORDER BY time`,
};

export const LOSING: Panel = {
  id: 'losing',
  title: 'Likely to be lost',
  description:
    'The 50 swarms most likely to lose their last complete copy within 7 days, of those looked at in the time range, with what the forecast rests on.',
  kind: 'table',
  searchable: true,
  width: 24,
  columns: [
    { name: 'name', title: 'Torrent', unit: 'word', opens: 'swarm' },
    chance(7),
    chance(30),
    { name: 'copies', title: 'Copies now', unit: 'count', tone: 'proved' },
    { name: 'holders', title: 'In a week', unit: 'count' },
    { name: 'tenure', title: 'Longest there for', unit: 's' },
    { name: 'arrivals', title: 'New in a week', unit: 'count' },
    { name: 'rests_on', title: 'Rests on', unit: 'word', words: { proof: 'proved', claims: 'claimed' } },
    { name: 'last_copy', title: 'Copy met last', unit: 'time' },
  ],
  empty: 'There is no forecast: no complete copy was met in this time.',
  sql: `SELECT ${SHOWN_NAME} AS name, ${hexOf('swarm_id')} AS swarm, ${chanceSql(7)}, ${chanceSql(30)}, copies, holders, 3600 * tenure_h AS tenure,
  arrivals_week AS arrivals, toString(rests_on) AS rests_on, last_copy
FROM (SELECT * FROM forecast WHERE ${IN_NETWORK} AND $__timeFilter(seen) ORDER BY forecast.p7 DESC, swarm_id LIMIT 50) AS forecast
LEFT JOIN (${NAMES}) AS names USING (swarm_id)
ORDER BY p7 DESC, swarm`,
};
