// What else a month leaves in the store of the benchmark: sightings, trackers, the DHT, the crawl, services, metadata, the watch list.
import type { Topic } from '@swarmscope/events/definitions.ts';
import {
  CLIENTS,
  epochOf,
  hashOf,
  keyOf,
  moment,
  oneOf,
  PARTITIONS,
  peers,
  prefixOf,
  ROUND_MS,
  ROUND_ROWS,
  type Round,
  type Rows,
  SWARMS,
  TRACKERS,
} from './world.ts';

const SIGHTED = Math.floor(ROUND_ROWS / 10);
const NODES = 80_000;
const NODES_KNOWN = 500_000;
const HASHES_KNOWN = 2_000_000;
const WATCHED = 200;
/** Sightings of the DHT are kept a week. */
const DHT_DAYS = 6.9;

export function otherRows(round: Round, daysToEnd: number): [Topic, Rows][] {
  const rows: [Topic, Rows][] = [
    ['peer_sighted', sighted(round)],
    ['tracker_scraped', scraped(round)],
    ['probe_state', state(round)],
    ['crawl_sampled', crawl(round)],
    ['service_sampled', services(round)],
  ];
  if (daysToEnd < DHT_DAYS) rows.push(['dht_node_seen', nodes(round)], ['infohash_sighted', hashes(round)]);
  if (round.number === 0) rows.push(['torrent_resolved', torrents(round)], ['torrent_watched', watched(round)]);
  return rows;
}

/** Rows `number` of `count`, spread over the round. */
function spread({ startMs }: Round, count: number): string {
  return moment(`${startMs} + intDiv(number * ${ROUND_MS}, ${count})`);
}

/** The place in the log of row `number` of `count` in each round. */
function position({ number }: Round, count: number): { _partition: string; _offset: string } {
  return {
    _partition: `number % ${PARTITIONS}`,
    _offset: `${number * Math.ceil(count / PARTITIONS)} + intDiv(number, ${PARTITIONS})`,
  };
}

function sighted(round: Round): Rows {
  return {
    from: `SELECT *, intDiv(n, 10) AS number FROM (${peers(round, `SELECT number * 10 + ${round.number % 10} AS number FROM numbers(${SIGHTED})`)})`,
    columns: {
      ts: spread(round, SIGHTED),
      swarm_id: hashOf('swarm'),
      peer_key: keyOf('peer', 'who', round),
      key_epoch: String(epochOf(round.startMs)),
      ip_prefix: prefixOf('who'),
      family: 'if(who % 10 = 0, 6, 4)',
      source: "['tracker', 'dht', 'pex'][1 + roll % 3]",
      source_id: `if(roll % 3 = 0, ${oneOf(TRACKERS, 'cityHash64(s)')}, NULL)`,
      claims_seed: 'if(roll % 3 = 2, toUInt8(kind < 82 AND kind >= 75), NULL)',
      endpoint: 'NULL',
      ...position(round, SIGHTED),
    },
  };
}

function scraped(round: Round): Rows {
  return {
    from: `SELECT number, number AS s, sipHash64(s, ${round.number}, 3) AS roll, roll % 9 = 0 AS failed FROM numbers(${SWARMS})`,
    columns: {
      ts: spread(round, SWARMS),
      swarm_id: hashOf('swarm'),
      tracker: oneOf(TRACKERS, 'cityHash64(s)'),
      url_hash: 'reinterpretAsFixedString(cityHash64(cityHash64(s) % 30))',
      action: "'announce'",
      outcome: "if(failed, ['timeout', 'failure', 'http_status'][1 + roll % 3], 'ok')",
      seeders: 'if(failed, NULL, toUInt32(roll % 40))',
      leechers: 'if(failed, NULL, toUInt32(intDiv(roll, 7) % 60))',
      downloaded: 'if(failed, NULL, toUInt32(intDiv(s, 3)))',
      downloaders: 'NULL',
      peers_returned: 'if(failed, NULL, toUInt32(roll % 50))',
      interval_s: 'if(failed, NULL, toUInt32(1800))',
      latency_ms: 'if(failed, NULL, toUInt32(20 + roll % 200))',
      ...position(round, SWARMS),
    },
  };
}

function state(round: Round): Rows {
  const score = (i: number) =>
    `(lower(hex(sipHash64(s, ${i}))), toUInt32(${round.number % 50}), toUInt32(0), toUInt32(roll % 2))`;
  return {
    from: `SELECT number, number AS s, sipHash64(s, ${round.number}, 4) AS roll FROM numbers(${SWARMS})`,
    columns: {
      ts: spread(round, SWARMS),
      swarm_id: hashOf('swarm'),
      next_due: moment(`${round.startMs + ROUND_MS} + intDiv(number * ${ROUND_MS}, ${SWARMS})`),
      last_outcome: "'measured'",
      backoff_s: '10000',
      censuses: String(round.number + 1),
      key_epoch: String(epochOf(round.startMs)),
      scores: `if(s % 100 < 50, [${score(1)}, ${score(2)}], [])`,
      scores_total: 'if(s % 100 < 50, 2, 0)',
      ...position(round, SWARMS),
    },
  };
}

