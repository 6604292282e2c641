// A crawler of ours in a simulated network: joined to its DHT node as the service joins them, with all that it tells kept.
import { addressNumber } from '@swarmscope/bittorrent/address.ts';
import type { DhtFact } from '@swarmscope/bittorrent/dht/facts.ts';
import type { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import { endpointKey } from '@swarmscope/bittorrent/endpoint.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { Crawl, type CrawlOptions, type CrawlSink, DEFAULT_CRAWL } from '@swarmscope/dht-crawler/crawl.ts';
import { shardOf } from '@swarmscope/dht-crawler/frontier.ts';
import type { CrawlNode } from '@swarmscope/dht-crawler/nodes.ts';
import { SeenInfohashes } from '@swarmscope/dht-crawler/seen.ts';
import type { KeptFamily } from '@swarmscope/dht-crawler/state.ts';
import { isTruthful } from '@swarmscope/lab/sim/dht-behaviour.ts';
import type { DhtLabNode } from '@swarmscope/lab/sim/dht-node.ts';
import type { SimHost } from '@swarmscope/lab/sim/world.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import type { Scene } from './lookups.ts';

/** What the crawl told, kept by the scenario. News is a true infohash or a node that is believed, each the first time. */
export class CrawlLog implements CrawlSink {
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

export interface RunningCrawl {
  readonly crawl: Crawl;
  readonly seen: SeenInfohashes;
  readonly host: SimHost<DhtFact, DhtNode>;
  /** Ends it as a killed process ends: what is under way is lost. */
  kill(): void;
}

/** Joins crawl and DHT node as the service does: every fact is observed, and the crawl is ticked at its deadline. `kept`: what an earlier one left, at that wall time. */
export function startCrawl(
  scene: Scene,
  host: SimHost<DhtFact, DhtNode>,
  seed: number,
  log: CrawlLog,
  options: Partial<CrawlOptions> = {},
  kept?: KeptFamily,
): RunningCrawl {
  const { world } = scene;
  const seen = new SeenInfohashes(1_000_000, [seed, 2]);
  const crawl = new Crawl({
    ...DEFAULT_CRAWL,
    shard: shardOf(0, 1),
    random: seededRandom(seed ^ 0xc4a1),
    sink: log,
    seen,
    partyOf: (endpoint) => 1 + (addressNumber(endpoint.address) >>> 8),
    hostOf: (endpoint) => endpoint.address,
    ...options,
  });
  let wakeMs = Number.POSITIVE_INFINITY;
  let alive = true;
  const rearm = () => {
    const dueMs = Math.max(crawl.deadline(), world.now);
    if (dueMs >= wakeMs) return;
    wakeMs = dueMs;
    world.at(dueMs, (now) => {
      if (wakeMs !== dueMs || !alive) return;
      wakeMs = Number.POSITIVE_INFINITY;
      if (crawl.deadline() <= now) host.act((dht, time, out) => crawl.tick(time, dht, out));
      rearm();
    });
  };
  if (kept)
    host.act((dht, now, out) => {
      const table = kept.table.map(({ id, endpoint }) => ({ ...endpoint, id }));
      dht.bootstrap(table, now, out);
      crawl.restore(kept, now, world.clock.wall(), dht);
    });
  const stopListening = host.listen((fact) => {
    host.act((dht, now, out) => crawl.observe(fact, now, dht, out));
    rearm();
  });
  host.act((dht, now, out) => crawl.tick(now, dht, out));
  rearm();
  const kill = () => {
    alive = false;
    stopListening();
    void host.stop();
  };
  return { crawl, seen, host, kill };
}

/** Runs until all that the sweeps of these crawls have to do is done, but for one part of the id space in a hundred. */
export function runUntilSwept({ world }: Scene, crawls: readonly Crawl[], limitMs: number): void {
  world.run(world.now + limitMs, () => crawls.every((crawl) => crawl.frontier.coveragePpm >= 990_000));
}

/** What the crawlers know of the nodes of a network that were there all the time. */
export class Scores {
  readonly truthful: readonly DhtLabNode[];
  readonly liars: readonly DhtLabNode[];
  readonly #known: Map<string, CrawlNode>;

  constructor({ network }: Scene, crawls: readonly Crawl[]) {
    const steady = new Set(network.hosts.filter((host) => host.changes === 0).map((host) => host.machine));
    this.truthful = network.nodes.filter((node) => isTruthful(node.behaviour) && steady.has(node));
    this.liars = network.nodes.filter((node) => node.behaviour.lie !== undefined && steady.has(node));
    const records = crawls.flatMap((crawl) => [...crawl.roster.all()]);
    this.#known = new Map(records.map((node) => [endpointKey(node), node]));
  }

  verdictOf(node: DhtLabNode): string | undefined {
    return this.#known.get(endpointKey(node.resident.endpoint))?.verdict;
  }

  isCondemned(node: DhtLabNode): boolean {
    return !['ok', 'silent', undefined].includes(this.verdictOf(node));
  }

  isFound(node: DhtLabNode): boolean {
    return this.#known.get(endpointKey(node.resident.endpoint))?.met === true && !this.isCondemned(node);
  }

  isSilent(node: DhtLabNode): boolean {
    return this.verdictOf(node) === 'silent';
  }
}

export function percent(part: number, whole: number): number {
  return whole === 0 ? 100 : (100 * part) / whole;
}

export function share<T>(wanted: Iterable<T>, found: (item: T) => boolean): number {
  let all = 0;
  let hits = 0;
  for (const item of wanted) {
    all++;
    if (found(item)) hits++;
  }
  return percent(hits, all);
}

/** What the nodes that speak BEP 51 hold: it can be had by asking often enough. */
export function heldBy(nodes: readonly DhtLabNode[]): Set<string> {
  const speaking = nodes.filter((node) => node.behaviour.bep51);
  return new Set(speaking.flatMap((node) => node.holdings.map((holding) => toHex(holding.infoHash))));
}
