-- Rollups: aggregates that are kept when raw rows are gone, each filled by an incremental view from the rows of one insert.
-- Counts of distinct peers and nodes never span epochs of the pseudonym key: key_epoch is part of their keys.

CREATE TABLE IF NOT EXISTS swarm_1h{on_cluster}
(
    network LowCardinality(String) COMMENT '`public`, or the name of a laboratory.' CODEC(ZSTD(1)),
    swarm_id FixedString(20) COMMENT 'The swarm: v1 infohash, else the truncated v2 one.' CODEC(ZSTD(1)),
    hour DateTime('UTC') COMMENT 'The hour.' CODEC(Delta, ZSTD(1)),
    censuses SimpleAggregateFunction(sum, UInt64) COMMENT 'Censuses.' CODEC(T64, ZSTD(1)),
    liar_corrupt_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of `liar_corrupt` over the censuses; divide by censuses.' CODEC(T64, ZSTD(1)),
    liar_missing_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of `liar_missing` over the censuses; divide by censuses.' CODEC(T64, ZSTD(1)),
    proved_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of `proved` over the censuses; divide by censuses.' CODEC(T64, ZSTD(1)),
    choked_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of `choked` over the censuses; divide by censuses.' CODEC(T64, ZSTD(1)),
    claimed_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of `claimed` over the censuses; divide by censuses.' CODEC(T64, ZSTD(1)),
    super_seeder_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of `super_seeder` over the censuses; divide by censuses.' CODEC(T64, ZSTD(1)),
    partial_seed_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of `partial_seed` over the censuses; divide by censuses.' CODEC(T64, ZSTD(1)),
    leecher_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of `leecher` over the censuses; divide by censuses.' CODEC(T64, ZSTD(1)),
    unknown_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of `unknown` over the censuses; divide by censuses.' CODEC(T64, ZSTD(1)),
    unreachable_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of `unreachable` over the censuses; divide by censuses.' CODEC(T64, ZSTD(1)),
    proved_min SimpleAggregateFunction(min, UInt32) COMMENT 'Least proved seeders in a census.' CODEC(ZSTD(1)),
    proved_max SimpleAggregateFunction(max, UInt32) COMMENT 'Most proved seeders in a census.' CODEC(ZSTD(1)),
    claimed_max SimpleAggregateFunction(max, UInt32) COMMENT 'Most seeders that only claim, in a census.' CODEC(ZSTD(1)),
    proved_outside_min SimpleAggregateFunction(min, Nullable(UInt32)) COMMENT 'Least proved seeders outside of the publisher\'s own prefixes; null when never known.' CODEC(ZSTD(1)),
    copies_least SimpleAggregateFunction(min, Nullable(UInt32)) COMMENT 'Least copies of the rarest piece; null when never known.' CODEC(ZSTD(1)),
    completable_known SimpleAggregateFunction(sum, UInt64) COMMENT 'Censuses that could tell whether the swarm is completable.' CODEC(T64, ZSTD(1)),
    completable_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Of these: it was.' CODEC(T64, ZSTD(1)),
    completable_outside_known SimpleAggregateFunction(sum, UInt64) COMMENT 'Censuses that could tell whether it is completable without the publisher\'s own prefixes.' CODEC(T64, ZSTD(1)),
    completable_outside_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Of these: it was.' CODEC(T64, ZSTD(1)),
    endpoints_known_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of endpoints_known; divide by censuses.' CODEC(T64, ZSTD(1)),
    reached_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of reached; divide by censuses.' CODEC(T64, ZSTD(1)),
    sized SimpleAggregateFunction(sum, UInt64) COMMENT 'Censuses with an estimate of the size.' CODEC(T64, ZSTD(1)),
    size_estimate_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of size_estimate; divide by sized.' CODEC(T64, ZSTD(1)),
    size_low_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of size_low; divide by sized.' CODEC(T64, ZSTD(1)),
    size_high_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of size_high; divide by sized.' CODEC(T64, ZSTD(1)),
    files_at_risk_most SimpleAggregateFunction(max, Nullable(UInt32)) COMMENT 'Most files at risk; null when never known.' CODEC(ZSTD(1))
)
ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (network, swarm_id, hour)
TTL hour + toIntervalDay(180)
SETTINGS ttl_only_drop_parts = 1, {window}
COMMENT 'Censuses of a swarm by hour.';

CREATE MATERIALIZED VIEW IF NOT EXISTS swarm_1h_view{on_cluster} TO swarm_1h
AS SELECT
    network,
    swarm_id,
    toStartOfHour(ts) AS hour,
    sum(1) AS censuses,
    sum(s.liar_corrupt) AS liar_corrupt_sum,
    sum(s.liar_missing) AS liar_missing_sum,
    sum(s.proved) AS proved_sum,
    sum(s.choked) AS choked_sum,
    sum(s.claimed) AS claimed_sum,
    sum(s.super_seeder) AS super_seeder_sum,
    sum(s.partial_seed) AS partial_seed_sum,
    sum(s.leecher) AS leecher_sum,
    sum(s.unknown) AS unknown_sum,
    sum(s.unreachable) AS unreachable_sum,
    min(s.proved) AS proved_min,
    max(s.proved) AS proved_max,
    max(s.claimed) AS claimed_max,
    min(s.proved_outside) AS proved_outside_min,
    min(s.copies_min) AS copies_least,
    sum(s.completable IS NOT NULL) AS completable_known,
    sum(ifNull(s.completable, 0)) AS completable_sum,
    sum(s.completable_outside IS NOT NULL) AS completable_outside_known,
    sum(ifNull(s.completable_outside, 0)) AS completable_outside_sum,
    sum(s.endpoints_known) AS endpoints_known_sum,
    sum(s.reached) AS reached_sum,
    sum(s.size_estimate IS NOT NULL) AS sized,
    sum(ifNull(s.size_estimate, 0)) AS size_estimate_sum,
    sum(ifNull(s.size_low, 0)) AS size_low_sum,
    sum(ifNull(s.size_high, 0)) AS size_high_sum,
    max(s.files_at_risk_total) AS files_at_risk_most
FROM swarm_sampled AS s
GROUP BY network, swarm_id, hour;

