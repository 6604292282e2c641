// Events about torrents and their peers as met: metadata, endpoints, trackers, web seeds.
import { choice, family, flag, hex, nullable, records, text, uint32, uint64, word } from '../column.ts';
import { define } from '../definition.ts';
import { PEER_SOURCES, RESOLVE_SOURCES, TRACKER_ACTIONS, TRACKER_OUTCOMES, WEBSEED_OUTCOMES } from '../enums.ts';
import { FILES_MAX, PATH_MAX } from '../lists.ts';

const swarmId = hex(20, 'The swarm: v1 infohash, else the truncated v2 one.');

export const torrentResolved = define({
  topic: 'torrent_resolved',
  version: 1,
  key: 'swarm_id',
  volume: 'measure',
  order: ['swarm_id', 'ts'],
  retentionDays: 0,
  meaning:
    'The info dictionary of a torrent became known (its hash checked), or a v2 hash turned out to be an alias of a hybrid.',
  columns: {
    swarm_id: swarmId,
    info_hash: nullable(hex(20, 'The infohash as met.')),
    info_hash_v1: nullable(hex(20, 'v1 infohash; null for a pure v2 torrent.')),
    info_hash_v2: nullable(hex(32, 'Full v2 infohash; null for a pure v1 torrent.')),
    name: text('Name from the info dictionary.', 1024),
    size_bytes: uint64('Sum of all files.', 'bytes'),
    piece_length_bytes: uint32('Length of a piece.', 'bytes'),
    pieces: uint32('Number of pieces.'),
    files: records(
      {
        path: text('path, parts joined by `/`.', PATH_MAX),
        size_bytes: uint64('length in bytes.', 'bytes'),
        merkle_root: nullable(hex(32, 'v2 pieces root, or null.')),
      },
      FILES_MAX,
      'The first files (`cutFiles` keeps the record below its bound).',
    ),
    files_total: uint32('Number of all files, also those not listed.'),
    private: flag('The private flag (BEP 27) is set.'),
    has_web_seeds: nullable(flag('Web seeds are known; null where the source cannot tell (metadata from a peer).')),
    source: choice(RESOLVE_SOURCES, 'Where the info dictionary came from.'),
    alias_of: nullable(hex(20, 'This hash is the v2 name of that v1 swarm, and is followed no more.')),
  },
});

export const peerSighted = define({
  topic: 'peer_sighted',
  version: 1,
  key: 'swarm_id',
  volume: 'sighting',
  order: ['swarm_id', 'peer_key', 'ts'],
  retentionDays: 30,
  meaning: 'An endpoint of a swarm was learned: one per (swarm, peer, source) an hour.',
  columns: {
    swarm_id: swarmId,
    peer_key: hex(8, 'Pseudonym of address and listen port.'),
    key_epoch: uint32('Which period of the pseudonym key.'),
    ip_prefix: text('Network of the address: /24 or /48.', 64),
    family: family('Address family.'),
    source: choice(PEER_SOURCES, 'Who told us.'),
    source_id: nullable(word('Tracker host, or reporter key in hex.', 256)),
    claims_seed: nullable(flag('PEX flagged it as a seed; null where the source has no such flag.')),
    endpoint: nullable(text('Raw `ip:port`; only with `addresses: full`.', 64)),
  },
});

export const trackerScraped = define({
  topic: 'tracker_scraped',
  version: 1,
  key: 'swarm_id',
  volume: 'measure',
  order: ['swarm_id', 'tracker', 'ts'],
  retentionDays: 90,
  meaning: 'A tracker was asked. What it claims is its claim, never our count.',
  columns: {
    swarm_id: swarmId,
    tracker: word('Scheme, host and port of the tracker; never its path or query.', 320),
    url_hash: hex(8, 'First 64 bits of the SHA-256 of the whole URL.'),
    action: choice(TRACKER_ACTIONS, 'What was asked.'),
    outcome: choice(TRACKER_OUTCOMES, 'How it ended.'),
    seeders: nullable(uint32('Seeders it claims.')),
    leechers: nullable(uint32('Leechers it claims.')),
    downloaded: nullable(uint32('Completed downloads it claims.')),
    downloaders: nullable(uint32('Active downloaders it claims (BEP 21).')),
    peers_returned: nullable(uint32('Endpoints in its answer.')),
    interval_s: nullable(uint32('Interval it asks for.', 's')),
    latency_ms: nullable(uint32('Time to its answer.', 'ms')),
  },
});

export const webseedAudited = define({
  topic: 'webseed_audited',
  version: 1,
  key: 'swarm_id',
  volume: 'measure',
  order: ['swarm_id', 'host', 'ts'],
  retentionDays: 90,
  meaning: 'A web seed (BEP 17, BEP 19) was asked for pieces and they were checked.',
  columns: {
    swarm_id: swarmId,
    host: word('Scheme, host and port of the web seed; never its path or query.', 320),
    url_hash: hex(8, 'First 64 bits of the SHA-256 of the whole URL.'),
    outcome: choice(WEBSEED_OUTCOMES, 'How it ended.'),
    pieces_checked: uint32('Pieces fetched and hashed.'),
    pieces_passed: uint32('Pieces whose hash fitted.'),
    latency_ms: nullable(uint32('Time to the first byte.', 'ms')),
  },
});
