-- The forecast: how likely a swarm loses its last complete copy within 1, 7 and 30 days. docs/estimates.md derives it. Two rollups are filled by inserts; two small
-- tables are learned from them once a day; the forecast itself is recomputed every ten minutes, and kept once a day.

CREATE TABLE IF NOT EXISTS copies_1d{on_cluster}
(
    network LowCardinality(String) COMMENT '`public`, or the name of a laboratory.' CODEC(ZSTD(1)),
    swarm_id FixedString(20) COMMENT 'The swarm: v1 infohash, else the truncated v2 one.' CODEC(ZSTD(1)),
    ip_prefix String COMMENT 'Network of the address: /24 or /48. It outlives the epochs of the pseudonym key, which peers are never followed across.' CODEC(ZSTD(1)),
    day Date COMMENT 'The day (UTC).' CODEC(ZSTD(1)),
    first_seen SimpleAggregateFunction(min, DateTime('UTC')) COMMENT 'When a peer with all pieces was met there first on that day.' CODEC(Delta, ZSTD(1)),
    last_seen SimpleAggregateFunction(max, DateTime('UTC')) COMMENT 'When last.' CODEC(Delta, ZSTD(1)),
    proved SimpleAggregateFunction(sum, UInt64) COMMENT 'Probes that proved a seeder.' CODEC(T64, ZSTD(1)),
    claims SimpleAggregateFunction(sum, UInt64) COMMENT 'Probes of peers that claim all pieces, choke us, or are super-seeders.' CODEC(T64, ZSTD(1))
)
ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (network, swarm_id, ip_prefix, day)
TTL day + toIntervalDay(180)
SETTINGS ttl_only_drop_parts = 1, {window}
COMMENT 'Networks in which complete copies of a swarm were met, by day.';

CREATE MATERIALIZED VIEW IF NOT EXISTS copies_1d_view{on_cluster} TO copies_1d
AS SELECT
    network,
    swarm_id,
    ip_prefix,
    toDate(ts) AS day,
    min(toDateTime(p.ts)) AS first_seen,
    max(toDateTime(p.ts)) AS last_seen,
    sum(p.verdict = 'proved') AS proved,
    sum(p.verdict != 'proved') AS claims
FROM peer_probed AS p
WHERE p.verdict IN ('proved', 'choked', 'claimed', 'super_seeder')
GROUP BY network, swarm_id, ip_prefix, day;

CREATE TABLE IF NOT EXISTS looks_1d{on_cluster}
(
    network LowCardinality(String) COMMENT '`public`, or the name of a laboratory.' CODEC(ZSTD(1)),
    swarm_id FixedString(20) COMMENT 'The swarm: v1 infohash, else the truncated v2 one.' CODEC(ZSTD(1)),
    day Date COMMENT 'The day (UTC).' CODEC(ZSTD(1)),
    looks SimpleAggregateFunction(sum, UInt64) COMMENT 'Censuses in which somebody was reached, or the DHT or a tracker answered. Blind ones are not there: missing data is not death.' CODEC(T64, ZSTD(1)),
    last_look SimpleAggregateFunction(max, DateTime('UTC')) COMMENT 'The last of them.' CODEC(Delta, ZSTD(1)),
    leechers SimpleAggregateFunction(sum, UInt64) COMMENT 'Sum of their leechers.' CODEC(T64, ZSTD(1))
)
ENGINE = {replicated}AggregatingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (network, swarm_id, day)
TTL day + toIntervalDay(180)
SETTINGS ttl_only_drop_parts = 1, {window}
COMMENT 'Censuses of a swarm that could see, by day.';

CREATE MATERIALIZED VIEW IF NOT EXISTS looks_1d_view{on_cluster} TO looks_1d
AS SELECT
    network,
    swarm_id,
    toDate(ts) AS day,
    count() AS looks,
    max(toDateTime(s.ts)) AS last_look,
    sum(s.leecher) AS leechers