CREATE TABLE IF NOT EXISTS swarm_1d{on_cluster}
(
    network LowCardinality(String) COMMENT '`public`, or the name of a laboratory.' CODEC(ZSTD(1)),
    swarm_id FixedString(20) COMMENT 'The swarm: v1 infohash, else the truncated v2 one.' CODEC(ZSTD(1)),
    day Date COMMENT 'The day (UTC).' CODEC(ZSTD(1)),
    censuses SimpleAggregateFunction(sum, UInt64) COMMENT 'Censuses.' CODEC(T64, ZSTD(1)),
    liar_corrupt_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of `liar_corrupt` over the censuses; divide by censuses.' CODEC(T64, ZSTD(1)),
    liar_missing_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of `liar_missing` over the censuses; divide by censuses.' CODEC(T64, ZSTD(1)),
    proved_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of `proved` over the censuses; divide by censuses.' CODEC(T64, ZSTD(1)),
    choked_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of `choked` over the censuses; divide by censuses.' CODEC(T64, ZSTD(1)),
    claimed_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of `claimed` over the censuses; divide by censuses.' CODEC(T64, ZSTD(1)),
    super_seeder_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of `super_seeder` over the censuses; divide by censuses.' CODEC(T64, ZSTD(1)),
    partial_seed_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of `partial_seed` over the censuses; divide by censuses.' CODEC(T64, ZSTD(1)),
    leecher_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of `leecher` over the censuses; divide by censuses.' CODEC(T64, ZSTD(1)),
    unknown_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of `unknown` over the censuses; divide by censuses.' CODEC(T64, ZSTD(1)),
    unreachable_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of `unreachable` over the censuses; divide by censuses.' CODEC(T64, ZSTD(1)),
    proved_min SimpleAggregateFunction(min, UInt32) COMMENT 'Least proved seeders in a census.' CODEC(ZSTD(1)),
    proved_max SimpleAggregateFunction(max, UInt32) COMMENT 'Most proved seeders in a census.' CODEC(ZSTD(1)),
    claimed_max SimpleAggregateFunction(max, UInt32) COMMENT 'Most seeders that only claim, in a census.' CODEC(ZSTD(1)),
    proved_outside_min SimpleAggregateFunction(min, Nullable(UInt32)) COMMENT 'Least proved seeders outside of the publisher\'s own prefixes; null when never known.' CODEC(ZSTD(1)),
    copies_least SimpleAggregateFunction(min, Nullable(UInt32)) COMMENT 'Least copies of the rarest piece; null when never known.' CODEC(ZSTD(1)),
    completable_known SimpleAggregateFunction(sum, UInt64) COMMENT 'Censuses that could tell whether the swarm is completable.' CODEC(T64, ZSTD(1)),
    completable_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Of these: it was.' CODEC(T64, ZSTD(1)),
    completable_outside_known SimpleAggregateFunction(sum, UInt64) COMMENT 'Censuses that could tell whether it is completable without the publisher\'s own prefixes.' CODEC(T64, ZSTD(1)),
    completable_outside_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Of these: it was.' CODEC(T64, ZSTD(1)),
    endpoints_known_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of endpoints_known; divide by censuses.' CODEC(T64, ZSTD(1)),
    reached_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of reached; divide by censuses.' CODEC(T64, ZSTD(1)),
    sized SimpleAggregateFunction(sum, UInt64) COMMENT 'Censuses with an estimate of the size.' CODEC(T64, ZSTD(1)),
    size_estimate_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of size_estimate; divide by sized.' CODEC(T64, ZSTD(1)),
    size_low_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of size_low; divide by sized.' CODEC(T64, ZSTD(1)),
    size_high_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of size_high; divide by sized.' CODEC(T64, ZSTD(1)),
    files_at_risk_most SimpleAggregateFunction(max, Nullable(UInt32)) COMMENT 'Most files at risk; null when never known.' CODEC(ZSTD(1))
)
ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toYear(day)
ORDER BY (network, swarm_id, day)
SETTINGS {window}
COMMENT 'Censuses of a swarm by day, for ever.';

CREATE MATERIALIZED VIEW IF NOT EXISTS swarm_1d_view{on_cluster} TO swarm_1d
AS SELECT
    network,
    swarm_id,
    toDate(ts) AS day,
    sum(1) AS censuses,
    sum(s.liar_corrupt) AS liar_corrupt_sum,
    sum(s.liar_missing) AS liar_missing_sum,
    sum(s.proved) AS proved_sum,
    sum(s.choked) AS choked_sum,
    sum(s.claimed) AS claimed_sum,
    sum(s.super_seeder) AS super_seeder_sum,
    sum(s.partial_seed) AS partial_seed_sum,
    sum(s.leecher) AS leecher_sum,
    sum(s.unknown) AS unknown_sum,
    sum(s.unreachable) AS unreachable_sum,
    min(s.proved) AS proved_min,
    max(s.proved) AS proved_max,
    max(s.claimed) AS claimed_max,
    min(s.proved_outside) AS proved_outside_min,
    min(s.copies_min) AS copies_least,
    sum(s.completable IS NOT NULL) AS completable_known,
    sum(ifNull(s.completable, 0)) AS completable_sum,
    sum(s.completable_outside IS NOT NULL) AS completable_outside_known,
    sum(ifNull(s.completable_outside, 0)) AS completable_outside_sum,
    sum(s.endpoints_known) AS endpoints_known_sum,
    sum(s.reached) AS reached_sum,
    sum(s.size_estimate IS NOT NULL) AS sized,
    sum(ifNull(s.size_estimate, 0)) AS size_estimate_sum,
    sum(ifNull(s.size_low, 0)) AS size_low_sum,
    sum(ifNull(s.size_high, 0)) AS size_high_sum,
    max(s.files_at_risk_total) AS files_at_risk_most
FROM swarm_sampled AS s
GROUP BY network, swarm_id, day;

