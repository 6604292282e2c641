// The scenarios of `npm run sim` by name. The heavy ones run only when named.
import type { Figure } from '@swarmscope/lab/figure.ts';
import { runCrawl } from './scenarios/crawl.ts';
import { runRestart } from './scenarios/crawl-restart.ts';
import { runShards } from './scenarios/crawl-shards.ts';
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
