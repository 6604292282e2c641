// Thirteen torrents with a fate each, thirty days long: their peers, censuses, trackers, web seeds, metadata and watch list entries.
import { createHash } from 'node:crypto';
import { VERDICTS, type Verdict, zeroCounts } from '@swarmscope/events/enums.ts';
import type { EventOf } from '@swarmscope/events/event.ts';
import { type Event, makeEvent } from '@swarmscope/events/event.ts';

export const DAY_MS = 86_400_000;
export const DAYS = 30;
const CENSUSES_A_DAY = 4;
/** Pseudonyms change each week. */
const EPOCH_DAYS = 7;
const RANGES = 64;
const PIECES = 640;
const CLIENTS = [
  'qBittorrent 5.0.2',
  'Transmission 4.0.6',
  'libtorrent 2.0.11',
  'µTorrent 3.6.0',
  'Deluge 2.1.1',
  'BiglyBT 3.8.0',
];

export function hexOf(bytes: number, ...parts: unknown[]): string {
  return createHash('sha256')
    .update(parts.join('/'))
    .digest('hex')
    .slice(0, bytes * 2);
}

/** How many peers of a verdict there are on a day (0 is the first, 29 yesterday). */
type Population = Partial<Record<Verdict, (day: number) => number>>;

export interface Fate {
  readonly name: string;
  readonly peers: Population;
  /** Ranges of 64 that nobody has any more on that day. */
  readonly missing?: (day: number) => number;
  /** Seeders that its tracker claims, beyond those that exist. */
  readonly phantom?: number;
  /** Of the proved seeders: the publisher's own. */
  readonly own?: number;
  readonly isPrivate?: boolean;
  readonly isHybrid?: boolean;
  readonly webSeeds?: readonly ('ok' | 'corrupt')[];
  readonly watched?: { readonly objective: number; readonly team: string };
  /** No census from this day on. */
  readonly until?: number;
}

const always = (count: number) => () => count;

export const FATES: readonly Fate[] = [
  {
    name: 'debian-13.2.0-amd64-netinst.iso',
    peers: { proved: (day) => 8 + (day % 3), leecher: always(3), unreachable: always(6) },
  },
  {
    name: 'field-recordings-1994',
    peers: { proved: (day) => (day < 27 ? 2 : 0), leecher: always(4), unreachable: always(3) },
    watched: { objective: 2, team: 'archive' },
  },
  {
    name: 'lecture-series-2003',
    peers: { partial_seed: always(2), leecher: always(3), unreachable: always(9), proved: (day) => (day < 12 ? 1 : 0) },
    missing: (day) => (day < 20 ? 0 : 9),
  },
  {
    name: 'city-archive-scans',
    peers: { proved: (day) => (day < 28 ? 10 : 3), claimed: always(1), leecher: always(2) },
    watched: { objective: 5, team: 'archive' },
  },
  { name: 'old-forum-dump', peers: { proved: always(2), liar_corrupt: always(2), liar_missing: always(1), leecher: always(2) } },
  { name: 'phantom-album', peers: { proved: always(1), leecher: always(1), unreachable: always(12) }, phantom: 40 },
  { name: 'private-course', peers: { proved: always(4), leecher: always(1) }, isPrivate: true },
  { name: 'hybrid-linux-image', peers: { proved: always(5), choked: always(1), leecher: always(2) }, isHybrid: true },
  { name: 'superseeded-release', peers: { super_seeder: always(1), leecher: (day) => 4 + (day % 2), proved: always(0) } },
  { name: 'webseed-atlas', peers: { proved: always(3), leecher: always(1) }, webSeeds: ['ok', 'corrupt'] },
  { name: 'one-publisher', peers: { proved: always(2), leecher: always(2) }, own: 2, watched: { objective: 1, team: 'press' } },
  {
    name: 'gone-and-forgotten',
    peers: { proved: (day) => (day < 4 ? 1 : 0), leecher: always(1), unreachable: always(2) },
    until: 10,
  },
  {
    name: 'unproved-since-a-week',
    peers: { proved: (day) => (day < 22 ? 3 : 0), claimed: (day) => (day < 22 ? 0 : 3), unknown: always(1) },
  },
];

export function swarmOf(fate: Fate): string {
  return hexOf(20, 'swarm', fate.name);
}

export type StampOf = (ts: number) => { ts: number; instance_id: string; network: string };

/** Everything about one torrent. `startMs` is the midnight that day 0 begins with. */
export function* swarmEvents(fate: Fate, startMs: number, stampOf: StampOf): Generator<Event> {
  const swarm_id = swarmOf(fate);
  yield resolved(fate, stampOf(startMs + 3_600_000));
  if (fate.watched)
    yield makeEvent(
      'torrent_watched',
      {
        swarm_id,
        set: 1,
        name: fate.name,
        labels: { team: fate.watched.team },
        objectives: { min_proved_seeders: fate.watched.objective },
        verify: 1,
        announce: 1,
        prefixes_excluded: [],
        maintenance: [],
      },
      stampOf(startMs),
    );
  for (let day = 0; day < (fate.until ?? DAYS); day += 1) {
    for (let n = 0; n < CENSUSES_A_DAY; n += 1) {
      const ts = startMs + day * DAY_MS + n * (DAY_MS / CENSUSES_A_DAY) + 3_600_000;
      yield* censusEvents(fate, day, ts, stampOf);
    }
    yield* webSeedEvents(fate, startMs + day * DAY_MS, stampOf);
  }
}