CREATE TABLE IF NOT EXISTS swarm_latest{on_cluster}
(
    ts DateTime64(3, 'UTC') COMMENT 'When it was observed, by the observer (never a remote clock).' CODEC(Delta, ZSTD(1)),
    network LowCardinality(String) COMMENT '`public`, or the name of a laboratory.' CODEC(ZSTD(1)),
    swarm_id FixedString(20) COMMENT 'The swarm: v1 infohash, else the truncated v2 one.' CODEC(ZSTD(1)),
    census_id FixedString(8) COMMENT 'The census; `peer_probed.census_id` refers to it.' CODEC(ZSTD(1)),
    instance_id LowCardinality(String) COMMENT 'Which process observed it.' CODEC(ZSTD(1)),
    window_s UInt32 COMMENT 'How long the census took.' CODEC(T64, ZSTD(1)),
    liar_corrupt UInt32 COMMENT 'Peers that sent corrupt data, provably alone.' CODEC(T64, ZSTD(1)),
    liar_missing UInt32 COMMENT 'Peers that claim pieces which they do not have.' CODEC(T64, ZSTD(1)),
    proved UInt32 COMMENT 'Seeders proved by hash.' CODEC(T64, ZSTD(1)),
    choked UInt32 COMMENT 'Peers that claim all pieces and never unchoked us.' CODEC(T64, ZSTD(1)),
    claimed UInt32 COMMENT 'Peers that claim all pieces, unproved.' CODEC(T64, ZSTD(1)),
    super_seeder UInt32 COMMENT 'Super-seeders (BEP 16).' CODEC(T64, ZSTD(1)),
    partial_seed UInt32 COMMENT 'Partial seeds (BEP 21).' CODEC(T64, ZSTD(1)),
    leecher UInt32 COMMENT 'Leechers.' CODEC(T64, ZSTD(1)),
    unknown UInt32 COMMENT 'Peers that never said what they have.' CODEC(T64, ZSTD(1)),
    unreachable UInt32 COMMENT 'Endpoints without a handshake.' CODEC(T64, ZSTD(1)),
    endpoints_known UInt32 COMMENT 'Distinct endpoints known.' CODEC(T64, ZSTD(1)),
    endpoints_tried UInt32 COMMENT 'Of these: dialled, or met inbound.' CODEC(T64, ZSTD(1)),
    reached UInt32 COMMENT 'Of these: handshaken.' CODEC(T64, ZSTD(1)),
    size_estimate Nullable(UInt32) COMMENT 'Estimated peers of the swarm.' CODEC(T64, ZSTD(1)),
    size_low Nullable(UInt32) COMMENT 'Low bound (95 %) of size_estimate.' CODEC(T64, ZSTD(1)),
    size_high Nullable(UInt32) COMMENT 'High bound (95 %) of size_estimate.' CODEC(T64, ZSTD(1)),
    method LowCardinality(Nullable(String)) COMMENT 'How size_estimate was made. One of: `enumerated`, `capture_recapture`.' CODEC(ZSTD(1)),
    complete_estimate Nullable(UInt32) COMMENT 'Estimated peers with all pieces.' CODEC(T64, ZSTD(1)),
    complete_low Nullable(UInt32) COMMENT 'Low bound (95 %) of complete_estimate.' CODEC(T64, ZSTD(1)),
    complete_high Nullable(UInt32) COMMENT 'High bound (95 %) of complete_estimate.' CODEC(T64, ZSTD(1)),
    availability Array(UInt16) COMMENT 'Least copies in each of up to 256 equal ranges of pieces; empty when unknown.' CODEC(ZSTD(1)),
    availability_histogram Array(UInt32) COMMENT 'Pieces of which k copies are visible, at index k; the last index is "that many or more". Empty when unknown.' CODEC(ZSTD(1)),
    copies_min Nullable(UInt32) COMMENT 'Copies of the rarest piece.' CODEC(T64, ZSTD(1)),
    distributed_copies_permille Nullable(UInt32) COMMENT 'Copies of the rarest piece, plus the share of pieces with more, times 1 000.' CODEC(T64, ZSTD(1)),
    completable Nullable(UInt8) COMMENT 'Every piece is visible at some peer that is not a liar.' CODEC(T64, ZSTD(1)),
    completable_outside Nullable(UInt8) COMMENT 'The same without the publisher\'s own prefixes.' CODEC(T64, ZSTD(1)),
    proved_outside Nullable(UInt32) COMMENT 'Proved seeders outside of the publisher\'s own prefixes.' CODEC(T64, ZSTD(1)),
    files_at_risk Array(Tuple(index UInt32, copies_min UInt32)) COMMENT 'Files with a piece of fewer than two copies. `index`: which file. `copies_min`: copies of its rarest piece.' CODEC(ZSTD(1)),
    files_at_risk_total Nullable(UInt32) COMMENT 'Number of all files at risk, also those not listed.' CODEC(T64, ZSTD(1)),
    own_announces UInt32 COMMENT 'How many of the counted were our own probers; already subtracted.' CODEC(T64, ZSTD(1)),
    reachable_self Nullable(UInt8) COMMENT 'We were reachable from outside (inbound sensing works only then).' CODEC(T64, ZSTD(1))
)
ENGINE = {replicated}ReplacingMergeTree(ts)
ORDER BY (network, swarm_id)
SETTINGS {window}
COMMENT 'The newest census of each swarm (read it with FINAL, or read the view swarms).';

CREATE MATERIALIZED VIEW IF NOT EXISTS swarm_latest_view{on_cluster} TO swarm_latest
AS SELECT
    ts,
    network,
    swarm_id,
    census_id,
    instance_id,
    window_s,
    liar_corrupt,
    liar_missing,
    proved,
    choked,
    claimed,
    super_seeder,
    partial_seed,
    leecher,
    unknown,
    unreachable,
    endpoints_known,
    endpoints_tried,
    reached,
    size_estimate,
    size_low,
    size_high,
    method,
    complete_estimate,
    complete_low,
    complete_high,
    availability,
    availability_histogram,
    copies_min,
    distributed_copies_permille,
    completable,
    completable_outside,
    proved_outside,
    files_at_risk,
    files_at_risk_total,
    own_announces,
    reachable_self
FROM swarm_sampled;

