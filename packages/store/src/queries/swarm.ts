// Questions about one swarm: its peers, its days, its pieces, its files, what others say of it. Without `swarm` the one sampled last.
import { lastDays, type NamedQuery, THE_SWARM, VERDICT_ORDER } from './query.ts';

export const ONE_SWARM_QUERIES: readonly NamedQuery[] = [
  {
    name: 'census',
    title: 'The newest census of a swarm, peer by peer',
    question: 'Who was found in this swarm, and what does each have? Peers are pseudonyms; a prefix is as near as it gets.',
    parameters: { swarm: '' },
    sql: `SELECT lower(hex(peer_key)) AS peer, ip_prefix, client, verdict, outcome, direction, transport, pieces_have, pieces_total, challenges_passed, handshake_ms
FROM peer_probed
WHERE ${THE_SWARM} AND census_id = (SELECT argMax(census_id, ts) FROM swarm_latest WHERE ${THE_SWARM})
ORDER BY ${VERDICT_ORDER}, peer`,
  },
  {
    name: 'swarm-history',
    title: 'A swarm day by day',
    question: 'How did this swarm fare? Means over the censuses of each day, with the least and the most.',
    parameters: { swarm: '', days: 90 },
    sql: `SELECT d.day AS day, sum(d.censuses) AS samples, round(sum(d.proved_sum) / samples, 1) AS proved, min(d.proved_min) AS least, max(d.proved_max) AS most, round(sum(d.claimed_sum) / samples, 1) AS claimed, round(sum(d.leecher_sum) / samples, 1) AS leechers, min(d.copies_least) AS copies_min
FROM swarm_1d AS d
WHERE ${THE_SWARM} AND ${lastDays('d.day')}
GROUP BY day
ORDER BY day DESC`,
  },
  {
    name: 'pieces',
    title: 'Copies of each part of a torrent',
    question: 'Which parts of this torrent are rare? The least copies in each of up to 256 equal ranges of its pieces.',
    parameters: { swarm: '' },
    sql: `SELECT n AS part, round(100 * (n - 1) / length(availability), 1) AS from_percent, copies
FROM (SELECT availability FROM swarm_latest FINAL WHERE ${THE_SWARM})
ARRAY JOIN availability AS copies, arrayEnumerate(availability) AS n
ORDER BY copies, part
LIMIT 50`,
  },
  {
    name: 'files-at-risk',
    title: 'Files at risk of a torrent',
    question: 'Which files of this torrent have a piece of fewer than two copies?',
    parameters: { swarm: '' },
    sql: `SELECT risk.index AS file, tupleElement(arrayElement(t.files, risk.index + 1), 'path') AS path, tupleElement(arrayElement(t.files, risk.index + 1), 'size_bytes') AS size_bytes, risk.copies_min AS copies_min
FROM (SELECT network, swarm_id, files_at_risk FROM swarm_latest FINAL WHERE ${THE_SWARM}) AS s
ARRAY JOIN s.files_at_risk AS risk
LEFT JOIN (SELECT network, swarm_id, argMax(files, ts) AS files FROM torrent_resolved WHERE ${THE_SWARM} GROUP BY network, swarm_id) AS t
  ON t.network = s.network AND t.swarm_id = s.swarm_id
ORDER BY copies_min, file`,
  },
  {
    name: 'sources',
    title: 'Where the endpoints of a swarm come from',
    question: 'How many endpoints did trackers, the DHT, peer exchange and inbound connections give, day by day?',
    parameters: { swarm: '', days: 7 },
    sql: `SELECT toDate(s.hour) AS day, s.source AS source, uniqMerge(s.peers) AS endpoints, uniqMerge(s.seeds_claimed) AS called_seeds
FROM sources_1h AS s
WHERE ${THE_SWARM} AND ${lastDays('toDate(s.hour)')}
GROUP BY day, source
ORDER BY day DESC, source`,
  },
  {
    name: 'claims',
    title: 'What trackers say of a swarm beside what was found',
    question: 'How do the claims of its trackers compare with the censuses of the same days?',
    parameters: { swarm: '', days: 7 },
    sql: `SELECT c.day AS day, c.tracker AS tracker, round(c.says, 1) AS tracker_says, round(s.proved, 1) AS proved, round(s.claimed, 1) AS claimed_to_us
FROM
(
  SELECT toDate(hour) AS day, tracker, sum(seeders_sum) / sum(answers) AS says FROM claims_1h
  WHERE ${THE_SWARM} AND ${lastDays('toDate(hour)')} GROUP BY day, tracker HAVING sum(answers) > 0
) AS c
LEFT JOIN
(
  SELECT day, sum(proved_sum) / sum(censuses) AS proved, sum(claimed_sum + choked_sum + super_seeder_sum) / sum(censuses) AS claimed FROM swarm_1d
  WHERE ${THE_SWARM} AND ${lastDays('day')} GROUP BY day
) AS s ON s.day = c.day
ORDER BY day DESC, tracker`,
  },
];
