// The board Swarm overview: how many torrents are how well, which ones are at risk, what their peers are.

import { ALERT_CHANGES } from '../annotations.ts';
import type { Board, Panel, PanelColumn, TablePanel } from '../board.ts';
import {
  censusesOverTime,
  hexOf,
  IN_NETWORK,
  IS_LONG,
  IS_SHORT,
  measures,
  NAMES,
  newestCensus,
  ON_DAYS,
  overviewOverTime,
  SHOWN_NAME,
  STATE,
  STATE_COLUMNS,
  STATE_TONES,
} from '../fragments.ts';
import { NETWORK } from '../variables.ts';
import { FORETOLD, LOSING, RISK, RISK_COLUMN } from './forecast.ts';

/** Raw rows, where the range is short enough for them. */
const IN_NETWORK_SHORT = `${IS_SHORT} AND ${IN_NETWORK}`;
const NO_CENSUS = 'No swarm was measured in this time.';

/** One tile per state, from one snapshot, so that the tiles add up. */
export const STATES: Panel = {
  id: 'states',
  title: 'Torrents now',
  description:
    'Each swarm by its newest census in the time range: proved needs a piece whose hash fitted; nobody reached is not the same as dead.',
  kind: 'stat',
  width: 15,
  columns: [
    { name: 'torrents', title: 'Measured', unit: 'count' },
    { name: 'proved', title: 'Seeder proved', unit: 'count', tone: 'proved' },
    { name: 'claimed_only', title: 'Only claimed', unit: 'count', tone: 'claimed' },
    { name: 'seedless', title: 'No seeder, completable', unit: 'count', tone: 'partial_seed' },
    {
      name: 'dead',
      title: 'Not completable',
      unit: 'count',
      steps: [
        { from: null, tone: 'plain' },
        { from: 1, tone: 'bad' },
      ],
    },
    { name: 'silent', title: 'Nobody reached', unit: 'count', tone: 'unknown' },
  ],
  empty: NO_CENSUS,
  sql: `SELECT count() AS torrents, countIf(state = 'proved') AS proved, countIf(state = 'claimed only') AS claimed_only,
  countIf(state = 'no seeder, completable') AS seedless, countIf(state = 'not completable') AS dead, countIf(state = 'nobody reached') AS silent
FROM (SELECT ${STATE} AS state FROM (${newestCensus(STATE_COLUMNS)}))
HAVING torrents > 0`,
};

export const PEERS: Panel = {
  id: 'peers',
  title: 'Peers now',
  description: 'Sums over the newest census of each swarm; a peer in two swarms counts twice.',
  kind: 'stat',
  width: 9,
  columns: [
    { name: 'proved', title: 'Proved seeders', unit: 'count', tone: 'proved' },
    { name: 'claimed', title: 'Claimed seeders', unit: 'count', tone: 'claimed' },
    { name: 'leechers', title: 'Leechers', unit: 'count', tone: 'leecher' },
    {
      name: 'liars',
      title: 'Liars',
      unit: 'count',
      steps: [
        { from: null, tone: 'plain' },
        { from: 1, tone: 'liar' },
      ],
    },
  ],
  empty: NO_CENSUS,
  sql: `SELECT toUInt32(sum(proved)) AS proved, toUInt32(sum(claimed + choked + super_seeder)) AS claimed,
  toUInt32(sum(leecher + partial_seed)) AS leechers, toUInt32(sum(liar_corrupt + liar_missing)) AS liars
FROM (${newestCensus(['proved', 'claimed', 'choked', 'super_seeder', 'leecher', 'partial_seed', 'liar_corrupt', 'liar_missing'])})
HAVING count() > 0`,
};

