-- The newest state of torrents, swarms and the watch list; the list of the dying; and what people and boards ask first.

CREATE TABLE IF NOT EXISTS torrent_latest{on_cluster}
(
    ts DateTime64(3, 'UTC') COMMENT 'When it was resolved last.' CODEC(Delta, ZSTD(1)),
    network LowCardinality(String) COMMENT '`public`, or the name of a laboratory.' CODEC(ZSTD(1)),
    swarm_id FixedString(20) COMMENT 'The swarm: v1 infohash, else the truncated v2 one.' CODEC(ZSTD(1)),
    info_hash_v1 Nullable(FixedString(20)) COMMENT 'v1 infohash; null for a pure v2 torrent.' CODEC(ZSTD(1)),
    info_hash_v2 Nullable(FixedString(32)) COMMENT 'Full v2 infohash; null for a pure v1 torrent.' CODEC(ZSTD(1)),
    name String COMMENT 'Name from the info dictionary.' CODEC(ZSTD(1)),
    size_bytes UInt64 COMMENT 'Sum of all files.' CODEC(T64, ZSTD(1)),
    piece_length_bytes UInt32 COMMENT 'Length of a piece.' CODEC(T64, ZSTD(1)),
    pieces UInt32 COMMENT 'Number of pieces.' CODEC(T64, ZSTD(1)),
    files_total UInt32 COMMENT 'Number of all files.' CODEC(T64, ZSTD(1)),
    private UInt8 COMMENT 'The private flag (BEP 27) is set.' CODEC(T64, ZSTD(1)),
    source LowCardinality(String) COMMENT 'Where the info dictionary came from.' CODEC(ZSTD(1)),
    alias_of Nullable(FixedString(20)) COMMENT 'This hash is the v2 name of that v1 swarm.' CODEC(ZSTD(1))
)
ENGINE = {replicated}ReplacingMergeTree(ts)
ORDER BY (network, swarm_id)
SETTINGS {window}
COMMENT 'The newest info dictionary of each swarm (read it with FINAL); its files are in torrent_resolved.';

CREATE MATERIALIZED VIEW IF NOT EXISTS torrent_latest_view{on_cluster} TO torrent_latest
AS SELECT ts, network, swarm_id, info_hash_v1, info_hash_v2, name, size_bytes, piece_length_bytes, pieces, files_total, private, source, alias_of
FROM torrent_resolved;

CREATE TABLE IF NOT EXISTS watch_latest{on_cluster}
(
    ts DateTime64(3, 'UTC') COMMENT 'When the entry changed last.' CODEC(Delta, ZSTD(1)),
    network LowCardinality(String) COMMENT '`public`, or the name of a laboratory.' CODEC(ZSTD(1)),
    swarm_id FixedString(20) COMMENT 'The swarm: v1 infohash, else the truncated v2 one.' CODEC(ZSTD(1)),
    name Nullable(String) COMMENT 'Display name from the entry.' CODEC(ZSTD(1)),
    set UInt8 COMMENT '1: watched. 0: no more.' CODEC(T64, ZSTD(1)),
    labels Map(LowCardinality(String), String) COMMENT 'Labels of the entry.' CODEC(ZSTD(1)),
    objectives Map(LowCardinality(String), Float64) COMMENT 'Numeric objectives, for instance `min_proved_seeders`.' CODEC(ZSTD(1)),
    verify UInt8 COMMENT 'Its pieces may be requested.' CODEC(T64, ZSTD(1)),
    announce UInt8 COMMENT 'We may announce ourselves in it.' CODEC(T64, ZSTD(1)),
    maintenance Array(Tuple(begins_s UInt32, ends_s UInt32)) COMMENT 'Windows in which alerts say nothing about it, in seconds from 1970.' CODEC(ZSTD(1))
)
ENGINE = {replicated}ReplacingMergeTree(ts)
ORDER BY (network, swarm_id)
SETTINGS {window}
COMMENT 'The watch list as it is now (read it with FINAL, set = 1).';

CREATE MATERIALIZED VIEW IF NOT EXISTS watch_latest_view{on_cluster} TO watch_latest
AS SELECT ts, network, swarm_id, name, set, labels, objectives, verify, announce, maintenance
FROM torrent_watched;

