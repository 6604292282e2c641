// Questions about all swarms: who has them, which are dying, what can still be had.
import { lastDays, NAMES, type NamedQuery } from './query.ts';

export const SWARM_QUERIES: readonly NamedQuery[] = [
  {
    name: 'swarms',
    title: 'Swarms as they are now',
    question: 'Which swarms are there, and who has them? One row per swarm, from its newest census.',
    parameters: { limit: 50 },
    sql: `SELECT swarm, name, proved, claimed + choked AS claimed_only, super_seeder, leecher, liars, size_estimate, size_low, size_high, completable, ts
FROM swarms
ORDER BY proved DESC, reached DESC, swarm
LIMIT {limit:UInt32}`,
  },
  {
    name: 'search',
    title: 'Torrents by a part of their name',
    question: 'Is there a torrent of that name, and how is it?',
    parameters: { name: 'archive', limit: 50 },
    sql: `SELECT swarm, name, size_bytes, private, proved, completable, ts
FROM swarms
WHERE name ILIKE concat('%', {name:String}, '%')
ORDER BY proved DESC, swarm
LIMIT {limit:UInt32}`,
  },
  {
    name: 'lost-last-seeder',
    title: 'Torrents that lost their last proved seeder',
    question:
      'Which torrents had a proved seeder within the last days, and have none in their newest census? Only swarms where somebody was reached: silence is no proof of death.',
    parameters: { days: 7, limit: 50 },
    sql: `SELECT s.swarm AS swarm, s.name AS name, max(d.day) AS last_proved, max(d.proved_max) AS most_proved, any(s.claimed) AS still_claim, any(s.completable) AS completable
FROM swarms AS s
INNER JOIN swarm_1d AS d ON d.network = s.network AND d.swarm_id = s.swarm_id
WHERE s.proved = 0 AND s.reached > 0 AND d.proved_max > 0 AND ${lastDays('d.day')}
GROUP BY s.network, s.swarm, s.name
ORDER BY last_proved DESC, swarm
LIMIT {limit:UInt32}`,
  },
  {
    name: 'dying',
    title: 'Torrents that are dead or dying',
    question:
      'Which torrents are about to vanish, worst first? Of those with a census in the last 7 days; the list is recomputed every 5 minutes.',
    parameters: { limit: 50 },
    sql: `SELECT lower(hex(d.swarm_id)) AS swarm, t.name AS name, d.state AS state, d.proved AS proved, d.claimed AS claimed, d.copies_min AS copies_min, round(d.proved_before, 1) AS proved_before, d.last_proved AS last_proved
FROM dying AS d
LEFT JOIN ${NAMES} AS t ON t.network = d.network AND t.swarm_id = d.swarm_id
ORDER BY indexOf(['dead', 'no_seeder', 'last_copy', 'unproved', 'falling'], d.state), d.ts DESC, swarm
LIMIT {limit:UInt32}`,
  },
  {
    name: 'forecast',
    title: 'Torrents that will be lost',
    question:
      'How likely does each torrent lose its last complete copy within 1, 7 and 30 days, with bounds (95 %), and what does that rest on? Recomputed every 10 minutes.',
    parameters: { limit: 50 },
    sql: `SELECT lower(hex(f.swarm_id)) AS swarm, t.name AS name, round(100 * f.p1, 1) AS percent_1d, round(100 * f.p7, 1) AS percent_7d, round(100 * f.p7_low, 1) AS low_7d, round(100 * f.p7_high, 1) AS high_7d, round(100 * f.p30, 1) AS percent_30d, f.copies AS copies, f.holders AS holders_7d, round(f.tenure_h) AS longest_h, f.rests_on AS rests_on, f.alike AS alike
FROM forecast AS f
LEFT JOIN ${NAMES} AS t ON t.network = f.network AND t.swarm_id = f.swarm_id
ORDER BY f.p7 DESC, swarm
LIMIT {limit:UInt32}`,
  },
  {
    name: 'not-completable',
    title: 'Torrents that nobody can complete any more',
    question: 'In which swarms is some piece nowhere to be seen, and how much of them is left?',
    parameters: { limit: 50 },
    sql: `SELECT lower(hex(s.swarm_id)) AS swarm, t.name AS name, s.reached AS reached, length(s.availability) AS ranges, countEqual(s.availability, 0) AS ranges_missing, s.files_at_risk_total AS files_at_risk, s.ts AS ts
FROM (SELECT * FROM swarm_latest FINAL) AS s
LEFT JOIN ${NAMES} AS t ON t.network = s.network AND t.swarm_id = s.swarm_id
WHERE s.completable = 0
ORDER BY ranges_missing / greatest(ranges, 1) DESC, swarm
LIMIT {limit:UInt32}`,
  },
  {
    name: 'seedless-but-completable',
    title: 'Torrents without a seeder that can still be completed',
    question: 'Where do leechers and partial seeds together still have everything? These are worth joining before they part.',
    parameters: { limit: 50 },
    sql: `SELECT swarm, name, leecher, partial_seed, super_seeder, copies_min, ts
FROM swarms
WHERE completable = 1 AND proved + claimed + choked = 0
ORDER BY copies_min, leecher, swarm
LIMIT {limit:UInt32}`,
  },
  {
    name: 'objectives-missed',
    title: 'Watched torrents below their objective',
    question: 'Which torrents of the watch list have fewer proved seeders than they should?',
    parameters: {},
    sql: `SELECT swarm, name, labels['team'] AS team, objectives['min_proved_seeders'] AS wanted, proved, claimed, ts
FROM swarms
WHERE watched = 1 AND mapContains(objectives, 'min_proved_seeders') AND proved < objectives['min_proved_seeders']
ORDER BY wanted - proved DESC, swarm`,
  },
  {
    name: 'publisher-only',
    title: 'Torrents that only their publisher seeds',
    question: "Which torrents would be gone if the publisher's own machines were? By the networks that the watch list excludes.",
    parameters: { limit: 50 },
    sql: `SELECT swarm, name, proved, proved_outside, completable, completable_outside, ts
FROM swarms
WHERE proved > 0 AND proved_outside = 0
ORDER BY completable_outside, swarm
LIMIT {limit:UInt32}`,
  },
  {
    name: 'growth',
    title: 'Torrents that gained or lost most seeders',
    question:
      'Where did the number of proved seeders change most, this week against the week before? Means over all censuses of a week.',
    parameters: { limit: 20 },
    sql: `SELECT lower(hex(d.swarm_id)) AS swarm, t.name AS name, round(d.before, 1) AS week_before, round(d.after, 1) AS last_week, round(d.after - d.before, 1) AS change
FROM
(
  SELECT network, swarm_id,
    sumIf(proved_sum, day > toDate(now('UTC')) - 8) / sumIf(censuses, day > toDate(now('UTC')) - 8) AS after,
    sumIf(proved_sum, day <= toDate(now('UTC')) - 8) / sumIf(censuses, day <= toDate(now('UTC')) - 8) AS before
  FROM swarm_1d
  WHERE day > toDate(now('UTC')) - 15
  GROUP BY network, swarm_id
  HAVING sumIf(censuses, day > toDate(now('UTC')) - 8) > 0 AND sumIf(censuses, day <= toDate(now('UTC')) - 8) > 0
) AS d
LEFT JOIN ${NAMES} AS t ON t.network = d.network AND t.swarm_id = d.swarm_id
ORDER BY abs(d.after - d.before) DESC, swarm
LIMIT {limit:UInt32}`,
  },
  {
    name: 'least-sure',
    title: 'Where the size of a swarm is least sure',
    question: 'Which estimates have the widest bounds for their size? A wide band says: ask more sources, or sample again.',
    parameters: { limit: 20 },
    sql: `SELECT swarm, name, size_low, size_estimate, size_high, round((size_high - size_low) / greatest(size_estimate, 1), 2) AS width, endpoints_known, reached
FROM swarms
WHERE size_estimate IS NOT NULL
ORDER BY width DESC, swarm
LIMIT {limit:UInt32}`,
  },
];
