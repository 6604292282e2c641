// Questions about the DHT and the crawl: nodes, their software and lies, how infohashes are met, how far the sweep is.
import { lastDays, type NamedQuery, programOf } from './query.ts';

export const DHT_QUERIES: readonly NamedQuery[] = [
  {
    name: 'dht-clients',
    title: 'DHT nodes by client',
    question:
      'Which programs run the DHT, and what can they do? Distinct nodes of the newest full day, by the `v` they send; empty: they send none.',
    parameters: { limit: 30 },
    sql: `SELECT ${programOf('d.client')} AS program, uniqMerge(d.nodes) AS node_count, uniqMerge(d.nodes_bep51) AS bep51, uniqMerge(d.nodes_bep33) AS bep33, uniqMerge(d.nodes_bep42) AS bep42
FROM dht_1d AS d
WHERE verdict = 'ok' AND day = (SELECT max(day) FROM dht_1d WHERE day < toDate(now('UTC')) OR (SELECT min(day) FROM dht_1d) >= toDate(now('UTC')))
GROUP BY program
ORDER BY node_count DESC, program
LIMIT {limit:UInt32}`,
  },
  {
    name: 'dht-size',
    title: 'The size of the DHT',
    question: 'How many nodes has the whole DHT, with its bounds, and how many of them did we verify? Means over a day.',
    parameters: { days: 30 },
    sql: `SELECT toDate(c.hour) AS day, round(sum(c.dht_size_low_sum) / sum(c.sized)) AS low, round(sum(c.dht_size_estimate_sum) / sum(c.sized)) AS estimate, round(sum(c.dht_size_high_sum) / sum(c.sized)) AS high, max(c.nodes) AS verified
FROM crawl_1h AS c
WHERE ${lastDays('toDate(c.hour)')}
GROUP BY day
HAVING sum(c.sized) > 0
ORDER BY day DESC`,
  },
  {
    name: 'dht-liars',
    title: 'DHT nodes that were caught',
    question:
      'How many nodes lie, and how? Distinct nodes and addresses of a day; many nodes on few addresses are one liar. `silent` ones are not lying.',
    parameters: { days: 7 },
    sql: `SELECT day, verdict, uniqMerge(d.nodes) AS node_count, uniqMerge(d.addresses) AS address_count
FROM dht_1d AS d
WHERE verdict NOT IN ('ok', 'silent') AND ${lastDays('day')}
GROUP BY day, verdict
ORDER BY day DESC, node_count DESC, verdict`,
  },
  {
    name: 'infohashes-by-way',
    title: 'How infohashes are met',
    question: 'By which way do infohashes come, day by day: samples, questions, announces, or the watch list?',
    parameters: { days: 7 },
    sql: `SELECT toDate(h.hour) AS day, h.way AS way, sum(h.sightings) AS times, uniqMerge(h.infohashes) AS distinct_infohashes, uniqMerge(h.infohashes_confirmed) AS confirmed
FROM infohash_1h AS h
WHERE ${lastDays('toDate(h.hour)')}
GROUP BY day, way
ORDER BY day DESC, way`,
  },
  {
    name: 'new-infohashes',
    title: 'Infohashes never met before',
    question:
      'How many infohashes appeared for the first time, day by day, and how many of them did an independent node confirm?',
    parameters: { days: 30 },
    sql: `SELECT toDate(first) AS day, count() AS appeared, countIf(is_confirmed = 1) AS confirmed
FROM (SELECT min(first_seen) AS first, max(confirmed) AS is_confirmed FROM infohashes GROUP BY network, info_hash)
WHERE ${lastDays('toDate(first)')}
GROUP BY day
ORDER BY day DESC`,
  },
  {
    name: 'crawl',
    title: 'How the crawl goes',
    question: 'How many questions does the crawler ask, how many are answered, and how far does a sweep get?',
    parameters: { days: 7 },
    sql: `SELECT toDate(c.hour) AS day, c.shard AS shard, sum(c.queries) AS asked, round(100 * sum(c.answers) / asked, 1) AS answered_percent, sum(c.malformed) AS no_krpc, round(max(c.coverage_ppm) / 10000, 1) AS coverage_percent, uniqExact(c.sweep_id) AS sweeps
FROM crawl_1h AS c
WHERE ${lastDays('toDate(c.hour)')}
GROUP BY day, shard
ORDER BY day DESC, shard`,
  },
];
