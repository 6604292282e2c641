// Our DHT node among foreign ones: libtorrent that knows it alone announces and finds through it, `bittorrent-dht` asks and answers; on IPv4 and IPv6.
import { join } from 'node:path';
import { endpointKey, parseEndpoint } from '@swarmscope/bittorrent/endpoint.ts';
import { fromHex, toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { randomBytes, systemRandom } from '@swarmscope/runtime/random.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missing } from '../support/extras.ts';
import { startAria2, startNpmDht } from './support/clients.ts';
import { startNode } from './support/crawler.ts';
import { TorrentMaker } from './support/libtorrent.ts';
import { PythonScript, pickNetwork, until, Workbench } from './support/process.ts';

const infoHash = () => randomBytes(systemRandom(), 20);

describe.skipIf(missing('libtorrent').length > 0)('libtorrent that knows our node alone', () => {
  const bench = new Workbench('dht-foreign');
  const address = pickNetwork();
  let script: PythonScript;
  beforeAll(() => {
    script = bench.keep(new PythonScript('dht_sessions.py'));
  });
  afterAll(() => bench.close());

  test.each([
    ['IPv4', address(1), (host: number) => `${address(host)}:0`, address(11)],
    ['IPv6', '::1', () => '[::1]:0', '::1'],
  ])('announces through it and is found by another that asks it, on %s', async (family, local, listenOf, announcer) => {
    const ours = bench.keep(await startNode(local));
    const node = [ours.local.address, ours.local.port];
    const hash = toHex(infoHash());
    const [a, b] = [`${family}-a`, `${family}-b`];
    const port = await script.ask<number>('start', { name: a, listen: listenOf(11), node });
    await script.ask('start', { name: b, listen: listenOf(12), node });
    await until(
      'both have our node in their tables',
      async () => {
        const sizes = await Promise.all([a, b].map((name) => script.ask<number>('table', { name })));
        return sizes.every((size) => size > 0);
      },
      60_000,
    );
    await script.ask('announce', { name: a, info_hash: hash });
    await until('our node keeps the announce', () => ours.act((dht) => dht.stored) > 0, 60_000);
    const peers = await until(
      'the other finds it',
      async () => {
        const found = await script.ask<string[]>('get_peers', { name: b, info_hash: hash });
        return found.length > 0 && found;
      },
      60_000,
    );
    expect(peers).toEqual([`${announcer}:${port}`]);
    expect(ours.act((dht) => dht.table.size)).toBeGreaterThanOrEqual(1);
  });

  test('default rate limits of libtorrent do not stop a lookup at our pace', async () => {
    const ours = bench.keep(await startNode(address(30)));
    for (let i = 0; i < 8; i++) {
      const other = [ours.local.address, ours.local.port];
      await script.ask('start', { name: `slow-${i}`, listen: `${address(40 + i)}:0`, node: other });
    }
    await until('they all answered our ping', () => ours.act((dht) => dht.table.size) >= 8, 60_000);
    const before = ours.act((dht) => ({ ...dht.counters }));
    for (let i = 0; i < 5; i++) {
      const done = new Promise<number>((resolve) => {
        const off = ours.listen((fact) => {
          if (fact.type !== 'lookup_done') return;
          off();
          resolve(fact.answered);
        });
      });
      ours.act((dht, now, out) => dht.lookup({ target: infoHash(), kind: 'get_peers' }, now, out));
      expect(await done).toBeGreaterThanOrEqual(8);
    }
    const after = ours.act((dht) => ({ ...dht.counters }));
    expect(after.unanswered - before.unanswered).toBe(0);
  });
});

describe('bittorrent-dht', () => {
  const bench = new Workbench('dht-npm');
  const address = pickNetwork();
  afterAll(() => bench.close());

  test('announces to our node, finds through it, and is asked by it', async () => {
    const ours = bench.keep(await startNode(address(1)));
    const clients = await Promise.all([2, 3].map((host) => startNpmDht(address(host), ours.local)));
    for (const { stop } of clients) bench.keep({ stop });
    await until('both are in our table', () => ours.act((dht) => dht.table.size) === 2, 30_000);
    const hash = infoHash();
    await new Promise<void>((resolve, reject) =>
      clients[0]!.dht.announce(toHex(hash), 5_000, (error) => (error ? reject(error) : resolve())),
    );
    expect(ours.act((dht) => dht.stored)).toBe(1);
    const found = await new Promise<Endpoint>((resolve) => {
      clients[1]!.dht.on('peer', ({ host, port }) => resolve({ address: host, port }));
      clients[1]!.dht.lookup(toHex(hash));
    });
    expect(endpointKey(found)).toBe(`${address(2)}:5000`);
    const peers = new Promise<readonly Endpoint[]>((resolve) => {
      ours.listen((fact) => {
        if (fact.type === 'peers') resolve(fact.endpoints);
      });
    });
    ours.act((dht, now, out) => dht.lookup({ target: hash, kind: 'get_peers' }, now, out));
    expect((await peers).map(endpointKey)).toEqual([`${address(2)}:5000`]);
  });
});

describe.skipIf(missing('libtorrent', 'aria2').length > 0)('aria2 that knows our node alone', () => {
  const bench = new Workbench('dht-aria2');
  const address = pickNetwork();
  afterAll(() => bench.close());

  test('announces what it seeds to our node, and is found by who asks there', async () => {
    const maker = bench.keep(new TorrentMaker());
    const plan = { directory: bench.directory, name: 'seen-by-dht', seed: 'a', size_bytes: 400_000, piece_length: 65_536 };
    const torrent = await maker.make({ ...plan, kind: 'v1' });
    const ours = bench.keep(await startNode(address(1)));
    const directory = join(bench.directory, 'aria2');
    const places = { directory, address: address(2), torrent: torrent.torrent, payload: bench.directory };
    const seeder = bench.keep(await startAria2({ ...places, dht: ours.local }));
    await until(
      'aria2 is in our table',
      () => ours.act((dht) => dht.table.at(parseEndpoint(seeder.endpoint)!) !== undefined),
      60_000,
    );
    await until('our node keeps its announce', () => ours.act((dht) => dht.stored) === 1, 60_000);
    const asker = bench.keep(await startNode(address(9)));
    const found = new Promise<readonly string[]>((resolve) => {
      asker.listen((fact) => fact.type === 'peers' && resolve(fact.endpoints.map(endpointKey)));
    });
    asker.act((dht, now, out) => dht.bootstrap([ours.local], now, out));
    await until('another node of ours has joined', () => asker.act((dht) => dht.table.size) > 0, 30_000);
    asker.act((dht, now, out) => dht.lookup({ target: fromHex(torrent.info_hash_v1!)!, kind: 'get_peers' }, now, out));
    expect(await found).toEqual([seeder.endpoint]);
  });
});
