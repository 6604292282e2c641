// Many virtual hours among nodes that come and go and adversaries of every kind: nothing that the crawl keeps grows, and it never stands still.
import { DEFAULT_CRAWL } from '@swarmscope/dht-crawler/crawl.ts';
import { type Figure, figure } from '@swarmscope/lab/figure.ts';
import { isTruthful } from '@swarmscope/lab/sim/dht-behaviour.ts';
import type { DhtNetworkPlan } from '@swarmscope/lab/sim/dht-network.ts';
import type { Link } from '@swarmscope/lab/sim/world.ts';
import { CrawlLog, heldBy, Scores, share, startCrawl } from './crawl-run.ts';
import { addVisitor, type Scene, setScene } from './lookups.ts';

export interface HoursPlan {
  readonly seed: number;
  readonly network: DhtNetworkPlan;
  readonly link: Link;
  readonly hours: number;
}

const HOUR_MS = 3_600_000;
/** Two sweeps: what is kept from sweep to sweep is there by then. */
const WARM_HOURS = 12;
/** Addresses of the network and what liars name beside them. */
const LISTED_SHARE = 1.5;

/** What is counted each hour; everything that the crawl keeps is among it, or within one of these. */
interface Sizes {
  readonly listed: number;
  readonly frontier: number;
  readonly inFlight: number;
  readonly confirms: number;
  readonly table: number;
  readonly stored: number;
}

/** The longest time in which no answer came to us. */
class Pulse {
  longestMs = 0;
  #lastMs: number;

  constructor({ world }: Scene, us: string) {
    this.#lastMs = world.now;
    world.observe({
      arrived: ({ to }, now) => {
        if (to.address !== us) return;
        this.longestMs = Math.max(this.longestMs, now - this.#lastMs);
        this.#lastMs = now;
      },
    });
  }
}

export function runHours(plan: HoursPlan): Figure[] {
  const { seed, hours } = plan;
  const scene = setScene(plan);
  const { world, network, referee } = scene;
  const log = new CrawlLog(network.infohashes);
  const host = addVisitor(scene, seed);
  const { crawl } = startCrawl(scene, host, seed, log);
  const pulse = new Pulse(scene, host.local.address);
  const startMs = world.now;
  const sizes: Sizes[] = [];
  for (let hour = 1; hour <= hours; hour++) {
    world.run(startMs + hour * HOUR_MS);
    const { table, stored } = host.machine;
    const { roster, frontier, inFlight, findings } = crawl;
    sizes.push({
      listed: roster.size,
      frontier: frontier.size,
      inFlight,
      confirms: findings.confirms.size,
      table: table.size,
      stored,
    });
  }
  const late = sizes.slice(Math.min(WARM_HOURS, hours >> 1));
  const most = (of: (size: Sizes) => number, among = sizes) => Math.max(...among.map(of));
  const half = late.length >> 1;
  const growth = (of: (size: Sizes) => number) =>
    100 * ((1 + most(of, late.slice(half))) / (1 + most(of, late.slice(0, half))) - 1);
  const { rate, bogon, interval, optOut } = referee.violations;
  const scores = new Scores(scene, [crawl]);
  // In so many hours everybody was there for a while, and away.
  const truthful = network.nodes.filter((node) => isTruthful(node.behaviour));
  const of = (what: string) => `${hours} hours among adversaries: ${what}`;
  const nodes = network.nodes.length;
  return [
    figure(
      of('most nodes listed'),
      'nodes',
      most(({ listed }) => listed),
      'max',
      LISTED_SHARE * nodes,
      seed,
    ),
    figure(
      of('growth of what is listed after warm-up'),
      '%',
      growth(({ listed }) => listed),
      'max',
      5,
      seed,
    ),
    figure(
      of('longest frontier'),
      'places',
      most(({ frontier }) => frontier),
      'max',
      3 * nodes,
      seed,
    ),
    figure(
      of('growth of the frontier after warm-up'),
      '%',
      growth(({ frontier }) => frontier),
      'max',
      20,
      seed,
    ),
    figure(
      of('most questions in flight'),
      'questions',
      most(({ inFlight }) => inFlight),
      'max',
      DEFAULT_CRAWL.maxInFlight,
      seed,
    ),
    figure(
      of('most infohashes that wait for confirmation'),
      '',
      most(({ confirms }) => confirms),
      'max',
      65_536,
      seed,
    ),
    figure(
      of('largest routing table'),
      'nodes',
      most(({ table }) => table),
      'max',
      1_280,
      seed,
    ),
    figure(
      of('most infohashes announced to us'),
      '',
      most(({ stored }) => stored),
      'max',
      5_000,
      seed,
    ),
    figure(of('longest time without an answer'), 's', pulse.longestMs / 1_000, 'max', 60, seed),
    figure(of('sweeps'), 'sweeps', crawl.sweeps, 'min', Math.floor(hours / 6), seed),
    figure(
      of('infohash recall'),
      '%',
      share(heldBy(truthful), (hex) => log.sampled.has(hex)),
      'min',
      99.5,
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
    figure(of('politeness violations'), 'packets', rate + bogon + interval + optOut, 'max', 0, seed),
  ];
}
