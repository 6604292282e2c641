// The torrents of the made-up network: what their censuses, peers, trackers and web seeds say over a day.
import type { Random } from '@swarmscope/bittorrent/machine.ts';
import { VERDICTS, zeroCounts } from '@swarmscope/events/enums.ts';
import { type Event, makeEvent, type NewColumns } from '@swarmscope/events/event.ts';
import type { SeedOptions, Stamp } from './seed.ts';

/** How a torrent lives: what a census finds of it at a moment `at` between 0 and 1 of the day. */
type Life = 'healthy' | 'fading' | 'dying' | 'dead' | 'seedless' | 'claimed' | 'silent' | 'lying' | 'returning';
const LIVES: readonly Life[] = [
  'healthy',
  'fading',
  'dying',
  'seedless',
  'claimed',
  'lying',
  'returning',
  'dead',
  'silent',
  'healthy',
  'healthy',
  'fading',
];

const NAMES = [
  'Field recordings, volume 3',
  'Open street maps of the coast',
  'Lectures on number theory',
  'Weather station archive 1998',
  'A very long name of a collection of public-domain films that does not fit in one line of a table',
  'Genome reference, build 38',
  'Film scans',
  'Dictionary of a small language',
  'Debian live image',
  'Physics data release',
  'Court documents',
  'Choir parts',
];

export function swarmOf(n: number): string {
  return (0x51a7 * (n + 1)).toString(16).padStart(8, '0').repeat(5);
}

/** The name of the n-th torrent; each seventh one is not known. */
export function nameOf(n: number): string | undefined {
  return n % 7 === 6
    ? undefined
    : `${NAMES[n % NAMES.length]}${n >= NAMES.length ? ` (${Math.floor(n / NAMES.length) + 1})` : ''}`;
}

export function swarmEvents(n: number, options: SeedOptions, random: Random, stamp: Stamp): Event[] {
  const startMs = options.endMs - options.hours * 3_600_000;
  const swarm_id = swarmOf(n);
  const name = nameOf(n);
  const events: Event[] = [];
  if (n % 3 === 0 || n === 2) events.push(makeEvent('torrent_watched', watchedColumns(n), stamp(startMs)));
  if (name !== undefined) events.push(makeEvent('torrent_resolved', resolvedColumns(n, name), stamp(startMs + 1_000)));
  const life = LIVES[n % LIVES.length]!;
  const first = startMs + (n % 5) * 3_600_000 * (options.hours / 24);
  for (let ts = first, i = 0; ts < options.endMs; ts += options.censusEveryMs, i++) {
    const at = (ts - startMs) / (options.endMs - startMs);
    const census = censusColumns(swarm_id, i, life, at, random);
    const isLast = ts + options.censusEveryMs >= options.endMs;
    events.push(makeEvent('swarm_sampled', census, stamp(ts)));
    if (i % 6 === 0 || isLast) events.push(...probeEvents(n, census, ts, random, stamp), ...trackerEvents(n, census, ts, stamp));
  }
  return events;
}

export function watchedColumns(n: number): NewColumns<'torrent_watched'> {
  return {
    swarm_id: swarmOf(n),
    info_hash: swarmOf(n),
    name: nameOf(n) ?? `Watched, not resolved ${n}`,
    set: 1,
    labels: { team: n % 2 === 0 ? 'archive' : 'films' },
    objectives: n % 6 === 0 || n === 2 ? { min_proved_seeders: 2 } : {},
    verify: 1,
    announce: 1,
    prefixes_excluded: [],
    maintenance: [],
  };
}

function resolvedColumns(n: number, name: string): NewColumns<'torrent_resolved'> {
  const pieces = 400 + n * 37;
  return {
    swarm_id: swarmOf(n),
    info_hash: swarmOf(n),
    info_hash_v1: swarmOf(n),
    ...(n % 4 === 1 ? { info_hash_v2: `${swarmOf(n)}${'ab'.repeat(12)}` } : {}),
    name,
    size_bytes: String(pieces * 262_144),
    piece_length_bytes: 262_144,
    pieces,
    files: Array.from({ length: 6 }, (_, i) => ({
      path: `part ${i}/file-${i}.bin`,
      size_bytes: String(pieces * 40_000),
      merkle_root: null,
    })),
    files_total: 6,
    private: n % 8 === 2 ? 1 : 0,
    has_web_seeds: null,
    source: n % 3 === 0 ? 'file' : 'peer',
  };
}

