// The crawler's own machine in a simulated network: what it finds, what it believes, what it costs others, and whether it ever stands still.
import { addressNumber } from '@swarmscope/bittorrent/address.ts';
import { endpointKey } from '@swarmscope/bittorrent/endpoint.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { Crawl, type CrawlSink, DEFAULT_CRAWL } from '@swarmscope/dht-crawler/crawl.ts';
import { shardOf } from '@swarmscope/dht-crawler/frontier.ts';
import { SeenInfohashes } from '@swarmscope/dht-crawler/seen.ts';
import { type Figure, figure } from '@swarmscope/lab/figure.ts';
import { isTruthful } from '@swarmscope/lab/sim/dht-behaviour.ts';
import type { DhtNetworkPlan } from '@swarmscope/lab/sim/dht-network.ts';
import type { DhtLabNode } from '@swarmscope/lab/sim/dht-node.ts';
import type { Link } from '@swarmscope/lab/sim/world.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
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

/** What the crawl told, kept by the scenario. News is a true infohash or a node that is believed, each the first time. */
class Log implements CrawlSink {
  readonly #truth: ReadonlySet<string>;
  readonly #believed = new Set<string>();
  readonly sampled = new Set<string>();
  readonly confirmed = new Set<string>();
  readonly newsMs: number[] = [];

  constructor(truth: ReadonlySet<string>) {
    this.#truth = truth;
  }

  sighting(bytes: Uint8Array, at: number, way: string, _reporter: unknown, confirmed: boolean, now: number): void {
    const hex = toHex(bytes.subarray(at, at + 20));
    if (confirmed) this.confirmed.add(hex);
    if (way !== 'sample' || this.sampled.has(hex)) return;
    this.sampled.add(hex);
    if (this.#truth.has(hex)) this.#news(now);
  }

  node(node: Endpoint, verdict: string, now: number): void {
    if (verdict !== 'ok' || this.#believed.has(endpointKey(node))) return;
    this.#believed.add(endpointKey(node));
    this.#news(now);
  }

  looked(): void {}

  #news(now: number): void {
    this.newsMs.push(now);
  }

  /** When the last news came; `otherwise` when none has. */
  lastNewsMs(otherwise: number): number {
    return this.newsMs.at(-1) ?? otherwise;
  }

  /** The longest time without news before all but the last hundredth was there: what trickles in at the end is no stall. */
  longestSilenceMs(startMs: number): number {
    const times = [startMs, ...this.newsMs.slice(0, Math.ceil(0.99 * this.newsMs.length))];
    return times.slice(1).reduce((longest, time, i) => Math.max(longest, time - times[i]!), 0);
  }
}

/** Joins crawl and DHT node as the service does: every fact is observed, and the crawl is ticked at its deadline. */
function startCrawl(scene: Scene, seed: number, log: Log): Crawl {
  const host = addVisitor(scene, seed);
  const crawl = new Crawl({
    ...DEFAULT_CRAWL,
    shard: shardOf(0, 1),
    random: seededRandom(seed ^ 0xc4a1),
    sink: log,
    seen: new SeenInfohashes(1_000_000, [seed, 2]),
    partyOf: (endpoint) => 1 + (addressNumber(endpoint.address) >>> 8),
    hostOf: (endpoint) => endpoint.address,
  });
  let wakeMs = Number.POSITIVE_INFINITY;
  const rearm = () => {
    const dueMs = Math.max(crawl.deadline(), scene.world.now);
    if (dueMs >= wakeMs) return;
    wakeMs = dueMs;
    scene.world.at(dueMs, (now) => {
      if (wakeMs !== dueMs) return;
      wakeMs = Number.POSITIVE_INFINITY;
      if (crawl.deadline() <= now) host.act((dht, time, out) => crawl.tick(time, dht, out));
      rearm();
    });
  };
  host.listen((fact) => {
    host.act((dht, now, out) => crawl.observe(fact, now, dht, out));
    rearm();
  });
  host.act((dht, now, out) => crawl.tick(now, dht, out));
  rearm();
  return crawl;
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 100 : (100 * part) / whole;
}

function share<T>(wanted: Iterable<T>, found: (item: T) => boolean): number {
  let all = 0;
  let hits = 0;
  for (const item of wanted) {
    all++;
    if (found(item)) hits++;
  }
  return percent(hits, all);
}

export function runCrawl(plan: CrawlPlan): Figure[] {
  const scene = setScene(plan);
  const { world, network, referee } = scene;
  const log = new Log(network.infohashes);
  const crawl = startCrawl(scene, plan.seed, log);
  const startMs = world.now;
  world.run(startMs + LIMIT_MS, () => world.now - log.lastNewsMs(startMs) > QUIET_MS);
  const known = new Map([...crawl.roster.all()].map((node) => [endpointKey(node), node]));
  const recordOf = (node: DhtLabNode) => known.get(endpointKey(node.resident.endpoint));
  const steady = new Set(network.hosts.filter((host) => host.changes === 0).map((host) => host.machine));
  const truthful = network.nodes.filter((node) => isTruthful(node.behaviour) && steady.has(node));
  const liars = network.nodes.filter((node) => node.behaviour.lie !== undefined && steady.has(node));
  const condemned = (node: DhtLabNode) => !['ok', 'silent', undefined].includes(recordOf(node)?.verdict);
  const found = (node: DhtLabNode) => recordOf(node)?.met === true && !condemned(node);
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
    figure(of('honest node recall'), '%', share(truthful, found), 'min', plan.nodeRecall, seed),
    figure(
      of('confirmed infohashes that are true'),
      '%',
      share(log.confirmed, (hex) => network.infohashes.has(hex)),
      'min',
      99.5,
      seed,
    ),
    figure(of('queries per node'), 'queries', referee.queries / network.nodes.length, 'max', plan.queriesPerNode, seed),
    figure(of('liars recognised'), '%', share(liars, condemned), 'min', 95, seed),
    figure(of('honest condemned'), '%', share(truthful, condemned), 'max', 0.5, seed),
    figure(of('politeness violations'), 'packets', rate + bogon + interval + optOut, 'max', 0, seed),
    figure(of('longest time without news'), 's', log.longestSilenceMs(startMs) / 1_000, 'max', 60, seed),
    figure(of('virtual time'), 's', (log.lastNewsMs(startMs) - startMs) / 1_000, 'max', LIMIT_MS / 1_000, seed),
  ];
}

/** What the nodes that speak BEP 51 hold: it can be had by asking often enough. */
function heldBy(nodes: readonly DhtLabNode[]): Set<string> {
  const speaking = nodes.filter((node) => node.behaviour.bep51);
  return new Set(speaking.flatMap((node) => node.holdings.map((holding) => toHex(holding.infoHash))));
}

/** What one look at each truthful node that speaks BEP 51 can reveal: with a long interval, no more can be had. */
function revealedAtOnce({ world, network }: Scene): Set<string> {
  const speaking = network.nodes.filter((node) => isTruthful(node.behaviour) && node.behaviour.bep51);
  return new Set(speaking.flatMap((node) => node.revealed(world.now).map((holding) => toHex(holding.infoHash))));
}
