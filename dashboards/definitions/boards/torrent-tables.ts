// Tables of the board Torrent: sources side by side, trackers, web seeds, files at risk, peers.
import type { Panel } from '../board.ts';
import { hexOf, newestOfSwarm, OF_SWARM } from '../fragments.ts';
import type { Tone } from '../tone.ts';

/** The tone of each verdict. */
export const VERDICT_TONES: Readonly<Record<string, Tone>> = {
  proved: 'proved',
  claimed: 'claimed',
  choked: 'choked',
  super_seeder: 'super_seeder',
  partial_seed: 'partial_seed',
  leecher: 'leecher',
  liar_corrupt: 'liar',
  liar_missing: 'liar',
  unknown: 'unknown',
  unreachable: 'unreachable',
};

export const SOURCES: Panel = {
  id: 'sources',
  title: 'Sources side by side',
  description:
    'Endpoints that each source gave in the newest census, and addresses that DHT nodes keep (BEP 33), with bounds; they overlap, so they are never added.',
  kind: 'table',
  width: 12,
  columns: [
    { name: 'source', title: 'Source', unit: 'word' },
    { name: 'endpoints', title: 'Endpoints', unit: 'count', bounds: ['low', 'high'] },
    { name: 'answer', title: 'Answer', unit: 'word', words: { answered: 'good', failed: 'warn' } },
  ],
  empty: 'This swarm was not measured in this time.',
  sql: `SELECT each.1 AS source, each.2 AS endpoints, each.3 AS low, each.4 AS high, if(each.5 = 1, 'failed', 'answered') AS answer
FROM (SELECT arrayConcat(arrayMap(each -> (toString(each.source), each.count, each.low, each.high, each.failed), sources),
    arrayFilter(each -> each.2 IS NOT NULL, [('seeds that DHT nodes keep', dht_seeds_estimate, dht_seeds_low, dht_seeds_high, 0),
      ('downloaders that DHT nodes keep', dht_downloaders_estimate, dht_downloaders_low, dht_downloaders_high, 0)])) AS told
  FROM swarm_sampled WHERE ${OF_SWARM} AND ts = (SELECT max(seen) FROM (${newestOfSwarm(['census_id'])})) LIMIT 1)
ARRAY JOIN told AS each ORDER BY endpoints DESC NULLS LAST, source`,
};

export const TRACKERS: Panel = {
  id: 'trackers',
  title: 'Trackers',
  description: 'What each tracker claimed in its newest answer in the time range; a claim, never our count.',
  kind: 'table',
  width: 12,
  columns: [
    { name: 'tracker', title: 'Tracker', unit: 'word' },
    {
      name: 'outcome',
      title: 'Outcome',
      unit: 'word',
      words: { ok: 'good', failure: 'warn', malformed: 'bad', timeout: 'bad', refused: 'bad' },
    },
    { name: 'seeders', title: 'Seeders', unit: 'count', tone: 'claimed' },
    { name: 'leechers', title: 'Leechers', unit: 'count', tone: 'leecher' },
    { name: 'downloaded', title: 'Downloads', unit: 'count' },
    { name: 'latency_ms', title: 'Latency', unit: 'ms' },
    { name: 'seen', title: 'Asked', unit: 'time' },
  ],
  empty: 'No tracker of this swarm was asked in this time.',
  sql: `SELECT tracker, newest.1 AS outcome, newest.2 AS seeders, newest.3 AS leechers, newest.4 AS downloaded, newest.5 AS latency_ms, seen
FROM (SELECT tracker, max(ts) AS seen, argMax(tuple(outcome, seeders, leechers, downloaded, latency_ms), ts) AS newest
  FROM tracker_scraped WHERE ${OF_SWARM} AND $__timeFilter(ts) GROUP BY tracker, url_hash)
ORDER BY tracker, seen DESC LIMIT 100`,
};