function crawl(round: Round): Rows {
  const count = 2 * Math.floor(ROUND_MS / 10_000);
  return {
    from: `SELECT number, number % 2 AS shard, sipHash64(number, ${round.number}) AS roll FROM numbers(${count})`,
    columns: {
      ts: spread(round, count),
      instance_id: "concat('crawler-', toString(shard))",
      shard: "concat(toString(shard), '/2')",
      sweep_id: String(1 + Math.floor(round.number / 8)),
      window_s: '10',
      coverage_ppm: `${(round.number % 8) * 125_000} + intDiv(number * 125000, ${count})`,
      nodes: `${(round.number % 8) * 60_000} + roll % 1000`,
      infohashes: `${(round.number % 8) * 200_000} + roll % 1000`,
      queries: '480 + roll % 40',
      answers: '300 + roll % 50',
      malformed: "map('truncated', toFloat64(roll % 4), 'not_bencode', toFloat64(roll % 2))",
      budgets: "map('packets', toFloat64(900 + roll % 100), 'flows', toFloat64(roll % 500))",
      dht_size_estimate: 'toUInt32(9000000 + roll % 100000)',
      dht_size_low: 'toUInt32(8900000)',
      dht_size_high: 'toUInt32(9200000)',
      liars: "map('fake_samples', toFloat64(300 + roll % 20))",
      ...position(round, count),
    },
  };
}

function services(round: Round): Rows {
  const count = 5 * Math.floor(ROUND_MS / 10_000);
  return {
    from: `SELECT number, 1 + number % 5 AS each, sipHash64(number, ${round.number}) AS roll FROM numbers(${count})`,
    columns: {
      ts: spread(round, count),
      instance_id: "concat('host-', toString(each))",
      service: "['dht-crawler', 'swarm-prober', 'ingest', 'alerter', 'web'][each]",
      counters: "map('events', toFloat64(number * 100), 'dropped', toFloat64(0), 'batches', toFloat64(number))",
      lag: 'if(each = 3, toUInt32(roll % 300), NULL)',
      build: "'0.1.0'",
      ...position(round, count),
    },
  };
}

function nodes(round: Round): Rows {
  return {
    from: `SELECT number, sipHash64(number, ${round.number}) AS roll, cityHash64(roll % ${NODES_KNOWN}) AS who, who % 50 = 0 AS lies FROM numbers(${NODES})`,
    columns: {
      ts: spread(round, NODES),
      node_key: keyOf('node', 'who', round),
      key_epoch: String(epochOf(round.startMs)),
      id_prefix: 'who % 256',
      address_key: keyOf('address', 'who', round),
      ip_prefix: prefixOf('who'),
      family: 'if(who % 10 = 0, 6, 4)',
      port: 'if(who % 3 = 0, 6881, 1024 + who % 60000)',
      client: `if(who % 4 = 0, NULL, ${oneOf(CLIENTS, 'intDiv(who, 3)')})`,
      rtt_ms: 'toUInt32(20 + who % 150 + roll % 60)',
      bep51: 'toUInt8(who % 3 > 0)',
      bep33: 'toUInt8(who % 5 > 1)',
      bep42_ok: 'toUInt8(who % 4 > 0)',
      read_only: '0',
      num_infohashes: 'if(who % 3 > 0, toUInt32(who % 3000), NULL)',
      interval_s: 'if(who % 3 > 0, toUInt32(21600), NULL)',
      verdict: "if(lies, ['fake_samples', 'id_mismatch', 'sybil'][1 + who % 3], 'ok')",
      reachable: '1',
      node_id: 'NULL',
      endpoint: 'NULL',
      ...position(round, NODES),
    },
  };
}

function hashes(round: Round): Rows {
  return {
    from: `SELECT number, sipHash64(number, ${round.number}, 5) AS roll, roll % ${HASHES_KNOWN} AS s FROM numbers(${NODES})`,
    columns: {
      ts: spread(round, NODES),
      info_hash: hashOf('infohash'),
      way: "['sample', 'sample', 'get_peers', 'announce'][1 + roll % 4]",
      reporter_key: keyOf('node', `roll % ${NODES_KNOWN}`, round),
      key_epoch: String(epochOf(round.startMs)),
      family: 'if(roll % 10 = 0, 6, 4)',
      confirmed: 'roll % 3 = 0',
      reporter_endpoint: 'NULL',
      ...position(round, NODES),
    },
  };
}

function torrents(round: Round): Rows {
  return {
    from: `SELECT number, number AS s FROM numbers(${SWARMS})`,
    columns: {
      ts: spread(round, SWARMS),
      swarm_id: hashOf('swarm'),
      info_hash: hashOf('swarm'),
      info_hash_v1: hashOf('swarm'),
      info_hash_v2: 'NULL',
      name: "concat('Archive of things ', toString(s), ' ', hex(cityHash64(s)))",
      size_bytes: '(100 + cityHash64(s) % 4000) * 262144',
      piece_length_bytes: '262144',
      pieces: '100 + cityHash64(s) % 4000',
      files: "arrayMap(i -> (concat('folder/file ', toString(i), '.dat'), toUInt64(1000000 + i), NULL), range(1 + s % 20))",
      files_total: '1 + s % 20',
      private: '0',
      has_web_seeds: 'NULL',
      source: "'peer'",
      alias_of: 'NULL',
      ...position(round, SWARMS),
    },
  };
}

function watched(round: Round): Rows {
  return {
    from: `SELECT number, number * 97 AS s FROM numbers(${WATCHED})`,
    columns: {
      ts: spread(round, WATCHED),
      swarm_id: hashOf('swarm'),
      info_hash: hashOf('swarm'),
      info_hash_v2: 'NULL',
      name: 'NULL',
      set: '1',
      labels: "map('team', 'archive')",
      objectives: "map('min_proved_seeders', toFloat64(3))",
      verify: '1',
      announce: '1',
      prefixes_excluded: '[]',
      maintenance: '[]',
      ...position(round, WATCHED),
    },
  };
}
