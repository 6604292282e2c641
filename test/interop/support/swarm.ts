// A swarm of libtorrent, Transmission and aria2 peers around an opentracker, one 127.x address each, and the truth about every one of them.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ForeignClient, startAria2, startOpentracker, startTransmission } from './clients.ts';
import { LibtorrentPeers, type LibtorrentRole, type MadeTorrent, TorrentMaker, type TorrentPlan } from './libtorrent.ts';
import { until, type Workbench } from './process.ts';

const PIECE_LENGTH_BYTES = 65_536;
const PIECES = 128;
const PORT = 7001;
/** Few enough bytes a second that a peer never finishes a piece during a suite, enough to shake hands. */
const FROZEN_BYTES_A_SECOND = 2_000;
const SEED_BYTES_A_SECOND = 400_000;

type Expected = 'proved' | 'leecher' | 'partial_seed' | 'super_seeder';

/** One foreign peer: the verdict it must get, and what it has according to itself. */
interface SwarmPeer {
  name: string;
  endpoint: string;
  expected: Expected;
  /** The only way that it can be dialled by; over uTP it may dial us, as it likes, encrypted or not. */
  way: { transport: 'tcp' | 'utp'; encryption?: 'none' | 'mse_rc4' };
  /** Its number of pieces never changes, or its own count before and after bound what may be measured. */
  piecesHave(): Promise<number>;
}

export interface Swarm {
  torrent: MadeTorrent;
  hybrid: MadeTorrent;
  tracker: { http: string; udp: string };
  /** The peers of `torrent`. */
  peers: SwarmPeer[];
  /** The only peer of `hybrid`: a seeder. */
  hybridPeer: SwarmPeer;
}

interface Role {
  name: string;
  role: LibtorrentRole;
  expected: Expected;
  /** How many pieces, from the first on; all when absent. */
  keep?: number;
}

const LIBTORRENT: readonly Role[] = [
  { name: 'libtorrent-seeder', role: 'seeder', expected: 'proved' },
  { name: 'libtorrent-leecher', role: 'leecher', expected: 'leecher', keep: 37 },
  { name: 'libtorrent-partial-seed', role: 'partial_seed', expected: 'partial_seed', keep: 90 },
  { name: 'libtorrent-super-seeder', role: 'super_seeder', expected: 'super_seeder' },
  { name: 'libtorrent-encrypted', role: 'encrypted', expected: 'proved' },
  { name: 'libtorrent-utp-only', role: 'utp_only', expected: 'proved' },
];
const PLAIN_TCP = { transport: 'tcp', encryption: 'none' } as const;

const range = (count: number) => [...Array(count).keys()];

