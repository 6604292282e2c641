// Questions about the DHT: its nodes, and how infohashes are met.
import type { NamedQuery } from './query.ts';

export const DHT_QUERIES: readonly NamedQuery[] = [
  {
    name: 'dht-clients',
    title: 'DHT nodes by client',
    question: 'Which programs run the DHT? Distinct nodes of the newest full day, by the `v` they send.',
    parameters: { limit: 30 },
    sql: `SELECT trimRight(splitByRegexp('[ /]?v?[0-9]', d.client)[1]) AS program, uniqMerge(d.nodes) AS nodes, uniqMerge(d.nodes_bep51) AS bep51, uniqMerge(d.nodes_bep42) AS bep42
FROM dht_1d AS d
WHERE verdict = 'ok' AND day = (SELECT max(day) FROM dht_1d WHERE day < today())
GROUP BY program
ORDER BY nodes DESC, program
LIMIT {limit:UInt32}`,
  },
  {
    name: 'infohashes-by-way',
    title: 'How infohashes are met',
    question: 'By which way do infohashes come, hour by hour: samples, questions, announces, or the watch list?',
    parameters: { hours: 48 },
    sql: `SELECT h.hour AS hour, h.way AS way, sum(h.sightings) AS sightings, uniqMerge(h.infohashes) AS infohashes, uniqMerge(h.infohashes_confirmed) AS confirmed
FROM infohash_1h AS h
WHERE h.hour > now() - toIntervalHour({hours:UInt16})
GROUP BY hour, way
ORDER BY hour, way`,
  },
  {
    name: 'dht-liars',
    title: 'DHT nodes that were caught',
    question: 'How many nodes lie, and how? Distinct nodes by day and verdict; `silent` ones are not lying.',
    parameters: { days: 30 },
    sql: `SELECT day, verdict, uniqMerge(d.nodes) AS nodes, uniqMerge(d.addresses) AS addresses
FROM dht_1d AS d
WHERE verdict NOT IN ('ok', 'silent') AND day > today() - {days:UInt16}
GROUP BY day, verdict
ORDER BY day, verdict`,
  },
];
