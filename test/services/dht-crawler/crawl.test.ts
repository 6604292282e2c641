// The crawl among simulated nodes: shards, restart, a roster that is too small, a neighbourhood of liars, and what it leaves alone.
import { addressPrefix } from '@swarmscope/bittorrent/address.ts';
import { randomId } from '@swarmscope/bittorrent/dht/distance.ts';
import type { DhtFact } from '@swarmscope/bittorrent/dht/facts.ts';
import { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import { endpointKey } from '@swarmscope/bittorrent/endpoint.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import { Fields } from '@swarmscope/bittorrent/krpc/fields.ts';
import { KrpcView } from '@swarmscope/bittorrent/krpc/view.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { Crawl, type CrawlOptions, DEFAULT_CRAWL } from '@swarmscope/dht-crawler/crawl.ts';
import { isInShard, shardOf } from '@swarmscope/dht-crawler/frontier.ts';
import { type CrawlNode, prefixOf } from '@swarmscope/dht-crawler/nodes.ts';
import { hashText } from '@swarmscope/dht-crawler/recent.ts';
import { SeenInfohashes } from '@swarmscope/dht-crawler/seen.ts';
import { isTruthful } from '@swarmscope/lab/sim/dht-behaviour.ts';
import { buildDhtNetwork, type DhtNetwork, type DhtNetworkPlan } from '@swarmscope/lab/sim/dht-network.ts';
import { Referee } from '@swarmscope/lab/sim/referee.ts';
import { SimWorld } from '@swarmscope/lab/sim/world.ts';
import { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { describe, expect, test } from 'vitest';

const PLAN: DhtNetworkPlan = { nodes: 300, infohashes: 1_000, dead: 0.2, liars: 0, intervalS: 0 };

/** A crawl in a world of its own, with all that it told. */
class Scene {
  readonly world: SimWorld;
  readonly network: DhtNetwork;
  readonly referee: Referee;
  readonly crawl: Crawl;
  readonly node: DhtNode;
  readonly sampled = new Map<string, number>(); // bound: one test
  readonly confirmed = new Set<string>(); // bound: one test
  readonly verdicts = new Map<string, string>(); // bound: one test
  readonly random;
  readonly policy: AddressPolicy;

  constructor(seed: number, plan: Partial<DhtNetworkPlan> = {}, options: Partial<CrawlOptions> = {}, optOut: string[] = []) {
    this.random = seededRandom(seed);
    this.world = new SimWorld(this.random, { latencyMs: 20, jitterMs: 60, loss: 0 });
    this.network = buildDhtNetwork(this.world, { ...PLAN, ...plan }, this.random);
    const policy = new AddressPolicy({ labNetworks: [], optOut });
    this.policy = policy;
    const truthful = new Set(
      this.network.nodes.filter((node) => isTruthful(node.behaviour)).map((node) => endpointKey(node.resident.endpoint)),
    );
    const local = { address: '9.9.9.9', port: 6881 };
    this.referee = new Referee({
      watched: local,
      isBogon: (endpoint) => !policy.admits(endpoint),
      isTruthful: (endpoint) => truthful.has(endpointKey(endpoint)),
    });
    this.world.observe(this.referee);
    this.node = new DhtNode({
      family: 4,
      id: randomId(this.random),
      random: this.random,
      admits: (endpoint) => policy.admits(endpoint),
    });
    this.crawl = this.#crawlWith(options);
    const host = this.world.add<DhtFact, DhtNode>(this.node, local);
    const crawl = this.crawl;
    const ticker = this.world.add(
      {
        receive: () => undefined,
        tick: (now: number) => host.act((node, _, out) => crawl.tick(now, node, out)),
        deadline: () => crawl.deadline(),
      },
      { address: '9.9.9.8', port: 1 },
    );
    host.listen((fact, now) => {
      crawl.observe(fact, now, this.node, host);
      this.world.rearm(ticker as never);
    });
    host.act((node, now, out) => node.bootstrap([this.network.bootstrap], now, out));
  }

  #crawlWith(options: Partial<CrawlOptions>): Crawl {
    const sink = {
      sighting: (bytes: Uint8Array, at: number, way: string, _: Endpoint, confirmed: boolean, now: number) => {
        const hex = toHex(bytes.subarray(at, at + 20));
        if (way === 'sample' && !this.sampled.has(hex)) this.sampled.set(hex, now);
        if (confirmed) this.confirmed.add(hex);
      },
      node: (node: CrawlNode, verdict: string, now: number) => {
        this.verdicts.set(endpointKey(node), verdict);
        Object.assign(node, { published: verdict, publishedMs: now });
      },
    };
    return new Crawl({
      ...DEFAULT_CRAWL,
      shard: shardOf(0, 1),
      random: this.random,
      sink,
      seen: new SeenInfohashes(100_000, [1, 2]),
      partyOf: (endpoint) => hashText(addressPrefix(endpoint.address)) >>> 1 || 1,
      hostOf: (endpoint) => endpoint.address,
      ...options,
    });
  }

  /** As the service does when the list of networks changes. */
  dismiss(): void {
    for (const node of [...this.node.table.nodes()]) if (!this.node.admits(node)) this.node.table.remove(node);
  }

  get honest(): string[] {
    return this.network.nodes.filter((node) => isTruthful(node.behaviour)).map((node) => endpointKey(node.resident.endpoint));
  }

  recall(): number {
    const { reachableInfohashes } = this.network;
    return [...reachableInfohashes].filter((hex) => this.sampled.has(hex)).length / reachableInfohashes.size;
  }
}

test('everything is found, confirmed and covered, with few questions and no violation', () => {
  const scene = new Scene(1);
  scene.world.run(30_000);
  expect(scene.recall()).toBe(1);
  expect(scene.honest.filter((key) => scene.verdicts.get(key) !== 'ok')).toEqual([]);
  expect([...scene.confirmed].filter((hex) => !scene.network.infohashes.has(hex))).toEqual([]);
  expect(scene.confirmed.size).toBeGreaterThanOrEqual(990);
  expect(scene.crawl.frontier.coveragePpm).toBe(1_000_000);
  expect(scene.referee.queries / scene.network.nodes.length).toBeLessThan(8);
  expect(scene.referee.violations).toEqual({ rate: 0, interval: 0, bogon: 0, optOut: 0 });
});

test('what others on our node are answered counts: believed nodes that name peers are witnesses, strangers are not', () => {
  const scene = new Scene(1);
  scene.world.run(30_000);
  const target = new Uint8Array(20).fill(0xe1);
  const reply = Object.assign(new Fields(), { valuesCount: 1 });
  const answer = (from: Endpoint) => {
    const told = {
      type: 'answered',
      tag: 0,
      query: { method: 'get_peers', target },
      from,
      rttMs: 1,
      reply,
      mismatch: false,
    } as const;
    scene.crawl.findings.overheard(told, 30_000);
    return scene.confirmed.has(toHex(target));
  };
  const believed = [...scene.crawl.roster.all()].filter(({ verdict }) => verdict === 'ok');
  const other = believed.find(({ address }) => addressPrefix(address) !== addressPrefix(believed[0]!.address))!;
  expect(answer(believed[0]!)).toBe(false);
  expect(answer({ address: '192.0.2.1', port: 1 })).toBe(false);
  expect(answer(believed[0]!)).toBe(false);
  expect(answer(other)).toBe(true);
});

test('shards divide the work without a word between them', () => {
  const shards = [0, 1, 2].map((index) => new Scene(2, {}, { shard: shardOf(index, 3) }));
  const found = new Set<string>();
  for (const scene of shards) {
    scene.world.run(60_000);
    for (const node of scene.crawl.roster.all()) expect(isInShard(scene.crawl.frontier.shard, prefixOf(node.id))).toBe(true);
    for (const [key, verdict] of scene.verdicts) if (verdict === 'ok') found.add(key);
    expect(scene.referee.queries).toBeLessThan(4 * scene.network.nodes.length);
  }
  expect(shards[0]!.honest.filter((key) => !found.has(key))).toEqual([]);
  const sampled = new Set(shards.flatMap((scene) => [...scene.sampled.keys()]));
  expect([...shards[0]!.network.reachableInfohashes].filter((hex) => !sampled.has(hex))).toEqual([]);
});

test('a roster for a third of the network still sweeps all of it', () => {
  const scene = new Scene(3, { nodes: 1_500, infohashes: 2_000 }, { maxNodes: 500 });
  scene.world.run(600_000);
  expect(scene.crawl.roster.size).toBeLessThanOrEqual(500);
  expect(scene.recall()).toBeGreaterThan(0.99);
  expect(scene.honest.filter((key) => scene.verdicts.get(key) === 'ok').length / scene.honest.length).toBeGreaterThan(0.97);
  expect(scene.referee.violations).toEqual({ rate: 0, interval: 0, bogon: 0, optOut: 0 });
});

test('with an interval every node is looked at once, and again when it is over', () => {
  const scene = new Scene(4, { intervalS: 600 }, { sweepMs: 900_000 });
  scene.world.run(500_000);
  const once = scene.referee.methods.get('sample_infohashes')!;
  expect(scene.referee.revealed.size).toBe([...scene.referee.revealed].filter((hex) => scene.sampled.has(hex)).length);
  scene.world.run(2_400_000);
  expect(scene.referee.methods.get('sample_infohashes')!).toBeGreaterThan(2.5 * once);
  expect(scene.referee.violations.interval).toBe(0);
  expect(scene.crawl.sweeps).toBeGreaterThanOrEqual(2);
});

test('nobody is asked about an infohash of the takedown list', () => {
  const all = new Scene(5).network.contents.map(toHex);
  const half = new Set(all.filter((_, i) => i % 2 === 0));
  const scene = new Scene(5, {}, { isTakenDown: (infoHash) => half.has(toHex(infoHash)) });
  const asked = new Set<string>();
  const view = new KrpcView();
  scene.world.observe({
    sent: ({ bytes, from }) => {
      if (from.address !== '9.9.9.9' || view.parse(bytes) !== undefined || view.kind !== 'query' || view.method !== 'get_peers')
        return;
      asked.add(toHex(view.copy(view.targetAt)));
    },
  });
  scene.world.run(60_000);
  expect(all.filter((infoHash) => half.has(infoHash) && asked.has(infoHash))).toEqual([]);
  expect(all.filter((infoHash) => !half.has(infoHash) && asked.has(infoHash)).length).toBeGreaterThan(20);
  expect([...half].filter((infoHash) => scene.verdicts.get(infoHash) === 'fake_samples')).toEqual([]);
  expect(scene.honest.filter((key) => scene.verdicts.get(key) !== 'ok')).toEqual([]);
});

test('who opts out while the crawl is under way gets not one packet more', () => {
  const scene = new Scene(5, { intervalS: 20 }, { sweepMs: 10_000 });
  scene.world.run(5_000);
  expect(scene.referee.violations.bogon).toBe(0);
  const late: Endpoint[] = [];
  scene.policy.leaveAlone(['128.0.0.0/1']);
  scene.dismiss();
  scene.world.observe({
    sent: ({ from, to }) => from.address === '9.9.9.9' && scene.policy.isOptedOut(to.address) && late.push(to),
  });
  scene.world.run(65_000);
  expect(late).toEqual([]);
  expect(scene.crawl.sweeps).toBeGreaterThan(2);
  expect([...scene.crawl.roster.all()].filter((node) => scene.policy.isOptedOut(node.address))).toEqual([]);
});

test('networks that opted out get no packet', () => {
  const scene = new Scene(5, {}, {}, ['128.0.0.0/1']);
  scene.world.run(30_000);
  expect(scene.verdicts.size).toBeGreaterThan(50);
  expect(scene.referee.violations.bogon).toBe(0);
});

describe('a crawl that is taken up again', () => {
  test('knows its nodes at once, goes on with what was open, and keeps intervals', () => {
    const before = new Scene(6, { intervalS: 3_600 });
    before.world.run(3_000);
    const { sweep, nodes } = before.crawl.kept(before.world.now, 1_700_000_000_000);
    const kept = { sweep, nodes: [...nodes] };
    expect(kept.nodes.some((node) => node.done)).toBe(true);
    expect(kept.nodes.some((node) => !node.done)).toBe(true);
    const after = new Scene(6, { intervalS: 3_600 });
    after.crawl.restore({ id: before.node.id, table: [], ...kept }, 0, 1_700_000_060_000, after.node);
    expect(after.crawl.sweeps).toBe(1);
    const done = new Set(kept.nodes.filter((node) => node.done).map(({ endpoint }) => endpointKey(endpoint)));
    expect(after.crawl.met).toBe(done.size);
    expect(after.crawl.frontier.coveragePpm).toBeGreaterThan(0);
    after.crawl.tellAll(0);
    expect(after.verdicts.size).toBe(0);
    const askedAgain = new Set<string>();
    after.world.observe({
      sent: ({ bytes, to }) => {
        if (new TextDecoder('latin1').decode(bytes).includes('sample_infohashes') && done.has(endpointKey(to)))
          askedAgain.add(endpointKey(to));
      },
    });
    after.world.run(60_000);
    expect(askedAgain).toEqual(new Set());
    expect(after.crawl.roster.size).toBeGreaterThan(290);
  });
});

test('liars of every kind are caught, nobody honest is condemned, and no invented infohash is confirmed', () => {
  const scene = new Scene(7, { nodes: 600, infohashes: 1_500, liars: 0.2, old: 0.1 });
  scene.world.run(60_000);
  const liars = scene.network.nodes.filter((node) => node.behaviour.lie);
  const uncaught = liars.filter((node) =>
    ['ok', 'silent', undefined].includes(scene.verdicts.get(endpointKey(node.resident.endpoint))),
  );
  expect(uncaught.length / liars.length).toBeLessThanOrEqual(0.05);
  expect(scene.honest.filter((key) => scene.verdicts.get(key) !== 'ok')).toEqual([]);
  expect([...scene.confirmed].filter((hex) => !scene.network.infohashes.has(hex))).toEqual([]);
  expect(scene.recall()).toBe(1);
  expect(scene.referee.violations).toEqual({ rate: 0, interval: 0, bogon: 0, optOut: 0 });
});