CREATE TABLE IF NOT EXISTS infohashes{on_cluster}
(
    network LowCardinality(String) COMMENT '`public`, or the name of a laboratory.' CODEC(ZSTD(1)),
    info_hash FixedString(20) COMMENT 'The infohash as met (v1, or v2 truncated to 20 bytes).' CODEC(ZSTD(1)),
    first_seen SimpleAggregateFunction(min, DateTime('UTC')) COMMENT 'When it was met first.' CODEC(ZSTD(1)),
    last_seen SimpleAggregateFunction(max, DateTime('UTC')) COMMENT 'When it was met last.' CODEC(ZSTD(1)),
    confirmed SimpleAggregateFunction(max, UInt8) COMMENT '1: an independent node had it too.' CODEC(ZSTD(1)),
    samples SimpleAggregateFunction(sum, UInt64) COMMENT 'Sightings by way of `sample`.' CODEC(T64, ZSTD(1)),
    asks SimpleAggregateFunction(sum, UInt64) COMMENT 'Sightings by way of `get_peers`.' CODEC(T64, ZSTD(1)),
    announces SimpleAggregateFunction(sum, UInt64) COMMENT 'Sightings by way of `announce`.' CODEC(T64, ZSTD(1)),
    watches SimpleAggregateFunction(sum, UInt64) COMMENT 'Sightings by way of `watch`.' CODEC(T64, ZSTD(1))
)
ENGINE = {replicated}AggregatingMergeTree
ORDER BY (network, info_hash)
SETTINGS {window}
COMMENT 'Every infohash ever met, for ever.';

CREATE MATERIALIZED VIEW IF NOT EXISTS infohashes_view{on_cluster} TO infohashes
AS SELECT
    network,
    info_hash,
    min(toDateTime(s.ts)) AS first_seen,
    max(toDateTime(s.ts)) AS last_seen,
    max(s.confirmed) AS confirmed,
    sum(s.way = 'sample') AS samples,
    sum(s.way = 'get_peers') AS asks,
    sum(s.way = 'announce') AS announces,
    sum(s.way = 'watch') AS watches
FROM infohash_sighted AS s
GROUP BY network, info_hash;

CREATE TABLE IF NOT EXISTS infohash_1h{on_cluster}
(
    network LowCardinality(String) COMMENT '`public`, or the name of a laboratory.' CODEC(ZSTD(1)),
    hour DateTime('UTC') COMMENT 'The hour.' CODEC(Delta, ZSTD(1)),
    way LowCardinality(String) COMMENT 'How they were met.' CODEC(ZSTD(1)),
    family UInt8 COMMENT 'Address family.' CODEC(T64, ZSTD(1)),
    key_epoch UInt32 COMMENT 'Which period of the pseudonym key.' CODEC(T64, ZSTD(1)),
    sightings SimpleAggregateFunction(sum, UInt64) COMMENT 'Sightings.' CODEC(T64, ZSTD(1)),
    infohashes AggregateFunction(uniq, FixedString(20)) COMMENT 'Distinct infohashes.' CODEC(ZSTD(1)),
    infohashes_confirmed AggregateFunction(uniq, FixedString(20)) COMMENT 'Distinct infohashes that an independent node confirmed.' CODEC(ZSTD(1)),
    reporters AggregateFunction(uniq, Nullable(FixedString(8))) COMMENT 'Distinct reporters.' CODEC(ZSTD(1))
)
ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toYear(hour)
ORDER BY (network, hour, way, family, key_epoch)
SETTINGS {window}
COMMENT 'Infohashes met, by hour and way.';

CREATE MATERIALIZED VIEW IF NOT EXISTS infohash_1h_view{on_cluster} TO infohash_1h
AS SELECT
    network,
    toStartOfHour(ts) AS hour,
    way,
    family,
    key_epoch,
    sum(1) AS sightings,
    uniqState(s.info_hash) AS infohashes,
    uniqStateIf(s.info_hash, s.confirmed = 1) AS infohashes_confirmed,
    uniqState(s.reporter_key) AS reporters
FROM infohash_sighted AS s
GROUP BY network, hour, way, family, key_epoch;

CREATE TABLE IF NOT EXISTS dht_1h{on_cluster}
(
    network LowCardinality(String) COMMENT '`public`, or the name of a laboratory.' CODEC(ZSTD(1)),
    hour DateTime('UTC') COMMENT 'The hour.' CODEC(Delta, ZSTD(1)),
    family UInt8 COMMENT 'Address family.' CODEC(T64, ZSTD(1)),
    verdict LowCardinality(String) COMMENT 'What the node was found to be.' CODEC(ZSTD(1)),
    client LowCardinality(String) COMMENT 'Client name and version; empty when unknown.' CODEC(ZSTD(1)),
    key_epoch UInt32 COMMENT 'Which period of the pseudonym key.' CODEC(T64, ZSTD(1)),
    sightings SimpleAggregateFunction(sum, UInt64) COMMENT 'Sightings.' CODEC(T64, ZSTD(1)),
    nodes AggregateFunction(uniq, FixedString(8)) COMMENT 'Distinct nodes.' CODEC(ZSTD(1)),
    addresses AggregateFunction(uniq, FixedString(8)) COMMENT 'Distinct addresses.' CODEC(ZSTD(1)),
    nodes_bep51 AggregateFunction(uniq, FixedString(8)) COMMENT 'Distinct nodes that answer sample_infohashes.' CODEC(ZSTD(1)),
    nodes_bep33 AggregateFunction(uniq, FixedString(8)) COMMENT 'Distinct nodes that answer scrape.' CODEC(ZSTD(1)),
    nodes_bep42 AggregateFunction(uniq, FixedString(8)) COMMENT 'Distinct nodes whose id fits their address.' CODEC(ZSTD(1)),
    nodes_read_only AggregateFunction(uniq, FixedString(8)) COMMENT 'Distinct nodes that say they are read-only.' CODEC(ZSTD(1)),
    rtt_ms_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of round trips; divide by rtts.' CODEC(T64, ZSTD(1)),
    rtts SimpleAggregateFunction(sum, UInt64) COMMENT 'Sightings with a round trip.' CODEC(T64, ZSTD(1))
)
ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (network, hour, family, verdict, client, key_epoch)
TTL hour + toIntervalDay(180)
SETTINGS ttl_only_drop_parts = 1, {window}
COMMENT 'DHT nodes by hour, client and verdict.';

