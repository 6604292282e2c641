// The DHT crawler as a service: DHT nodes, bus and clocks joined to the crawl of each family, its progress and its end.
import type { DhtFact } from '@swarmscope/bittorrent/dht/facts.ts';
import type { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import { type DhtCounters, zeroCounters } from '@swarmscope/bittorrent/dht/node-options.ts';
import { deriveId, fitsAddress } from '@swarmscope/bittorrent/dht/secure-id.ts';
import type { Family } from '@swarmscope/bittorrent/endpoint.ts';
import type { Random } from '@swarmscope/bittorrent/machine.ts';
import type { MalformedReason } from '@swarmscope/bittorrent/malformed.ts';
import type { Bus } from '@swarmscope/bus/bus.ts';
import type { NodeVerdict } from '@swarmscope/events/enums.ts';
import type { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import { Alarm } from '@swarmscope/runtime/alarm.ts';
import type { Clock } from '@swarmscope/runtime/clock.ts';
import type { Driven } from '@swarmscope/runtime/drive.ts';
import type { Log } from '@swarmscope/runtime/log.ts';
import type { Metrics } from '@swarmscope/runtime/metrics.ts';
import type { Service } from '@swarmscope/runtime/service.ts';
import type { Takedown } from '@swarmscope/runtime/takedown.ts';
import { readUdpDrops } from '@swarmscope/runtime/udp-drops.ts';
import { Crawl, type CrawlOptions, DEFAULT_CRAWL } from './crawl.ts';
import type { SizeEstimate } from './dht-size.ts';
import { shardOf } from './frontier.ts';
import { partyOf } from './party.ts';
import { type Naming, Publisher } from './publish.ts';
import { SeenInfohashes } from './seen.ts';
import { summed } from './size-meter.ts';
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

export interface CrawlerProgress {
  /** Nodes that answer and are believed; distinct infohashes; those that a second, independent party told of. */
  readonly nodes: number;
  readonly infohashes: number;
  readonly confirmed: number;
  /** Of the present sweep. */
  readonly coveragePpm: number;
  readonly sweeps: number;
  readonly queries: number;
  readonly answers: number;
  readonly malformed: Readonly<Partial<Record<MalformedReason, number>>>;
}

/** What people watch besides: of this sweep, of all families together. */
export interface CrawlerDetails {
  readonly packets: Readonly<DhtCounters>;
  /** Nodes heard of and not yet forgotten, whatever they are. */
  readonly listed: number;
  readonly liars: Readonly<Partial<Record<NodeVerdict, number>>>;
  /** Datagrams that the kernel dropped because we were too slow; undefined where the system does not tell. */
  readonly udpDrops: number | undefined;
  readonly dhtSize: SizeEstimate | undefined;
  /** Share of the budgets in use, permille. */
  readonly budgets: Readonly<Record<string, number>>;
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

/** One family: its node and its crawl. */
interface Part {
  readonly driven: Driven<DhtNode, DhtFact>;
  readonly crawl: Crawl;
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
  readonly #malformed: Partial<Record<MalformedReason, number>> = {};
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
    if (fact.type === 'malformed') this.#malformed[fact.reason] = (this.#malformed[fact.reason] ?? 0) + 1;
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
    const sum = (of: (part: Part) => number) => this.#parts.reduce((total, part) => total + of(part), 0);
    const { asked, answered, refused } = this.#packets();
    const inhabited = this.#parts.filter(({ crawl }) => crawl.met > 0);
    return {
      nodes: sum(({ crawl }) => crawl.met),
      infohashes: this.#seen.total,
      confirmed: this.#seen.confirmed,
      coveragePpm: inhabited.length > 0 ? Math.min(...inhabited.map(({ crawl }) => crawl.frontier.coveragePpm)) : 0,
      sweeps: Math.max(0, ...this.#parts.map(({ crawl }) => crawl.sweeps)),
      queries: asked,
      answers: answered + refused,
      malformed: { ...this.#malformed },
    };
  }

  details(): CrawlerDetails {
    return {
      packets: this.#packets(),
      listed: this.#parts.reduce((total, { crawl }) => total + crawl.roster.size, 0),
      liars: this.#liars(),
      udpDrops: this.#udpDrops(),
      dhtSize: this.#size(),
      budgets: this.#budgets(this.#options.clock.now()),
    };
  }

  #packets(): DhtCounters {
    const total = zeroCounters();
    for (const { driven } of this.#parts) {
      const counters = driven.act((node) => node.counters);
      for (const name of Object.keys(total) as (keyof DhtCounters)[]) total[name] += counters[name];
    }
    return total;
  }

  #udpDrops(): number | undefined {
    const told = this.#parts.map(({ driven }) => readUdpDrops(driven.local)).filter((drops) => drops !== undefined);
    return told.length > 0 ? told.reduce((sum, drops) => sum + drops, 0) : undefined;
  }

  /** `crawl_sampled` and `service_sampled`, each 10 s. */
  #sample(): void {
    const { clock, shard, build } = this.#options;
    const progress = this.progress();
    const nowMs = clock.now();
    const size = this.#size();
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
      budgets: this.#budgets(nowMs),
      dht_size_estimate: rounded(size?.size),
      dht_size_low: rounded(size?.low),
      dht_size_high: rounded(size?.high),
      liars: this.#liars(),
    });
    this.#publisher.publish('service_sampled', {
      service: this.name,
      counters: this.#counters(),
      lag: null,
      build: build ?? 'dev',
    });
    this.#last = { queries: progress.queries, answers: progress.answers, malformed: progress.malformed, atMs: nowMs };
  }

  /** Of the families together: a node that is in both is two nodes of the DHT. */
  #size(): SizeEstimate | undefined {
    return summed(this.#parts.map(({ crawl }) => crawl.size.estimate(crawl.met, crawl.findings.line.loss)));
  }

  #recaptured(): SizeEstimate | undefined {
    return summed(this.#parts.map(({ crawl }) => crawl.size.recaptured(crawl.met)));
  }

  #budgets(nowMs: number): Record<string, number> {
    const budgets: Record<string, number> = {};
    for (const { driven } of this.#parts)
      for (const [name, value] of Object.entries(driven.act((node) => node.budgets(nowMs))))
        budgets[name] = Math.max(budgets[name] ?? 0, value);
    return budgets;
  }

  #liars(): Partial<Record<NodeVerdict, number>> {
    const liars: Partial<Record<NodeVerdict, number>> = {};
    for (const { crawl } of this.#parts)
      for (const [verdict, count] of crawl.findings.liars) liars[verdict] = (liars[verdict] ?? 0) + count;
    return liars;
  }

  #counters(): Record<string, number> {
    const { malformed, coveragePpm, ...counts } = this.progress();
    const counters: Record<string, number> = { ...counts };
    const recaptured = this.#recaptured();
    if (recaptured) counters['size_recaptured'] = Math.round(recaptured.size);
    for (const [name, value] of Object.entries(this.#packets())) counters[`dht_${name}`] = value;
    const drops = this.#udpDrops();
    if (drops !== undefined) counters['udp_drops'] = drops;
    for (const { crawl } of this.#parts) {
      counters['listed'] = (counters['listed'] ?? 0) + crawl.roster.size;
      counters['refused_for_room'] = (counters['refused_for_room'] ?? 0) + crawl.roster.refused;
    }
    return counters;
  }

  #exposeMetrics(): void {
    const { metrics } = this.#options;
    metrics.counters('crawl_packets', 'DHT packets by kind.', 'kind', () => {
      const counters = this.#counters();
      return Object.fromEntries(Object.entries(counters).filter(([name]) => name.startsWith('dht_')));
    });
    metrics.counters(
      'crawl_udp_drops',
      'Datagrams that the kernel dropped because they were not read in time (Linux).',
      'socket',
      () => {
        const drops = this.#udpDrops();
        return drops === undefined ? {} : { dht: drops };
      },
    );
    metrics.counters('crawl_malformed', 'Datagrams that were no KRPC, by reason.', 'reason', () => ({ ...this.#malformed }));
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