/** Counts of a life at a moment: proved, claimed, leechers, liars, and whether all pieces are in sight. */
function countsOf(
  life: Life,
  at: number,
  random: Random,
): { proved: number; claimed: number; leecher: number; liar: number; copies: number } {
  const wave = Math.round(random() * 2);
  switch (life) {
    case 'healthy':
      return { proved: 6 + wave, claimed: 2, leecher: 9 + wave, liar: 0, copies: 7 };
    case 'fading':
      return {
        proved: Math.max(1, Math.round(7 * (1 - at))),
        claimed: 1,
        leecher: 5 + wave,
        liar: 0,
        copies: Math.max(1, Math.round(7 * (1 - at))),
      };
    case 'dying':
      return at < 0.85
        ? { proved: 1, claimed: 0, leecher: 3, liar: 0, copies: 1 }
        : { proved: 0, claimed: 0, leecher: 3, liar: 0, copies: 0 };
    case 'dead':
      return { proved: 0, claimed: 0, leecher: 2 + wave, liar: 0, copies: 0 };
    case 'seedless':
      return { proved: 0, claimed: 0, leecher: 5, liar: 0, copies: 1 };
    case 'claimed':
      return { proved: 0, claimed: 2, leecher: 4, liar: 0, copies: 2 };
    case 'silent':
      return { proved: 0, claimed: 0, leecher: 0, liar: 0, copies: 0 };
    case 'lying':
      return { proved: 2, claimed: 1, leecher: 4, liar: 2, copies: 2 };
    case 'returning':
      return at > 0.4 && at < 0.6
        ? { proved: 0, claimed: 0, leecher: 4, liar: 0, copies: 0 }
        : { proved: 2, claimed: 0, leecher: 4, liar: 0, copies: 2 };
  }
}

function censusColumns(swarm_id: string, i: number, life: Life, at: number, random: Random): NewColumns<'swarm_sampled'> {
  const { proved, claimed, leecher, liar, copies } = countsOf(life, at, random);
  const reached = proved + claimed + leecher + liar;
  const unreachable = 4 + Math.round(random() * 3);
  const isKnown = reached > 0;
  const size = Math.round(reached * 1.3) + unreachable;
  const ranges = Array.from({ length: 64 }, (_, range) => {
    const isHole = copies === 0 && range >= 40 && range < 44;
    return isHole ? 0 : Math.max(1, copies) + (range % 8 === 0 ? 0 : 1 + (range % 3));
  });
  return {
    swarm_id,
    census_id: `${swarm_id.slice(0, 10)}${i.toString(16).padStart(6, '0')}`,
    window_s: 60,
    ...zeroCounts(),
    proved,
    claimed,
    leecher,
    liar_corrupt: liar > 1 ? 1 : 0,
    liar_missing: liar > 1 ? liar - 1 : 0,
    unreachable,
    endpoints_known: reached + unreachable + 2,
    endpoints_tried: reached + unreachable,
    reached,
    sources: [
      { source: 'dht', count: reached + 2, low: reached, high: reached + 6, failed: 0 },
      { source: 'tracker', count: null, low: null, high: null, failed: 1 },
      { source: 'pex', count: Math.max(0, reached - 1), low: null, high: null, failed: 0 },
    ],
    ...(isKnown && {
      dht_filters: 8,
      dht_filters_refused: 0,
      dht_seeds_estimate: proved,
      dht_seeds_low: proved,
      dht_seeds_high: proved + 1,
    }),
    size_estimate: isKnown ? size : null,
    size_low: isKnown ? Math.round(size * 0.8) : null,
    size_high: isKnown ? Math.round(size * 1.4) : null,
    method: isKnown ? 'capture_recapture' : null,
    complete_estimate: isKnown ? proved + claimed : null,
    complete_low: isKnown ? proved : null,
    complete_high: isKnown ? proved + claimed * 2 + 1 : null,
    availability: isKnown ? ranges : [],
    availability_histogram: [],
    copies_min: isKnown ? copies : null,
    distributed_copies_permille: isKnown ? copies * 1_000 + 640 : null,
    completable: isKnown ? (copies > 0 ? 1 : 0) : null,
    completable_outside: isKnown ? (copies > 1 ? 1 : 0) : null,
    proved_outside: isKnown ? Math.max(0, proved - 1) : null,
    files_at_risk:
      isKnown && copies < 2
        ? [
            { index: 4, copies_min: copies },
            { index: 1, copies_min: 1 },
          ]
        : [],
    files_at_risk_total: isKnown ? (copies < 2 ? 2 : 0) : null,
    own_announces: 0,
    reachable_self: 1,
  };
}

