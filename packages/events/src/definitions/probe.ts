// Events of the prober: one per peer probed, one census per swarm.
import {
  type Column,
  choice,
  family,
  flag,
  hex,
  list,
  nullable,
  records,
  text,
  uint16,
  uint32,
  uint64,
  word,
} from '../column.ts';
import { define } from '../definition.ts';
import { DIRECTIONS, ENCRYPTIONS, OUTCOMES, PEER_SOURCES, SIZE_METHODS, TRANSPORTS, VERDICTS, type Verdict } from '../enums.ts';
import { FILES_AT_RISK_MAX, HISTOGRAM_MAX, RANGES_MAX } from '../lists.ts';

const swarmId = hex(20, 'The swarm: v1 infohash, else the truncated v2 one.');

export const peerProbed = define({
  topic: 'peer_probed',
  version: 1,
  key: 'swarm_id',
  volume: 'measure',
  order: ['swarm_id', 'peer_key', 'ts'],
  retentionDays: 30,
  meaning: 'A peer was dialled, or dialled us; also when it failed: "tried and failed" is data.',
  columns: {
    swarm_id: swarmId,
    census_id: nullable(hex(8, 'The census that it counts in; null outside of one.')),
    peer_key: hex(8, 'Pseudonym of address and listen port.'),
    address_key: hex(8, 'Pseudonym of the address alone.'),
    key_epoch: uint32('Which period of the pseudonym key.'),
    ip_prefix: text('Network of the address: /24 or /48.', 64),
    family: family('Address family.'),
    direction: choice(DIRECTIONS, 'Who dialled.'),
    transport: choice(TRANSPORTS, 'What carried it.'),
    encryption: choice(ENCRYPTIONS, 'Encryption of the stream.'),
    holepunch: flag('Reached through a relay (BEP 55).'),
    outcome: choice(OUTCOMES, 'How the dial or the session ended; `handshaken` when the handshake was good.'),
    reason: nullable(word('Which protocol error.')),
    client: nullable(word('Client name and version.')),
    peer_id_prefix: nullable(word('First 8 characters of the peer id, unprintable ones as dots.', 16)),
    extensions: list(word('extension.'), 64, 'Extensions it offers (BEP 10 names), sorted.'),
    fast: nullable(flag('It speaks the Fast extension (BEP 6).')),
    upload_only: nullable(flag('It says `upload_only` (BEP 21).')),
    pieces_have: nullable(uint32('Pieces it shows to have.')),
    pieces_total: nullable(uint32('Pieces of the torrent; null before its metadata is known.')),
    unchoked: nullable(flag('It unchoked us at least once.')),
    challenges_asked: uint32('Pieces (or v2 leaves) asked of it.'),
    challenges_passed: uint32('Of these: the hash fitted.'),
    challenges_failed: uint32('Of these: the hash did not fit, and it alone sent the data.'),
    challenges_silent: uint32('Of these: nothing came.'),
    bytes_down: uint64('Piece payload received.', 'bytes'),
    bytes_up: uint64('Piece payload sent.', 'bytes'),
    verdict: choice(VERDICTS, 'What it was found to be.'),
    connect_ms: nullable(uint32('Time to the connection.', 'ms')),
    handshake_ms: nullable(uint32('Time from connection to handshake.', 'ms')),
    first_piece_ms: nullable(uint32('Time from the first request to the first whole piece.', 'ms')),
    duration_ms: uint32('Length of the whole probe.', 'ms'),
    endpoint: nullable(text('Raw `ip:port`; only with `addresses: full`.', 64)),
  },
});

const VERDICT_MEANINGS: Record<Verdict, string> = {
  liar_corrupt: 'Peers that sent corrupt data, provably alone.',
  liar_missing: 'Peers that claim pieces which they do not have.',
  proved: 'Seeders proved by hash.',
  choked: 'Peers that claim all pieces and never unchoked us.',
  claimed: 'Peers that claim all pieces, unproved.',
  super_seeder: 'Super-seeders (BEP 16).',
  partial_seed: 'Partial seeds (BEP 21).',
  leecher: 'Leechers.',
  unknown: 'Peers that never said what they have.',
  unreachable: 'Endpoints without a handshake.',
};

/** One counting column per verdict. */
const verdictColumns = Object.fromEntries(VERDICTS.map((verdict) => [verdict, uint32(VERDICT_MEANINGS[verdict])])) as Record<
  Verdict,
  Column<number>
>;

