// The board DHT: how large it is, how far the crawl got, what its nodes run and support, who lies, and how polite we are.
import { ALERT_CHANGES } from '../annotations.ts';
import type { Board, Panel } from '../board.ts';
import { IN_NETWORK, IS_LONG, IS_SHORT, ON_DAYS } from '../fragments.ts';
import type { Tone } from '../tone.ts';
import { NETWORK } from '../variables.ts';

const NO_CRAWL = 'No crawler reported in this time.';
const NO_NODE = 'No node was met in this time.';

/** The tone of each node verdict. */
export const NODE_TONES: Readonly<Record<string, Tone>> = {
  ok: 'good',
  silent: 'unknown',
  id_mismatch: 'warn',
  malformed: 'warn',
  fake_nodes: 'liar',
  fake_peers: 'liar',
  fake_samples: 'liar',
  sybil: 'liar',
};

/** The newest sample of each crawler: shards are added, since each covers its own part of the id space. */
const NEWEST = `SELECT instance_id, shard, argMax(tuple(coverage_ppm, nodes, infohashes, dht_size_estimate, dht_size_low, dht_size_high, liars), ts) AS newest
  FROM crawl_sampled WHERE ${IN_NETWORK} AND $__timeFilter(ts) GROUP BY instance_id, shard`;

const NOW: Panel = {
  id: 'now',
  title: 'The crawl now',
  description:
    'The present sweep over the id space, summed over shards; the size of the whole DHT is an estimate with its 95 % bounds.',
  kind: 'stat',
  width: 24,
  columns: [
    { name: 'size', title: 'Nodes in the DHT (estimate)', unit: 'count', bounds: ['size_low', 'size_high'] },
    { name: 'nodes', title: 'Nodes verified in this sweep', unit: 'count', tone: 'good' },
    { name: 'infohashes', title: 'Infohashes in this sweep', unit: 'count' },
    { name: 'coverage', title: 'Sweep covered', unit: 'percent' },
    {
      name: 'liars',
      title: 'Nodes caught',
      unit: 'count',
      steps: [
        { from: null, tone: 'plain' },
        { from: 1, tone: 'liar' },
      ],
    },
    { name: 'crawlers', title: 'Crawlers', unit: 'count' },
  ],
  empty: NO_CRAWL,
  sql: `SELECT argMax(newest.4, newest.2) AS size, argMax(newest.5, newest.2) AS size_low, argMax(newest.6, newest.2) AS size_high,
  sum(newest.2) AS nodes, sum(newest.3) AS infohashes, avg(newest.1) / 10000 AS coverage, toUInt32(sum(arraySum(mapValues(newest.7)))) AS liars, uniqExact(instance_id) AS crawlers
FROM (${NEWEST}) HAVING count() > 0`,
};

const SIZE: Panel = {
  id: 'size',
  title: 'Size of the DHT, with bounds',
  description:
    'Estimated nodes of the whole DHT with 95 % bounds, beside the nodes verified in the sweep; docs/estimates.md derives it.',
  kind: 'timeseries',
  draw: 'line',
  width: 12,
  columns: [
    { name: 'time', title: 'Time', unit: 'time' },
    { name: 'size', title: 'Estimate', unit: 'count', tone: 'plain', bounds: ['size_low', 'size_high'] },
    { name: 'verified', title: 'Verified in the sweep', unit: 'count', tone: 'good' },
  ],
  empty: NO_CRAWL,
  sql: `SELECT time, avg(newest.1) AS size, avg(newest.2) AS size_low, avg(newest.3) AS size_high, sum(newest.4) AS verified
FROM (SELECT $__timeInterval(ts) AS time, shard, argMax(tuple(dht_size_estimate, dht_size_low, dht_size_high, nodes), ts) AS newest
  FROM crawl_sampled WHERE ${IN_NETWORK} AND $__timeFilter(ts) GROUP BY time, instance_id, shard)
GROUP BY time ORDER BY time`,
};

