// Small valid events for tests: one maker per topic that the suites publish often.
import { type EventOf, makeEvent, type NewColumns } from '@swarmscope/events/event.ts';

export const STAMP = { ts: 1_763_960_400_000, instance_id: 'test-1', network: 'test' } as const;

/** The n-th 20-byte hash of a test, as hex. */
export function hashOf(n: number): string {
  return n.toString(16).padStart(40, '0');
}

/** The n-th 8-byte pseudonym of a test, as hex. */
export function keyOf(n: number): string {
  return n.toString(16).padStart(16, '0');
}

export function sighting(
  n: number,
  columns: Partial<NewColumns<'infohash_sighted'>> = {},
  ts: number = STAMP.ts,
): EventOf<'infohash_sighted'> {
  return makeEvent(
    'infohash_sighted',
    { info_hash: hashOf(n), way: 'sample', reporter_key: keyOf(n), key_epoch: 1, family: 4, confirmed: 0, ...columns },
    { ...STAMP, ts },
  );
}

export function probed(
  n: number,
  columns: Partial<NewColumns<'peer_probed'>> = {},
  ts: number = STAMP.ts,
): EventOf<'peer_probed'> {
  return makeEvent(
    'peer_probed',
    {
      swarm_id: hashOf(n),
      peer_key: keyOf(n),
      address_key: keyOf(n),
      key_epoch: 1,
      ip_prefix: '127.0.0.0/24',
      family: 4,
      direction: 'out',
      transport: 'tcp',
      encryption: 'none',
      holepunch: 0,
      outcome: 'handshaken',
      extensions: ['ut_metadata', 'ut_pex'],
      challenges_asked: 1,
      challenges_passed: 1,
      challenges_failed: 0,
      challenges_silent: 0,
      bytes_down: '16384',
      bytes_up: '0',
      verdict: 'proved',
      duration_ms: 120,
      ...columns,
    },
    { ...STAMP, ts },
  );
}

export function watched(n: number, set: 0 | 1, ts: number = STAMP.ts): EventOf<'torrent_watched'> {
  return makeEvent(
    'torrent_watched',
    {
      swarm_id: hashOf(n),
      set,
      labels: { team: 'archive' },
      objectives: { min_proved_seeders: 3 },
      verify: 1,
      announce: 1,
      prefixes_excluded: [],
      maintenance: [{ begins_s: 1_800_000_000, ends_s: 1_800_003_600 }],
    },
    { ...STAMP, ts },
  );
}

/** The metadata of a v1 torrent, one file. */
export function resolved(
  n: number,
  columns: Partial<NewColumns<'torrent_resolved'>> = {},
  ts: number = STAMP.ts,
): EventOf<'torrent_resolved'> {
  const base = {
    swarm_id: hashOf(n),
    info_hash: hashOf(n),
    info_hash_v1: hashOf(n),
    name: `torrent ${n}`,
    size_bytes: '1000000',
    piece_length_bytes: 16_384,
    pieces: 62,
    files: [{ path: 'file', size_bytes: '1000000', merkle_root: null }],
    files_total: 1,
    private: 0,
    has_web_seeds: 0,
    source: 'peer',
  } as const;
  return makeEvent('torrent_resolved', { ...base, ...columns } as NewColumns<'torrent_resolved'>, { ...STAMP, ts });
}