const STATES_OVER_TIME: Panel = {
  id: 'states_over_time',
  title: 'Torrents by state',
  description:
    'Swarms by state over time, without those where nobody was reached; a census counts until the next one of its swarm, at most a day.',
  kind: 'timeseries',
  draw: 'stack',
  width: 12,
  columns: [
    { name: 'time', title: 'Time', unit: 'time' },
    { name: 'proved', title: 'Seeder proved', unit: 'count', tone: 'proved' },
    { name: 'claimed_only', title: 'Only claimed', unit: 'count', tone: 'claimed' },
    { name: 'seedless', title: 'No seeder, completable', unit: 'count', tone: 'partial_seed' },
    { name: 'dead', title: 'Not completable', unit: 'count', tone: 'bad' },
  ],
  empty: NO_CENSUS,
  sql: `SELECT * FROM (
  SELECT time, toUInt32(countIf(state = 'proved')) AS proved, toUInt32(countIf(state = 'claimed only')) AS claimed_only,
    toUInt32(countIf(state = 'no seeder, completable')) AS seedless, toUInt32(countIf(state = 'not completable')) AS dead
  FROM (SELECT time, ${STATE} AS state FROM (${censusesOverTime(STATE_COLUMNS, IN_NETWORK_SHORT)})) GROUP BY time
  UNION ALL ${overviewOverTime({ proved: 'swarms_proved', claimed_only: 'swarms_claimed', seedless: 'swarms_seedless', dead: 'swarms_dead' })})
ORDER BY time`,
};

const CLASSES: readonly PanelColumn[] = [
  { name: 'proved', title: 'Proved', unit: 'count', tone: 'proved' },
  { name: 'claimed', title: 'Claimed', unit: 'count', tone: 'claimed' },
  { name: 'choked', title: 'Choked us', unit: 'count', tone: 'choked' },
  { name: 'super_seeder', title: 'Super-seeder', unit: 'count', tone: 'super_seeder' },
  { name: 'partial_seed', title: 'Partial seed', unit: 'count', tone: 'partial_seed' },
  { name: 'leecher', title: 'Leecher', unit: 'count', tone: 'leecher' },
  { name: 'liar', title: 'Liar', unit: 'count', tone: 'liar' },
];

const PEERS_OVER_TIME: Panel = {
  id: 'peers_over_time',
  title: 'Peers by class',
  description:
    'Peers that shook hands, by what they were found to be, summed over swarms; a census counts until the next one, at most a day.',
  kind: 'timeseries',
  draw: 'stack',
  width: 12,
  columns: [{ name: 'time', title: 'Time', unit: 'time' }, ...CLASSES],
  empty: NO_CENSUS,
  sql: `SELECT * FROM (
  SELECT time, toUInt32(sum(n_proved)) AS proved, toUInt32(sum(n_claimed)) AS claimed, toUInt32(sum(n_choked)) AS choked,
  toUInt32(sum(n_super)) AS super_seeder, toUInt32(sum(n_partial)) AS partial_seed, toUInt32(sum(n_leecher)) AS leecher, toUInt32(sum(n_liar)) AS liar
FROM (SELECT time, proved AS n_proved, claimed AS n_claimed, choked AS n_choked, super_seeder AS n_super, partial_seed AS n_partial,
    leecher AS n_leecher, liar_corrupt + liar_missing AS n_liar
  FROM (${censusesOverTime(['proved', 'claimed', 'choked', 'super_seeder', 'partial_seed', 'leecher', 'liar_corrupt', 'liar_missing'], IN_NETWORK_SHORT)}))
GROUP BY time
  UNION ALL ${overviewOverTime(Object.fromEntries(CLASSES.map(({ name }) => [name, name])))})
ORDER BY time`,
};

