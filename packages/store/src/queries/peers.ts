// Questions about peers: their software, their honesty.
import type { NamedQuery } from './query.ts';

export const PEER_QUERIES: readonly NamedQuery[] = [
  {
    name: 'client-shares',
    title: 'Clients by share of the peers',
    question:
      'Which client programs do peers run? Distinct peers by day, added over days (pseudonyms are not followed for longer).',
    parameters: { days: 30, limit: 30 },
    sql: `SELECT client, sum(peers) AS peer_days, round(100 * peer_days / sum(peer_days) OVER (), 1) AS percent, sum(seeders) AS proved_seeder_days, sum(liars) AS liar_days
FROM client_shares
WHERE day > today() - {days:UInt16}
GROUP BY client
ORDER BY peer_days DESC, client
LIMIT {limit:UInt32}`,
  },
  {
    name: 'liars',
    title: 'Liars by client',
    question: 'Which programs send corrupt data, or claim pieces that they do not have?',
    parameters: { days: 30, limit: 30 },
    sql: `SELECT client, countIf(verdict = 'liar_corrupt') AS corrupt, countIf(verdict = 'liar_missing') AS missing, uniqIf((key_epoch, peer_key), startsWith(verdict, 'liar')) AS liars, uniq(key_epoch, peer_key) AS peers
FROM peer_probed
WHERE outcome = 'handshaken' AND ts > now() - toIntervalDay({days:UInt16})
GROUP BY client
HAVING liars > 0
ORDER BY liars DESC, client
LIMIT {limit:UInt32}`,
  },
];