const FOUND: Panel = {
  id: 'found',
  title: 'Infohashes met',
  description: 'Distinct infohashes in each bucket of time by the way they were met; one may come by several ways.',
  kind: 'timeseries',
  draw: 'line',
  width: 12,
  columns: [
    { name: 'time', title: 'Time', unit: 'time' },
    {
      name: 'way',
      title: 'Way',
      unit: 'word',
      words: { sample: 'plain', get_peers: 'super_seeder', announce: 'good', watch: 'warn' },
    },
    { name: 'infohashes', title: 'Infohashes', unit: 'count' },
  ],
  empty: 'No infohash was met in this time.',
  sql: `SELECT * FROM (
  SELECT $__timeInterval(ts) AS time, way, uniq(info_hash) AS infohashes FROM infohash_sighted WHERE ${IS_SHORT} AND ${IN_NETWORK} AND $__timeFilter(ts) GROUP BY time, way
  UNION ALL SELECT $__timeInterval(hour) AS time, way, uniqMerge(i.infohashes) AS infohashes FROM infohash_1h AS i WHERE ${IS_LONG} AND ${IN_NETWORK} AND $__timeFilter(hour) GROUP BY time, way)
ORDER BY time, way`,
};

const TRAFFIC: Panel = {
  id: 'traffic',
  title: 'Queries and answers',
  description: 'Queries sent and answers received a second by all crawlers, and datagrams that were no message.',
  kind: 'timeseries',
  draw: 'line',
  width: 8,
  columns: [
    { name: 'time', title: 'Time', unit: 'time' },
    { name: 'asked', title: 'Queries', unit: 'per_second', tone: 'plain' },
    { name: 'answered', title: 'Answers', unit: 'per_second', tone: 'good' },
    { name: 'broken', title: 'Malformed', unit: 'per_second', tone: 'bad' },
  ],
  empty: NO_CRAWL,
  // By the time that the samples speak for, not by the bucket: the last bucket is not over yet.
  sql: `SELECT time, sum(q / seconds) AS asked, sum(a / seconds) AS answered, sum(m / seconds) AS broken
FROM (SELECT $__timeInterval(ts) AS time, instance_id, sum(window_s) AS seconds, sum(queries) AS q, sum(answers) AS a, sum(arraySum(mapValues(malformed))) AS m
  FROM crawl_sampled WHERE ${IN_NETWORK} AND $__timeFilter(ts) GROUP BY time, instance_id HAVING seconds > 0)
GROUP BY time ORDER BY time`,
};

const COVERAGE: Panel = {
  id: 'coverage',
  title: 'Sweep coverage',
  description: 'Share of its part of the id space that each crawler has covered in its present sweep.',
  kind: 'timeseries',
  draw: 'line',
  width: 8,
  columns: [
    { name: 'time', title: 'Time', unit: 'time' },
    { name: 'shard', title: 'Shard', unit: 'word' },
    { name: 'coverage', title: 'Covered', unit: 'percent' },
  ],
  empty: NO_CRAWL,
  sql: `SELECT $__timeInterval(ts) AS time, shard, argMax(coverage_ppm, ts) / 10000 AS coverage
FROM crawl_sampled WHERE ${IN_NETWORK} AND $__timeFilter(ts) GROUP BY time, shard ORDER BY time, shard`,
};

const BUDGETS: Panel = {
  id: 'budgets',
  title: 'Politeness: budgets used',
  description: 'Share used of each budget that keeps us polite (packets, flows, memory): the highest of all crawlers.',
  kind: 'timeseries',
  draw: 'line',
  width: 8,
  columns: [
    { name: 'time', title: 'Time', unit: 'time' },
    { name: 'budget', title: 'Budget', unit: 'word' },
    { name: 'used', title: 'Used', unit: 'percent' },
  ],
  empty: NO_CRAWL,
  sql: `SELECT $__timeInterval(ts) AS time, budget, max(share) / 10 AS used
FROM crawl_sampled ARRAY JOIN mapKeys(budgets) AS budget, mapValues(budgets) AS share
WHERE ${IN_NETWORK} AND $__timeFilter(ts) GROUP BY time, budget ORDER BY time, budget`,
};

const CLIENTS: Panel = {
  id: 'clients',
  title: 'Versions of nodes',
  description:
    'Nodes met in the time range by the version they name, counted once each within a pseudonym period; long ranges are made of whole days.',
  kind: 'bars',
  width: 6,
  columns: [
    { name: 'version', title: 'Version', unit: 'word' },
    { name: 'nodes', title: 'Nodes', unit: 'count', tone: 'plain' },
  ],
  empty: NO_NODE,
  sql: `SELECT if(name = '', '(names none)', name) AS version, sum(count) AS nodes FROM (
  SELECT ifNull(client, '') AS name, uniq(node_key, key_epoch) AS count FROM dht_node_seen WHERE ${IS_SHORT} AND ${IN_NETWORK} AND $__timeFilter(ts) AND verdict != 'silent' GROUP BY name
  UNION ALL SELECT name, sum(met) AS count FROM (
    SELECT client AS name, key_epoch, uniqMerge(d.nodes) AS met FROM dht_1d AS d WHERE ${ON_DAYS} AND ${IN_NETWORK} AND verdict != 'silent' GROUP BY name, key_epoch)
  GROUP BY name)
GROUP BY version ORDER BY nodes DESC, version LIMIT 12`,
};