export const WEB_SEEDS: Panel = {
  id: 'web_seeds',
  title: 'Web seeds',
  description: 'Pieces fetched from each web seed and hashed, in its newest audit in the time range.',
  kind: 'table',
  width: 12,
  columns: [
    { name: 'host', title: 'Web seed', unit: 'word' },
    {
      name: 'outcome',
      title: 'Outcome',
      unit: 'word',
      words: { ok: 'good', corrupt: 'bad', wrong_size: 'bad', timeout: 'warn', refused: 'warn' },
    },
    { name: 'pieces_checked', title: 'Pieces checked', unit: 'count' },
    { name: 'pieces_passed', title: 'Passed', unit: 'count', tone: 'proved' },
    { name: 'latency_ms', title: 'Latency', unit: 'ms' },
    { name: 'seen', title: 'Audited', unit: 'time' },
  ],
  empty: 'This swarm has no web seed that was audited in this time.',
  sql: `SELECT host, newest.1 AS outcome, newest.2 AS pieces_checked, newest.3 AS pieces_passed, newest.4 AS latency_ms, seen
FROM (SELECT host, max(ts) AS seen, argMax(tuple(outcome, pieces_checked, pieces_passed, latency_ms), ts) AS newest
  FROM webseed_audited WHERE ${OF_SWARM} AND $__timeFilter(ts) GROUP BY host, url_hash)
ORDER BY host, seen DESC LIMIT 100`,
};

export const FILES_AT_RISK: Panel = {
  id: 'files_at_risk',
  title: 'Files at risk',
  description: 'Files with a piece of fewer than two copies in the newest census in the time range, the rarest first.',
  kind: 'table',
  searchable: true,
  width: 12,
  columns: [
    { name: 'file', title: 'File', unit: 'word' },
    {
      name: 'copies',
      title: 'Copies of its rarest piece',
      unit: 'count',
      steps: [
        { from: null, tone: 'bad' },
        { from: 1, tone: 'warn' },
      ],
    },
    { name: 'size_bytes', title: 'Size', unit: 'bytes' },
  ],
  empty: 'No file is at risk, or the pieces of this swarm were not seen.',
  sql: `SELECT if(each.index < length(files), files[each.index + 1].path, concat('file ', toString(each.index))) AS file, each.copies_min AS copies,
  if(each.index < length(files), toFloat64(files[each.index + 1].size_bytes), NULL) AS size_bytes
FROM (${newestOfSwarm(['files_at_risk'])}) AS census
LEFT JOIN (SELECT swarm_id, files FROM torrent_resolved WHERE ${OF_SWARM} ORDER BY ts DESC LIMIT 1) AS known USING (swarm_id)
ARRAY JOIN files_at_risk AS each ORDER BY copies, file LIMIT 1000`,
};

export const PEERS: Panel = {
  id: 'peers',
  title: 'Peers',
  description:
    'The newest probe of each peer in the time range; peers are pseudonyms, their networks are shown, their addresses are not kept.',
  kind: 'table',
  searchable: true,
  width: 24,
  columns: [
    { name: 'peer', title: 'Peer', unit: 'hex' },
    { name: 'ip_prefix', title: 'Network', unit: 'word' },
    { name: 'verdict', title: 'Class', unit: 'word', words: VERDICT_TONES },
    { name: 'outcome', title: 'Outcome', unit: 'word' },
    { name: 'client', title: 'Client', unit: 'word' },
    { name: 'done', title: 'Pieces shown', unit: 'percent' },
    { name: 'passed', title: 'Challenges passed', unit: 'count', tone: 'proved' },
    {
      name: 'failed',
      title: 'Failed',
      unit: 'count',
      steps: [
        { from: null, tone: 'plain' },
        { from: 1, tone: 'liar' },
      ],
    },
    { name: 'silent', title: 'Unanswered', unit: 'count' },
    { name: 'connect_ms', title: 'Connect', unit: 'ms' },
    { name: 'seen', title: 'Probed', unit: 'time' },
  ],
  empty: 'No peer of this swarm was probed in this time.',
  sql: `SELECT ${hexOf('peer_key')} AS peer, newest.1 AS ip_prefix, newest.2 AS verdict, newest.3 AS outcome, newest.4 AS client,
  if(newest.6 > 0, 100 * newest.5 / newest.6, NULL) AS done, newest.7 AS passed, newest.8 AS failed, newest.9 AS silent, newest.10 AS connect_ms, seen
FROM (SELECT peer_key, max(ts) AS seen, argMax(tuple(ip_prefix, verdict, outcome, client, pieces_have, pieces_total,
    challenges_passed, challenges_failed, challenges_silent, connect_ms), ts) AS newest
  FROM peer_probed WHERE ${OF_SWARM} AND $__timeFilter(ts) GROUP BY peer_key, key_epoch)
ORDER BY indexOf(['liar_corrupt', 'liar_missing', 'proved', 'super_seeder', 'choked', 'claimed', 'partial_seed', 'leecher', 'unknown', 'unreachable'], verdict), peer LIMIT 500`,
};
