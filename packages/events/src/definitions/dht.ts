// Events of the DHT crawler: nodes, infohashes, and how the crawl goes.
import { choice, family, flag, hex, nullable, numbers, text, uint8, uint16, uint32, uint64, word } from '../column.ts';
import { define } from '../definition.ts';
import { NODE_VERDICTS, SIGHTING_WAYS } from '../enums.ts';

export const dhtNodeSeen = define({
  topic: 'dht_node_seen',
  version: 1,
  key: 'node_key',
  volume: 'sighting',
  order: ['node_key', 'ts'],
  retentionDays: 7,
  meaning: 'A DHT node answered, or was caught: one per (node, verdict) an hour.',
  columns: {
    node_key: hex(8, 'Pseudonym of node id and address (first 64 bits of the HMAC; never compared across key epochs).'),
    key_epoch: uint32('Which period of the pseudonym key.'),
    id_prefix: uint8('First 8 bits of the node id.'),
    address_key: hex(8, 'Pseudonym of the address alone.'),
    ip_prefix: text('Network of the address: /24 or /48.', 64),
    family: family('Address family.'),
    port: uint16('UDP port.'),
    client: nullable(word('Client name and version from `v`; null when it sent none.')),
    rtt_ms: nullable(uint32('Round trip of the query that it answered.', 'ms')),
    bep51: nullable(flag('It answers sample_infohashes (BEP 51).')),
    bep33: nullable(flag('It answers scrape (BEP 33).')),
    bep42_ok: nullable(flag('Its id fits its address (BEP 42).')),
    read_only: nullable(flag('It says that it is read-only (BEP 43).')),
    num_infohashes: nullable(uint32('Infohashes it says that it stores (BEP 51 `num`).')),
    interval_s: nullable(uint32('How long it asks to be left alone (BEP 51 `interval`).', 's')),
    verdict: choice(NODE_VERDICTS, 'What it was found to be.'),
    reachable: nullable(flag('It answered a query of ours, not only asked.')),
    node_id: nullable(hex(20, 'Raw node id; only with `addresses: full`.')),
    endpoint: nullable(text('Raw `ip:port`; only with `addresses: full`.', 64)),
  },
});

export const infohashSighted = define({
  topic: 'infohash_sighted',
  version: 1,
  key: 'info_hash',
  volume: 'sighting',
  order: ['info_hash', 'ts'],
  retentionDays: 7,
  meaning: 'An infohash was met: one per (info_hash, way, reporter) an hour, and one more when an independent node confirmed it.',
  columns: {
    info_hash: hex(20, 'The infohash as met (v1, or v2 truncated to 20 bytes).'),
    way: choice(SIGHTING_WAYS, 'How it was met.'),
    reporter_key: nullable(hex(8, 'Pseudonym of who told us; null for the watch list.')),
    key_epoch: uint32('Which period of the pseudonym key.'),
    family: family('Address family of the DHT that it was met in.'),
    confirmed: flag('An independent node has it too.'),
    reporter_endpoint: nullable(text('Raw `ip:port` of the reporter; only with `addresses: full`.', 64)),
  },
});

export const crawlSampled = define({
  topic: 'crawl_sampled',
  version: 1,
  key: 'instance_id',
  volume: 'measure',
  order: ['shard', 'ts'],
  retentionDays: 90,
  meaning: 'State of a crawl, each 10 s. Counts named "in the window" are since the last sample of this process.',
  columns: {
    shard: word('Which part of the id space: `I/N`.'),
    sweep_id: uint64('Number of the sweep over the id space.'),
    window_s: uint32('Time since the last sample.', 's'),
    coverage_ppm: uint32('Share of the shard that the current sweep has covered.', 'ppm'),
    nodes: uint32('Verified nodes known in the current sweep.'),
    infohashes: uint32('Distinct infohashes met in the current sweep.'),
    queries: uint32('Queries sent in the window.'),
    answers: uint32('Answers received in the window.'),
    malformed: numbers(64, 'Datagrams that were no KRPC in the window, by reason.'),
    budgets: numbers(64, 'Share of each budget used (permille), by name.'),
    dht_size_estimate: nullable(uint32('Estimated nodes of the whole DHT.')),
    dht_size_low: nullable(uint32('Low bound (95 %) of dht_size_estimate.')),
    dht_size_high: nullable(uint32('High bound (95 %) of dht_size_estimate.')),
    liars: numbers(64, 'Nodes caught in the current sweep, by node verdict.'),
  },
});
