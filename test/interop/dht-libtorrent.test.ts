// The ordinary crawler against 40 libtorrent DHT nodes that hold 500 infohashes: all found, quickly, and politely by the nodes' own log; and a census by BEP 33.
import { parseEndpoint } from '@swarmscope/bittorrent/endpoint.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missing } from '../support/extras.ts';
import { CrawlerUnderTest, startNode } from './support/crawler.ts';
import { DhtMesh, type ReceivedPacket } from './support/libtorrent.ts';
import { LoneProber } from './support/prober.ts';
import { pickNetwork, until, Workbench } from './support/process.ts';

const NODES = 40;
const INFOHASHES = 500;
/** Packets wait in queues and are stamped when the node comes to them: so much of a token is forgiven. */
const FORGIVEN = 0.25;

/** The most that the queries to one node went beyond a bucket of `burst` tokens that fills by one a second. */
function worstDebt(times: readonly number[], burst = 4): number {
  let tokens = burst;
  let last = times[0] ?? 0;
  let worst = 0;
  for (const at of times) {
    tokens = Math.min(burst, tokens + at - last) - 1;
    last = at;
    worst = Math.max(worst, -tokens);
  }
  return worst;
}

function timesByNode(packets: readonly ReceivedPacket[]): number[][] {
  const times = Array.from({ length: NODES }, (): number[] => []);
  for (const { node, at_s: at, kind } of packets) if (kind !== 'r' && kind !== 'e') times[node]!.push(at);
  return times.map((of) => of.sort((a, b) => a - b));
}

describe.skipIf(missing('libtorrent').length > 0)('crawler against libtorrent', () => {
  const bench = new Workbench('crawl');
  const address = pickNetwork();
  let mesh: DhtMesh;
  const infoHashes = Array.from({ length: INFOHASHES }, (_, i) =>
    ((i * 0x9e3779b1) >>> 0).toString(16).padStart(8, '0').repeat(5),
  );
  let ours: CrawlerUnderTest;
  let secondsToAll = Number.POSITIVE_INFINITY;

  beforeAll(async () => {
    mesh = bench.keep(new DhtMesh());
    await mesh.start(
      Array.from({ length: NODES }, (_, i) => address(i + 1)),
      7000,
    );
    const entries = infoHashes.map((info_hash, i) => ({ info_hash, address: address(100), port: 5000 + i, seed: i % 2 === 0 }));
    expect(await mesh.announce(entries)).toBe(INFOHASHES * 8);
    await mesh.forget();
    const started = performance.now();
    ours = bench.keep(await CrawlerUnderTest.start(address(200), parseEndpoint(mesh.nodes[0]!)!));
    await until(
      'all infohashes are sighted',
      () => ours.crawler.progress().infohashes >= INFOHASHES && ours.crawler.progress().nodes >= NODES,
      60_000,
    ).then(
      () => {
        secondsToAll = (performance.now() - started) / 1000;
      },
      () => undefined,
    );
    await until('a sweep is done', () => ours.crawler.progress().coveragePpm === 1_000_000, 30_000).catch(() => undefined);
  });
  afterAll(() => bench.close());

  test('at least 99 % of the infohashes are sighted within 60 s, and nothing that is not there', () => {
    // libtorrent refreshes its table by get_peers of random targets: what it asks us for need not exist.
    const found = new Set(ours.sighted.filter((event) => event.way === 'sample').map((event) => event.info_hash));
    console.log(`all nodes and infohashes after ${secondsToAll.toFixed(1)} s; ${JSON.stringify(ours.crawler.progress())}`);
    expect([...found].filter((infoHash) => !infoHashes.includes(infoHash))).toEqual([]);
    expect(found.size).toBeGreaterThanOrEqual(INFOHASHES * 0.99);
    expect(secondsToAll).toBeLessThan(60);
  });

  test('they are confirmed by independent nodes', () => {
    const confirmed = new Set(ours.sighted.filter((event) => event.confirmed === 1).map((event) => event.info_hash));
    expect(confirmed.size).toBeGreaterThanOrEqual(INFOHASHES * 0.99);
  });

  test('every node is found, believed, and known for what it is', () => {
    // The announcer is in the tables too, and gone.
    const nodes = new Map(ours.seen.filter((event) => event.verdict === 'ok').map((event) => [event.endpoint, event]));
    expect([...nodes.keys()].sort()).toEqual([...mesh.nodes].sort());
    for (const node of nodes.values())
      expect(node).toMatchObject({ verdict: 'ok', bep51: 1, bep33: 1, reachable: 1, interval_s: 0 });
    expect(new Set([...nodes.values()].map((node) => node.client?.split(' ')[0]))).toEqual(new Set(['libtorrent']));
  });

  test('no node was asked faster than once a second beyond a burst of 4, by its own log', async () => {
    const times = timesByNode(await mesh.received(address(200)));
    expect(times.every((of) => of.length > 0)).toBe(true);
    expect(Math.max(...times.map((of) => worstDebt(of)))).toBeLessThanOrEqual(FORGIVEN);
  });

  test('a census counts by BEP 33 who announced there: 40 seeds and 80 others, each from an address of its own', async () => {
    const infoHash = 'b3'.repeat(20);
    const others = pickNetwork();
    const entries = Array.from({ length: 120 }, (_, i) => ({
      info_hash: infoHash,
      address: i < 40 ? address(101 + (i % 90)) : others(1 + i),
      port: 1,
      seed: i < 40,
    }));
    expect(await mesh.announce(entries)).toBe(120 * 8);
    const node = bench.keep(await startNode(address(201)));
    const known = mesh.nodes.map((each) => parseEndpoint(each)!);
    node.act((dht, now, out) => dht.bootstrap(known, now, out));
    await until('our node knows others', () => node.act((dht) => dht.table.size) >= 12, 30_000);
    const ours = await LoneProber.start(bench, { address: address(202), port: 0 }, { dht: [node] });
    const { sampled } = await ours.probe({ infoHash: Uint8Array.from({ length: 20 }, () => 0xb3), announce: false }, infoHash);
    console.log(
      JSON.stringify(Object.fromEntries(Object.entries(sampled).filter(([name]) => /^dht_[^_]+(_[^f]|s$)/.test(name)))),
    );
    expect(sampled).toMatchObject({ dht_filters_refused: 0, dht_seeds_filter: expect.stringMatching(/^[0-9a-f]{512}$/) });
    // Four are what it takes to hold them against one another; on a busy machine one of the eight answers too late.
    expect(sampled.dht_filters).toBeGreaterThanOrEqual(4);
    // Every address announced is kept by eight nodes, so that any of them say the same: what is left is the filter's own error, two of a hundred.
    expect(Math.abs(sampled.dht_seeds_estimate! - 40)).toBeLessThanOrEqual(3);
    expect(Math.abs(sampled.dht_downloaders_estimate! - 80)).toBeLessThanOrEqual(5);
    expect(sampled.dht_seeds_high).not.toBeNull();
  }, 120_000);
});