/** A table of swarms by their newest census; `where` chooses among them, `order` ends with an order and a limit. */
function torrentTable(where: string, order: string): Pick<TablePanel, 'kind' | 'searchable' | 'width' | 'columns' | 'sql'> {
  return {
    kind: 'table',
    searchable: true,
    width: 24,
    columns: [
      { name: 'name', title: 'Torrent', unit: 'word', opens: 'swarm' },
      { name: 'state', title: 'State', unit: 'word', words: STATE_TONES },
      { name: 'proved', title: 'Proved', unit: 'count', tone: 'proved' },
      { name: 'claims', title: 'Claimed', unit: 'count', tone: 'claimed' },
      { name: 'partial', title: 'Partial seeds', unit: 'count', tone: 'partial_seed' },
      { name: 'leechers', title: 'Leechers', unit: 'count', tone: 'leecher' },
      {
        name: 'liars',
        title: 'Liars',
        unit: 'count',
        steps: [
          { from: null, tone: 'plain' },
          { from: 1, tone: 'liar' },
        ],
      },
      { name: 'copies', title: 'Copies in sight', unit: 'copies' },
      RISK_COLUMN,
      { name: 'size', title: 'Peers (estimate)', unit: 'count', bounds: ['size_low', 'size_high'] },
      { name: 'seen', title: 'Census', unit: 'time' },
    ],
    sql: `SELECT ${SHOWN_NAME} AS name, ${hexOf('swarm_id')} AS swarm, state, n_proved AS proved, claims, partial_seed AS partial, leecher AS leechers, liars,
  distributed_copies_permille / 1000 AS copies, ${RISK}, size_estimate AS size, size_low, size_high, seen
FROM (SELECT swarm_id, seen, ${STATE} AS state, proved AS n_proved, claimed + choked + super_seeder AS claims, partial_seed, leecher,
    liar_corrupt + liar_missing AS liars, distributed_copies_permille, size_estimate, size_low, size_high
  FROM (${newestCensus([...STATE_COLUMNS, 'leecher', 'partial_seed', 'liar_corrupt', 'liar_missing', 'distributed_copies_permille', 'size_estimate', 'size_low', 'size_high'])})
  WHERE ${where}) AS swarms
LEFT JOIN (${FORETOLD}) AS foretold USING (swarm_id)
LEFT JOIN (${NAMES}) AS names USING (swarm_id)
${order}`,
  };
}

export const AT_RISK: Panel = {
  id: 'at_risk',
  title: 'At risk',
  description:
    'Swarms in which peers were reached, but at most one proved seeder or no whole copy was found, the worst first; figures of the newest census in the time range.',
  empty: 'Every swarm measured in this time has at least two proved seeders, or none was measured.',
  ...torrentTable(
    'reached > 0 AND (proved < 2 OR completable = 0)',
    "ORDER BY indexOf(['not completable', 'no seeder, completable', 'claimed only', 'proved', 'unknown'], state), n_proved, claims, seen DESC, swarm LIMIT 100",
  ),
};

export const ALL_TORRENTS: Panel = {
  id: 'torrents',
  title: 'Torrents measured',
  description: 'The 500 swarms with the most peers reached by their newest census in the time range, with what their peers are.',
  empty: NO_CENSUS,
  ...torrentTable('1', 'ORDER BY proved + claims + partial + leechers + liars DESC, name, swarm LIMIT 500'),
};

const TURNS: Panel = {
  id: 'turns',
  title: 'Births, deaths, returns',
  description:
    'Swarms measured for the first time, swarms whose last whole copy left sight between two censuses (in long ranges: at most a day apart), and swarms where it came back.',
  kind: 'timeseries',
  draw: 'bars',
  width: 12,
  columns: [
    { name: 'time', title: 'Time', unit: 'time' },
    { name: 'born', title: 'First census', unit: 'count', tone: 'plain' },
    { name: 'lost', title: 'Lost the last copy', unit: 'count', tone: 'bad' },
    { name: 'returned', title: 'Whole again', unit: 'count', tone: 'good' },
  ],
  empty: NO_CENSUS,
  sql: `SELECT time, toUInt32(sum(if(turn = 'born', swarms, 0))) AS born, toUInt32(sum(if(turn = 'lost', swarms, 0))) AS lost, toUInt32(sum(if(turn = 'returned', swarms, 0))) AS returned
FROM (
  SELECT $__timeInterval(moment) AS time, multiIf(was = 1 AND completable = 0, 'lost', was = 0 AND completable = 1, 'returned', '') AS turn, count() AS swarms
  FROM (SELECT moment, completable, lagInFrame(completable) OVER (PARTITION BY swarm_id ORDER BY moment ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS was
    FROM (${measures(['completable'], IN_NETWORK_SHORT)}) WHERE completable IS NOT NULL) GROUP BY time, turn
  UNION ALL
  SELECT $__timeInterval(hour) AS time, turn, sum(swarms) AS swarms
  FROM (SELECT hour, each.1 AS turn, each.2 AS swarms FROM overview_1h FINAL ARRAY JOIN [('lost', lost), ('returned', returned), ('', toUInt32(0))] AS each
    WHERE ${IS_LONG} AND ${IN_NETWORK} AND $__timeFilter(hour)) GROUP BY time, turn
  UNION ALL
  SELECT $__timeInterval(begun) AS time, 'born' AS turn, count() AS swarms
  FROM (SELECT min(first) AS begun FROM swarm_first WHERE ${IN_NETWORK} GROUP BY swarm_id) WHERE $__timeFilter(begun) GROUP BY time)
GROUP BY time ORDER BY time`,
};

