// The DHT crawler as a service: DHT nodes, bus and clocks joined to the crawl of each family, its progress and its end.
import type { DhtFact } from '@swarmscope/bittorrent/dht/facts.ts';
import type { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import { deriveId, fitsAddress } from '@swarmscope/bittorrent/dht/secure-id.ts';
import type { Family } from '@swarmscope/bittorrent/endpoint.ts';
import type { Random } from '@swarmscope/bittorrent/machine.ts';
import type { MalformedReason } from '@swarmscope/bittorrent/malformed.ts';
import type { Bus } from '@swarmscope/bus/bus.ts';
import type { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import { Alarm } from '@swarmscope/runtime/alarm.ts';
import type { Clock } from '@swarmscope/runtime/clock.ts';
import type { Driven } from '@swarmscope/runtime/drive.ts';
import type { Log } from '@swarmscope/runtime/log.ts';
import type { Metrics } from '@swarmscope/runtime/metrics.ts';
import type { Service } from '@swarmscope/runtime/service.ts';
import type { Takedown } from '@swarmscope/runtime/takedown.ts';
import { Crawl, type CrawlOptions, DEFAULT_CRAWL } from './crawl.ts';
import { type CrawledFamily, type CrawlerDetails, type CrawlerProgress, CrawlFigures } from './figures.ts';
import { shardOf } from './frontier.ts';
import { partyOf } from './party.ts';
import { type Naming, Publisher } from './publish.ts';
import { SeenInfohashes } from './seen.ts';
import { type KeptState, keptTable, readState, writeState } from './state.ts';

export interface CrawlerOptions {
  /** Our node of each family, bootstrapped by the caller; shared with the prober where both run in one process. */
  readonly dht: readonly Driven<DhtNode, DhtFact>[];
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly policy: AddressPolicy;
  readonly pseudonyms: Naming;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly network: string;
  readonly instanceId: string;
  readonly addresses: 'pseudonymous' | 'full';
  /** `index` from 0. */
  readonly shard: { readonly index: number; readonly count: number };
  readonly statePath?: string | undefined;
  readonly build?: string;
  /** What is not told of, asked about or kept; networks on it are let go when it changes. */
  readonly takedown?: Takedown;
  readonly infohashesMax?: number;
  readonly limits?: Partial<Pick<CrawlOptions, 'queriesPerSecond' | 'maxNodes' | 'maxInFlight' | 'sweepMs'>>;
}

export interface RunningCrawler extends Service {
  progress(): CrawlerProgress;
  details(): CrawlerDetails;
}

const SAMPLE_MS = 10_000;
const STATE_MS = 300_000;
const INFOHASHES_MAX = 2_000_000;

/** Starts it. */
export function startCrawler(options: CrawlerOptions): Promise<RunningCrawler> {
  const service = new CrawlerService(options);
  service.start();
  return Promise.resolve(service);
}

interface Part extends CrawledFamily {
  readonly alarm: Alarm;
  stopListening: () => void;
  /** The id to take at the next start: one that fits our address (BEP 42). Changing it now would make us a stranger to everybody. */
  nextId: Uint8Array | undefined;
}

class CrawlerService implements RunningCrawler {
  readonly name = 'dht-crawler';
  readonly failed: Promise<never>;
  readonly #options: CrawlerOptions;
  readonly #seen: SeenInfohashes;
  readonly #publisher: Publisher;
  readonly #parts: Part[] = []; // bound: one per family
  readonly #figures: CrawlFigures;
  readonly #timers: NodeJS.Timeout[] = []; // bound: the two of start()
  #last = { queries: 0, answers: 0, malformed: {} as Partial<Record<MalformedReason, number>>, atMs: 0 };
  #fail!: (error: unknown) => void;
  #stopping: Promise<void> | undefined;
  #unlisten: (() => void) | undefined;

  constructor(options: CrawlerOptions) {
    this.#options = options;
    this.failed = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => {});
    const word = () => Math.floor(options.random() * 2 ** 32);
    this.#seen = new SeenInfohashes(options.infohashesMax ?? INFOHASHES_MAX, [word(), word()]);
    this.#figures = new CrawlFigures(this.#parts, this.#seen);
    this.#publisher = new Publisher(options);
    for (const driven of options.dht) this.#parts.push(this.#part(driven));
    this.#last.atMs = options.clock.now();
  }

  #part(driven: Driven<DhtNode, DhtFact>): Part {
    const { random, shard, limits, clock, takedown } = this.#options;
    const crawl = new Crawl({
      ...DEFAULT_CRAWL,
      ...limits,
      shard: shardOf(shard.index, shard.count),
      random,
      seen: this.#seen,
      sink: this.#publisher,
      partyOf: partyOf(),
      ...(takedown && { isTakenDown: (infoHash: Uint8Array) => takedown.hasBytes(infoHash) }),
      hostOf: (endpoint) => driven.act((node) => node.hostOf(endpoint)),
    });
    const alarm = new Alarm(clock, () => this.#guard(() => this.#tick(part)));
    const part: Part = { driven, crawl, alarm, stopListening: () => {}, nextId: undefined };
    return part;
  }

  /** What throws here is a broken invariant: the shell is told, the crawl goes on no further. */
  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      for (const { alarm } of this.#parts) alarm.clear();
      this.#fail(error);
    }
  }

  start(): void {
    const { statePath, log } = this.#options;
    if (statePath !== undefined) this.#restore(readState(statePath, log));
    for (const part of this.#parts) {
      part.stopListening = part.driven.listen((fact, now) => this.#heard(part, fact, now));
      this.#tick(part);
    }
    this.#timers.push(setInterval(() => this.#guard(() => this.#sample()), SAMPLE_MS));
    if (statePath !== undefined) this.#timers.push(setInterval(() => this.#keep(), STATE_MS));
    this.#unlisten = this.#options.takedown?.listen(() => this.#dismissNodes());
    this.#exposeMetrics();
  }

  /** Nodes that may not be asked any more leave the tables at once; those of the crawl when their turn comes. */
  #dismissNodes(): void {
    for (const { driven } of this.#parts)
      driven.act((node) => {
        for (const each of [...node.table.nodes()]) if (!node.admits(each)) node.table.remove(each);
      });
  }

  #heard(part: Part, fact: DhtFact, now: number): void {
    const { malformed } = this.#figures;
    if (fact.type === 'malformed') malformed[fact.reason] = (malformed[fact.reason] ?? 0) + 1;
    if (fact.type === 'external_address') this.#noteAddress(part, fact.endpoint.address);
    part.driven.act((node, _, out) => part.crawl.observe(fact, now, node, out));
    part.alarm.set(part.crawl.deadline());
  }

  #noteAddress(part: Part, address: string): void {
    const { random, log } = this.#options;
    const fits = part.driven.act((node) => fitsAddress(node.id, address));
    part.nextId = fits ? undefined : deriveId(address, random);
    log.info({ bep42: fits }, 'Others agree on our address.');
  }

  #tick(part: Part): void {
    part.driven.act((node, now, out) => part.crawl.tick(now, node, out));
    part.alarm.set(part.crawl.deadline());
  }

  progress(): CrawlerProgress {
    return this.#figures.progress();
  }

  details(): CrawlerDetails {
    return this.#figures.details(this.#options.clock.now());
  }

  /** `crawl_sampled` and `service_sampled`, each 10 s. */
  #sample(): void {
    const { clock, shard, build } = this.#options;
    const progress = this.progress();
    const nowMs = clock.now();
    const size = this.#figures.size();
    const malformed = Object.entries(progress.malformed).map(
      ([reason, count]) => [reason, count - (this.#last.malformed[reason as MalformedReason] ?? 0)] as const,
    );
    this.#publisher.publish('crawl_sampled', {
      shard: `${shard.index + 1}/${shard.count}`,
      sweep_id: String(progress.sweeps),
      window_s: Math.round((nowMs - this.#last.atMs) / 1000),
      coverage_ppm: progress.coveragePpm,
      nodes: progress.nodes,
      infohashes: progress.infohashes,
      queries: progress.queries - this.#last.queries,
      answers: progress.answers - this.#last.answers,
      malformed: Object.fromEntries(malformed),
      budgets: this.#figures.budgets(nowMs),
      dht_size_estimate: rounded(size?.size),
      dht_size_low: rounded(size?.low),
      dht_size_high: rounded(size?.high),
      liars: this.#figures.liars(),
    });
    this.#publisher.publish('service_sampled', {
      service: this.name,
      counters: this.#figures.counters(),
      lag: null,
      build: build ?? 'dev',
    });
    this.#last = { queries: progress.queries, answers: progress.answers, malformed: progress.malformed, atMs: nowMs };
  }

  #exposeMetrics(): void {
    const { metrics } = this.#options;
    metrics.counters('crawl_packets_total', 'DHT packets by kind.', 'kind', () => {
      const counters = this.#figures.counters();
      return Object.fromEntries(Object.entries(counters).filter(([name]) => name.startsWith('dht_')));
    });
    metrics.counters(
      'crawl_udp_drops_total',
      'Datagrams that the kernel dropped because they were not read in time (Linux).',
      'socket',
      () => {
        const drops = this.#figures.udpDrops();
        return drops === undefined ? {} : { dht: drops };
      },
    );
    metrics.counters('crawl_malformed_total', 'Datagrams that were no KRPC, by reason.', 'reason', () => ({
      ...this.#figures.malformed,
    }));
    metrics.gauges('crawl_state', 'What the crawl knows now.', 'name', () => {
      const { nodes, infohashes, confirmed, coveragePpm, sweeps } = this.progress();
      return { nodes, infohashes, confirmed, coverage_ppm: coveragePpm, sweeps };
    });
  }

  #restore(state: KeptState): void {
    const { clock, policy } = this.#options;
    for (const { driven, crawl } of this.#parts) {
      const kept = state[familyOf(driven)];
      if (!kept) continue;
      driven.act((node, now, out) => {
        const table = kept.table.filter(({ endpoint }) => policy.admits(endpoint));
        node.bootstrap(
          table.map(({ id, endpoint }) => ({ ...endpoint, id })),
          now,
          out,
        );
        crawl.restore(kept, now, clock.wall(), node);
      });
    }
  }

  /** A state that cannot be written is said once each time, and is no reason to end. */
  #keep(): void {
    const { statePath, clock, log } = this.#options;
    if (statePath === undefined) return;
    const state: KeptState = {};
    for (const { driven, crawl, nextId } of this.#parts)
      driven.act((node, now) => {
        state[node.family] = { id: nextId ?? node.id, table: keptTable(node), ...crawl.kept(now, clock.wall()) };
      });
    try {
      writeState(statePath, state);
    } catch (error) {
      log.warn({ err: error, path: statePath }, 'The crawl state could not be written.');
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#end();
    return this.#stopping;
  }

  async #end(): Promise<void> {
    this.#unlisten?.();
    for (const timer of this.#timers) clearInterval(timer);
    for (const { stopListening, alarm, driven, crawl } of this.#parts) {
      stopListening();
      alarm.clear();
      crawl.tellAll(driven.act((_, now) => now));
    }
    this.#sample();
    this.#keep();
    await Promise.resolve();
  }
}

function familyOf(driven: Driven<DhtNode, DhtFact>): Family {
  return driven.act((node) => node.family);
}

function rounded(value: number | undefined): number | null {
  return value === undefined ? null : Math.min(0xffff_ffff, Math.round(value));
}
