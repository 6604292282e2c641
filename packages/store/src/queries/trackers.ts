// Questions about trackers and web seeds: what they claim against what was found.
import { lastDays, NAMES, type NamedQuery } from './query.ts';

export const TRACKER_QUERIES: readonly NamedQuery[] = [
  {
    name: 'tracker-lies',
    title: 'Where trackers say far more seeders than there are',
    question:
      'Where do trackers claim at least twice (and two more than) the seeders that were proved, or claimed to us, in the censuses of the same days?',
    parameters: { days: 7, limit: 50 },
    sql: `SELECT lower(hex(c.swarm_id)) AS swarm, t.name AS name, c.tracker AS tracker, round(c.says, 1) AS tracker_says, round(s.proved, 1) AS proved, round(s.claimed, 1) AS claimed_to_us
FROM
(
  SELECT network, swarm_id, tracker, sum(seeders_sum) / sum(answers) AS says FROM claims_1h
  WHERE ${lastDays('toDate(hour)')} GROUP BY network, swarm_id, tracker HAVING sum(answers) > 0
) AS c
INNER JOIN
(
  SELECT network, swarm_id, sum(proved_sum) / sum(censuses) AS proved, sum(claimed_sum + choked_sum + super_seeder_sum) / sum(censuses) AS claimed FROM swarm_1d
  WHERE ${lastDays('day')} GROUP BY network, swarm_id
) AS s ON s.network = c.network AND s.swarm_id = c.swarm_id
LEFT JOIN ${NAMES} AS t ON t.network = c.network AND t.swarm_id = c.swarm_id
WHERE c.says >= 2 * (s.proved + s.claimed) + 2
ORDER BY c.says - s.proved - s.claimed DESC, swarm, tracker
LIMIT {limit:UInt32}`,
  },
  {
    name: 'tracker-health',
    title: 'Which trackers answer',
    question: 'How often do trackers answer, how fast, and with how many endpoints?',
    parameters: { days: 30 },
    sql: `SELECT tracker, sum(h.requests) AS asked, round(sum(h.ok_permille * h.requests) / asked / 10, 1) AS ok_percent, round(avg(h.latency_ms)) AS latency, round(avg(h.peers_per_answer), 1) AS endpoints_per_answer, max(h.swarms) AS swarms_a_day
FROM tracker_health AS h
WHERE ${lastDays('day')}
GROUP BY tracker
ORDER BY asked DESC, tracker`,
  },
  {
    name: 'web-seeds',
    title: 'Web seeds that were audited',
    question: 'Which web seeds serve what they should? Pieces were fetched and their hashes checked.',
    parameters: { days: 30 },
    sql: `SELECT host, lower(hex(swarm_id)) AS swarm, count() AS audits, countIf(outcome = 'ok') AS good, countIf(outcome = 'corrupt') AS corrupt, sum(pieces_checked) AS checked, sum(pieces_passed) AS passed, argMax(outcome, ts) AS newest
FROM webseed_audited
WHERE ${lastDays('toDate(ts)')}
GROUP BY host, swarm
ORDER BY corrupt DESC, host, swarm`,
  },
];