CREATE MATERIALIZED VIEW IF NOT EXISTS dht_1h_view{on_cluster} TO dht_1h
AS SELECT
    network,
    toStartOfHour(ts) AS hour,
    family,
    verdict,
    ifNull(s.client, '') AS client,
    key_epoch,
    sum(1) AS sightings,
    uniqState(s.node_key) AS nodes,
    uniqState(s.address_key) AS addresses,
    uniqStateIf(s.node_key, s.bep51 = 1) AS nodes_bep51,
    uniqStateIf(s.node_key, s.bep33 = 1) AS nodes_bep33,
    uniqStateIf(s.node_key, s.bep42_ok = 1) AS nodes_bep42,
    uniqStateIf(s.node_key, s.read_only = 1) AS nodes_read_only,
    sum(ifNull(s.rtt_ms, 0)) AS rtt_ms_sum,
    sum(s.rtt_ms IS NOT NULL) AS rtts
FROM dht_node_seen AS s
GROUP BY network, hour, family, verdict, client, key_epoch;

CREATE TABLE IF NOT EXISTS dht_1d{on_cluster}
(
    network LowCardinality(String) COMMENT '`public`, or the name of a laboratory.' CODEC(ZSTD(1)),
    day Date COMMENT 'The day (UTC).' CODEC(ZSTD(1)),
    family UInt8 COMMENT 'Address family.' CODEC(T64, ZSTD(1)),
    verdict LowCardinality(String) COMMENT 'What the node was found to be.' CODEC(ZSTD(1)),
    client LowCardinality(String) COMMENT 'Client name and version; empty when unknown.' CODEC(ZSTD(1)),
    key_epoch UInt32 COMMENT 'Which period of the pseudonym key.' CODEC(T64, ZSTD(1)),
    sightings SimpleAggregateFunction(sum, UInt64) COMMENT 'Sightings.' CODEC(T64, ZSTD(1)),
    nodes AggregateFunction(uniq, FixedString(8)) COMMENT 'Distinct nodes.' CODEC(ZSTD(1)),
    addresses AggregateFunction(uniq, FixedString(8)) COMMENT 'Distinct addresses.' CODEC(ZSTD(1)),
    nodes_bep51 AggregateFunction(uniq, FixedString(8)) COMMENT 'Distinct nodes that answer sample_infohashes.' CODEC(ZSTD(1)),
    nodes_bep33 AggregateFunction(uniq, FixedString(8)) COMMENT 'Distinct nodes that answer scrape.' CODEC(ZSTD(1)),
    nodes_bep42 AggregateFunction(uniq, FixedString(8)) COMMENT 'Distinct nodes whose id fits their address.' CODEC(ZSTD(1)),
    nodes_read_only AggregateFunction(uniq, FixedString(8)) COMMENT 'Distinct nodes that say they are read-only.' CODEC(ZSTD(1)),
    rtt_ms_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of round trips; divide by rtts.' CODEC(T64, ZSTD(1)),
    rtts SimpleAggregateFunction(sum, UInt64) COMMENT 'Sightings with a round trip.' CODEC(T64, ZSTD(1))
)
ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toYear(day)
ORDER BY (network, day, family, verdict, client, key_epoch)
SETTINGS {window}
COMMENT 'DHT nodes by day, client and verdict.';

CREATE MATERIALIZED VIEW IF NOT EXISTS dht_1d_view{on_cluster} TO dht_1d
AS SELECT
    network,
    toDate(ts) AS day,
    family,
    verdict,
    ifNull(s.client, '') AS client,
    key_epoch,
    sum(1) AS sightings,
    uniqState(s.node_key) AS nodes,
    uniqState(s.address_key) AS addresses,
    uniqStateIf(s.node_key, s.bep51 = 1) AS nodes_bep51,
    uniqStateIf(s.node_key, s.bep33 = 1) AS nodes_bep33,
    uniqStateIf(s.node_key, s.bep42_ok = 1) AS nodes_bep42,
    uniqStateIf(s.node_key, s.read_only = 1) AS nodes_read_only,
    sum(ifNull(s.rtt_ms, 0)) AS rtt_ms_sum,
    sum(s.rtt_ms IS NOT NULL) AS rtts
FROM dht_node_seen AS s
GROUP BY network, day, family, verdict, client, key_epoch;

CREATE TABLE IF NOT EXISTS crawl_1m{on_cluster}
(
    network LowCardinality(String) COMMENT '`public`, or the name of a laboratory.' CODEC(ZSTD(1)),
    shard LowCardinality(String) COMMENT 'Which part of the id space: `I/N`.' CODEC(ZSTD(1)),
    instance_id LowCardinality(String) COMMENT 'Which crawler.' CODEC(ZSTD(1)),
    minute DateTime('UTC') COMMENT 'The minute.' CODEC(Delta, ZSTD(1)),
    samples SimpleAggregateFunction(sum, UInt64) COMMENT 'Samples.' CODEC(T64, ZSTD(1)),
    window_s_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Seconds that the samples cover.' CODEC(T64, ZSTD(1)),
    queries SimpleAggregateFunction(sum, UInt64) COMMENT 'Queries sent.' CODEC(T64, ZSTD(1)),
    answers SimpleAggregateFunction(sum, UInt64) COMMENT 'Answers received.' CODEC(T64, ZSTD(1)),
    malformed SimpleAggregateFunction(sum, UInt64) COMMENT 'Datagrams that were no KRPC.' CODEC(T64, ZSTD(1)),
    nodes SimpleAggregateFunction(max, UInt32) COMMENT 'Most verified nodes known.' CODEC(ZSTD(1)),
    infohashes SimpleAggregateFunction(max, UInt32) COMMENT 'Most infohashes met in a sweep.' CODEC(ZSTD(1)),
    coverage_ppm SimpleAggregateFunction(max, UInt32) COMMENT 'Furthest coverage of the shard by a sweep.' CODEC(ZSTD(1)),
    sweep_id SimpleAggregateFunction(max, UInt64) COMMENT 'Newest sweep.' CODEC(ZSTD(1)),
    sized SimpleAggregateFunction(sum, UInt64) COMMENT 'Samples with an estimate of the size of the DHT.' CODEC(T64, ZSTD(1)),
    dht_size_estimate_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of dht_size_estimate; divide by sized.' CODEC(T64, ZSTD(1)),
    dht_size_low_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of dht_size_low; divide by sized.' CODEC(T64, ZSTD(1)),
    dht_size_high_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of dht_size_high; divide by sized.' CODEC(T64, ZSTD(1))
)
ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toYYYYMM(minute)
ORDER BY (network, shard, instance_id, minute)
TTL minute + toIntervalDay(30)
SETTINGS ttl_only_drop_parts = 1, {window}
COMMENT 'State of the crawl by minute and shard.';

