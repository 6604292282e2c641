// The swarms of an accuracy run: any number of torrents and peers of all kinds, drawn from a seed.
import type { Random } from '@swarmscope/bittorrent/machine.ts';
import type { CastPeer, CastTorrent } from '../loopback/cast.ts';
import { HOSTILE_KINDS } from '../sim/hostile.ts';
import { KIND_RULES, type PeerKind } from '../sim/peer-kind.ts';
import type { Line } from '../sim/slow-line.ts';

/** How often each kind comes, of a hundred. */
const WEIGHTS: readonly (readonly [PeerKind, number])[] = [
  ['seeder', 22],
  ['leecher', 24],
  ['progressing', 4],
  ['partial_seed', 9],
  ['super_seeder', 3],
  ['liar_rejects', 8],
  ['liar_silent', 5],
  ['liar_corrupt', 5],
  ['choker', 5],
  ['mute', 2],
  ['encrypted_only', 2],
  ['tarpit', 2],
  ['wrong_infohash', 2],
  ['dead', 7],
];

/** Who has everything, and does not exist in a torrent whose pieces are lost. */
const COMPLETE: ReadonlySet<PeerKind> = new Set(['seeder', 'super_seeder', 'choker']);
/** What a liar really has. */
const LIAR_SHARES = [0.1, 0.5, 0.9] as const;
const PIECES = 100;
const PIECE_BYTES = 16_384;

/** What differs from run to run. */
export interface Conditions {
  /** Share of the peers that is behind a NAT and dials. */
  readonly nat?: number;
  /** The line of each peer, drawn anew. */
  readonly line?: (random: Random) => Line;
}

/** `torrents` swarms of together `peers` peers, from a handful to three times the mean. A third has no seeder, a sixth has lost pieces. */
export function accuracyCast(random: Random, torrents: number, peers: number, conditions: Conditions = {}): CastTorrent[] {
  const weights = Array.from({ length: torrents }, () => 0.1 + random());
  const sum = weights.reduce((a, b) => a + b, 0);
  let left = peers;
  return weights.map((weight, index) => {
    const rest = torrents - index - 1;
    const count = rest === 0 ? left : Math.max(1, Math.min(left - rest, Math.round((peers * weight) / sum)));
    left -= count;
    return torrentOf(random, index, count, conditions);
  });
}

function torrentOf(random: Random, index: number, count: number, { nat: natShare = 0, line }: Conditions): CastTorrent {
  const seedless = index % 3 === 2;
  const lostPieces = index % 6 === 5 ? 5 : 0;
  return {
    name: `Swarm ${index + 1}`,
    files: filesOf(random, index),
    pieceBytes: PIECE_BYTES,
    version: index % 10 === 7 ? 'hybrid' : 'v1',
    places: index % 2 === 0 ? ['dht'] : ['dht', index % 4 === 1 ? 'http' : 'udp'],
    watched: 'torrent',
    lostPieces,
    peers: Array.from({ length: count }, (_, i) => {
      const peer = peerOf(random, seedless);
      const nat = natShare > 0 && KIND_RULES[peer.kind].serves && random() < natShare;
      return { ...peer, nat, under: i % 2 === 0 ? 'v1' : 'v2', ...(line ? { line: line(random) } : {}) };
    }),
  };
}

const LIAR_KINDS = ['liar_rejects', 'liar_silent', 'liar_corrupt'] as const;

/** `torrents` swarms, each with `liars` that lack a tenth of the pieces, beside two leechers that have all pieces between them: so no piece hangs on a claim, and liars are found by chance alone. */
export function liarsCast(torrents: number, liars: number): CastTorrent[] {
  const part = (index: number): CastPeer => ({ kind: 'leecher', share: 0.5, part: { index, of: 2 } });
  const liar = (i: number): CastPeer => ({ kind: LIAR_KINDS[i % LIAR_KINDS.length]!, share: 0.9 });
  return Array.from({ length: torrents }, (_, index) => ({
    name: `Liars ${index + 1}`,
    files: [{ path: 'liars.bin', bytes: PIECES * PIECE_BYTES - 1 }],
    pieceBytes: PIECE_BYTES,
    places: ['dht', 'udp'],
    watched: 'torrent',
    peers: [part(0), part(1), { kind: 'seeder' }, ...Array.from({ length: liars }, (_, i) => liar(i))],
  }));
}

/** `torrents` swarms of one seeder and two leechers among peers of every hostile kind, over and over up to `peers` in all. */
export function hostileCast(torrents: number, peers: number): CastTorrent[] {
  const part = (index: number): CastPeer => ({ kind: 'leecher', share: 0.5, part: { index, of: 2 } });
  const attackers = Math.max(1, Math.round(peers / torrents) - 3);
  return Array.from({ length: torrents }, (_, index) => ({
    name: `Siege ${index + 1}`,
    files: [{ path: 'siege.bin', bytes: PIECES * PIECE_BYTES - 1 }],
    pieceBytes: PIECE_BYTES,
    places: ['dht', 'udp'],
    watched: 'torrent',
    peers: [
      ...Array.from(
        { length: attackers },
        (_one, i): CastPeer => ({ kind: 'hostile', hostile: HOSTILE_KINDS[i % HOSTILE_KINDS.length]! }),
      ),
      { kind: 'seeder' },
      part(0),
      part(1),
    ],
  }));
}

/** A line that nobody would call fast: up to a second away, 6 to 60 KB/s; every other one stands still now and then, for longer than a prober in a laboratory waits for a block. */
export function slowLine(random: Random): Line {
  const line = { latencyMs: 1_000 * random(), bytesPerSecond: 6_000 + 54_000 * random() ** 2 };
  return random() < 0.5 ? line : { ...line, stalls: { everyMs: 4_000, ms: 1_000 + 3_000 * random() } };
}

function filesOf(random: Random, index: number): { path: string; bytes: number }[] {
  const total = PIECES * PIECE_BYTES - 1 - Math.floor(random() * PIECE_BYTES);
  if (index % 4 !== 3) return [{ path: `swarm-${index + 1}.bin`, bytes: total }];
  const first = Math.floor(total / 3);
  return [
    { path: 'a.bin', bytes: first },
    { path: 'b/c.bin', bytes: total - first },
  ];
}

function peerOf(random: Random, seedless: boolean): CastPeer {
  const kind = kindOf(random, seedless);
  const fast = random() < 0.8;
  const share = 0.02 + 0.96 * random();
  switch (kind) {
    case 'leecher':
    case 'partial_seed':
      return { kind, share, fast };
    case 'progressing':
      return { kind, share: 0.1 + share / 2, progress: { everyMs: 2_000, share: seedless ? 0.95 : 1 }, fast };
    case 'liar_rejects': // without the fast extension nobody can reject
      return { kind, share: LIAR_SHARES[Math.floor(random() * 3)]! };
    case 'liar_silent':
    case 'liar_corrupt':
      return { kind, share: LIAR_SHARES[Math.floor(random() * 3)]!, fast };
    default:
      return { kind, fast };
  }
}

function kindOf(random: Random, seedless: boolean): PeerKind {
  const kinds = WEIGHTS.filter(([kind]) => !(seedless && COMPLETE.has(kind)));
  let draw = random() * kinds.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [kind, weight] of kinds) {
    draw -= weight;
    if (draw < 0) return kind;
  }
  return kinds[0]![0];
}
