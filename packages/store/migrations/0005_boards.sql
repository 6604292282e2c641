-- What boards read over long ranges, recomputed in intervals from the raw rows of the last day: indifferent to duplicates, and after an
-- outage, a rebuild or a first migration they go on from where they ended, or from the oldest raw row.

CREATE TABLE IF NOT EXISTS swarm_first{on_cluster}
(
    network LowCardinality(String) COMMENT '`public`, or the name of a laboratory.' CODEC(ZSTD(1)),
    swarm_id FixedString(20) COMMENT 'The swarm: v1 infohash, else the truncated v2 one.' CODEC(ZSTD(1)),
    first SimpleAggregateFunction(min, DateTime('UTC')) COMMENT 'When its first census ended; the beginning of that day where it is older than this table.' CODEC(ZSTD(1))
)
ENGINE = {replicated}AggregatingMergeTree
ORDER BY (network, swarm_id)
SETTINGS {window}
COMMENT 'The first census of each swarm, for ever.';

CREATE MATERIALIZED VIEW IF NOT EXISTS swarm_first_view{on_cluster} TO swarm_first
AS SELECT network, swarm_id, min(toDateTime(s.ts)) AS first
FROM swarm_sampled AS s
GROUP BY network, swarm_id;

INSERT INTO swarm_first
SELECT network, swarm_id, min(toDateTime(day, 'UTC'))
FROM swarm_1d
GROUP BY network, swarm_id;

CREATE TABLE IF NOT EXISTS stored_1h{on_cluster}
(
    topic LowCardinality(String) COMMENT 'Raw table.' CODEC(ZSTD(1)),
    network LowCardinality(String) COMMENT '`public`, or the name of a laboratory.' CODEC(ZSTD(1)),
    hour DateTime('UTC') COMMENT 'The hour.' CODEC(Delta, ZSTD(1)),
    stored UInt64 COMMENT 'Rows observed in it.' CODEC(T64, ZSTD(1)),
    computed DateTime('UTC') COMMENT 'When they were counted.' CODEC(Delta, ZSTD(1))
)
ENGINE = {replicated}ReplacingMergeTree(computed)
ORDER BY (topic, network, hour)
SETTINGS {window}
COMMENT 'Rows of each raw table by hour, for ever (read it with FINAL); counted every 10 minutes.';

