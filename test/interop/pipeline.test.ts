// The whole pipeline as one command against foreign software: libtorrent's DHT crawled, its torrents resolved and proved, and everything read back by SQL.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missing, ROOT } from '../support/extras.ts';
import { type DhtEntry, DhtMesh, LibtorrentPeers, type MadeTorrent, TorrentMaker } from './support/libtorrent.ts';
import { pickNetwork, type Running, start, until, Workbench } from './support/process.ts';

const NODES = 40;
/** `SWARMSCOPE_PIPELINE_TORRENTS=500`: the cold start of that many, each with a live peer on a host of its own, measured; no censuses are waited for. */
const COLD = Number(process.env['SWARMSCOPE_PIPELINE_TORRENTS'] ?? 0);
const INFOHASHES = COLD || 60;
/** Of these: with a live peer, a seeder. */
const LIVE = COLD || 24;
/** Sessions of seeders, and the addresses that they have together: a torrent is announced at one of them. */
const SESSIONS = 6;
const HOSTS = COLD || SESSIONS;
const HOSTS_A_NETWORK = 120;
const PIECE_BYTES = 32_768;

describe.skipIf(missing('libtorrent').length > 0)('swarmscope up, against libtorrent alone', () => {
  const bench = new Workbench('pipeline');
  const [address, elsewhere, beyond] = [pickNetwork(), pickNetwork(), pickNetwork()];
  const seedNetworks = [address, ...Array.from({ length: Math.floor((HOSTS - 1) / HOSTS_A_NETWORK) }, () => pickNetwork())];
  const torrents: MadeTorrent[] = []; // bound: LIVE
  let entries: DhtEntry[];
  let mesh: DhtMesh;
  let command: Running;
  let url: string;
  let begunMs: number;
  let told = 0;

  beforeAll(async () => {
    mesh = bench.keep(new DhtMesh());
    await mesh.start(
      Array.from({ length: NODES }, (_, i) => address(i + 1)),
      7_000,
    );
    const seeders = await startSeeders();
    entries = [
      ...torrents.map((torrent, i) => ({ info_hash: torrent.info_hash_v1!, ...seeders[i % HOSTS]!, seed: true })),
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
    const quiet = [
      '--data',
      join(bench.directory, 'data'),
      '--port',
      '0',
      '--peer-port',
      '0',
      ...(COLD ? [] : ['--verify', 'all']),
    ];
    begunMs = Date.now();
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
    const hosts = Array.from({ length: HOSTS }, (_, host) => ({ address: hostAddress(host), port: 7_001 }));
    for (let n = 0; n < SESSIONS; n++) {
      const sources = torrents
        .filter((_, i) => (i % HOSTS) % SESSIONS === n)
        .map(({ torrent }) => ({ torrent, save_path: directory, trackers: [] }));
      const own = hosts.filter((_, host) => host % SESSIONS === n).map(({ address, port }) => `${address}:${port}`);
      const settings = { listen_interfaces: own.join(), outgoing_interfaces: '' };
      await peers.add({ name: `seeder-${n}`, role: 'seeder', ...hosts[n]!, torrents: sources, ...(COLD ? { settings } : {}) });
    }
    const areSeeding = async () => Object.values(await peers.status()).every((all) => all.every((status) => status.seeding));
    await until('the seeders have checked their payloads', areSeeding, 60_000);
    return hosts;
  }

  function hostAddress(host: number): string {
    return seedNetworks[Math.floor(host / HOSTS_A_NETWORK)]!(100 + (host % HOSTS_A_NETWORK));
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

  /** How many are resolved; where a cold start is measured it is said each time that there are fifty more. */
  async function resolved(): Promise<number> {
    const [row] = await ask<{ n: number; late: number }>(
      'SELECT toUInt32(uniqExact(info_hash_v1)) AS n, toUnixTimestamp64Milli(now64(3)) - toUnixTimestamp64Milli(max(ts)) AS late FROM torrent_resolved',
    );
    const { n, late } = row!;
    if (COLD && (n >= told + 50 || (n === LIVE && n > told))) {
      console.log(`${n} of ${LIVE} metadata ${Date.now() - begunMs} ms after the start; the last is ${late} ms old`);
      told = n;
    }
    return n;
  }

  /** What the nodes were asked, by their own record: each kind in each five seconds, and the most by one host in any second. */
  async function sayQueries(): Promise<void> {
    const packets = await mesh.received(address(200));
    const kinds = Map.groupBy(packets, ({ kind }) => kind);
    for (const [kind, all] of kinds) {
      const counts: number[] = []; // bound: the seconds of a test
      for (const { at_s } of all) {
        const place = Math.floor((at_s * 1000 - begunMs) / 5_000);
        counts[place] = (counts[place] ?? 0) + 1;
      }
      console.log(`${kind}: ${all.length}; each 5 s: ${Array.from(counts, (count) => count ?? 0).join(' ')}`);
    }
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
    await until('the torrents are resolved', async () => (await resolved()) >= LIVE, 210_000, command);
    if (COLD) await sayQueries();
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

  test.skipIf(COLD > 0)('every seeder is proved by hash, with its exact pieces, and every census says so', async () => {
    const sql = `SELECT lower(hex(swarm_id)) AS swarm, proved, completable FROM swarm_sampled
      WHERE reached > 0 ORDER BY ts DESC LIMIT 1 BY swarm_id`;
    const proved = async () => (await ask<{ proved: number }>(sql)).filter((row) => Number(row.proved) === 1).length >= LIVE;
    await until('every live torrent has its census', proved, 150_000, command);
    const probed = () =>
      ask<{ swarm: string; verdict: string; have: number; total: number; passed: number; endpoint: string }>(
        `SELECT lower(hex(swarm_id)) AS swarm, verdict, pieces_have AS have, pieces_total AS total, challenges_passed AS passed, endpoint
         FROM peer_probed WHERE outcome = 'handshaken' AND census_id IN (SELECT census_id FROM swarm_sampled) ORDER BY ts DESC LIMIT 1 BY swarm_id, peer_key`,
      );
    // Each table is stored by itself.
    await until('their peers are stored', async () => (await probed()).length >= LIVE, 10_000, command);
    const rows = await probed();
    expect(rows).toHaveLength(LIVE);
    for (const row of rows) {
      const torrent = torrents.find((each) => each.info_hash_v1 === row.swarm)!;
      expect(row).toMatchObject({
        verdict: 'proved',
        have: torrent.pieces,
        total: torrent.pieces,
        endpoint: `${hostAddress(torrents.indexOf(torrent) % HOSTS)}:7001`,
      });
      expect(Number(row.passed)).toBeGreaterThanOrEqual(1);
    }
  });

  test.skipIf(COLD > 0)('the dead are unreachable, not absent', async () => {
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
