// Questions about peers: their software, their honesty, how they are reached.
import { lastDays, type NamedQuery, programOf } from './query.ts';

export const PEER_QUERIES: readonly NamedQuery[] = [
  {
    name: 'client-shares',
    title: 'Clients by share of the peers',
    question:
      'Which client programs do peers run? Distinct peers of each day, added up (pseudonyms are not followed for longer).',
    parameters: { days: 30, limit: 30 },
    sql: `SELECT client, sum(peers) AS peer_days, round(100 * peer_days / sum(peer_days) OVER (), 1) AS percent, sum(seeders) AS proved_seeder_days, sum(liars) AS liar_days
FROM client_shares
WHERE ${lastDays('day')}
GROUP BY client
ORDER BY peer_days DESC, client
LIMIT {limit:UInt32}`,
  },
  {
    name: 'client-moves',
    title: 'How client shares moved',
    question: 'Whose share of the peers grew or shrank, in the later against the earlier half of the time?',
    parameters: { days: 30, limit: 20 },
    sql: `SELECT client, round(100 * earlier / sum(earlier) OVER (), 1) AS percent_before, round(100 * later / sum(later) OVER (), 1) AS percent_after, round(percent_after - percent_before, 1) AS change
FROM
(
  SELECT client, sumIf(peers, day <= toDate(now('UTC')) - {days:UInt16} / 2) AS earlier, sumIf(peers, day > toDate(now('UTC')) - {days:UInt16} / 2) AS later
  FROM client_shares
  WHERE ${lastDays('day')}
  GROUP BY client
)
ORDER BY abs(change) DESC, client
LIMIT {limit:UInt32}`,
  },
  {
    name: 'liars',
    title: 'Liars by client',
    question:
      'Which programs send corrupt data, or claim pieces that they do not have? A client text is what the peer says of itself.',
    parameters: { days: 30, limit: 30 },
    sql: `SELECT ${programOf('client')} AS program, countIf(verdict = 'liar_corrupt') AS corrupt, countIf(verdict = 'liar_missing') AS missing, uniqIf((key_epoch, peer_key), startsWith(verdict, 'liar')) AS liars, uniq(key_epoch, peer_key) AS peers
FROM peer_probed
WHERE outcome = 'handshaken' AND ${lastDays('toDate(ts)')}
GROUP BY program
HAVING liars > 0
ORDER BY liars DESC, program
LIMIT {limit:UInt32}`,
  },
  {
    name: 'outcomes',
    title: 'How dials end',
    question: 'Of the endpoints that were dialled, how many answered, and why did the others not?',
    parameters: { days: 7 },
    sql: `SELECT transport, outcome, sum(p.probes) AS dials, round(100 * dials / sum(dials) OVER (PARTITION BY transport), 1) AS percent
FROM peers_1d AS p
WHERE direction = 'out' AND ${lastDays('day')}
GROUP BY transport, outcome
ORDER BY transport, dials DESC, outcome`,
  },
  {
    name: 'transports',
    title: 'TCP and uTP, plain and encrypted',
    question: 'How do peers speak with us, and who begins?',
    parameters: { days: 7 },
    sql: `SELECT direction, transport, if(encryption = 'none', 'plain', 'encrypted') AS stream, count() AS sessions, uniq(key_epoch, peer_key) AS peers
FROM peer_probed
WHERE outcome = 'handshaken' AND ${lastDays('toDate(ts)')}
GROUP BY direction, transport, stream
ORDER BY sessions DESC, direction, transport, stream`,
  },
  {
    name: 'speed',
    title: 'How long a first piece takes',
    question: 'How fast do proved seeders answer, by client? Medians and the slowest tenth.',
    parameters: { days: 7, limit: 20 },
    sql: `SELECT ${programOf('client')} AS program, count() AS sessions, round(quantileExact(0.5)(handshake_ms)) AS handshake_median_ms, round(quantileExact(0.5)(first_piece_ms)) AS piece_median_ms, round(quantileExact(0.9)(first_piece_ms)) AS piece_slow_ms
FROM peer_probed
WHERE verdict = 'proved' AND ${lastDays('toDate(ts)')}
GROUP BY program
ORDER BY piece_median_ms, program
LIMIT {limit:UInt32}`,
  },
  {
    name: 'proof',
    title: 'What the proof of seeders rests on',
    question:
      'How many pieces were asked for, how many fitted, and what do the proved seeders exclude? With n passed challenges at most a share of 1 - 0.05^(1/n) is missing (95 %).',
    parameters: { days: 7 },
    sql: `SELECT verdict, uniq(key_epoch, peer_key, swarm_id) AS peers, sum(challenges_asked) AS asked, sum(challenges_passed) AS passed, sum(challenges_failed) AS failed, sum(challenges_silent) AS silent, if(verdict = 'proved', round(100 * (1 - pow(0.05, 1 / avg(challenges_passed))), 1), NULL) AS missing_at_most_percent
FROM peer_probed
WHERE challenges_asked > 0 AND ${lastDays('toDate(ts)')}
GROUP BY verdict
ORDER BY peers DESC, verdict`,
  },
];