/** Builds payloads, torrents, tracker and peers; resolves when every client has checked its payload and states the truth planned for it. */
export async function startSwarm(bench: Workbench, address: (host: number) => string): Promise<Swarm> {
  const maker = bench.keep(new TorrentMaker());
  const seeds = join(bench.directory, 'seeds');
  const plan: TorrentPlan = {
    directory: seeds,
    name: 'ubuntu-like',
    seed: 'swarm',
    size_bytes: PIECE_LENGTH_BYTES * PIECES,
    piece_length: PIECE_LENGTH_BYTES,
  };
  const hybridPlan: TorrentPlan = { ...plan, name: 'hybrid', seed: 'hybrid', size_bytes: 2_000_000, kind: 'hybrid', files: 4 };
  // The tracker's address goes into the torrent before the tracker exists: its whitelist needs the infohashes, which do not depend on it.
  const drafts = [await maker.make(plan), await maker.make(hybridPlan)];
  const hashes = drafts
    .flatMap((draft) => [draft.info_hash_v1, draft.info_hash_v2?.slice(0, 40)])
    .filter((hash) => typeof hash === 'string');
  const tracker = bench.keep(await startOpentracker({ directory: bench.directory, address: address(1), infoHashes: hashes }));
  const torrent = await maker.make({ ...plan, trackers: [tracker.http] });
  const hybrid = await maker.make({ ...hybridPlan, trackers: [tracker.udp] });
  const copy = (name: string, keep: number) => maker.copy(plan, join(bench.directory, name), range(keep));

  const libtorrent = bench.keep(new LibtorrentPeers());
  const peers: SwarmPeer[] = [];
  for (const [i, role] of LIBTORRENT.entries()) {
    const savePath = role.keep === undefined ? seeds : await copy(role.name, role.keep);
    peers.push(await addLibtorrent(libtorrent, role, address(10 + i), torrent, savePath));
  }
  const hybridRole: Role = { name: 'libtorrent-hybrid', role: 'seeder', expected: 'proved' };
  const hybridPeer = await addLibtorrent(libtorrent, hybridRole, address(20), hybrid, seeds);

  const others = [
    {
      name: 'transmission-seeder',
      expected: 'proved',
      payload: seeds,
      host: 30,
      launch: startTransmission,
      limits: { uploadKb: 400 },
    },
    {
      name: 'transmission-leecher',
      expected: 'leecher',
      payload: await copy('transmission-leecher', 50),
      host: 31,
      launch: startTransmission,
      limits: { downloadKb: 0 },
    },
    { name: 'aria2-seeder', expected: 'proved', payload: seeds, host: 40, launch: startAria2, limits: { uploadKb: 400 } },
    {
      name: 'aria2-leecher',
      expected: 'leecher',
      payload: await copy('aria2-leecher', 61),
      host: 41,
      launch: startAria2,
      limits: { downloadKb: 1 },
    },
  ] as const;
  for (const { name, expected, payload, host, launch, limits } of others) {
    const directory = join(bench.directory, `${name}-state`);
    mkdirSync(directory, { recursive: true });
    const client: ForeignClient = bench.keep(
      await launch({ directory, address: address(host), torrent: torrent.torrent, payload, ...limits }),
    );
    peers.push({
      name,
      endpoint: client.endpoint,
      expected,
      way: PLAIN_TCP,
      piecesHave: async () => (await client.truth()).pieces_have,
    });
  }
  return { torrent, hybrid, tracker, peers, hybridPeer };
}

async function addLibtorrent(
  libtorrent: LibtorrentPeers,
  role: Role,
  address: string,
  torrent: MadeTorrent,
  savePath: string,
): Promise<SwarmPeer> {
  const have = role.keep === undefined ? {} : { have: range(role.keep) };
  const limits = role.role === 'leecher' ? { download_limit: FROZEN_BYTES_A_SECOND } : { upload_limit: SEED_BYTES_A_SECOND };
  await libtorrent.add({
    name: role.name,
    role: role.role,
    address,
    port: PORT,
    torrents: [{ torrent: torrent.torrent, save_path: savePath, ...have }],
    ...limits,
  });
  const status = async () => (await libtorrent.status())[role.name]?.[0];
  await until(`${role.name} has checked its payload`, async () => {
    const state = await status();
    if (state?.error) throw new Error(`${role.name}: ${state.error}`);
    return state && !state.checking && state.pieces_have >= (role.keep ?? torrent.pieces);
  });
  return {
    name: role.name,
    endpoint: `${address}:${PORT}`,
    expected: role.expected,
    way:
      role.role === 'encrypted'
        ? { transport: 'tcp', encryption: 'mse_rc4' }
        : role.role === 'utp_only'
          ? { transport: 'utp' }
          : PLAIN_TCP,
    piecesHave: async () => (await status())?.pieces_have ?? -1,
  };
}

/** Complete and incomplete as the tracker counts them for an infohash, by an HTTP scrape. */
export async function scrape(tracker: string, infoHash: string): Promise<{ complete: number; incomplete: number } | undefined> {
  const escaped = infoHash.replace(/../g, '%$&');
  const response = await fetch(`${tracker.replace(/announce$/, 'scrape')}?info_hash=${escaped}`);
  const text = await response.text();
  const number = (key: string) => /^\d+/.exec(text.split(`${key.length}:${key}i`)[1] ?? '')?.[0];
  const [complete, incomplete] = [number('complete'), number('incomplete')];
  return complete === undefined || incomplete === undefined
    ? undefined
    : { complete: Number(complete), incomplete: Number(incomplete) };
}