function resolved(fate: Fate, stamp: ReturnType<StampOf>): Event {
  const swarm_id = swarmOf(fate);
  const files = Array.from({ length: 8 }, (_, i) => ({
    path: `${fate.name}/part-${i}.bin`,
    size_bytes: String(80 * 262_144),
    merkle_root: fate.isHybrid ? hexOf(32, fate.name, i) : null,
  }));
  return makeEvent(
    'torrent_resolved',
    {
      swarm_id,
      info_hash: swarm_id,
      info_hash_v1: swarm_id,
      info_hash_v2: fate.isHybrid ? hexOf(32, 'v2', fate.name) : null,
      name: fate.name,
      size_bytes: String(PIECES * 262_144),
      piece_length_bytes: 262_144,
      pieces: PIECES,
      files,
      files_total: files.length,
      private: fate.isPrivate ? 1 : 0,
      has_web_seeds: fate.webSeeds ? 1 : 0,
      source: fate.isPrivate ? 'file' : 'peer',
    },
    stamp,
  );
}

function* censusEvents(fate: Fate, day: number, ts: number, stampOf: StampOf): Generator<Event> {
  const census_id = hexOf(8, 'census', fate.name, ts);
  const peers = VERDICTS.flatMap((verdict) =>
    Array.from({ length: fate.peers[verdict]?.(day) ?? 0 }, (_, n) => ({ verdict, n })),
  );
  const counts = zeroCounts();
  for (const [i, { verdict, n }] of peers.entries()) {
    counts[verdict] += 1;
    yield probedPeer(fate, { verdict, n, i, day, census_id }, stampOf(ts + i * 500));
    yield sightedPeer(fate, { verdict, n, day }, stampOf(ts + i * 500));
  }
  yield census(fate, { day, census_id, counts }, stampOf(ts + 120_000));
  if (!fate.isPrivate) yield scraped(fate, counts, day, stampOf(ts));
}

interface Peer {
  readonly verdict: Verdict;
  readonly n: number;
  readonly day: number;
}

function keysOf(fate: Fate, { verdict, n, day }: Peer) {
  const key_epoch = Math.floor(day / EPOCH_DAYS);
  const family: 4 | 6 = n % 5 === 4 ? 6 : 4;
  const network = parseInt(hexOf(1, 'network', fate.name, verdict, n), 16);
  return {
    swarm_id: swarmOf(fate),
    peer_key: hexOf(8, 'peer', fate.name, verdict, n, key_epoch),
    key_epoch,
    ip_prefix: family === 4 ? `198.51.${network}.0/24` : `2001:db8:${network.toString(16)}::/48`,
    family,
  };
}

function probedPeer(fate: Fate, peer: Peer & { i: number; census_id: string }, stamp: ReturnType<StampOf>): Event {
  const { verdict, n, i, census_id } = peer;
  const isReached = verdict !== 'unreachable';
  const isWhole = ['proved', 'claimed', 'choked', 'liar_corrupt', 'liar_missing'].includes(verdict);
  const asked = verdict === 'proved' ? 4 : verdict.startsWith('liar') ? 3 : 0;
  const have = isWhole ? PIECES : verdict === 'super_seeder' || verdict === 'unknown' ? 0 : Math.min(PIECES - 64, 100 + n * 150);
  const columns: Omit<EventOf<'peer_probed'>, 'topic' | 'ts' | 'event_version' | 'instance_id' | 'network' | 'endpoint'> = {
    ...keysOf(fate, peer),
    census_id,
    address_key: hexOf(8, 'address', fate.name, verdict, n),
    direction: i % 4 === 3 ? 'in' : 'out',
    transport: i % 3 === 2 ? 'utp' : 'tcp',
    encryption: isReached && i % 2 === 1 ? 'mse_rc4' : 'none',
    holepunch: 0,
    outcome: isReached ? 'handshaken' : i % 2 === 0 ? 'timeout' : 'refused',
    reason: null,
    client: isReached ? CLIENTS[(n + fate.name.length + Math.floor(peer.day / 10)) % CLIENTS.length]! : null,
    peer_id_prefix: isReached ? '-qB5020-' : null,
    extensions: isReached ? ['ut_metadata', 'ut_pex'] : [],
    fast: isReached ? 1 : null,
    upload_only: isReached ? (verdict === 'partial_seed' || isWhole ? 1 : 0) : null,
    pieces_have: isReached ? have : null,
    pieces_total: isReached ? PIECES : null,
    unchoked: isReached ? (verdict === 'choked' ? 0 : 1) : null,
    challenges_asked: asked,
    challenges_passed: verdict === 'proved' ? 4 : verdict === 'liar_corrupt' ? 1 : 0,
    challenges_failed: verdict === 'liar_corrupt' ? 2 : 0,
    challenges_silent: verdict === 'liar_missing' ? 3 : 0,
    bytes_down: String(asked * 262_144),
    bytes_up: '0',
    verdict,
    connect_ms: isReached ? 20 + n * 7 : null,
    handshake_ms: isReached ? 40 + n * 9 : null,
    first_piece_ms: asked > 0 ? 300 + n * 40 : null,
    duration_ms: isReached ? 2_000 + n * 100 : 10_000,
  };
  return makeEvent('peer_probed', columns, stamp);
}