FROM swarm_sampled AS s
WHERE s.reached > 0 OR arrayExists(source -> source.source IN ('dht', 'tracker') AND source.failed = 0, s.sources)
GROUP BY network, swarm_id, day;

CREATE VIEW IF NOT EXISTS forecast_states{on_cluster}
(
    network LowCardinality(String) COMMENT '`public`, or the name of a laboratory.',
    swarm_id FixedString(20) COMMENT 'The swarm, raw.',
    ip_prefix String COMMENT 'The network that holds a copy.',
    landmark DateTime('UTC') COMMENT 'The midnight that this is about.',
    founder UInt8 COMMENT 'It was there when a copy of the swarm was met first, with one other network at most.',
    tenure UInt8 COMMENT 'Bucket of the time from the first to the last meeting before the landmark: 2 log2(hours / 6), 0 when there was one meeting.',
    gap UInt8 COMMENT 'Bucket of the time from the last meeting to the newest census: up to 1, 7, 13, 25, 49, 97 hours, or more.',
    is_new UInt8 COMMENT 'First met in the 7 days before the landmark.',
    final DateTime('UTC') COMMENT 'The last meeting of all.'
)
AS SELECT
    m.network AS network, m.swarm_id AS swarm_id, m.ip_prefix AS ip_prefix, toDateTime(l.day + 1, 'UTC') AS landmark,
    m.founder AS founder,
    toUInt8(if(m.last_seen <= m.first, 0, least(18, greatest(1, floor(2 * log2(dateDiff('second', m.first, m.last_seen) / 21600)))))) AS tenure,
    toUInt8(arrayFirstIndex(most -> dateDiff('second', m.last_seen, l.last_look) <= most * 3600, [1, 7, 13, 25, 49, 97, 1000000]) - 1) AS gap,
    m.first >= toDateTime(l.day + 1, 'UTC') - INTERVAL 7 DAY AS is_new,
    m.final AS final