const filterColumns = {
  dht_filters: nullable(uint32('DHT nodes whose BEP 33 filters count; null when none was asked or none gave any.')),
  dht_filters_refused: nullable(
    uint32('DHT nodes whose filters do not count: full ones, and those that no other node confirms.'),
  ),
  dht_seeds_estimate: nullable(uint32('Distinct addresses of seeds in the DHT, by these filters; our own taken out.')),
  dht_seeds_low: nullable(uint32('Low bound (95 %) of dht_seeds_estimate.')),
  dht_seeds_high: nullable(
    uint32('High bound (95 %) of dht_seeds_estimate; null when nodes hold different parts, or are too few.'),
  ),
  dht_downloaders_estimate: nullable(uint32('Distinct addresses of peers in the DHT that are no seeds; our own taken out.')),
  dht_downloaders_low: nullable(uint32('Low bound (95 %) of dht_downloaders_estimate.')),
  dht_downloaders_high: nullable(uint32('High bound (95 %) of dht_downloaders_estimate; null as above.')),
  dht_seeds_filter: nullable(
    hex(
      256,
      'The filters of seeds, joined (BEP 33), our own address not taken out; only with `addresses: full`: any address can be looked for in it.',
    ),
  ),
  dht_downloaders_filter: nullable(hex(256, 'The same of the others; only with `addresses: full`.')),
};

export const swarmSampled = define({
  topic: 'swarm_sampled',
  version: 2,
  key: 'swarm_id',
  volume: 'measure',
  order: ['swarm_id', 'ts'],
  retentionDays: 90,
  meaning: 'A census of a swarm: what its peers were found to be in a window, and how sure the figures are.',
  columns: {
    swarm_id: swarmId,
    census_id: hex(8, 'The census; `peer_probed.census_id` refers to it.'),
    window_s: uint32('How long the census took.', 's'),
    ...verdictColumns,
    endpoints_known: uint32('Distinct endpoints known.'),
    endpoints_tried: uint32('Of these: dialled, or met inbound.'),
    reached: uint32('Of these: handshaken.'),
    sources: records(
      {
        source: choice(PEER_SOURCES, 'name.'),
        count: nullable(uint32('distinct endpoints it gave; null when it failed.')),
        low: nullable(uint32('low bound (95 %).')),
        high: nullable(uint32('high bound (95 %).')),
        failed: flag('1 when it could not be asked or did not answer.'),
      },
      16,
      'What each source gave; sources are never mixed.',
    ),
    size_estimate: nullable(uint32('Estimated peers of the swarm.')),
    size_low: nullable(uint32('Low bound (95 %) of size_estimate.')),
    size_high: nullable(uint32('High bound (95 %) of size_estimate.')),
    method: nullable(choice(SIZE_METHODS, 'How size_estimate was made.')),
    complete_estimate: nullable(uint32('Estimated peers with all pieces.')),
    complete_low: nullable(uint32('Low bound (95 %) of complete_estimate.')),
    complete_high: nullable(uint32('High bound (95 %) of complete_estimate.')),
    availability: list(
      uint16('copies.'),
      RANGES_MAX,
      'Least copies in each of up to 256 equal ranges of pieces; empty when unknown.',
    ),
    availability_histogram: list(
      uint32('pieces.'),
      HISTOGRAM_MAX,
      'Pieces of which k copies are visible, at index k; the last index is "that many or more". Empty when unknown.',
    ),
    copies_min: nullable(uint32('Copies of the rarest piece.')),
    distributed_copies_permille: nullable(
      uint32('Copies of the rarest piece, plus the share of pieces with more, times 1 000.', 'permille'),
    ),
    // What only unproved claimants show was asked of them until somebody gave it, within the budgets: docs/estimates.md says what rests on what.
    completable: nullable(flag('Every piece is visible at some peer that is not a liar.')),
    completable_outside: nullable(flag("The same without the publisher's own prefixes.")),
    proved_outside: nullable(uint32("Proved seeders outside of the publisher's own prefixes.")),
    files_at_risk: records(
      { index: uint32('which file.'), copies_min: uint32('copies of its rarest piece.') },
      FILES_AT_RISK_MAX,
      'Files with a piece of fewer than two copies.',
    ),
    files_at_risk_total: nullable(uint32('Number of all files at risk, also those not listed.')),
    // What DHT nodes say by BEP 33: claims, of addresses and not of endpoints. docs/estimates.md says how they are joined and bounded.
    ...filterColumns,
    own_announces: uint32('How many of the counted were our own probers; already subtracted.'),
    reachable_self: nullable(flag('We were reachable from outside (inbound sensing works only then).')),
  },
  upcasts: { 1: (columns) => ({ ...Object.fromEntries(Object.keys(filterColumns).map((name) => [name, null])), ...columns }) },
});
