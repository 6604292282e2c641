// What the crawl has come to, all families together: what people watch, and what samples and metrics are made of.
import type { DhtFact } from '@swarmscope/bittorrent/dht/facts.ts';
import type { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import { type DhtCounters, zeroCounters } from '@swarmscope/bittorrent/dht/node-options.ts';
import type { MalformedReason } from '@swarmscope/bittorrent/malformed.ts';
import type { NodeVerdict } from '@swarmscope/events/enums.ts';
import type { Driven } from '@swarmscope/runtime/drive.ts';
import { readUdpDrops } from '@swarmscope/runtime/udp-drops.ts';
import type { Crawl } from './crawl.ts';
import type { SizeEstimate } from './dht-size.ts';
import type { SeenInfohashes } from './seen.ts';
import { summed } from './size-meter.ts';

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

/** One family: its node and its crawl. */
export interface CrawledFamily {
  readonly driven: Driven<DhtNode, DhtFact>;
  readonly crawl: Crawl;
}

export class CrawlFigures {
  readonly #parts: readonly CrawledFamily[]; // bound: one per family
  readonly #seen: SeenInfohashes;
  /** Datagrams that were no KRPC; who hears of one counts it here. */
  readonly malformed: Partial<Record<MalformedReason, number>> = {};

  /** `parts` is read each time: families that come later count. */
  constructor(parts: readonly CrawledFamily[], seen: SeenInfohashes) {
    this.#parts = parts;
    this.#seen = seen;
  }

  progress(): CrawlerProgress {
    const sum = (of: (part: CrawledFamily) => number) => this.#parts.reduce((total, part) => total + of(part), 0);
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
      malformed: { ...this.malformed },
    };
  }

  details(nowMs: number): CrawlerDetails {
    return {
      packets: this.#packets(),
      listed: this.#parts.reduce((total, { crawl }) => total + crawl.roster.size, 0),
      liars: this.liars(),
      udpDrops: this.udpDrops(),
      dhtSize: this.size(),
      budgets: this.budgets(nowMs),
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

  udpDrops(): number | undefined {
    const told = this.#parts.map(({ driven }) => readUdpDrops(driven.local)).filter((drops) => drops !== undefined);
    return told.length > 0 ? told.reduce((sum, drops) => sum + drops, 0) : undefined;
  }

  /** Of the families together: a node that is in both is two nodes of the DHT. */
  size(): SizeEstimate | undefined {
    return summed(this.#parts.map(({ crawl }) => crawl.size.estimate(crawl.met, crawl.findings.line.loss)));
  }

  #recaptured(): SizeEstimate | undefined {
    return summed(this.#parts.map(({ crawl }) => crawl.size.recaptured(crawl.met)));
  }

  /** The most of any family, permille. */
  budgets(nowMs: number): Record<string, number> {
    const budgets: Record<string, number> = {};
    for (const { driven } of this.#parts)
      for (const [name, value] of Object.entries(driven.act((node) => node.budgets(nowMs))))
        budgets[name] = Math.max(budgets[name] ?? 0, value);
    return budgets;
  }

  /** Of this sweep. */
  liars(): Partial<Record<NodeVerdict, number>> {
    const liars: Partial<Record<NodeVerdict, number>> = {};
    for (const { crawl } of this.#parts)
      for (const [verdict, count] of crawl.findings.liars) liars[verdict] = (liars[verdict] ?? 0) + count;
    return liars;
  }

  /** Everything that `service_sampled` tells. */
  counters(): Record<string, number> {
    const { malformed, coveragePpm, ...counts } = this.progress();
    const counters: Record<string, number> = { ...counts };
    const recaptured = this.#recaptured();
    if (recaptured) counters['size_recaptured'] = Math.round(recaptured.size);
    for (const [name, value] of Object.entries(this.#packets())) counters[`dht_${name}`] = value;
    const drops = this.udpDrops();
    if (drops !== undefined) counters['udp_drops'] = drops;
    for (const { crawl } of this.#parts) {
      counters['listed'] = (counters['listed'] ?? 0) + crawl.roster.size;
      counters['refused_for_room'] = (counters['refused_for_room'] ?? 0) + crawl.roster.refused;
    }
    return counters;
  }
}
