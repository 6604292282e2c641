// The whole pipeline as one command against foreign software: libtorrent's DHT crawled, its torrents resolved and proved, and everything read back by SQL.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missing, ROOT } from '../support/extras.ts';
import { type DhtEntry, DhtMesh, LibtorrentPeers, type MadeTorrent, TorrentMaker } from './support/libtorrent.ts';
import { pickNetwork, type Running, start, until, Workbench } from './support/process.ts';

const NODES = 40;
const INFOHASHES = 60;
/** Of these: with a live peer, a seeder. */
const LIVE = 24;
const SEEDERS = 6;
const PIECE_BYTES = 32_768;

describe.skipIf(missing('libtorrent').length > 0)('swarmscope up, against libtorrent alone', () => {
  const bench = new Workbench('pipeline');
  const [address, elsewhere, beyond] = [pickNetwork(), pickNetwork(), pickNetwork()];
  const torrents: MadeTorrent[] = []; // bound: LIVE
  let entries: DhtEntry[];
  let command: Running;
  let url: string;

  beforeAll(async () => {
    const mesh = bench.keep(new DhtMesh());
    await mesh.start(
      Array.from({ length: NODES }, (_, i) => address(i + 1)),
      7_000,
    );
    const seeders = await startSeeders();
    entries = [
      ...torrents.map((torrent, i) => ({ info_hash: torrent.info_hash_v1!, ...seeders[i % SEEDERS]!, seed: true })),
      // Each on a host of its own: nobody is dialled often.
      ...Array.from({ length: INFOHASHES - LIVE }, (_, i) => ({
        info_hash: ((i * 0x9e3779b1) >>> 0).toString(16).padStart(8, '0').repeat(5),
        address: [elsewhere, beyond][i % 2]!(1 + (i >> 1)),
        port: 5_000 + i,
        seed: false,
      })),
    ];
    expect(await mesh.announce(entries)).toBe(INFOHASHES * 8);
    const flags = ['--bootstrap', mesh.nodes[0]!, '--lab-network', '127.0.0.0/8', '--address', address(200)];
    const quiet = ['--data', join(bench.directory, 'data'), '--port', '0', '--peer-port', '0', '--verify', 'all'];
    command = start(process.execPath, [join(ROOT, 'services/cli/src/main.ts'), 'up', ...flags, ...quiet], {
      env: { SWARMSCOPE_ADDRESSES: 'full' },
    });
    bench.keep({ stop: () => command.stop() });
    url = await until('the page is there', () => /page: (http:\S+)/.exec(command.log())?.[1], 30_000, command);
  });
  afterAll(() => bench.close());

  async function startSeeders(): Promise<{ address: string; port: number }[]> {
    const maker = bench.keep(new TorrentMaker());
    const peers = bench.keep(new LibtorrentPeers());
    const directory = join(bench.directory, 'seeds');
    for (let i = 0; i < LIVE; i++) {
      const plan = {
        directory,
        name: `live-${i}`,
        seed: `live-${i}`,
        size_bytes: PIECE_BYTES * (2 + i),
        piece_length: PIECE_BYTES,
      };
      torrents.push(await maker.make(plan));
    }
    const seeders: { address: string; port: number }[] = [];
    for (let n = 0; n < SEEDERS; n++) {
      const own = torrents.filter((_, i) => i % SEEDERS === n);
      const sources = own.map(({ torrent }) => ({ torrent, save_path: directory, trackers: [] }));
      const place = { address: address(100 + n), port: 7_001 };
      seeders.push(await peers.add({ name: `seeder-${n}`, role: 'seeder', ...place, torrents: sources }));
    }
    const areSeeding = async () => Object.values(await peers.status()).every((all) => all.every((status) => status.seeding));
    await until('the seeders have checked their payloads', areSeeding, 30_000);
    return seeders;
  }

  /** Asks the running command over its ClickHouse HTTP interface, like every client. */
  async function ask<T>(sql: string): Promise<T[]> {
    const answer = await fetch(`${url}/?default_format=JSONEachRow`, { method: 'POST', body: sql });
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as T);
  }

  test('at least 99 % of the infohashes are in the store within 60 s of the start, and none that is not there', async () => {
    const sql = "SELECT DISTINCT lower(hex(info_hash)) AS info_hash FROM infohash_sighted WHERE way = 'sample'";
    const known = new Set(entries.map((entry) => entry.info_hash));
    await until('the infohashes are stored', async () => (await ask(sql)).length >= INFOHASHES * 0.99, 60_000, command);
    for (const { info_hash } of await ask<{ info_hash: string }>(sql)) expect(known).toContain(info_hash);
  });

  test('the metadata of every torrent with a live peer is fetched from it, and is that of the .torrent', async () => {
    const sql = `SELECT lower(hex(info_hash_v1)) AS info_hash, name, toString(size_bytes) AS size, pieces, source
      FROM torrent_resolved ORDER BY ts LIMIT 1 BY info_hash_v1`;
    await until('the torrents are resolved', async () => (await ask(sql)).length >= LIVE, 150_000, command);
    const expected = torrents.map((torrent, i) => ({
      info_hash: torrent.info_hash_v1,
      name: `live-${i}`,
      size: String(PIECE_BYTES * (2 + i)),
      pieces: torrent.pieces,
      source: 'peer',
    }));
    const byHash = (a: { info_hash: string | null }, b: { info_hash: string | null }) => (a.info_hash! < b.info_hash! ? -1 : 1);
    expect((await ask<(typeof expected)[0]>(sql)).sort(byHash)).toEqual(expected.sort(byHash));
  });

  test('every seeder is proved by hash, with its exact pieces, and every census says so', async () => {
    const sql = `SELECT lower(hex(swarm_id)) AS swarm, proved, completable FROM swarm_sampled
      WHERE reached > 0 ORDER BY ts DESC LIMIT 1 BY swarm_id`;
    const proved = async () => (await ask<{ proved: number }>(sql)).filter((row) => Number(row.proved) === 1).length >= LIVE;
    await until('every live torrent has its census', proved, 150_000, command);
    const rows = await ask<{ swarm: string; verdict: string; have: number; total: number; passed: number; endpoint: string }>(
      `SELECT lower(hex(swarm_id)) AS swarm, verdict, pieces_have AS have, pieces_total AS total, challenges_passed AS passed, endpoint
       FROM peer_probed WHERE outcome = 'handshaken' AND census_id IN (SELECT census_id FROM swarm_sampled) ORDER BY ts DESC LIMIT 1 BY swarm_id, peer_key`,
    );
    expect(rows).toHaveLength(LIVE);
    for (const row of rows) {
      const torrent = torrents.find((each) => each.info_hash_v1 === row.swarm)!;
      expect(row).toMatchObject({
        verdict: 'proved',
        have: torrent.pieces,
        total: torrent.pieces,
        endpoint: `${address(100 + (torrents.indexOf(torrent) % SEEDERS))}:7001`,
      });
      expect(Number(row.passed)).toBeGreaterThanOrEqual(1);
    }
  });

  test('the dead are unreachable, not absent', async () => {
    const [row] = await ask<{ n: number }>(
      "SELECT uniqExact(swarm_id) AS n FROM peer_probed WHERE verdict = 'unreachable' AND outcome = 'refused'",
    );
    expect(Number(row!.n)).toBeGreaterThan(0);
  });

  test('no row is there twice, none was rejected, and the end is orderly', async () => {
    for (const table of ['infohash_sighted', 'peer_probed', 'swarm_sampled', 'torrent_resolved']) {
      const [audit] = await ask<{ n: number; u: number }>(
        `SELECT count() AS n, uniqExact(_partition, _offset) AS u FROM ${table}`,
      );
      expect(Number(audit!.n), table).toBe(Number(audit!.u));
    }
    expect(await ask('SELECT reason FROM rejected')).toEqual([]);
    process.kill(command.pid, 'SIGTERM');
    expect(await command.ended).toBe(0);
  });
});