FROM
(
    SELECT network, swarm_id, ip_prefix, day, last_seen, first, final, founder, arrayJoin(range(toUInt32(least(8, next_day - toUInt32(day))))) AS after
    FROM
    (
        SELECT
            network, swarm_id, ip_prefix, day, last_seen, first, final, next_day, proofs_here, proofs,
            first <= swarm_first + 3600 AND sum(first_seen <= swarm_first + 3600) OVER (PARTITION BY network, swarm_id) <= 2 AS founder
        FROM
        (
            SELECT
                network, swarm_id, ip_prefix, day, first_seen, last_seen,
                min(first_seen) OVER place AS first,
                max(last_seen) OVER place AS final,
                leadInFrame(toUInt32(day), 1, 65535) OVER (PARTITION BY network, swarm_id, ip_prefix ORDER BY day ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS next_day,
                sum(proved) OVER place AS proofs_here,
                sum(proved) OVER swarm AS proofs,
                min(first_seen) OVER swarm AS swarm_first
            FROM (SELECT network, swarm_id, ip_prefix, day, min(first_seen) AS first_seen, max(last_seen) AS last_seen, sum(proved) AS proved FROM copies_1d
                -- Twenty thousand swarms teach as much as more would.
                WHERE cityHash64(swarm_id) % (SELECT 1 + intDiv(uniq(swarm_id), 20000) FROM looks_1d) = 0 GROUP BY network, swarm_id, ip_prefix, day)
            WINDOW place AS (PARTITION BY network, swarm_id, ip_prefix), swarm AS (PARTITION BY network, swarm_id)
        )
    )
    WHERE proofs_here > 0 OR proofs = 0
) AS m
INNER JOIN (SELECT network, swarm_id, day, max(last_look) AS last_look FROM looks_1d GROUP BY network, swarm_id, day) AS l
    ON l.network = m.network AND l.swarm_id = m.swarm_id AND l.day = m.day + m.after
COMMENT 'What was known of each copy at each midnight, up to a week after it was met: what the forecast learns from.';

CREATE TABLE IF NOT EXISTS forecast_retention{on_cluster}
(
    network LowCardinality(String) COMMENT '`public`, or the name of a laboratory.',
    founder UInt8 COMMENT 'The copy was there when the swarm was met first.',
    tenure UInt8 COMMENT 'Bucket of its time so far.',
    gap UInt8 COMMENT 'Bucket of the time since it was met.',
    days UInt8 COMMENT 'The horizon: 1, 7 or 30.',
    cases UInt64 COMMENT 'Midnights at which a copy was in this state, and long enough ago to know what came.',
    kept UInt64 COMMENT 'Of these: it was met again after the horizon.'
)
ENGINE = MergeTree
ORDER BY (network, days, founder, tenure, gap)
COMMENT 'How long copies of complete torrents stay, by how long they have been there: learned from all swarms, once a day.';

CREATE MATERIALIZED VIEW IF NOT EXISTS forecast_retention_view{on_cluster} REFRESH EVERY 1 DAY TO forecast_retention
AS SELECT
    network, founder, tenure, gap, horizon AS days, count() AS cases, countIf(final >= landmark + toIntervalDay(horizon)) AS kept
FROM
(
    SELECT s.network AS network, s.founder AS founder, s.tenure AS tenure, s.gap AS gap, s.landmark AS landmark, s.final AS final, ended.last_look AS last_look
    FROM forecast_states AS s
    INNER JOIN (SELECT network, swarm_id, max(last_look) AS last_look FROM looks_1d GROUP BY network, swarm_id) AS ended
        ON ended.network = s.network AND ended.swarm_id = s.swarm_id
)
ARRAY JOIN [1, 7, 30] AS horizon
WHERE landmark + toIntervalDay(horizon + 8) <= now('UTC') AND last_look >= landmark + toIntervalDay(horizon)
GROUP BY network, founder, tenure, gap, horizon;

CREATE VIEW IF NOT EXISTS forecast_chances{on_cluster}
(
    network LowCardinality(String) COMMENT '`public`, or the name of a laboratory.',
    founder UInt8 COMMENT 'As in forecast_retention.',
    tenure UInt8 COMMENT 'As in forecast_retention.',
    gap UInt8 COMMENT 'As in forecast_retention.',
    days UInt8 COMMENT 'The horizon.',
    stays Float64 COMMENT 'Chance that a copy in this state is met again after the horizon.'
)
AS SELECT
    n.network AS network, f.founder AS founder, t.tenure AS tenure, g.gap AS gap, h.days AS days,
    least(0.9999, (r.kept + 20 * pow((hours + 0.1) / (hours + 0.1 + 24 * h.days), 0.75) * exp(-away / 24)) / (r.cases + 20)) AS stays
FROM (SELECT DISTINCT network FROM looks_1d) AS n
CROSS JOIN (SELECT arrayJoin([0, 1])::UInt8 AS founder) AS f
CROSS JOIN (SELECT arrayJoin(range(19))::UInt8 AS tenure, if(tenure = 0, 0, 6 * pow(2, tenure / 2)) AS hours) AS t
CROSS JOIN (SELECT arrayJoin(range(7))::UInt8 AS gap, [0, 6, 12, 24, 48, 96, 168][gap + 1] AS away) AS g
CROSS JOIN (SELECT arrayJoin([1, 7, 30])::UInt8 AS days) AS h
LEFT JOIN forecast_retention AS r ON r.network = n.network AND r.founder = f.founder AND r.tenure = t.tenure AND r.gap = g.gap AND r.days = h.days
COMMENT 'What forecast_retention says, shrunk to a Lomax law of stays (20 cases of it).';

CREATE TABLE IF NOT EXISTS forecast_cohorts{on_cluster}
(
    network LowCardinality(String) COMMENT '`public`, or the name of a laboratory.',
    days UInt8 COMMENT 'The horizon: 1, 7 or 30.',
    risk UInt8 COMMENT 'Bucket of the chance that none of its copies stays: -4 ln, at most 24.',
    gap UInt8 COMMENT 'Bucket of the time since any copy was met.',
    copies UInt8 COMMENT 'Copies in the newest census, 3 for more.',
    residents UInt8 COMMENT 'Bucket of the copies per census beyond those that pass by, over a week.',
    cases UInt64 COMMENT 'Midnights at which a swarm was in this state, and long enough ago to know what came.',
    deaths UInt64 COMMENT 'Of these: its last complete copy went before the horizon, and none came back within 30 days.',
    swarms UInt64 COMMENT 'Distinct swarms among the cases: midnights of one swarm are no independent cases.'
)
ENGINE = MergeTree
ORDER BY (network, days, risk, gap, copies, residents)
COMMENT 'How often swarms of one kind lost their last complete copy: learned from all swarms, once a day.';

CREATE MATERIALIZED VIEW IF NOT EXISTS forecast_cohorts_view{on_cluster} REFRESH EVERY 1 DAY TO forecast_cohorts
AS SELECT
    network, days, toUInt8(least(24, floor(-4 * hold))) AS risk, toUInt8(nearest) AS gap, toUInt8(least(3, there)) AS copies,
    toUInt8(arrayFirstIndex(most -> settled < most, [0.2, 0.6, 0.9, 1.5, 2.5, 1000000]) - 1) AS residents,
    count() AS cases, countIf(swarm_final < landmark + toIntervalDay(days)) AS deaths, uniqExact(swarm_id) AS swarms
FROM
(
    SELECT
        s.network AS network, s.swarm_id AS swarm_id, s.landmark AS landmark, c.days AS days,
        sum(log(1 - c.stays)) AS hold, min(s.gap) AS nearest, countIf(s.gap = 0) AS there
    FROM forecast_states AS s
    INNER JOIN forecast_chances AS c ON c.network = s.network AND c.founder = s.founder AND c.tenure = s.tenure AND c.gap = s.gap
    GROUP BY network, swarm_id, landmark, days
) AS state
INNER JOIN
(
    SELECT
        l.network AS network, l.swarm_id AS swarm_id, toDateTime(l.day + 1, 'UTC') AS landmark,
        (sum(h.met) OVER week - sum(l.leechers) OVER week) / sum(l.looks) OVER week AS settled,
        max(h.last_seen) OVER swarm AS swarm_final, max(l.last_look) OVER swarm AS swarm_looked
    FROM (SELECT network, swarm_id, day, sum(looks) AS looks, sum(leechers) AS leechers, max(last_look) AS last_look FROM looks_1d GROUP BY network, swarm_id, day) AS l
    LEFT JOIN (SELECT network, swarm_id, day, sum(proved) + sum(claims) AS met, max(last_seen) AS last_seen FROM copies_1d GROUP BY network, swarm_id, day) AS h
        ON h.network = l.network AND h.swarm_id = l.swarm_id AND h.day = l.day
    WINDOW week AS (PARTITION BY l.network, l.swarm_id ORDER BY l.day RANGE BETWEEN 6 PRECEDING AND CURRENT ROW), swarm AS (PARTITION BY l.network, l.swarm_id)
) AS trend ON trend.network = state.network AND trend.swarm_id = state.swarm_id AND trend.landmark = state.landmark
WHERE landmark + toIntervalDay(days + 30) <= now('UTC') AND swarm_looked >= landmark + toIntervalDay(days + 30)
GROUP BY network, days, risk, gap, copies, residents;

CREATE TABLE IF NOT EXISTS forecast{on_cluster}
(
    network LowCardinality(String) COMMENT '`public`, or the name of a laboratory.',
    swarm_id FixedString(20) COMMENT 'The swarm: v1 infohash, else the truncated v2 one.',
    ts DateTime('UTC') COMMENT 'When it was computed.',
    seen DateTime('UTC') COMMENT 'The newest census that could see: what the forecast rests on.',
    last_copy DateTime('UTC') COMMENT 'When a complete copy was met last.',
    rests_on LowCardinality(String) COMMENT '`proof`: only networks in which a seeder was proved count. `claims`: none ever was.',
    copies UInt32 COMMENT 'Networks in which a complete copy was met in that census.',
    holders UInt32 COMMENT 'Networks in which one was met within the 7 days before it.',
    tenure_h Float64 COMMENT 'Longest time that one of the holders has been met over, in hours.',
    residents Float64 COMMENT 'Copies per census beyond those that pass by (as many as there are leechers), over a week.',
    arrivals_week UInt32 COMMENT 'Networks that a copy was met in for the first time in that week.',
    p1 Float64 COMMENT 'Chance that the last complete copy is gone within 1 day, for 30 days or longer.',
    p1_low Float64 COMMENT 'Low bound (95 %) of p1.',
    p1_high Float64 COMMENT 'High bound (95 %) of p1.',
    p7 Float64 COMMENT 'The same within 7 days.',
    p7_low Float64 COMMENT 'Low bound (95 %) of p7.',
    p7_high Float64 COMMENT 'High bound (95 %) of p7.',
    p30 Float64 COMMENT 'The same within 30 days.',
    p30_low Float64 COMMENT 'Low bound (95 %) of p30.',
    p30_high Float64 COMMENT 'High bound (95 %) of p30.',
    p7_steady Float64 COMMENT 'What the alert reads: the mean of p7 and the daily forecasts of the 14 days before, each day weighing 0.7 of the one after it.',
    alike UInt64 COMMENT 'Swarms of the same kind that p7 was learned from.'
)
ENGINE = MergeTree
ORDER BY (network, swarm_id)
COMMENT 'How likely each swarm loses its last complete copy, of those in which one was met within 7 days before their newest census; recomputed every 10 minutes.';

CREATE TABLE IF NOT EXISTS forecast_1d{on_cluster}
(
    network LowCardinality(String) COMMENT '`public`, or the name of a laboratory.' CODEC(ZSTD(1)),
    swarm_id FixedString(20) COMMENT 'The swarm: v1 infohash, else the truncated v2 one.' CODEC(ZSTD(1)),
    day Date COMMENT 'The day (UTC) on which it was computed.' CODEC(ZSTD(1)),
    p1 Float32 COMMENT 'Chance that the last complete copy is gone within 1 day, for 30 days or longer.' CODEC(ZSTD(1)),
    p7 Float32 COMMENT 'The same within 7 days.' CODEC(ZSTD(1)),
    p7_low Float32 COMMENT 'Low bound (95 %) of p7.' CODEC(ZSTD(1)),
    p7_high Float32 COMMENT 'High bound (95 %) of p7.' CODEC(ZSTD(1)),
    p30 Float32 COMMENT 'The same within 30 days.' CODEC(ZSTD(1))
)
ENGINE = {replicated}ReplacingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (network, swarm_id, day)
TTL day + toIntervalDay(180)
SETTINGS ttl_only_drop_parts = 1, {window}
COMMENT 'The forecast of each swarm, one a day (read it with FINAL).';

CREATE MATERIALIZED VIEW IF NOT EXISTS forecast_view{on_cluster} REFRESH EVERY 10 MINUTE TO forecast
AS SELECT
    said.network AS network, said.swarm_id AS swarm_id, now('UTC') AS ts, any(seen) AS seen, any(last_copy) AS last_copy, any(rests_on) AS rests_on, any(copies) AS copies, any(holders) AS holders,
    any(tenure_h) AS tenure_h, any(settled) AS residents, any(arrivals_week) AS arrivals_week,
    maxIf(p, days = 1) AS p1, maxIf(p_low, days = 1) AS p1_low, maxIf(p_high, days = 1) AS p1_high,
    maxIf(p, days = 7) AS p7, maxIf(p_low, days = 7) AS p7_low, maxIf(p_high, days = 7) AS p7_high,
    maxIf(p, days = 30) AS p30, maxIf(p_low, days = 30) AS p30_low, maxIf(p_high, days = 30) AS p30_high,
    (p7 + any(before.sum)) / (1 + any(before.weight)) AS p7_steady,
    maxIf(swarms, days = 7) AS alike
FROM
(
    -- From the chance that follows from its copies alone to that of its cohorts, the wide one first: each weighs as many cases as it has, what came before 30.
    SELECT
        *,
        (deaths2 + 30 * exp(hold - arrivals_week / 7 * days * comes)) / (cases2 + 30) AS wide,
        (deaths3 + 30 * wide) / (cases3 + 30) AS middle,
        (deaths4 + 30 * middle) / (cases4 + 30) AS p,
        -- Wilson's bounds, each swarm alike counted once.
        swarms + 30 AS weight,
        (p + 1.9208 / weight) / (1 + 3.8416 / weight) AS centre,
        1.96 * sqrt(p * (1 - p) / weight + 0.9604 / (weight * weight)) / (1 + 3.8416 / weight) AS width,
        greatest(0., centre - width) AS p_low, least(1., centre + width) AS p_high
    FROM
    (
        SELECT
            s.network AS network, s.swarm_id AS swarm_id, ch.days AS days, any(s.seen) AS seen, max(s.last_seen) AS last_copy,
            if(any(s.proofs) > 0, 'proof', 'claims') AS rests_on, countIf(s.gap = 0) AS copies, count() AS holders,
            max(dateDiff('second', s.first_seen, s.last_seen)) / 3600 AS tenure_h, any(s.settled) AS settled, countIf(s.is_new) AS arrivals_week,
            sum(log(1 - ch.stays)) AS hold, min(s.gap) AS nearest, any(ch.comes) AS comes,
            toUInt8(least(24, floor(-4 * hold))) AS risk, toUInt8(least(3, copies)) AS some,
            toUInt8(arrayFirstIndex(most -> settled < most, [0.2, 0.6, 0.9, 1.5, 2.5, 1000000]) - 1) AS remain
        FROM
        (
            SELECT
                h.network AS network, h.swarm_id AS swarm_id, h.first_seen AS first_seen, h.last_seen AS last_seen, h.founder AS founder, h.proofs AS proofs,
                l.seen AS seen, (toFloat64(h.met_week) - l.leechers) / l.looks AS settled,
                toUInt8(if(h.last_seen <= h.first_seen, 0, least(18, greatest(1, floor(2 * log2(dateDiff('second', h.first_seen, h.last_seen) / 21600)))))) AS tenure,
                toUInt8(arrayFirstIndex(most -> dateDiff('second', h.last_seen, l.seen) <= most * 3600, [1, 7, 13, 25, 49, 97, 1000000]) - 1) AS gap,
                h.first_seen >= now('UTC') - INTERVAL 7 DAY AS is_new
            FROM
            (
                SELECT
                    here.network AS network, here.swarm_id AS swarm_id, here.first_seen AS first_seen, here.last_seen AS last_seen,
                    here.proofs_here AS proofs_here, whole.proofs AS proofs, whole.met_week AS met_week,
                    here.first_seen <= whole.firsts[1].1 + 3600 AND length(arrayDistinct(arrayFilter(one -> one.1 <= whole.firsts[1].1 + 3600, whole.firsts).2)) <= 2 AS founder
                FROM
                (
                    SELECT network, swarm_id, ip_prefix, min(c.first_seen) AS first_seen, max(c.last_seen) AS last_seen, sum(c.proved) AS proofs_here
                    FROM copies_1d AS c
                    WHERE c.first_seen < now('UTC') AND (network, swarm_id, ip_prefix) IN (SELECT network, swarm_id, ip_prefix FROM copies_1d WHERE day >= toDate(now('UTC')) - 15)
                    GROUP BY network, swarm_id, ip_prefix
                ) AS here
                INNER JOIN
                (
                    SELECT network, swarm_id, sum(c.proved) AS proofs, sumIf(c.proved + c.claims, day >= toDate(now('UTC')) - 7) AS met_week,
                        groupArraySorted(64)((c.first_seen, c.ip_prefix)) AS firsts
                    FROM copies_1d AS c
                    WHERE c.first_seen < now('UTC') AND (network, swarm_id) IN (SELECT network, swarm_id FROM copies_1d WHERE day >= toDate(now('UTC')) - 15)
                    GROUP BY network, swarm_id
                ) AS whole ON whole.network = here.network AND whole.swarm_id = here.swarm_id
            ) AS h
            INNER JOIN
            (
                SELECT network, swarm_id, max(last_look) AS seen, sum(looks) AS looks, sum(leechers) AS leechers
                FROM looks_1d
                WHERE day >= toDate(now('UTC')) - 7 AND last_look < now('UTC')
                GROUP BY network, swarm_id
            ) AS l ON l.network = h.network AND l.swarm_id = h.swarm_id
            WHERE (h.proofs_here > 0 OR h.proofs = 0) AND h.last_seen >= l.seen - INTERVAL 7 DAY
        ) AS s
        INNER JOIN (SELECT *, maxIf(stays, founder = 0 AND tenure = 0 AND gap = 0) OVER (PARTITION BY network, days) AS comes FROM forecast_chances) AS ch
            ON ch.network = s.network AND ch.founder = s.founder AND ch.tenure = s.tenure AND ch.gap = s.gap
        GROUP BY network, swarm_id, days
    ) AS state
    LEFT JOIN (SELECT network AS network2, days AS days2, risk AS risk2, gap AS gap2, sum(cases) AS cases2, sum(deaths) AS deaths2 FROM forecast_cohorts GROUP BY network, days, risk, gap) AS c2
        ON network2 = network AND days2 = days AND risk2 = risk AND gap2 = nearest
    LEFT JOIN (SELECT network AS network3, days AS days3, risk AS risk3, gap AS gap3, copies AS copies3, sum(cases) AS cases3, sum(deaths) AS deaths3 FROM forecast_cohorts GROUP BY network, days, risk, gap, copies) AS c3
        ON network3 = network AND days3 = days AND risk3 = risk AND gap3 = nearest AND copies3 = some
    LEFT JOIN (SELECT network AS network4, days AS days4, risk AS risk4, gap AS gap4, copies AS copies4, residents AS residents4, cases AS cases4, deaths AS deaths4, swarms FROM forecast_cohorts) AS c4
        ON network4 = network AND days4 = days AND risk4 = risk AND gap4 = nearest AND copies4 = some AND residents4 = remain
) AS said
LEFT JOIN
(
    SELECT network, swarm_id, sum(p7 * pow(0.7, toDate(now('UTC')) - day)) AS sum, sum(pow(0.7, toDate(now('UTC')) - day)) AS weight
    FROM forecast_1d FINAL
    WHERE day < toDate(now('UTC')) AND day >= toDate(now('UTC')) - 14
    GROUP BY network, swarm_id
) AS before ON before.network = said.network AND before.swarm_id = said.swarm_id
GROUP BY said.network, said.swarm_id;

CREATE MATERIALIZED VIEW IF NOT EXISTS forecast_1d_view{on_cluster} REFRESH EVERY 1 DAY APPEND TO forecast_1d
AS SELECT network, swarm_id, toDate(ts) AS day, p1, p7, p7_low, p7_high, p30
FROM forecast;