CREATE MATERIALIZED VIEW IF NOT EXISTS crawl_1m_view{on_cluster} TO crawl_1m
AS SELECT
    network,
    shard,
    instance_id,
    toStartOfMinute(ts) AS minute,
    sum(1) AS samples,
    sum(s.window_s) AS window_s_sum,
    sum(s.queries) AS queries,
    sum(s.answers) AS answers,
    sum(arraySum(mapValues(s.malformed))) AS malformed,
    max(s.nodes) AS nodes,
    max(s.infohashes) AS infohashes,
    max(s.coverage_ppm) AS coverage_ppm,
    max(s.sweep_id) AS sweep_id,
    sum(s.dht_size_estimate IS NOT NULL) AS sized,
    sum(ifNull(s.dht_size_estimate, 0)) AS dht_size_estimate_sum,
    sum(ifNull(s.dht_size_low, 0)) AS dht_size_low_sum,
    sum(ifNull(s.dht_size_high, 0)) AS dht_size_high_sum
FROM crawl_sampled AS s
GROUP BY network, shard, instance_id, minute;

CREATE TABLE IF NOT EXISTS crawl_1h{on_cluster}
(
    network LowCardinality(String) COMMENT '`public`, or the name of a laboratory.' CODEC(ZSTD(1)),
    shard LowCardinality(String) COMMENT 'Which part of the id space: `I/N`.' CODEC(ZSTD(1)),
    instance_id LowCardinality(String) COMMENT 'Which crawler.' CODEC(ZSTD(1)),
    hour DateTime('UTC') COMMENT 'The hour.' CODEC(Delta, ZSTD(1)),
    samples SimpleAggregateFunction(sum, UInt64) COMMENT 'Samples.' CODEC(T64, ZSTD(1)),
    window_s_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Seconds that the samples cover.' CODEC(T64, ZSTD(1)),
    queries SimpleAggregateFunction(sum, UInt64) COMMENT 'Queries sent.' CODEC(T64, ZSTD(1)),
    answers SimpleAggregateFunction(sum, UInt64) COMMENT 'Answers received.' CODEC(T64, ZSTD(1)),
    malformed SimpleAggregateFunction(sum, UInt64) COMMENT 'Datagrams that were no KRPC.' CODEC(T64, ZSTD(1)),
    nodes SimpleAggregateFunction(max, UInt32) COMMENT 'Most verified nodes known.' CODEC(ZSTD(1)),
    infohashes SimpleAggregateFunction(max, UInt32) COMMENT 'Most infohashes met in a sweep.' CODEC(ZSTD(1)),
    coverage_ppm SimpleAggregateFunction(max, UInt32) COMMENT 'Furthest coverage of the shard by a sweep.' CODEC(ZSTD(1)),
    sweep_id SimpleAggregateFunction(max, UInt64) COMMENT 'Newest sweep.' CODEC(ZSTD(1)),
    sized SimpleAggregateFunction(sum, UInt64) COMMENT 'Samples with an estimate of the size of the DHT.' CODEC(T64, ZSTD(1)),
    dht_size_estimate_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of dht_size_estimate; divide by sized.' CODEC(T64, ZSTD(1)),
    dht_size_low_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of dht_size_low; divide by sized.' CODEC(T64, ZSTD(1)),
    dht_size_high_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of dht_size_high; divide by sized.' CODEC(T64, ZSTD(1))
)
ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toYear(hour)
ORDER BY (network, shard, instance_id, hour)
SETTINGS {window}
COMMENT 'State of the crawl by hour and shard.';

CREATE MATERIALIZED VIEW IF NOT EXISTS crawl_1h_view{on_cluster} TO crawl_1h
AS SELECT
    network,
    shard,
    instance_id,
    toStartOfHour(ts) AS hour,
    sum(1) AS samples,
    sum(s.window_s) AS window_s_sum,
    sum(s.queries) AS queries,
    sum(s.answers) AS answers,
    sum(arraySum(mapValues(s.malformed))) AS malformed,
    max(s.nodes) AS nodes,
    max(s.infohashes) AS infohashes,
    max(s.coverage_ppm) AS coverage_ppm,
    max(s.sweep_id) AS sweep_id,
    sum(s.dht_size_estimate IS NOT NULL) AS sized,
    sum(ifNull(s.dht_size_estimate, 0)) AS dht_size_estimate_sum,
    sum(ifNull(s.dht_size_low, 0)) AS dht_size_low_sum,
    sum(ifNull(s.dht_size_high, 0)) AS dht_size_high_sum
FROM crawl_sampled AS s
GROUP BY network, shard, instance_id, hour;

