// Who plays in the loopback world, as data: its torrents and the peers of each.
import type { HostileKind } from '../sim/hostile.ts';
import type { PeerKind } from '../sim/peer-kind.ts';
import type { Line } from '../sim/slow-line.ts';

/** Where a peer can be learned of. */
export type Place = 'dht' | 'http' | 'udp';

export interface CastPeer {
  readonly kind: PeerKind;
  /** How many pieces it has, as a share; all when not given. */
  readonly share?: number;
  /** It has the pieces of this part first: peers with all parts have everything between them. */
  readonly part?: { readonly index: number; readonly of: number };
  readonly progress?: { readonly everyMs: number; readonly share: number };
  readonly fast?: boolean;
  /** Behind a NAT: nobody listens where it is announced, but it dials who announces. */
  readonly nat?: boolean;
  /** Slow or lossy; what the machine gives when not given. */
  readonly line?: Line;
  /** What a peer of the kind `hostile` does. */
  readonly hostile?: HostileKind;
  /** Of a hybrid: the infohash under which it is announced. */
  readonly under?: 'v1' | 'v2';
}

export interface CastTorrent {
  readonly name: string;
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  readonly pieceBytes: number;
  readonly version?: 'v1' | 'hybrid' | 'v2';
  readonly private?: boolean;
  readonly places: readonly Place[];
  /** Handed to the prober as a file, as a magnet, or not at all: then the DHT must be crawled for it. */
  readonly watched: 'torrent' | 'magnet' | 'no';
  /** This many pieces nobody has. */
  readonly lostPieces?: number;
  readonly peers: readonly CastPeer[];
}

const KIB = 1_024;
const one = (name: string, kib: number) => [{ path: name, bytes: kib * KIB - 1_111 }];

const seeder: CastPeer = { kind: 'seeder' };
const oldSeeder: CastPeer = { kind: 'seeder', fast: false };
const dead: CastPeer = { kind: 'dead' };
const leecher = (share: number, more: Partial<CastPeer> = {}): CastPeer => ({ kind: 'leecher', share, ...more });
const partial = (share: number): CastPeer => ({ kind: 'partial_seed', share });
const progressing = (share: number, everyMs: number, to: number): CastPeer => ({
  kind: 'progressing',
  share,
  progress: { everyMs, share: to },
});

/**
 * Ten torrents, each with its own lesson. A liar has a tenth of what it claims, so that a handful of challenges finds it with a probability that
 * a demonstration can rest on; those that lack little are the matter of the accuracy runs.
 */
export const CAST: readonly CastTorrent[] = [
  {
    name: 'Harbour Lights',
    files: one('harbour-lights.bin', 2_048),
    pieceBytes: 32 * KIB,
    places: ['dht'],
    watched: 'no',
    peers: [seeder, seeder, oldSeeder, leecher(0.3), leecher(0.7), progressing(0.2, 900, 0.9), { kind: 'choker' }, dead, dead],
  },
  {
    name: 'Members Only Recordings',
    files: one('recordings.bin', 1_536),
    pieceBytes: 32 * KIB,
    private: true,
    places: ['http'],
    watched: 'torrent',
    peers: [seeder, oldSeeder, leecher(0.5), leecher(0.25, { fast: false }), partial(0.6), dead],
  },
  {
    name: 'Twin Rivers',
    files: [
      { path: 'north/river.bin', bytes: 900_000 },
      { path: 'south/river.bin', bytes: 700_001 },
    ],
    pieceBytes: 32 * KIB,
    version: 'hybrid',
    places: ['dht'],
    watched: 'no',
    peers: [
      { ...seeder, under: 'v1' },
      { ...seeder, under: 'v2' },
      { ...leecher(0.4), under: 'v1' },
      { ...leecher(0.8), under: 'v2' },
      { ...partial(0.5), under: 'v1' },
      { ...dead, under: 'v2' },
    ],
  },
  {
    name: 'Seven Maps',
    files: Array.from({ length: 7 }, (_, i) => ({ path: `map-${i + 1}.bin`, bytes: 250_000 + 7_777 * i })),
    pieceBytes: 32 * KIB,
    places: ['dht'],
    watched: 'no',
    peers: [...Array.from({ length: 5 }, (_, index) => leecher(0.4, { part: { index, of: 5 } })), dead],
  },
  {
    name: 'Lost Reel',
    files: one('lost-reel.bin', 1_024),
    pieceBytes: 32 * KIB,
    places: ['dht'],
    watched: 'no',
    lostPieces: 3,
    peers: [leecher(0.8), leecher(0.6), leecher(0.85, { fast: false }), progressing(0.5, 1_500, 0.9), partial(0.7)],
  },
  {
    name: 'Mirage',
    files: one('mirage.bin', 1_024),
    pieceBytes: 32 * KIB,
    places: ['dht'],
    watched: 'no',
    lostPieces: 4,
    peers: [{ kind: 'liar_rejects', share: 0.1 }, leecher(0.5), leecher(0.4), leecher(0.65), dead],
  },
  {
    name: 'Open Atlas',
    files: one('open-atlas.bin', 3_072),
    pieceBytes: 64 * KIB,
    places: ['dht', 'udp'],
    watched: 'magnet',
    peers: [
      seeder,
      seeder,
      { kind: 'liar_corrupt', share: 0.1 },
      { kind: 'liar_rejects', share: 0.1 },
      leecher(0.35),
      leecher(0.9),
      partial(0.45),
      { kind: 'encrypted_only' },
    ],
  },
  {
    name: 'Night Radio',
    files: one('night-radio.bin', 1_280),
    pieceBytes: 16 * KIB,
    places: ['dht', 'http'],
    watched: 'magnet',
    peers: [
      seeder,
      { kind: 'super_seeder' },
      leecher(0.5),
      progressing(0.75, 600, 1),
      { kind: 'choker' },
      { kind: 'wrong_infohash' },
      { kind: 'tarpit' },
      dead,
    ],
  },
  {
    name: 'Quiet Library',
    files: [
      { path: 'catalogue.bin', bytes: 123_456 },
      { path: 'shelves/a.bin', bytes: 654_321 },
      { path: 'shelves/b.bin', bytes: 222_222 },
    ],
    pieceBytes: 16 * KIB,
    places: ['dht'],
    watched: 'no',
    peers: [oldSeeder, leecher(0.1), partial(0.3), partial(0.95), { kind: 'mute' }],
  },
  {
    name: 'Evening Courses',
    files: one('evening-courses.bin', 2_048),
    pieceBytes: 32 * KIB,
    places: ['dht'],
    watched: 'no',
    peers: [seeder, oldSeeder, seeder, { kind: 'super_seeder' }, leecher(0.2), leecher(0.55), leecher(0.75), dead],
  },
];
