// Crawlers that divide the id space without a word between them, beside one that crawls all of it: the same is found, and nobody is asked more often.

import { shardOf } from '@swarmscope/dht-crawler/frontier.ts';
import { type Figure, figure } from '@swarmscope/lab/figure.ts';
import type { DhtNetworkPlan } from '@swarmscope/lab/sim/dht-network.ts';
import type { Referee } from '@swarmscope/lab/sim/referee.ts';
import type { Link } from '@swarmscope/lab/sim/world.ts';
import { CrawlLog, heldBy, type RunningCrawl, runUntilSwept, Scores, share, startCrawl } from './crawl-run.ts';
import { ENTRY_MS, enter, setScene, visitor, watch } from './lookups.ts';

export interface ShardsPlan {
  readonly seed: number;
  readonly network: DhtNetworkPlan;
  readonly link: Link;
  readonly shards: number;
}

/** After the sweep: stragglers, and confirmations that wait. */
const QUIET_MS = 60_000;
const LIMIT_MS = 4 * 3_600_000;

interface Outcome {
  readonly infohashRecall: number;
  readonly nodeRecall: number;
  readonly liars: number;
  readonly condemned: number;
  readonly queries: number;
  readonly violations: number;
  readonly stallS: number;
  readonly tookS: number;
}

/** So many crawlers in one network, each a node of its own at an address of its own. */
function crawlWith(plan: ShardsPlan, count: number): Outcome {
  const scene = setScene(plan);
  const { world, network } = scene;
  const logs: CrawlLog[] = [];
  const referees: Referee[] = [];
  const running: RunningCrawl[] = [];
  const hosts = Array.from({ length: count }, (_, index) => {
    const at = { address: `198.41.0.${10 + index}`, port: 6_881 };
    referees.push(watch(world, network, at));
    const host = visitor(scene, plan.seed + index, undefined, at);
    enter(scene, host);
    return host;
  });
  world.run(world.now + ENTRY_MS);
  const startMs = world.now;
  for (const [index, host] of hosts.entries()) {
    const log = new CrawlLog(network.infohashes);
    logs.push(log);
    running.push(startCrawl(scene, host, plan.seed + index, log, { shard: shardOf(index, count) }));
  }
  const crawls = running.map(({ crawl }) => crawl);
  runUntilSwept(scene, crawls, LIMIT_MS);
  const sweptMs = world.now;
  const queries = referees.reduce((sum, referee) => sum + referee.queries, 0) / network.nodes.length;
  world.run(sweptMs + QUIET_MS);
  const scores = new Scores(scene, crawls);
  return {
    infohashRecall: share(heldBy(scores.truthful), (hex) => logs.some((log) => log.sampled.has(hex))),
    nodeRecall: share(scores.truthful, (node) => scores.isFound(node)),
    liars: share(scores.liars, (node) => scores.isCondemned(node)),
    condemned: share(scores.truthful, (node) => scores.isCondemned(node)),
    queries,
    violations: referees.reduce((sum, { violations: v }) => sum + v.rate + v.interval + v.bogon + v.optOut, 0),
    stallS: Math.max(...logs.map((log) => log.longestSilenceMs(startMs))) / 1_000,
    tookS: (sweptMs - startMs) / 1_000,
  };
}

export function runShards(plan: ShardsPlan): Figure[] {
  const { seed, shards } = plan;
  const alone = crawlWith(plan, 1);
  const together = crawlWith(plan, shards);
  const of = (what: string) => `crawl in ${shards} shards: ${what}`;
  return [
    figure(of('infohash recall'), '%', together.infohashRecall, 'min', 99.5, seed, alone.infohashRecall),
    figure(of('honest node recall'), '%', together.nodeRecall, 'min', 99.5, seed, alone.nodeRecall),
    figure(of('liars recognised'), '%', together.liars, 'min', 95, seed, alone.liars),
    figure(of('honest condemned'), '%', together.condemned, 'max', 0.5, seed, alone.condemned),
    figure(of('queries per node until swept, all together'), 'queries', together.queries, 'max', 8, seed, alone.queries),
    figure(of('politeness violations'), 'packets', together.violations, 'max', 0, seed),
    figure(of('longest time without news'), 's', together.stallS, 'max', 60, seed, alone.stallS),
    figure(of('sweep'), 's', together.tookS, 'max', LIMIT_MS / 1_000, seed, alone.tookS),
  ];
}
