// The ordinary crawler among ordinary clients: libtorrent with its own sample interval and rate limits and bittorrent-dht, who all began at a node of ours; on IPv4 and IPv6.
import { endpointKey } from '@swarmscope/bittorrent/endpoint.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import { randomBytes, systemRandom } from '@swarmscope/runtime/random.ts';
import { afterAll, describe, expect, test } from 'vitest';
import { missing } from '../support/extras.ts';
import { startNpmDht } from './support/clients.ts';
import { CrawlerUnderTest, ON_ONE_ADDRESS, startNode } from './support/crawler.ts';
import { PythonScript, pickNetwork, until, Workbench } from './support/process.ts';

const ANNOUNCED = 12;
const network = pickNetwork();

const SCENES = [
  {
    family: 'IPv4',
    sessions: 6,
    npm: 2,
    at: (host: number) => network(host),
    listenOf: (host: number) => `${network(host)}:0`,
    options: {},
    // Nothing: interval and rate limits are what every user of libtorrent has.
    settings: {},
  },
  {
    family: 'IPv6',
    sessions: 6,
    npm: 0,
    at: () => '::1',
    listenOf: () => '[::1]:0',
    options: ON_ONE_ADDRESS,
    // All share an address, which is one misbehaving asker to each of them.
    settings: { dht_block_ratelimit: 1_000_000 },
  },
] as const;

describe.skipIf(missing('libtorrent').length > 0)('among ordinary clients', () => {
  const bench = new Workbench('crawl-ordinary');
  afterAll(() => bench.close());

  test.concurrent.each(SCENES)(
    'every node and all they hold is found, each is asked for samples once, no rate limit is met: $family',
    async (scene) => {
      const script = bench.keep(new PythonScript('dht_sessions.py'));
      const hub = bench.keep(await startNode(scene.at(1), scene.options));
      const infoHashes = Array.from({ length: ANNOUNCED }, () => toHex(randomBytes(systemRandom(), 20)));
      const ports: number[] = [];
      for (let i = 0; i < scene.sessions; i++) {
        const node = [hub.local.address, hub.local.port];
        ports.push(
          await script.ask<number>('start', { name: `s${i}`, listen: scene.listenOf(10 + i), node, settings: scene.settings }),
        );
      }
      const others = await Promise.all(Array.from({ length: scene.npm }, (_, i) => startNpmDht(scene.at(50 + i), hub.local)));
      for (const other of others) bench.keep(other);
      const all = scene.sessions + scene.npm;
      await until('our node knows them all', () => hub.act((dht) => dht.table.size) >= all, 60_000);
      await script.ask('meet');
      await until(
        'they know one another',
        async () => {
          const sizes = await Promise.all(ports.map((_, i) => script.ask<number>('table', { name: `s${i}` })));
          return sizes.every((size) => size >= scene.sessions - 1);
        },
        60_000,
      );

      for (const [i, info_hash] of infoHashes.entries())
        await script.ask('announce', { name: `s${i % scene.sessions}`, info_hash });
      // Within its own rate limits libtorrent drops a packet now and then: not every announce reaches all of the closest.
      const stored = () => hub.act((dht) => dht.stored);
      await until('most is announced', () => stored() >= ANNOUNCED / 2, 60_000);
      const known = stored();

      const ours = bench.keep(await CrawlerUnderTest.start(scene.at(200), hub.local, scene.options));
      const looks = new Map<string, number>();
      const intervals = new Map<string, number>();
      const unanswered = new Set<string>();
      ours.driven.listen((fact) => {
        if (fact.type === 'unanswered') unanswered.add(endpointKey(fact.to));
        if (fact.type !== 'answered' || fact.query.method !== 'sample_infohashes' || fact.reply.samplesAt < 0) return;
        const key = endpointKey(fact.from);
        looks.set(key, (looks.get(key) ?? 0) + 1);
        intervals.set(key, fact.reply.intervalS);
      });
      const believed = () => ours.seen.filter((event) => event.verdict === 'ok').length;
      const sampled = () => new Set(ours.sighted.filter((event) => event.way === 'sample').map((event) => event.info_hash));
      await until('every node is believed', () => believed() >= all + 1, 60_000);
      await until('what they hold is sighted', () => sampled().size >= known, 60_000);

      expect([...sampled()].filter((infoHash) => !infoHashes.includes(infoHash))).toEqual([]);
      const clients = ours.seen
        .filter((event) => event.verdict === 'ok')
        .map((event) => [event.client?.split(' ')[0], event.bep51]);
      expect(clients.filter(([client]) => client === 'libtorrent')).toHaveLength(scene.sessions);
      // bittorrent-dht says no version, and does not answer what it does not know.
      for (const [client, bep51] of clients) expect(bep51, `${client}`).toBe(client === undefined ? 0 : 1);
      const libtorrent = ports.map((port, i) => endpointKey({ address: scene.at(10 + i), port }));
      expect(libtorrent.map((key) => [looks.get(key), intervals.get(key)])).toEqual(libtorrent.map(() => [1, 21_600]));
      expect(libtorrent.filter((key) => unanswered.has(key))).toEqual([]);
      expect(ours.crawler.progress().malformed).toEqual({});
    },
  );
});