CREATE VIEW IF NOT EXISTS swarms{on_cluster}
(
    network LowCardinality(String) COMMENT '`public`, or the name of a laboratory.',
    swarm_id FixedString(20) COMMENT 'The swarm, raw.',
    swarm String COMMENT 'The swarm in hex.',
    name String COMMENT 'Name of the torrent, else that of the watch list; empty when unknown.',
    size_bytes UInt64 COMMENT 'Sum of all files; 0 when unknown.',
    pieces UInt32 COMMENT 'Number of pieces; 0 when unknown.',
    private UInt8 COMMENT 'The private flag (BEP 27) is set.',
    watched UInt8 COMMENT '1: on the watch list.',
    labels Map(LowCardinality(String), String) COMMENT 'Labels of the watch list entry.',
    objectives Map(LowCardinality(String), Float64) COMMENT 'Objectives of the watch list entry.',
    ts DateTime64(3, 'UTC') COMMENT 'When its newest census ended.',
    census_id FixedString(8) COMMENT 'The newest census; peer_probed.census_id refers to it.',
    proved UInt32 COMMENT 'Seeders proved by hash.',
    claimed UInt32 COMMENT 'Peers that claim all pieces, unproved.',
    choked UInt32 COMMENT 'Peers that claim all pieces and never unchoked us.',
    super_seeder UInt32 COMMENT 'Super-seeders (BEP 16).',
    partial_seed UInt32 COMMENT 'Partial seeds (BEP 21).',
    leecher UInt32 COMMENT 'Leechers.',
    liars UInt32 COMMENT 'Peers that sent corrupt data or claim pieces which they do not have.',
    unknown UInt32 COMMENT 'Peers that never said what they have.',
    unreachable UInt32 COMMENT 'Endpoints without a handshake.',
    endpoints_known UInt32 COMMENT 'Distinct endpoints known.',
    reached UInt32 COMMENT 'Of these: handshaken.',
    size_estimate Nullable(UInt32) COMMENT 'Estimated peers of the swarm.',
    size_low Nullable(UInt32) COMMENT 'Low bound (95 %) of size_estimate.',
    size_high Nullable(UInt32) COMMENT 'High bound (95 %) of size_estimate.',
    copies_min Nullable(UInt32) COMMENT 'Copies of the rarest piece.',
    completable Nullable(UInt8) COMMENT 'Every piece is visible at some peer that is not a liar; null when unknown.',
    completable_outside Nullable(UInt8) COMMENT 'The same without the prefixes of the publisher.',
    proved_outside Nullable(UInt32) COMMENT 'Proved seeders outside of the prefixes of the publisher.',
    files_at_risk_total Nullable(UInt32) COMMENT 'Number of files with a piece of fewer than two copies.'
)
AS SELECT
    s.network AS network, s.swarm_id AS swarm_id, lower(hex(s.swarm_id)) AS swarm,
    if(t.name != '', t.name, ifNull(w.name, '')) AS name, t.size_bytes AS size_bytes, t.pieces AS pieces, t.private AS private,
    w.set AS watched, w.labels AS labels, w.objectives AS objectives, s.ts AS ts, s.census_id AS census_id,
    s.proved AS proved, s.claimed AS claimed, s.choked AS choked, s.super_seeder AS super_seeder, s.partial_seed AS partial_seed,
    s.leecher AS leecher, s.liar_corrupt + s.liar_missing AS liars, s.unknown AS unknown, s.unreachable AS unreachable,
    s.endpoints_known AS endpoints_known, s.reached AS reached,
    s.size_estimate AS size_estimate, s.size_low AS size_low, s.size_high AS size_high,
    s.copies_min AS copies_min, s.completable AS completable, s.completable_outside AS completable_outside,
    s.proved_outside AS proved_outside, s.files_at_risk_total AS files_at_risk_total
FROM (SELECT * FROM swarm_latest FINAL) AS s
LEFT JOIN (SELECT * FROM torrent_latest FINAL) AS t ON t.network = s.network AND t.swarm_id = s.swarm_id
LEFT JOIN (SELECT * FROM watch_latest FINAL WHERE set = 1) AS w ON w.network = s.network AND w.swarm_id = s.swarm_id
COMMENT 'The current state of every swarm: its newest census with the names of its torrent and watch list entry.';