CREATE MATERIALIZED VIEW IF NOT EXISTS stored_1h_view{on_cluster} REFRESH EVERY 10 MINUTE APPEND TO stored_1h
AS SELECT topic, network, hour, stored, now('UTC') AS computed
FROM
(
    SELECT 'dht_node_seen' AS topic, network, toStartOfHour(ts) AS hour, count() AS stored FROM dht_node_seen WHERE ts >= addHours(greatest((SELECT max(hour) FROM stored_1h WHERE topic = 'dht_node_seen'), toDateTime('1971-01-01 00:00:00', 'UTC')), -26) GROUP BY network, hour
    UNION ALL
    SELECT 'infohash_sighted' AS topic, network, toStartOfHour(ts) AS hour, count() AS stored FROM infohash_sighted WHERE ts >= addHours(greatest((SELECT max(hour) FROM stored_1h WHERE topic = 'infohash_sighted'), toDateTime('1971-01-01 00:00:00', 'UTC')), -26) GROUP BY network, hour
    UNION ALL
    SELECT 'torrent_resolved' AS topic, network, toStartOfHour(ts) AS hour, count() AS stored FROM torrent_resolved WHERE ts >= addHours(greatest((SELECT max(hour) FROM stored_1h WHERE topic = 'torrent_resolved'), toDateTime('1971-01-01 00:00:00', 'UTC')), -26) GROUP BY network, hour
    UNION ALL
    SELECT 'peer_sighted' AS topic, network, toStartOfHour(ts) AS hour, count() AS stored FROM peer_sighted WHERE ts >= addHours(greatest((SELECT max(hour) FROM stored_1h WHERE topic = 'peer_sighted'), toDateTime('1971-01-01 00:00:00', 'UTC')), -26) GROUP BY network, hour
    UNION ALL
    SELECT 'peer_probed' AS topic, network, toStartOfHour(ts) AS hour, count() AS stored FROM peer_probed WHERE ts >= addHours(greatest((SELECT max(hour) FROM stored_1h WHERE topic = 'peer_probed'), toDateTime('1971-01-01 00:00:00', 'UTC')), -26) GROUP BY network, hour
    UNION ALL
    SELECT 'swarm_sampled' AS topic, network, toStartOfHour(ts) AS hour, count() AS stored FROM swarm_sampled WHERE ts >= addHours(greatest((SELECT max(hour) FROM stored_1h WHERE topic = 'swarm_sampled'), toDateTime('1971-01-01 00:00:00', 'UTC')), -26) GROUP BY network, hour
    UNION ALL
    SELECT 'tracker_scraped' AS topic, network, toStartOfHour(ts) AS hour, count() AS stored FROM tracker_scraped WHERE ts >= addHours(greatest((SELECT max(hour) FROM stored_1h WHERE topic = 'tracker_scraped'), toDateTime('1971-01-01 00:00:00', 'UTC')), -26) GROUP BY network, hour
    UNION ALL
    SELECT 'webseed_audited' AS topic, network, toStartOfHour(ts) AS hour, count() AS stored FROM webseed_audited WHERE ts >= addHours(greatest((SELECT max(hour) FROM stored_1h WHERE topic = 'webseed_audited'), toDateTime('1971-01-01 00:00:00', 'UTC')), -26) GROUP BY network, hour
    UNION ALL
    SELECT 'torrent_watched' AS topic, network, toStartOfHour(ts) AS hour, count() AS stored FROM torrent_watched WHERE ts >= addHours(greatest((SELECT max(hour) FROM stored_1h WHERE topic = 'torrent_watched'), toDateTime('1971-01-01 00:00:00', 'UTC')), -26) GROUP BY network, hour
    UNION ALL
    SELECT 'probe_state' AS topic, network, toStartOfHour(ts) AS hour, count() AS stored FROM probe_state WHERE ts >= addHours(greatest((SELECT max(hour) FROM stored_1h WHERE topic = 'probe_state'), toDateTime('1971-01-01 00:00:00', 'UTC')), -26) GROUP BY network, hour
    UNION ALL
    SELECT 'crawl_sampled' AS topic, network, toStartOfHour(ts) AS hour, count() AS stored FROM crawl_sampled WHERE ts >= addHours(greatest((SELECT max(hour) FROM stored_1h WHERE topic = 'crawl_sampled'), toDateTime('1971-01-01 00:00:00', 'UTC')), -26) GROUP BY network, hour
    UNION ALL
    SELECT 'service_sampled' AS topic, network, toStartOfHour(ts) AS hour, count() AS stored FROM service_sampled WHERE ts >= addHours(greatest((SELECT max(hour) FROM stored_1h WHERE topic = 'service_sampled'), toDateTime('1971-01-01 00:00:00', 'UTC')), -26) GROUP BY network, hour
    UNION ALL
    SELECT 'alert_changed' AS topic, network, toStartOfHour(ts) AS hour, count() AS stored FROM alert_changed WHERE ts >= addHours(greatest((SELECT max(hour) FROM stored_1h WHERE topic = 'alert_changed'), toDateTime('1971-01-01 00:00:00', 'UTC')), -26) GROUP BY network, hour
);

CREATE TABLE IF NOT EXISTS overview_1h{on_cluster}
(
    network LowCardinality(String) COMMENT '`public`, or the name of a laboratory.' CODEC(ZSTD(1)),
    hour DateTime('UTC') COMMENT 'The hour.' CODEC(Delta, ZSTD(1)),
    swarms_proved UInt32 COMMENT 'Swarms with a proved seeder, by their newest census, at most a day old.' CODEC(T64, ZSTD(1)),
    swarms_claimed UInt32 COMMENT 'Swarms whose seeders only claim.' CODEC(T64, ZSTD(1)),
    swarms_seedless UInt32 COMMENT 'Swarms without a seeder that are completable.' CODEC(T64, ZSTD(1)),
    swarms_dead UInt32 COMMENT 'Swarms that are not completable.' CODEC(T64, ZSTD(1)),
    swarms_silent UInt32 COMMENT 'Swarms in which nobody was reached.' CODEC(T64, ZSTD(1)),
    proved UInt32 COMMENT 'Proved seeders, summed over swarms.' CODEC(T64, ZSTD(1)),
    claimed UInt32 COMMENT 'Peers that claim all pieces, unproved.' CODEC(T64, ZSTD(1)),
    choked UInt32 COMMENT 'Peers that claim all pieces and never unchoked us.' CODEC(T64, ZSTD(1)),
    super_seeder UInt32 COMMENT 'Super-seeders (BEP 16).' CODEC(T64, ZSTD(1)),
    partial_seed UInt32 COMMENT 'Partial seeds (BEP 21).' CODEC(T64, ZSTD(1)),
    leecher UInt32 COMMENT 'Leechers.' CODEC(T64, ZSTD(1)),
    liar UInt32 COMMENT 'Liars of both kinds.' CODEC(T64, ZSTD(1)),
    lost UInt32 COMMENT 'Swarms whose last whole copy left sight since the census before, at most a day ago.' CODEC(T64, ZSTD(1)),
    returned UInt32 COMMENT 'Swarms that became whole again since the census before, at most a day ago.' CODEC(T64, ZSTD(1)),
    computed DateTime('UTC') COMMENT 'When it was computed.' CODEC(Delta, ZSTD(1))
)
ENGINE = {replicated}ReplacingMergeTree(computed)
ORDER BY (network, hour)
SETTINGS {window}
COMMENT 'All swarms together, hour by hour, for ever (read it with FINAL); computed every 10 minutes.';

