// A full peer gives as it takes: libtorrent downloads from us what we have verified of another one; and qBittorrent is proved like any other.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatEndpoint, parseEndpoint } from '@swarmscope/bittorrent/endpoint.ts';
import { DEFAULT_BUDGETS, LAB_TIMES } from '@swarmscope/swarm-prober/settings.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missing } from '../support/extras.ts';
import { LibtorrentPeers, type MadeTorrent, TorrentMaker } from './support/libtorrent.ts';
import { LoneProber } from './support/prober.ts';
import { pickNetwork, until, Workbench } from './support/process.ts';
import { startQbittorrent } from './support/qbittorrent.ts';

const PIECES = 12;
const PIECE_BYTES = 65_536;
/** Long enough that nothing is given up on a slow machine; a census ends when nothing is pending. */
const TIMES = { ...LAB_TIMES, chokeMs: 40_000, challengeMs: 20_000, observeMs: 20_000, censusMs: 90_000 };

describe.skipIf(missing('libtorrent', 'qbittorrent').length > 0)('giving and taking', () => {
  const bench = new Workbench('give');
  const address = pickNetwork();
  const maker = bench.keep(new TorrentMaker());
  const peers = bench.keep(new LibtorrentPeers());
  const directory = join(bench.directory, 'payload');
  let torrent: MadeTorrent;
  afterAll(() => bench.close());
  beforeAll(async () => {
    // Private: without PEX the two libtorrent peers never learn of each other. libtorrent gives nobody the metadata of such a torrent: we have the file.
    const plan = { directory, name: 'gift', seed: 'gift', size_bytes: PIECES * PIECE_BYTES - 7, piece_length: PIECE_BYTES };
    torrent = await maker.make({ ...plan, private: true });
  });

  test('libtorrent, who knows us alone, gets from us what we verified of a seeder', async () => {
    const here = { torrent: torrent.torrent, trackers: [] };
    const seeder = await peers.add({
      name: 'seeder',
      role: 'seeder',
      address: address(1),
      port: 7_001,
      torrents: [{ ...here, save_path: directory }],
    });
    const empty = join(bench.directory, 'empty');
    const taker = await peers.add({
      name: 'taker',
      role: 'leecher',
      address: address(2),
      port: 7_002,
      torrents: [{ ...here, save_path: empty }],
    });
    await until('the seeder has checked its payload', async () => (await peers.status())['seeder']?.[0]?.seeding, 30_000);
    const budgets = { ...DEFAULT_BUDGETS, challenges: PIECES };
    const lone = await LoneProber.start(bench, { address: address(3), port: 0 }, { times: TIMES, budgets });
    lone.prober.add({ metainfo: readFileSync(torrent.torrent), peers: [seeder, taker] });
    const got = async () => (await peers.status())['taker']?.[0]?.pieces_have ?? 0;
    await until('it has every piece', async () => (await got()) === PIECES, 60_000);
    await until('the census is over', () => lone.prober.settled(), 100_000);
    const probed = new Map(lone.of('peer_probed').map((event) => [event.endpoint, event]));
    expect(probed.get(formatEndpoint(seeder))).toMatchObject({ verdict: 'proved', challenges_passed: PIECES });
    expect(Number(probed.get(formatEndpoint(taker))!.bytes_up)).toBe(PIECES * PIECE_BYTES - 7);
    expect((await peers.status())['seeder']![0]!.uploaded_bytes).toBeGreaterThanOrEqual(PIECES * PIECE_BYTES - 7);
  });

  test('qBittorrent: its class, its name, its exact pieces', async () => {
    const client = bench.keep(
      await startQbittorrent({
        directory: join(bench.directory, 'qbittorrent'),
        address: address(4),
        torrent: torrent.torrent,
        payload: directory,
        pieces: PIECES,
      }),
    );
    expect(await client.truth()).toEqual({ pieces_have: PIECES, pieces_total: PIECES });
    const lone = await LoneProber.start(bench, { address: address(5), port: 0 }, { times: TIMES });
    const target = { metainfo: readFileSync(torrent.torrent), peers: [parseEndpoint(client.endpoint)!] };
    const { probed, sampled } = await lone.probe(target, torrent.info_hash_v1!);
    expect(probed.get(client.endpoint)).toMatchObject({
      verdict: 'proved',
      client: expect.stringMatching(/^qBittorrent/),
      pieces_have: PIECES,
      pieces_total: PIECES,
    });
    expect(sampled).toMatchObject({ proved: 1, completable: 1 });
  });
});