const CLIENTS: Panel = {
  id: 'clients',
  title: 'Clients of peers',
  description:
    'Peers that shook hands in the time range by the client they name, counted once each within a pseudonym period; long ranges are made of whole days.',
  kind: 'bars',
  width: 6,
  columns: [
    { name: 'client', title: 'Client', unit: 'word' },
    { name: 'peers', title: 'Peers', unit: 'count', tone: 'plain' },
  ],
  empty: 'No peer shook hands in this time.',
  sql: `SELECT if(name = '', '(names none)', name) AS client, sum(count) AS peers FROM (
  SELECT ifNull(client, '') AS name, uniq(peer_key, key_epoch) AS count FROM peer_probed
  WHERE ${IS_SHORT} AND ${IN_NETWORK} AND $__timeFilter(ts) AND outcome = 'handshaken' GROUP BY name
  UNION ALL SELECT name, sum(met) AS count FROM (
    SELECT client AS name, key_epoch, uniqMerge(p.peers) AS met FROM peers_1d AS p WHERE ${ON_DAYS} AND ${IN_NETWORK} AND outcome = 'handshaken' GROUP BY name, key_epoch)
  GROUP BY name)
GROUP BY client ORDER BY peers DESC, client LIMIT 12`,
};

const OUTCOMES: Panel = {
  id: 'outcomes',
  title: 'How dials ended',
  description: 'Probes in the time range by outcome; what failed is data too.',
  kind: 'bars',
  width: 6,
  columns: [
    { name: 'outcome', title: 'Outcome', unit: 'word' },
    { name: 'probes', title: 'Probes', unit: 'count', tone: 'plain' },
  ],
  empty: 'No peer was dialled in this time.',
  sql: `SELECT outcome, sum(count) AS probes FROM (
  SELECT outcome, count() AS count FROM peer_probed WHERE ${IS_SHORT} AND ${IN_NETWORK} AND $__timeFilter(ts) GROUP BY outcome
  UNION ALL SELECT outcome, sum(p.probes) AS count FROM peers_1h AS p WHERE ${IS_LONG} AND ${IN_NETWORK} AND $__timeFilter(hour) GROUP BY outcome)
GROUP BY outcome ORDER BY probes DESC, outcome`,
};

export const OVERVIEW: Board = {
  uid: 'swarmscope-overview',
  title: 'Swarm overview',
  description: 'How many torrents are how well, which ones are at risk, and what their peers are.',
  range: '24h',
  refreshS: 30,
  variables: [NETWORK],
  annotations: [ALERT_CHANGES],
  rows: [
    { height: 4, panels: [STATES, PEERS] },
    { height: 9, panels: [STATES_OVER_TIME, PEERS_OVER_TIME] },
    { height: 11, panels: [AT_RISK] },
    { height: 11, panels: [LOSING] },
    { height: 9, panels: [TURNS, CLIENTS, OUTCOMES] },
    { height: 14, panels: [ALL_TORRENTS] },
  ],
};
