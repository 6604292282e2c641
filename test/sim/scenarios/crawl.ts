// The crawler's own machine in a simulated network: what it finds, what it believes, what it costs others, and whether it ever stands still.
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import { type Figure, figure } from '@swarmscope/lab/figure.ts';
import { isTruthful } from '@swarmscope/lab/sim/dht-behaviour.ts';
import type { DhtNetworkPlan } from '@swarmscope/lab/sim/dht-network.ts';
import type { Link } from '@swarmscope/lab/sim/world.ts';
import { CrawlLog, heldBy, Scores, share, startCrawl } from './crawl-run.ts';
import { addVisitor, type Scene, setScene } from './lookups.ts';

export interface CrawlPlan {
  readonly name: string;
  readonly seed: number;
  readonly network: DhtNetworkPlan;
  readonly link: Link;
  /** Goals in percent. */
  readonly infohashRecall: number;
  readonly nodeRecall: number;
  /** Goal for queries per node of the network. */
  readonly queriesPerNode: number;
}

/** Nothing new for so long: the crawl has found what it will find. */
const QUIET_MS = 180_000;
const LIMIT_MS = 6 * 3_600_000;

export function runCrawl(plan: CrawlPlan): Figure[] {
  const scene = setScene(plan);
  const { world, network, referee } = scene;
  const log = new CrawlLog(network.infohashes);
  const { crawl } = startCrawl(scene, addVisitor(scene, plan.seed), plan.seed, log);
  const startMs = world.now;
  world.run(startMs + LIMIT_MS, () => world.now - log.lastNewsMs(startMs) > QUIET_MS);
  const scores = new Scores(scene, [crawl]);
  const { truthful, liars } = scores;
  const { rate, bogon, interval, optOut } = referee.violations;
  const { seed } = plan;
  const of = (what: string) => `crawl ${plan.name}: ${what}`;
  const reachable = plan.network.intervalS === 0 ? heldBy(truthful) : revealedAtOnce(scene);
  return [
    figure(
      of('infohash recall'),
      '%',
      share(reachable, (hex) => log.sampled.has(hex)),
      'min',
      plan.infohashRecall,
      seed,
    ),
    figure(
      of('revealed and kept'),
      '%',
      share(referee.revealed, (hex) => log.sampled.has(hex)),
      'min',
      99.9,
      seed,
    ),
    figure(
      of('honest node recall'),
      '%',
      share(truthful, (node) => scores.isFound(node)),
      'min',
      plan.nodeRecall,
      seed,
    ),
    figure(
      of('confirmed infohashes that are true'),
      '%',
      share(log.confirmed, (hex) => network.infohashes.has(hex)),
      'min',
      99.5,
      seed,
    ),
    figure(of('queries per node'), 'queries', referee.queries / network.nodes.length, 'max', plan.queriesPerNode, seed),
    figure(
      of('liars recognised'),
      '%',
      share(liars, (node) => scores.isCondemned(node)),
      'min',
      95,
      seed,
    ),
    figure(
      of('honest condemned'),
      '%',
      share(truthful, (node) => scores.isCondemned(node)),
      'max',
      0.5,
      seed,
    ),
    figure(
      of('honest called silent'),
      '%',
      share(truthful, (node) => scores.isSilent(node)),
      'max',
      0.5,
      seed,
    ),
    figure(of('politeness violations'), 'packets', rate + bogon + interval + optOut, 'max', 0, seed),
    figure(of('longest time without news'), 's', log.longestSilenceMs(startMs) / 1_000, 'max', 60, seed),
    figure(of('virtual time'), 's', (log.lastNewsMs(startMs) - startMs) / 1_000, 'max', LIMIT_MS / 1_000, seed),
  ];
}

/** What one look at each truthful node that speaks BEP 51 can reveal: with a long interval, no more can be had. */
function revealedAtOnce({ world, network }: Scene): Set<string> {
  const speaking = network.nodes.filter((node) => isTruthful(node.behaviour) && node.behaviour.bep51);
  return new Set(speaking.flatMap((node) => node.revealed(world.now).map((holding) => toHex(holding.infoHash))));
}