CREATE TABLE IF NOT EXISTS dying{on_cluster}
(
    network LowCardinality(String) COMMENT '`public`, or the name of a laboratory.',
    swarm_id FixedString(20) COMMENT 'The swarm: v1 infohash, else the truncated v2 one.',
    state LowCardinality(String) COMMENT '`dead`: some piece is nowhere to be seen. `no_seeder`: completable, but nobody has or claims all. `last_copy`: one copy of the rarest piece. `unproved`: seeders only claim, though some were proved before. `falling`: half of the proved seeders of the week before are gone.',
    ts DateTime64(3, 'UTC') COMMENT 'When its newest census ended.',
    proved UInt32 COMMENT 'Proved seeders in the newest census.',
    claimed UInt32 COMMENT 'Peers that claim all pieces, unproved, in the newest census.',
    copies_min Nullable(UInt32) COMMENT 'Copies of the rarest piece in the newest census; null when unknown.',
    completable Nullable(UInt8) COMMENT 'Every piece is visible; null when unknown.',
    proved_before Nullable(Float64) COMMENT 'Proved seeders per census, in the mean of the 7 days before the last one; null without a census then.',
    last_proved Nullable(Date) COMMENT 'Last day with a proved seeder, of the last 90; null when there was none.'
)
ENGINE = MergeTree
ORDER BY (network, state, swarm_id)
COMMENT 'Swarms that are dead or dying, of those with a census in the last 7 days; recomputed every 5 minutes.';

CREATE MATERIALIZED VIEW IF NOT EXISTS dying_view{on_cluster} REFRESH EVERY 5 MINUTE TO dying
AS SELECT * FROM
(
    SELECT
        s.network AS network, s.swarm_id AS swarm_id,
        multiIf(
            s.completable = 0, 'dead',
            s.proved + s.claimed + s.choked + s.super_seeder = 0 AND s.reached > 0, 'no_seeder',
            s.copies_min = 1, 'last_copy',
            s.proved = 0 AND h.last_proved IS NOT NULL, 'unproved',
            h.proved_before > 0 AND s.proved * 2 <= h.proved_before, 'falling',
            '') AS state,
        s.ts AS ts, s.proved AS proved, s.claimed AS claimed, s.copies_min AS copies_min, s.completable AS completable,
        h.proved_before AS proved_before, h.last_proved AS last_proved
    FROM (SELECT * FROM swarm_latest FINAL WHERE ts > now() - INTERVAL 7 DAY) AS s
    LEFT JOIN
    (
        SELECT
            network, swarm_id,
            if(sumIf(censuses, day BETWEEN toDate(now('UTC')) - 8 AND toDate(now('UTC')) - 2) = 0, NULL,
               sumIf(proved_sum, day BETWEEN toDate(now('UTC')) - 8 AND toDate(now('UTC')) - 2) / sumIf(censuses, day BETWEEN toDate(now('UTC')) - 8 AND toDate(now('UTC')) - 2)) AS proved_before,
            nullIf(maxIf(day, proved_max > 0), toDate(0)) AS last_proved
        FROM swarm_1d
        WHERE day > toDate(now('UTC')) - 90
        GROUP BY network, swarm_id
    ) AS h ON h.network = s.network AND h.swarm_id = s.swarm_id
)
WHERE state != '';

CREATE VIEW IF NOT EXISTS dht_census{on_cluster}
(
    network LowCardinality(String) COMMENT '`public`, or the name of a laboratory.',
    hour DateTime('UTC') COMMENT 'The hour.',
    family UInt8 COMMENT 'Address family.',
    nodes UInt64 COMMENT 'Distinct nodes with verdict `ok`.',
    caught UInt64 COMMENT 'Distinct nodes with another verdict than `ok` and `silent`.',
    addresses UInt64 COMMENT 'Distinct addresses of the nodes with verdict `ok`.',
    bep51_permille UInt16 COMMENT 'Share of the good nodes that answer sample_infohashes.',
    bep33_permille UInt16 COMMENT 'Share of the good nodes that answer scrape.',
    bep42_permille UInt16 COMMENT 'Share of the good nodes whose id fits their address.',
    rtt_ms Nullable(Float64) COMMENT 'Mean round trip; null when there was none.'
)
AS SELECT
    network, hour, family, nodes_ok AS nodes, caught, addresses,
    if(nodes_ok = 0, 0, intDiv(1000 * bep51, nodes_ok)) AS bep51_permille,
    if(nodes_ok = 0, 0, intDiv(1000 * bep33, nodes_ok)) AS bep33_permille,
    if(nodes_ok = 0, 0, intDiv(1000 * bep42, nodes_ok)) AS bep42_permille,
    if(rtts = 0, NULL, rtt_ms_sum / rtts) AS rtt_ms