CREATE TABLE IF NOT EXISTS peers_1h{on_cluster}
(
    network LowCardinality(String) COMMENT '`public`, or the name of a laboratory.' CODEC(ZSTD(1)),
    hour DateTime('UTC') COMMENT 'The hour.' CODEC(Delta, ZSTD(1)),
    verdict LowCardinality(String) COMMENT 'What the peer was found to be.' CODEC(ZSTD(1)),
    outcome LowCardinality(String) COMMENT 'How the probe ended.' CODEC(ZSTD(1)),
    transport LowCardinality(String) COMMENT 'What carried it.' CODEC(ZSTD(1)),
    direction LowCardinality(String) COMMENT 'Who dialled.' CODEC(ZSTD(1)),
    family UInt8 COMMENT 'Address family.' CODEC(T64, ZSTD(1)),
    client LowCardinality(String) COMMENT 'Client name and version; empty when unknown.' CODEC(ZSTD(1)),
    key_epoch UInt32 COMMENT 'Which period of the pseudonym key.' CODEC(T64, ZSTD(1)),
    probes SimpleAggregateFunction(sum, UInt64) COMMENT 'Probes.' CODEC(T64, ZSTD(1)),
    peers AggregateFunction(uniq, FixedString(8)) COMMENT 'Distinct peers.' CODEC(ZSTD(1)),
    encrypted SimpleAggregateFunction(sum, UInt64) COMMENT 'Probes over an encrypted stream.' CODEC(T64, ZSTD(1)),
    challenges_asked SimpleAggregateFunction(sum, UInt64) COMMENT 'Pieces asked.' CODEC(T64, ZSTD(1)),
    challenges_passed SimpleAggregateFunction(sum, UInt64) COMMENT 'Pieces whose hash fitted.' CODEC(T64, ZSTD(1)),
    challenges_failed SimpleAggregateFunction(sum, UInt64) COMMENT 'Pieces whose hash did not fit.' CODEC(T64, ZSTD(1)),
    bytes_down SimpleAggregateFunction(sum, UInt64) COMMENT 'Piece payload received.' CODEC(T64, ZSTD(1)),
    bytes_up SimpleAggregateFunction(sum, UInt64) COMMENT 'Piece payload sent.' CODEC(T64, ZSTD(1)),
    duration_ms_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of the lengths of the probes; divide by probes.' CODEC(T64, ZSTD(1))
)
ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (network, hour, verdict, outcome, transport, direction, family, client, key_epoch)
TTL hour + toIntervalDay(180)
SETTINGS ttl_only_drop_parts = 1, {window}
COMMENT 'Probed peers by hour, client and verdict, over all swarms.';

CREATE MATERIALIZED VIEW IF NOT EXISTS peers_1h_view{on_cluster} TO peers_1h
AS SELECT
    network,
    toStartOfHour(ts) AS hour,
    verdict,
    outcome,
    transport,
    direction,
    family,
    ifNull(s.client, '') AS client,
    key_epoch,
    sum(1) AS probes,
    uniqState(s.peer_key) AS peers,
    sum(s.encryption != 'none') AS encrypted,
    sum(s.challenges_asked) AS challenges_asked,
    sum(s.challenges_passed) AS challenges_passed,
    sum(s.challenges_failed) AS challenges_failed,
    sum(s.bytes_down) AS bytes_down,
    sum(s.bytes_up) AS bytes_up,
    sum(s.duration_ms) AS duration_ms_sum
FROM peer_probed AS s
GROUP BY network, hour, verdict, outcome, transport, direction, family, client, key_epoch;

CREATE TABLE IF NOT EXISTS peers_1d{on_cluster}
(
    network LowCardinality(String) COMMENT '`public`, or the name of a laboratory.' CODEC(ZSTD(1)),
    day Date COMMENT 'The day (UTC).' CODEC(ZSTD(1)),
    verdict LowCardinality(String) COMMENT 'What the peer was found to be.' CODEC(ZSTD(1)),
    outcome LowCardinality(String) COMMENT 'How the probe ended.' CODEC(ZSTD(1)),
    transport LowCardinality(String) COMMENT 'What carried it.' CODEC(ZSTD(1)),
    direction LowCardinality(String) COMMENT 'Who dialled.' CODEC(ZSTD(1)),
    family UInt8 COMMENT 'Address family.' CODEC(T64, ZSTD(1)),
    client LowCardinality(String) COMMENT 'Client name and version; empty when unknown.' CODEC(ZSTD(1)),
    key_epoch UInt32 COMMENT 'Which period of the pseudonym key.' CODEC(T64, ZSTD(1)),
    probes SimpleAggregateFunction(sum, UInt64) COMMENT 'Probes.' CODEC(T64, ZSTD(1)),
    peers AggregateFunction(uniq, FixedString(8)) COMMENT 'Distinct peers.' CODEC(ZSTD(1)),
    encrypted SimpleAggregateFunction(sum, UInt64) COMMENT 'Probes over an encrypted stream.' CODEC(T64, ZSTD(1)),
    challenges_asked SimpleAggregateFunction(sum, UInt64) COMMENT 'Pieces asked.' CODEC(T64, ZSTD(1)),
    challenges_passed SimpleAggregateFunction(sum, UInt64) COMMENT 'Pieces whose hash fitted.' CODEC(T64, ZSTD(1)),
    challenges_failed SimpleAggregateFunction(sum, UInt64) COMMENT 'Pieces whose hash did not fit.' CODEC(T64, ZSTD(1)),
    bytes_down SimpleAggregateFunction(sum, UInt64) COMMENT 'Piece payload received.' CODEC(T64, ZSTD(1)),
    bytes_up SimpleAggregateFunction(sum, UInt64) COMMENT 'Piece payload sent.' CODEC(T64, ZSTD(1)),
    duration_ms_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of the lengths of the probes; divide by probes.' CODEC(T64, ZSTD(1))
)
ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toYear(day)
ORDER BY (network, day, verdict, outcome, transport, direction, family, client, key_epoch)
SETTINGS {window}
COMMENT 'Probed peers by day, client and verdict, over all swarms.';

CREATE MATERIALIZED VIEW IF NOT EXISTS peers_1d_view{on_cluster} TO peers_1d
AS SELECT
    network,
    toDate(ts) AS day,
    verdict,
    outcome,
    transport,
    direction,
    family,
    ifNull(s.client, '') AS client,
    key_epoch,
    sum(1) AS probes,
    uniqState(s.peer_key) AS peers,
    sum(s.encryption != 'none') AS encrypted,
    sum(s.challenges_asked) AS challenges_asked,
    sum(s.challenges_passed) AS challenges_passed,
    sum(s.challenges_failed) AS challenges_failed,
    sum(s.bytes_down) AS bytes_down,
    sum(s.bytes_up) AS bytes_up,
    sum(s.duration_ms) AS duration_ms_sum
FROM peer_probed AS s
GROUP BY network, day, verdict, outcome, transport, direction, family, client, key_epoch;