CREATE MATERIALIZED VIEW IF NOT EXISTS overview_1h_view{on_cluster} REFRESH EVERY 10 MINUTE APPEND TO overview_1h
AS WITH
    asked AS
    (
        SELECT network, toStartOfHour(max(s.ts)) AS newest, addHours(greatest(max(d.done), toDateTime('1971-01-01 00:00:00', 'UTC')), -26) AS since
        FROM swarm_latest AS s
        LEFT JOIN (SELECT network, max(hour) AS done, max(o.computed) AS counted FROM overview_1h AS o GROUP BY network) AS d USING (network)
        GROUP BY network
        HAVING addDays(newest, 2) > max(d.counted)
    ),
    censuses AS
    (
        SELECT
            network, swarm_id, toStartOfHour(s.ts) AS bucket,
            argMax(tuple(s.proved, s.claimed, s.choked, s.super_seeder, s.partial_seed, s.leecher, s.liar_corrupt + s.liar_missing, s.reached, s.completable), s.ts) AS newest_census,
            argMax(assumeNotNull(s.completable), if(s.completable IS NULL, toDateTime64(0, 3, 'UTC'), s.ts)) AS whole, max(s.completable IS NOT NULL) AS known
        FROM swarm_sampled AS s
        WHERE s.ts >= (SELECT min(since) FROM asked) - toIntervalHour(25)
        GROUP BY network, swarm_id, bucket
    ),
    steps AS
    (
        SELECT
            network, newest_census, known, whole, toUInt32(bucket) AS start,
            leadInFrame(start, 1, toUInt32(4294967295)) OVER (PARTITION BY network, swarm_id ORDER BY bucket ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS following,
            lagInFrame(start, 1, toUInt32(0)) OVER (PARTITION BY network, swarm_id, known ORDER BY bucket ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS before,
            lagInFrame(whole, 1, whole) OVER (PARTITION BY network, swarm_id, known ORDER BY bucket ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS was
        FROM censuses
    )
SELECT
    network, toDateTime(instant, 'UTC') AS hour,
    toUInt32(countIf(census.1 > 0)) AS swarms_proved,
    toUInt32(countIf(census.1 = 0 AND census.8 > 0 AND census.2 + census.3 + census.4 > 0)) AS swarms_claimed,
    toUInt32(countIf(census.1 = 0 AND census.8 > 0 AND census.2 + census.3 + census.4 = 0 AND census.9 = 1)) AS swarms_seedless,
    toUInt32(countIf(census.1 = 0 AND census.8 > 0 AND census.2 + census.3 + census.4 = 0 AND census.9 = 0)) AS swarms_dead,
    toUInt32(countIf(census.1 = 0 AND census.8 = 0)) AS swarms_silent,
    toUInt32(sum(census.1)) AS proved, toUInt32(sum(census.2)) AS claimed, toUInt32(sum(census.3)) AS choked, toUInt32(sum(census.4)) AS super_seeder,
    toUInt32(sum(census.5)) AS partial_seed, toUInt32(sum(census.6)) AS leecher, toUInt32(sum(census.7)) AS liar,
    toUInt32(countIf(turned = 1 AND was = 1 AND whole = 0)) AS lost,
    toUInt32(countIf(turned = 1 AND was = 0 AND whole = 1)) AS returned,
    now('UTC') AS computed
FROM
(
    SELECT
        steps.network AS network, newest_census AS census, whole, was, asked.since AS since, instant,
        instant = start AND known = 1 AND start - before <= 86400 AS turned
    FROM steps
    INNER JOIN asked ON asked.network = steps.network
    ARRAY JOIN range(start, least(following, start + 86400, toUInt32(asked.newest) + 1), 3600) AS instant
    WHERE instant > toUInt32(asked.since)
)
GROUP BY network, hour;