const CLIENTS = ['libtorrent 2.0.9', 'Transmission 4.0.5', 'qBittorrent 4.6.2', 'aria2 1.37.0', null];

function probeEvents(n: number, census: NewColumns<'swarm_sampled'>, ts: number, random: Random, stamp: Stamp): Event[] {
  const peers = VERDICTS.flatMap((verdict) => Array.from({ length: census[verdict] }, (_, i) => ({ verdict, i })));
  return peers.map(({ verdict, i }) => {
    const isReached = verdict !== 'unreachable';
    const hasAll = /^(proved|claimed|liar)/.test(verdict);
    const peer_key = `${n.toString(16).padStart(4, '0')}${VERDICTS.indexOf(verdict).toString(16).padStart(4, '0')}${i.toString(16).padStart(8, '0')}`;
    const failed = verdict === 'liar_corrupt' ? 1 : 0;
    const passed = verdict === 'proved' ? 3 : 0;
    return makeEvent(
      'peer_probed',
      {
        swarm_id: census.swarm_id,
        census_id: census.census_id,
        peer_key,
        address_key: peer_key,
        key_epoch: 7,
        ip_prefix: `198.51.${n}.0/24`,
        family: 4,
        direction: i % 5 === 4 ? 'in' : 'out',
        transport: 'tcp',
        encryption: 'none',
        holepunch: 0,
        outcome: isReached ? 'handshaken' : i % 2 === 0 ? 'timeout' : 'refused',
        client: isReached ? CLIENTS[(n + i) % CLIENTS.length]! : null,
        extensions: [],
        pieces_have: isReached ? (hasAll ? 400 : 100 + i * 20) : null,
        pieces_total: isReached ? 400 : null,
        challenges_asked: passed + failed,
        challenges_passed: passed,
        challenges_failed: failed,
        challenges_silent: 0,
        bytes_down: String(passed * 16_384),
        bytes_up: '0',
        verdict,
        connect_ms: isReached ? 20 + Math.floor(random() * 200) : null,
        duration_ms: 1_500,
      },
      stamp(ts + 30_000),
    );
  });
}

function trackerEvents(n: number, census: NewColumns<'swarm_sampled'>, ts: number, stamp: Stamp): Event[] {
  const claimed = {
    seeders: census.proved + census.claimed + 3,
    leechers: census.leecher,
    downloaded: 1_200,
    peers_returned: 20,
    interval_s: 1_800,
    latency_ms: 45,
  };
  const of = (tracker: string, columns: Partial<NewColumns<'tracker_scraped'>>) =>
    makeEvent(
      'tracker_scraped',
      { swarm_id: census.swarm_id, tracker, url_hash: swarmOf(n).slice(0, 16), action: 'announce', outcome: 'ok', ...columns },
      stamp(ts),
    );
  const web = {
    swarm_id: census.swarm_id,
    host: 'https://mirror.example:443',
    url_hash: swarmOf(n).slice(16, 32),
    pieces_checked: 4,
  };
  return [
    of('udp://tracker.example:6969', claimed),
    of('http://dead.example:80', { outcome: 'timeout' }),
    ...(n % 4 === 0
      ? [makeEvent('webseed_audited', { ...web, outcome: 'ok', pieces_passed: 4, latency_ms: 80 }, stamp(ts))]
      : []),
    makeEvent(
      'peer_sighted',
      {
        swarm_id: census.swarm_id,
        peer_key: '00'.repeat(8),
        key_epoch: 7,
        ip_prefix: '198.51.0.0/24',
        family: 4,
        source: 'dht',
        source_id: null,
      },
      stamp(ts),
    ),
  ];
}
