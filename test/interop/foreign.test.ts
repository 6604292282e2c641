// The foreign software itself: that each client really is what the suites take for the truth, before ours is measured against it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missing } from '../support/extras.ts';
import { DhtMesh } from './support/libtorrent.ts';
import { pickNetwork, until, Workbench } from './support/process.ts';
import { type Swarm, scrape, startSwarm } from './support/swarm.ts';

describe.skipIf(missing('libtorrent').length > 0)('a mesh of libtorrent DHT nodes', () => {
  const bench = new Workbench('mesh');
  afterAll(() => bench.close());

  test('holds what was announced, gives it away by BEP 51, and logs who asked what', async () => {
    const address = pickNetwork();
    const mesh = bench.keep(new DhtMesh());
    await mesh.start([address(1), address(2), address(3), address(4), address(5), address(6), address(7), address(8)], 7000);
    const entries = Array.from({ length: 30 }, (_, i) => ({
      info_hash: i.toString(16).padStart(40, '0'),
      address: address(100),
      port: 5000 + i,
      seed: i % 2 === 0,
    }));
    expect(await mesh.announce(entries, 4)).toBe(120);
    expect(await mesh.samples()).toEqual(entries.map((entry) => entry.info_hash).sort());
    const received = await mesh.received(address(100));
    expect(received.filter((packet) => packet.kind === 'announce_peer')).toHaveLength(120);
    expect(new Set(received.map((packet) => packet.kind))).toEqual(new Set(['get_peers', 'announce_peer']));
  });
});

describe.skipIf(missing('libtorrent', 'transmission', 'aria2', 'opentracker').length > 0)('a swarm of foreign peers', () => {
  const bench = new Workbench('foreign');
  let swarm: Swarm;
  beforeAll(async () => {
    swarm = await startSwarm(bench, pickNetwork());
  });
  afterAll(() => bench.close());

  test('every client states the number of pieces planned for it', async () => {
    const truth = Object.fromEntries(await Promise.all(swarm.peers.map(async (peer) => [peer.name, await peer.piecesHave()])));
    expect(truth).toEqual({
      'libtorrent-seeder': 128,
      'libtorrent-leecher': 37,
      'libtorrent-partial-seed': 90,
      'libtorrent-super-seeder': 128,
      'libtorrent-encrypted': 128,
      'libtorrent-utp-only': 128,
      'transmission-seeder': 128,
      'transmission-leecher': 50,
      'aria2-seeder': 128,
      'aria2-leecher': 61,
    });
    expect(await swarm.hybridPeer.piecesHave()).toBe(swarm.hybrid.pieces);
  });

  test('the tracker knows them all: six complete, four not (a partial seed counts as incomplete)', async () => {
    const infoHash = swarm.torrent.info_hash_v1 ?? '';
    const counts = await until(
      'the tracker counts ten peers',
      async () => {
        const answer = await scrape(swarm.tracker.http, infoHash);
        return answer && answer.complete + answer.incomplete === 10 ? answer : undefined;
      },
      30_000,
    );
    expect(counts).toEqual({ complete: 6, incomplete: 4 });
  });
});
