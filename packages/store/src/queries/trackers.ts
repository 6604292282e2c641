// Questions about trackers and web seeds: what they claim against what was found.
import type { NamedQuery } from './query.ts';

export const TRACKER_QUERIES: readonly NamedQuery[] = [
  {
    name: 'tracker-lies',
    title: 'Where trackers say more seeders than can be proved',
    question:
      'Where do trackers claim far more seeders than were proved or even claimed to us? Mean claims beside mean censuses of the same days.',
    parameters: { days: 7, limit: 50 },
    sql: `SELECT lower(hex(c.swarm_id)) AS swarm, c.tracker AS tracker, round(c.claims, 1) AS tracker_says, round(s.proved, 1) AS proved, round(s.claimed, 1) AS claimed_to_us
FROM
(
  SELECT network, swarm_id, tracker, sum(seeders_sum) / sum(answers) AS claims FROM claims_1h
  WHERE hour > now() - toIntervalDay({days:UInt16}) GROUP BY network, swarm_id, tracker HAVING sum(answers) > 0
) AS c
INNER JOIN
(
  SELECT network, swarm_id, sum(proved_sum) / sum(censuses) AS proved, sum(claimed_sum + choked_sum + super_seeder_sum) / sum(censuses) AS claimed FROM swarm_1h
  WHERE hour > now() - toIntervalDay({days:UInt16}) GROUP BY network, swarm_id
) AS s ON s.network = c.network AND s.swarm_id = c.swarm_id
WHERE c.claims >= 2 * (s.proved + s.claimed) + 2
ORDER BY c.claims - s.proved - s.claimed DESC, swarm, tracker
LIMIT {limit:UInt32}`,
  },
  {
    name: 'tracker-health',
    title: 'Which trackers answer',
    question: 'How do trackers answer, how fast, and with how many endpoints?',
    parameters: { days: 7 },
    sql: `SELECT tracker, sum(h.requests) AS requests, round(sum(h.ok_permille * h.requests) / sum(h.requests) / 10, 1) AS ok_percent, round(avg(h.latency_ms)) AS latency_ms, round(avg(h.peers_per_answer), 1) AS peers_per_answer, max(h.swarms) AS swarms
FROM tracker_health AS h
WHERE day > today() - {days:UInt16}
GROUP BY tracker
ORDER BY requests DESC, tracker`,
  },
];