function sightedPeer(fate: Fate, peer: Peer, stamp: ReturnType<StampOf>): Event {
  const source = fate.isPrivate || peer.n % 3 === 0 ? 'tracker' : peer.n % 3 === 1 ? 'dht' : 'pex';
  const source_id = source === 'tracker' ? 'tracker.example.net' : hexOf(8, 'reporter', peer.n);
  return makeEvent(
    'peer_sighted',
    {
      ...keysOf(fate, peer),
      source,
      source_id,
      claims_seed: source === 'pex' ? (Number(peer.verdict === 'proved') as 0 | 1) : null,
    },
    stamp,
  );
}

function census(
  fate: Fate,
  { day, census_id, counts }: { day: number; census_id: string; counts: Record<Verdict, number> },
  stamp: ReturnType<StampOf>,
): Event {
  const known = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const reached = known - counts.unreachable;
  const missing = fate.missing?.(day) ?? 0;
  const copies = counts.proved + counts.claimed + counts.choked;
  const availability = Array.from({ length: RANGES }, (_, i) => (i < missing ? 0 : copies + (i % 3 === 0 ? 1 : counts.leecher)));
  const copies_min = Math.min(...availability);
  const risks =
    copies_min < 2 ? Array.from({ length: Math.max(1, Math.ceil(missing / 8)) }, (_, index) => ({ index, copies_min })) : [];
  const proved_outside = Math.max(0, counts.proved - (fate.own ?? 0));
  return makeEvent(
    'swarm_sampled',
    {
      swarm_id: swarmOf(fate),
      census_id,
      window_s: 120,
      ...counts,
      endpoints_known: known,
      endpoints_tried: known,
      reached,
      sources: [
        { source: 'tracker', count: Math.ceil(known / 2), low: null, high: null, failed: 0 },
        { source: 'dht', count: fate.isPrivate ? null : Math.ceil(known / 3), low: null, high: null, failed: 0 },
      ],
      size_estimate: known + 1,
      size_low: known,
      size_high: known + 4,
      method: 'capture_recapture',
      complete_estimate: copies,
      complete_low: counts.proved,
      complete_high: copies + 1,
      availability,
      availability_histogram: [],
      copies_min,
      distributed_copies_permille: copies_min * 1_000,
      completable: copies_min > 0 ? 1 : 0,
      completable_outside: copies_min > 0 && (fate.own === undefined || proved_outside > 0) ? 1 : 0,
      proved_outside: fate.own === undefined ? null : proved_outside,
      files_at_risk: risks,
      files_at_risk_total: risks.length,
      own_announces: 0,
      reachable_self: 1,
    },
    stamp,
  );
}

function scraped(fate: Fate, counts: Record<Verdict, number>, day: number, stamp: ReturnType<StampOf>): Event {
  const isDown = day % 11 === 10;
  const seeders = counts.proved + counts.claimed + counts.choked + (fate.phantom ?? 0);
  return makeEvent(
    'tracker_scraped',
    {
      swarm_id: swarmOf(fate),
      tracker: fate.name.length % 2 === 0 ? 'udp://tracker.example.net:6969' : 'http://announce.example.org:80',
      url_hash: hexOf(8, 'url', fate.name),
      action: 'announce',
      outcome: isDown ? 'timeout' : 'ok',
      seeders: isDown ? null : seeders,
      leechers: isDown ? null : counts.leecher,
      downloaded: isDown ? null : 100 + day,
      downloaders: null,
      peers_returned: isDown ? null : Math.min(50, seeders + counts.leecher),
      interval_s: isDown ? null : 1_800,
      latency_ms: isDown ? null : 80 + (day % 5) * 10,
    },
    stamp,
  );
}

function* webSeedEvents(fate: Fate, dayMs: number, stampOf: StampOf): Generator<Event> {
  for (const [i, outcome] of (fate.webSeeds ?? []).entries())
    yield makeEvent(
      'webseed_audited',
      {
        swarm_id: swarmOf(fate),
        host: `https://mirror-${i}.example.com:443`,
        url_hash: hexOf(8, 'webseed', i),
        outcome,
        pieces_checked: 4,
        pieces_passed: outcome === 'ok' ? 4 : 2,
        latency_ms: 90 + i * 30,
      },
      stampOf(dayMs + 7_200_000),
    );
}