FROM
(
    SELECT
        network, hour, family, key_epoch,
        uniqMergeIf(d.nodes, verdict = 'ok') AS nodes_ok,
        uniqMergeIf(d.nodes, verdict NOT IN ('ok', 'silent')) AS caught,
        uniqMergeIf(d.addresses, verdict = 'ok') AS addresses,
        uniqMergeIf(d.nodes_bep51, verdict = 'ok') AS bep51,
        uniqMergeIf(d.nodes_bep33, verdict = 'ok') AS bep33,
        uniqMergeIf(d.nodes_bep42, verdict = 'ok') AS bep42,
        sum(d.rtts) AS rtts,
        sum(d.rtt_ms_sum) AS rtt_ms_sum
    FROM dht_1h AS d
    GROUP BY network, hour, family, key_epoch
)
COMMENT 'The DHT hour by hour. An hour in which the pseudonyms changed has one row per epoch.';

CREATE VIEW IF NOT EXISTS client_shares{on_cluster}
(
    network LowCardinality(String) COMMENT '`public`, or the name of a laboratory.',
    day Date COMMENT 'The day (UTC).',
    client String COMMENT 'Client name without its version; empty when unknown.',
    peers UInt64 COMMENT 'Distinct peers that shook hands with us.',
    seeders UInt64 COMMENT 'Of these: proved seeders.',
    liars UInt64 COMMENT 'Of these: liars.'
)
AS SELECT
    network, day, trimRight(splitByRegexp('[ /]v?[0-9]', p.client)[1]) AS client,
    uniqMerge(p.peers) AS peers,
    uniqMergeIf(p.peers, verdict = 'proved') AS seeders,
    uniqMergeIf(p.peers, startsWith(verdict, 'liar')) AS liars
FROM peers_1d AS p
WHERE outcome = 'handshaken'
GROUP BY network, day, key_epoch, client
COMMENT 'Peers by client and day. A day in which the pseudonyms changed has one row per epoch.';

CREATE VIEW IF NOT EXISTS tracker_health{on_cluster}
(
    network LowCardinality(String) COMMENT '`public`, or the name of a laboratory.',
    tracker LowCardinality(String) COMMENT 'Scheme, host and port of the tracker.',
    day Date COMMENT 'The day (UTC).',
    requests UInt64 COMMENT 'Requests.',
    ok_permille UInt16 COMMENT 'Share of them that were answered well.',
    swarms UInt64 COMMENT 'Distinct swarms asked for.',
    latency_ms Nullable(Float64) COMMENT 'Mean time to an answer; null without one.',
    peers_per_answer Nullable(Float64) COMMENT 'Mean endpoints in a good answer to an announce; null without one.'
)
AS SELECT
    network, tracker, toDate(hour) AS day, sum(t.requests) AS requests,
    intDiv(1000 * sumIf(t.requests, outcome = 'ok'), sum(t.requests)) AS ok_permille,
    uniqMerge(t.swarms) AS swarms,
    if(sum(t.answered) = 0, NULL, sum(t.latency_ms_sum) / sum(t.answered)) AS latency_ms,
    if(sumIf(t.requests, outcome = 'ok' AND action = 'announce') = 0, NULL,
       sumIf(t.peers_returned, outcome = 'ok' AND action = 'announce') / sumIf(t.requests, outcome = 'ok' AND action = 'announce')) AS peers_per_answer
FROM trackers_1h AS t
GROUP BY network, tracker, day
COMMENT 'How trackers answer, day by day.';
