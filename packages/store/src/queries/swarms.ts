// Questions about swarms: who has them, which are dying, what of them can still be had.
import { type NamedQuery, THE_SWARM } from './query.ts';

export const SWARM_QUERIES: readonly NamedQuery[] = [
  {
    name: 'swarms',
    title: 'Swarms as they are now',
    question: 'Which swarms are there, and who has them? One row per swarm, from its newest census.',
    parameters: { limit: 50 },
    sql: `SELECT swarm, name, proved, claimed + choked AS claimed, super_seeder, partial_seed, leecher, liars, size_estimate, size_low, size_high, completable, ts
FROM swarms
ORDER BY proved DESC, reached DESC, swarm
LIMIT {limit:UInt32}`,
  },
  {
    name: 'lost-last-seeder',
    title: 'Torrents that lost their last proved seeder',
    question: 'Which torrents had a proved seeder within the last days, and have none in their newest census?',
    parameters: { days: 7, limit: 50 },
    sql: `SELECT lower(hex(s.swarm_id)) AS swarm, any(s.name) AS name, max(d.day) AS last_proved, max(d.proved_max) AS most_proved, any(s.claimed) AS still_claim, any(s.completable) AS completable
FROM swarms AS s
INNER JOIN swarm_1d AS d ON d.network = s.network AND d.swarm_id = s.swarm_id
WHERE s.proved = 0 AND s.reached > 0 AND d.proved_max > 0 AND d.day > today() - {days:UInt16}
GROUP BY s.network, s.swarm_id
ORDER BY last_proved DESC, swarm
LIMIT {limit:UInt32}`,
  },
  {
    name: 'dying',
    title: 'Torrents that are dead or dying',
    question: 'Which torrents are about to vanish, worst first? The list is recomputed every 5 minutes.',
    parameters: { limit: 50 },
    sql: `SELECT lower(hex(d.swarm_id)) AS swarm, ifNull(t.name, '') AS name, d.state AS state, d.proved AS proved, d.claimed AS claimed, d.copies_min AS copies_min, round(d.proved_before, 1) AS proved_before, d.last_proved AS last_proved
FROM dying AS d
LEFT JOIN (SELECT network, swarm_id, name FROM torrent_latest FINAL) AS t ON t.network = d.network AND t.swarm_id = d.swarm_id
ORDER BY indexOf(['dead', 'no_seeder', 'last_copy', 'unproved', 'falling'], d.state), d.ts DESC, swarm
LIMIT {limit:UInt32}`,
  },
  {
    name: 'not-completable',
    title: 'Torrents that nobody can complete any more',
    question: 'In which swarms is some piece nowhere to be seen, and how much of them is left?',
    parameters: { limit: 50 },
    sql: `SELECT lower(hex(swarm_id)) AS swarm, reached, length(availability) AS ranges, countEqual(availability, 0) AS ranges_missing, files_at_risk_total, ts
FROM (SELECT * FROM swarm_latest FINAL)
WHERE completable = 0
ORDER BY ranges_missing / greatest(ranges, 1) DESC, swarm
LIMIT {limit:UInt32}`,
  },
  {
    name: 'files-at-risk',
    title: 'Files at risk of a torrent',
    question: 'Which files of this torrent have a piece of fewer than two copies? Empty `swarm`: the torrent sampled last.',
    parameters: { swarm: '' },
    sql: `SELECT risk.index AS file, tupleElement(arrayElement(t.files, risk.index + 1), 'path') AS path, tupleElement(arrayElement(t.files, risk.index + 1), 'size_bytes') AS size_bytes, risk.copies_min AS copies_min
FROM (SELECT network, swarm_id, files_at_risk FROM swarm_latest FINAL WHERE ${THE_SWARM}) AS s
ARRAY JOIN s.files_at_risk AS risk
LEFT JOIN (SELECT network, swarm_id, argMax(files, ts) AS files FROM torrent_resolved WHERE ${THE_SWARM} GROUP BY network, swarm_id) AS t
  ON t.network = s.network AND t.swarm_id = s.swarm_id
ORDER BY copies_min, file`,
  },
  {
    name: 'census',
    title: 'The newest census of a swarm, peer by peer',
    question: 'Who was found in this swarm, and what does each have? Empty `swarm`: the torrent sampled last.',
    parameters: { swarm: '' },
    sql: `SELECT lower(hex(peer_key)) AS peer, ip_prefix, client, verdict, outcome, direction, transport, pieces_have, pieces_total, challenges_passed, challenges_failed, handshake_ms
FROM peer_probed
WHERE ${THE_SWARM}
  AND census_id = (SELECT argMax(census_id, ts) FROM swarm_latest WHERE ${THE_SWARM})
ORDER BY indexOf(['liar_corrupt', 'liar_missing', 'proved', 'choked', 'claimed', 'super_seeder', 'partial_seed', 'leecher', 'unknown', 'unreachable'], verdict), peer`,
  },
  {
    name: 'swarm-history',
    title: 'A swarm day by day',
    question: 'How did this swarm fare? Means over the censuses of each day. Empty `swarm`: the torrent sampled last.',
    parameters: { swarm: '', days: 90 },
    sql: `SELECT day, sum(censuses) AS censuses, round(sum(proved_sum) / sum(censuses), 1) AS proved, min(proved_min) AS proved_min, max(proved_max) AS proved_max, round(sum(claimed_sum) / sum(censuses), 1) AS claimed, round(sum(leecher_sum) / sum(censuses), 1) AS leechers, min(copies_least) AS copies_min
FROM swarm_1d
WHERE ${THE_SWARM} AND day > today() - {days:UInt16}
GROUP BY day
ORDER BY day`,
  },
];