const SUPPORT: Panel = {
  id: 'support',
  title: 'What nodes support',
  description:
    'Share of nodes that showed each feature at least once among those where we know whether they have it; of the last 7 days, as long as single nodes are kept.',
  kind: 'bars',
  width: 6,
  columns: [
    { name: 'feature', title: 'Feature', unit: 'word' },
    { name: 'share', title: 'Share', unit: 'percent', tone: 'plain' },
  ],
  empty: NO_NODE,
  sql: `SELECT feature, 100 * avg(has) AS share
FROM (SELECT max(bep51) AS samples, max(bep33) AS scrape, max(bep42_ok) AS fits, max(read_only) AS hushed, max(toNullable(toUInt8(family = 6))) AS six FROM dht_node_seen
  WHERE ${IN_NETWORK} AND $__timeFilter(ts) AND verdict != 'silent' GROUP BY node_key, key_epoch)
ARRAY JOIN ['BEP 51 samples', 'BEP 33 scrape', 'BEP 42 id fits', 'BEP 43 read-only', 'IPv6'] AS feature,
  [samples, scrape, fits, hushed, six] AS has
WHERE has IS NOT NULL GROUP BY feature ORDER BY feature`,
};

const VERDICTS: Panel = {
  id: 'verdicts',
  title: 'What nodes were found to be',
  description: 'Nodes met in the time range by verdict; one node may earn several; long ranges are made of whole days.',
  kind: 'bars',
  width: 6,
  columns: [
    { name: 'verdict', title: 'Verdict', unit: 'word', words: NODE_TONES },
    { name: 'nodes', title: 'Nodes', unit: 'count', tone: 'plain' },
  ],
  empty: NO_NODE,
  sql: `SELECT verdict, sum(count) AS nodes FROM (
  SELECT verdict, uniq(node_key, key_epoch) AS count FROM dht_node_seen WHERE ${IS_SHORT} AND ${IN_NETWORK} AND $__timeFilter(ts) GROUP BY verdict
  UNION ALL SELECT verdict, sum(met) AS count FROM (
    SELECT verdict, key_epoch, uniqMerge(d.nodes) AS met FROM dht_1d AS d WHERE ${ON_DAYS} AND ${IN_NETWORK} GROUP BY verdict, key_epoch)
  GROUP BY verdict)
GROUP BY verdict ORDER BY nodes DESC, verdict`,
};

const LATENCY: Panel = {
  id: 'latency',
  title: 'Round trips',
  description: 'Median and 95th percentile of the round trip of nodes that answered.',
  kind: 'timeseries',
  draw: 'line',
  width: 6,
  columns: [
    { name: 'time', title: 'Time', unit: 'time' },
    { name: 'median', title: 'Median', unit: 'ms', tone: 'plain' },
    { name: 'p95', title: '95th percentile', unit: 'ms', tone: 'warn' },
  ],
  empty: NO_NODE,
  sql: `SELECT $__timeInterval(ts) AS time, quantile(0.5)(rtt_ms) AS median, quantile(0.95)(rtt_ms) AS p95
FROM dht_node_seen WHERE ${IN_NETWORK} AND $__timeFilter(ts) AND rtt_ms IS NOT NULL GROUP BY time ORDER BY time`,
};

export const DHT: Board = {
  uid: 'swarmscope-dht',
  title: 'DHT',
  description: 'How large the DHT is, how far the crawl got, what its nodes run and support, who lies, and how polite we are.',
  range: '24h',
  refreshS: 30,
  variables: [NETWORK],
  annotations: [ALERT_CHANGES],
  rows: [
    { height: 4, panels: [NOW] },
    { height: 9, panels: [SIZE, FOUND] },
    { height: 8, panels: [TRAFFIC, COVERAGE, BUDGETS] },
    { height: 9, panels: [CLIENTS, SUPPORT, VERDICTS, LATENCY] },
  ],
};