CREATE TABLE IF NOT EXISTS sources_1h{on_cluster}
(
    network LowCardinality(String) COMMENT '`public`, or the name of a laboratory.' CODEC(ZSTD(1)),
    swarm_id FixedString(20) COMMENT 'The swarm: v1 infohash, else the truncated v2 one.' CODEC(ZSTD(1)),
    hour DateTime('UTC') COMMENT 'The hour.' CODEC(Delta, ZSTD(1)),
    source LowCardinality(String) COMMENT 'Who told us.' CODEC(ZSTD(1)),
    key_epoch UInt32 COMMENT 'Which period of the pseudonym key.' CODEC(T64, ZSTD(1)),
    sightings SimpleAggregateFunction(sum, UInt64) COMMENT 'Sightings.' CODEC(T64, ZSTD(1)),
    peers AggregateFunction(uniq, FixedString(8)) COMMENT 'Distinct endpoints.' CODEC(ZSTD(1)),
    seeds_claimed AggregateFunction(uniq, FixedString(8)) COMMENT 'Distinct endpoints that the source calls seeds.' CODEC(ZSTD(1))
)
ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (network, swarm_id, hour, source, key_epoch)
TTL hour + toIntervalDay(180)
SETTINGS ttl_only_drop_parts = 1, {window}
COMMENT 'Endpoints of a swarm by hour and source.';

CREATE MATERIALIZED VIEW IF NOT EXISTS sources_1h_view{on_cluster} TO sources_1h
AS SELECT
    network,
    swarm_id,
    toStartOfHour(ts) AS hour,
    source,
    key_epoch,
    sum(1) AS sightings,
    uniqState(s.peer_key) AS peers,
    uniqStateIf(s.peer_key, s.claims_seed = 1) AS seeds_claimed
FROM peer_sighted AS s
GROUP BY network, swarm_id, hour, source, key_epoch;

CREATE TABLE IF NOT EXISTS trackers_1h{on_cluster}
(
    network LowCardinality(String) COMMENT '`public`, or the name of a laboratory.' CODEC(ZSTD(1)),
    tracker LowCardinality(String) COMMENT 'Scheme, host and port of the tracker.' CODEC(ZSTD(1)),
    hour DateTime('UTC') COMMENT 'The hour.' CODEC(Delta, ZSTD(1)),
    action LowCardinality(String) COMMENT 'What was asked.' CODEC(ZSTD(1)),
    outcome LowCardinality(String) COMMENT 'How it ended.' CODEC(ZSTD(1)),
    requests SimpleAggregateFunction(sum, UInt64) COMMENT 'Requests.' CODEC(T64, ZSTD(1)),
    swarms AggregateFunction(uniq, FixedString(20)) COMMENT 'Distinct swarms.' CODEC(ZSTD(1)),
    peers_returned SimpleAggregateFunction(sum, UInt64) COMMENT 'Endpoints in its answers.' CODEC(T64, ZSTD(1)),
    latency_ms_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of the times to an answer; divide by answered.' CODEC(T64, ZSTD(1)),
    answered SimpleAggregateFunction(sum, UInt64) COMMENT 'Requests with a time to an answer.' CODEC(T64, ZSTD(1))
)
ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toYear(hour)
ORDER BY (network, tracker, hour, action, outcome)
SETTINGS {window}
COMMENT 'Requests to a tracker by hour, action and outcome.';

CREATE MATERIALIZED VIEW IF NOT EXISTS trackers_1h_view{on_cluster} TO trackers_1h
AS SELECT
    network,
    tracker,
    toStartOfHour(ts) AS hour,
    action,
    outcome,
    sum(1) AS requests,
    uniqState(s.swarm_id) AS swarms,
    sum(ifNull(s.peers_returned, 0)) AS peers_returned,
    sum(ifNull(s.latency_ms, 0)) AS latency_ms_sum,
    sum(s.latency_ms IS NOT NULL) AS answered
FROM tracker_scraped AS s
GROUP BY network, tracker, hour, action, outcome;

CREATE TABLE IF NOT EXISTS claims_1h{on_cluster}
(
    network LowCardinality(String) COMMENT '`public`, or the name of a laboratory.' CODEC(ZSTD(1)),
    swarm_id FixedString(20) COMMENT 'The swarm: v1 infohash, else the truncated v2 one.' CODEC(ZSTD(1)),
    tracker LowCardinality(String) COMMENT 'Scheme, host and port of the tracker.' CODEC(ZSTD(1)),
    hour DateTime('UTC') COMMENT 'The hour.' CODEC(Delta, ZSTD(1)),
    seeders_most SimpleAggregateFunction(max, Nullable(UInt32)) COMMENT 'Most seeders it claimed.' CODEC(ZSTD(1)),
    leechers_most SimpleAggregateFunction(max, Nullable(UInt32)) COMMENT 'Most leechers it claimed.' CODEC(ZSTD(1)),
    downloaded_most SimpleAggregateFunction(max, Nullable(UInt32)) COMMENT 'Most completed downloads it claimed.' CODEC(ZSTD(1)),
    answers SimpleAggregateFunction(sum, UInt64) COMMENT 'Answers that said how many.' CODEC(T64, ZSTD(1)),
    seeders_sum SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of the seeders it claimed; divide by answers.' CODEC(T64, ZSTD(1))
)
ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (network, swarm_id, tracker, hour)
TTL hour + toIntervalDay(180)
SETTINGS ttl_only_drop_parts = 1, {window}
COMMENT 'What each tracker claims of a swarm, by hour.';

CREATE MATERIALIZED VIEW IF NOT EXISTS claims_1h_view{on_cluster} TO claims_1h
AS SELECT
    network,
    swarm_id,
    tracker,
    toStartOfHour(ts) AS hour,
    max(s.seeders) AS seeders_most,
    max(s.leechers) AS leechers_most,
    max(s.downloaded) AS downloaded_most,
    sum(s.seeders IS NOT NULL) AS answers,
    sum(ifNull(s.seeders, 0)) AS seeders_sum
FROM tracker_scraped AS s
GROUP BY network, swarm_id, tracker, hour;
