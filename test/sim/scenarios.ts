// The scenarios of `npm run sim` by name. The heavy ones run only when named.
import type { Figure } from '@swarmscope/lab/figure.ts';
import { runCrawl } from './scenarios/crawl.ts';
import { runHours } from './scenarios/crawl-hours.ts';
import { runCrawlHours, runCrawlMemory } from './scenarios/crawl-memory.ts';
import { runRestart } from './scenarios/crawl-restart.ts';
import { runShards } from './scenarios/crawl-shards.ts';
import { runDhtSize } from './scenarios/dht-size.ts';
import { runHostile } from './scenarios/hostile.ts';
import { runLookups } from './scenarios/lookups.ts';
import { runSessions } from './scenarios/sessions.ts';
import { runSizes } from './scenarios/sizes.ts';
import { runSlowLines } from './scenarios/slow-lines.ts';

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly heavy: boolean;
  run(seed: number): Figure[] | Promise<Figure[]>;
}

const sizes = { worlds: 200, lookups: 100, dead: 0.3 };
const generated = { dead: 0.3, inventing: 0.02, speed: 0 };
const mixed = { dead: 0.3, liars: 0.1, old: 0.1, intervalS: 0 };
const fast = { latencyMs: 20, jitterMs: 80, loss: 0 };
const goals = { infohashRecall: 99.5, nodeRecall: 99.5, queriesPerNode: 8 };

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'lookups',
    title: '100 lookups of the DHT node among 2 000 nodes, 30 % dead, 10 % liars, 1 % loss',
    heavy: false,
    run: (seed) =>
      runLookups({
        seed,
        network: { nodes: 2_000, infohashes: 500, ...mixed },
        link: { latencyMs: 20, jitterMs: 80, loss: 0.01 },
        lookups: 100,
      }),
  },
  {
    name: 'lookups-v6',
    title: 'the same in a network of IPv6 (BEP 32)',
    heavy: false,
    run: (seed) =>
      runLookups({
        seed,
        network: { family: 6, nodes: 2_000, infohashes: 500, ...mixed },
        link: { latencyMs: 20, jitterMs: 80, loss: 0.01 },
        lookups: 100,
      }),
  },
  {
    name: 'sessions',
    title: '560 peers of every kind, each met and challenged by the real peer session over slow lines',
    heavy: false,
    run: (seed) => runSessions({ seed, peers: 560, latencyMs: 60, jitterMs: 600 }),
  },
  {
    name: 'slow-lines',
    title: '800 seeders and silent liars behind lines that crawl and stand still, probed by the plan of the prober',
    heavy: false,
    run: (seed) => runSlowLines({ seed, peers: 800 }),
  },
  {
    name: 'hostile',
    title: '540 peers that attack in 18 ways, each met by the real peer session',
    heavy: false,
    run: (seed) => runHostile({ seed, peers: 540 }),
  },
  {
    name: 'sizes',
    title: 'sizes of swarms of 5 to 20 000 peers, estimated from sources that depend on each other',
    heavy: false,
    run: (seed) => runSizes({ seed, swarms: 800 }),
  },
  {
    name: 'sizes-dark',
    title: 'the same where clients with DHT and PEX off are known to trackers alone',
    heavy: false,
    run: (seed) => runSizes({ seed, swarms: 800, dark: true }),
  },
  {
    name: 'crawl-2000',
    title: 'crawl of 2 000 nodes and 8 000 infohashes, 30 % dead, 10 % liars of all kinds',
    heavy: false,
    run: (seed) =>
      runCrawl({ name: '2 000', seed, network: { nodes: 2_000, infohashes: 8_000, ...mixed }, link: fast, ...goals }),
  },
  {
    name: 'crawl-interval',
    title: 'the same with intervals of six hours: one look at each node',
    heavy: false,
    run: (seed) =>
      runCrawl({
        name: 'interval 21 600',
        seed,
        network: { nodes: 2_000, infohashes: 8_000, ...mixed, intervalS: 21_600 },
        link: fast,
        ...goals,
        infohashRecall: 99,
      }),
  },
  {
    name: 'crawl-loss',
    title: 'the same over bad lines: 3 % loss, 120 ms, 20 % of the nodes go and as many come in an hour',
    heavy: false,
    run: (seed) =>
      runCrawl({
        name: '3 % loss',
        seed,
        network: { nodes: 2_000, infohashes: 8_000, ...mixed, churnPerHour: 0.2 },
        link: { latencyMs: 100, jitterMs: 40, loss: 0.03 },
        ...goals,
        infohashRecall: 97,
        nodeRecall: 97,
        queriesPerNode: 12,
      }),
  },
  {
    name: 'crawl-poison',
    title: 'crawl of 2 000 nodes of which 30 % are dead and 30 % poison: bogons, invented ids and crowds in place of nodes',
    heavy: false,
    run: (seed) =>
      runCrawl({
        name: 'poisoned',
        seed,
        network: { nodes: 2_000, infohashes: 8_000, ...mixed, liars: 0.3, lies: ['bogons', 'random_ids', 'sybil'] },
        link: fast,
        ...goals,
        nodeRecall: 99,
        queriesPerNode: 12,
      }),
  },
  {
    name: 'dht-size',
    title:
      'the size of the DHT estimated in 200 networks of 300 to 3 000 nodes, 30 % of them dead: do the bounds hold the truth?',
    heavy: true,
    run: (seed) => runDhtSize({ seed, ...sizes, liars: 0, loss: 0 }),
  },
  {
    name: 'dht-size-bad',
    title: 'the same with 10 % liars of all kinds over lines that lose 3 %',
    heavy: true,
    run: (seed) => runDhtSize({ seed, ...sizes, liars: 0.1, loss: 0.03 }),
  },
  {
    name: 'crawl-memory',
    title: 'what a crawler takes in a process of its own: 50 000 nodes, 1 000 000 infohashes, 45 minutes in real time',
    heavy: true,
    run: (seed) =>
      runCrawlMemory({
        ...generated,
        seed,
        nodes: 50_000,
        infohashes: 1_000_000,
        away: 0,
        strangersPerSecond: 10,
        infohashesMax: 2_000_000,
        hours: 0.75,
        sampleMinutes: 5,
        speed: 1,
      }),
  },
  {
    name: 'crawl-hours',
    title:
      '40 virtual hours among 2 000 nodes that come and go (20 % an hour), 30 % dead, 10 % liars of all kinds: what is kept, hour by hour',
    heavy: true,
    run: (seed) =>
      runHours({
        seed,
        network: { nodes: 2_000, infohashes: 2_000, ...mixed, churnPerHour: 0.2 },
        link: { latencyMs: 20, jitterMs: 80, loss: 0.01 },
        hours: 40,
      }),
  },
  {
    name: 'crawl-hours-memory',
    title: 'whether anything grows in 40 virtual hours: 2 000 nodes of which a fifth is away each hour, strangers that ask',
    heavy: true,
    run: (seed) =>
      runCrawlHours({
        ...generated,
        seed,
        nodes: 2_000,
        infohashes: 5_000,
        away: 0.2,
        strangersPerSecond: 5,
        infohashesMax: 100_000, // full within the warm-up: what strangers ask for goes on for ever
        hours: 40,
        sampleMinutes: 60,
      }),
  },
  {
    name: 'crawl-shards',
    title: 'three crawlers of a third each, without a word between them, beside one that crawls all: 3 000 nodes',
    heavy: false,
    run: (seed) => runShards({ seed, network: { nodes: 3_000, infohashes: 12_000, ...mixed }, link: fast, shards: 3 }),
  },
  {
    name: 'crawl-restart',
    title: 'a crawl of 3 000 nodes whose state is written at 40 % of the sweep, killed at 60 %, taken up a minute later',
    heavy: false,
    run: (seed) =>
      runRestart({
        seed,
        network: { nodes: 3_000, infohashes: 12_000, ...mixed },
        link: fast,
        writtenAt: 0.4,
        killedAt: 0.6,
        askedAgain: 50,
      }),
  },
  {
    name: 'crawl-20000-restart',
    title: 'the same with 20 000 nodes',
    heavy: true,
    run: (seed) =>
      runRestart({
        seed,
        network: { nodes: 20_000, infohashes: 80_000, ...mixed },
        link: fast,
        writtenAt: 0.4,
        killedAt: 0.6,
        askedAgain: 30,
      }),
  },
  {
    name: 'crawl-50000',
    title: 'crawl of 50 000 nodes and 200 000 infohashes, 30 % dead, 10 % liars of all kinds',
    heavy: true,
    run: (seed) =>
      runCrawl({ name: '50 000', seed, network: { nodes: 50_000, infohashes: 200_000, ...mixed }, link: fast, ...goals }),
  },
  {
    name: 'crawl-50000-interval',
    title: 'the same with intervals of six hours: one look at each node',
    heavy: true,
    run: (seed) =>
      runCrawl({
        name: '50 000, interval 21 600',
        seed,
        network: { nodes: 50_000, infohashes: 200_000, ...mixed, intervalS: 21_600 },
        link: fast,
        ...goals,
        infohashRecall: 99,
      }),
  },
  {
    name: 'crawl-50000-loss',
    title: 'the same over bad lines: 3 % loss, 120 ms, 20 % of the nodes go and as many come in an hour',
    heavy: true,
    run: (seed) =>
      runCrawl({
        name: '50 000, 3 % loss',
        seed,
        network: { nodes: 50_000, infohashes: 200_000, ...mixed, churnPerHour: 0.2 },
        link: { latencyMs: 100, jitterMs: 40, loss: 0.03 },
        ...goals,
        infohashRecall: 97,
        nodeRecall: 97,
        queriesPerNode: 12,
      }),
  },
];
