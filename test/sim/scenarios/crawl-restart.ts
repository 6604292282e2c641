// A crawl that is killed in the middle and taken up again from the state that it wrote some time before: nothing is lost, and little is asked twice.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endpointKey } from '@swarmscope/bittorrent/endpoint.ts';
import { keptTable, readState, writeState } from '@swarmscope/dht-crawler/state.ts';
import { type Figure, figure } from '@swarmscope/lab/figure.ts';
import type { DhtNetworkPlan } from '@swarmscope/lab/sim/dht-network.ts';
import type { Link } from '@swarmscope/lab/sim/world.ts';
import { silentLog } from '@swarmscope/runtime/log.ts';
import { CrawlLog, heldBy, percent, type RunningCrawl, runUntilSwept, Scores, share, startCrawl } from './crawl-run.ts';
import { addVisitor, type Scene, setScene, visitor } from './lookups.ts';

export interface RestartPlan {
  readonly seed: number;
  readonly network: DhtNetworkPlan;
  readonly link: Link;
  /** Share of the sweep that is done when the state is written, and when the process is killed. */
  readonly writtenAt: number;
  readonly killedAt: number;
  /** Goal in percent of the queries of a crawl that is left in peace. The smaller the network, the larger the part that is in the middle at any time. */
  readonly askedAgain: number;
}

const DOWN_MS = 60_000;
/** After the sweep: stragglers. */
const QUIET_MS = 60_000;
const LIMIT_MS = 4 * 3_600_000;

function runToCoverage({ world }: Scene, { crawl }: RunningCrawl, share: number): void {
  world.run(world.now + LIMIT_MS, () => crawl.frontier.coveragePpm >= share * 1_000_000);
}

/** Queries of a crawl that is left in peace until it has swept. */
function queriesInPeace(plan: RestartPlan): number {
  const scene = setScene(plan);
  const log = new CrawlLog(scene.network.infohashes);
  const { crawl } = startCrawl(scene, addVisitor(scene, plan.seed), plan.seed, log);
  runUntilSwept(scene, [crawl], LIMIT_MS);
  return scene.referee.queries;
}

export function runRestart(plan: RestartPlan): Figure[] {
  const scene = setScene(plan);
  const { world, network, referee } = scene;
  const log = new CrawlLog(network.infohashes);
  const directory = mkdtempSync(join(tmpdir(), 'swarmscope-restart-'));
  try {
    const path = join(directory, 'crawler.json');
    const first = startCrawl(scene, addVisitor(scene, plan.seed), plan.seed, log);
    runToCoverage(scene, first, plan.writtenAt);
    first.host.act((dht, now) =>
      writeState(path, { 4: { id: dht.id, table: keptTable(dht), ...first.crawl.kept(now, world.clock.wall()) } }),
    );
    const writtenQueries = referee.queries;
    runToCoverage(scene, first, plan.killedAt);
    first.kill();
    const lostQueries = referee.queries - writtenQueries;
    world.run(world.now + DOWN_MS);
    const kept = readState(path, silentLog)[4]!;
    // Done, and not to be looked at again before that time.
    const done = new Map([...kept.nodes].filter((node) => node.done).map((node) => [endpointKey(node.endpoint), node.lookAtMs]));
    const askedAgain = new Set<string>();
    world.observe({
      sent: ({ bytes, to }) => {
        const early = world.clock.wall() < (done.get(endpointKey(to)) ?? 0);
        if (early && latin1(bytes).includes('sample_infohashes')) askedAgain.add(endpointKey(to));
      },
    });
    const second = startCrawl(scene, visitor(scene, plan.seed + 1, kept.id), plan.seed + 1, log, {}, kept);
    runUntilSwept(scene, [second.crawl], LIMIT_MS);
    const inPeace = queriesInPeace(plan);
    const extra = referee.queries - inPeace;
    world.run(world.now + QUIET_MS);
    return figures(plan, scene, log, second, {
      repeated: percent(askedAgain.size, done.size),
      extra: percent(extra - lostQueries, inPeace),
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function figures(
  { seed, askedAgain }: RestartPlan,
  scene: Scene,
  log: CrawlLog,
  { crawl }: RunningCrawl,
  { repeated, extra }: { repeated: number; extra: number },
): Figure[] {
  const { network, referee } = scene;
  const scores = new Scores(scene, [crawl]);
  const { rate, bogon, interval, optOut } = referee.violations;
  const of = (what: string) => `crawl killed and restarted: ${what}`;
  const perNode = referee.queries / network.nodes.length;
  return [
    figure(
      of('infohash recall'),
      '%',
      share(heldBy(scores.truthful), (hex) => log.sampled.has(hex)),
      'min',
      99.5,
      seed,
    ),
    figure(
      of('honest node recall'),
      '%',
      share(scores.truthful, (node) => scores.isFound(node)),
      'min',
      99.5,
      seed,
    ),
    figure(of('nodes done before that were sampled again before their time'), '%', repeated, 'max', 1, seed),
    // Beside what was done after the state was written: nodes that were in the middle begin anew, the dead and the liars are not kept.
    figure(of('asked again beyond what came after the state, of all queries in peace'), '%', extra, 'max', askedAgain, seed),
    figure(of('queries per node'), 'queries', perNode, 'max', 10, seed),
    figure(of('politeness violations'), 'packets', rate + bogon + interval + optOut, 'max', 0, seed),
  ];
}
