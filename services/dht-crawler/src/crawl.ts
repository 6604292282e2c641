// The crawl of one address family, without IO: it decides whom the DHT node asks what, and what the answers mean. A simulated world runs it unchanged.
import type { DhtFact } from '@swarmscope/bittorrent/dht/facts.ts';
import type { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import type { Fields } from '@swarmscope/bittorrent/krpc/fields.ts';
import { MAX_INTERVAL_S, type Query } from '@swarmscope/bittorrent/krpc/message.ts';
import type { Endpoint, Out, Random } from '@swarmscope/bittorrent/machine.ts';
import { Findings, type FindingsOptions, type Task } from './findings.ts';
import { Frontier, isInShard, type Shard } from './frontier.ts';
import { hear } from './hearsay.ts';
import { isCondemned } from './judge.ts';
import { type CrawlNode, prefixOf, Roster } from './nodes.ts';
import { neighbourhoodBits, questionOf, randomIdWithin } from './questions.ts';
import { SizeMeter } from './size-meter.ts';
import type { KeptFamily, KeptNode } from './state.ts';
import { DEAF_LOOKS, nextVisit, planRefused } from './visits.ts';

export type { CrawlSink } from './findings.ts';

export interface CrawlOptions extends FindingsOptions {
  readonly shard: Shard;
  readonly random: Random;
  /** What counts as one host, as in the DhtNode. */
  readonly hostOf: (endpoint: Endpoint) => string;
  readonly queriesPerSecond: number;
  readonly maxNodes: number;
  readonly maxInFlight: number;
  /** The least time from the start of one sweep to the next. */
  readonly sweepMs: number;
}

export const DEFAULT_CRAWL = { queriesPerSecond: 340, maxNodes: 250_000, maxInFlight: 4_000, sweepMs: 21_600_000 } as const;

/** One question in so many may be a confirmation while visits wait. */
const CONFIRM_SHARE = 4;
/** Lookups of random targets: often until there is something to crawl, then for the estimate of the size. */
const SEEK_MS = 2_000;
const MEASURE_MS = 20_000;
const ENOUGH_NODES = 8;
/** With the usual width a lookup misses one in twenty of the nearest eight where many are dead, with this one in a hundred (npm run sim -- dht-size). */
export const MEASURE_WIDTH = 16;
/** Who answered within this time is there: when it does not answer now, the line has lost something. */
const LATELY_MS = 60_000;
/** In a network that is never still one in so many may be open when a sweep ends. */
const NEWCOMERS = 200;

export class Crawl {
  readonly roster: Roster;
  readonly frontier: Frontier;
  readonly #options: CrawlOptions;
  readonly #tasks = new Map<number, Task>(); // bound: maxInFlight
  readonly findings: Findings;
  readonly size = new SizeMeter();
  readonly #lookups = new Set<number>(); // bound: emptied by lookup_done, one begins each SEEK_MS at most
  sweeps = 0;
  #openNodes = 0;
  #sweepStartMs = Number.NEGATIVE_INFINITY;
  #seekMs = 0;
  #paceMs = Number.NEGATIVE_INFINITY;
  #pumpMs = 0;
  #picks = 0;

  constructor(options: CrawlOptions) {
    this.#options = options;
    this.roster = new Roster(options.maxNodes, options.hostOf);
    this.frontier = new Frontier(options.shard);
    this.findings = new Findings(options, this.roster);
  }

  /** When `tick` is wanted next. */
  deadline(): number {
    return Math.min(this.#seekMs, this.#pumpMs);
  }

  /** Nodes that answer and are believed. */
  get met(): number {
    return this.findings.met;
  }

  /** Questions of the crawl that wait for their answers. */
  get inFlight(): number {
    return this.#tasks.size;
  }

  tick(now: number, dht: DhtNode, out: Out<DhtFact>): void {
    if (now >= this.#seekMs) this.#seek(now, dht, out);
    if (this.#isSwept && now - this.#sweepStartMs >= this.#options.sweepMs) this.#startSweep(now);
    this.#pump(now, dht, out);
  }

  /** Nothing of the sweep is left to do but for those who have just come. */
  get #isSwept(): boolean {
    return this.met > 0 && this.#openNodes * NEWCOMERS <= this.roster.size;
  }

  observe(fact: DhtFact, now: number, dht: DhtNode, out: Out<DhtFact>): void {
    switch (fact.type) {
      case 'answered':
        this.#answered(fact, now, dht);
        break;
      case 'refused':
      case 'unanswered':
        this.#failed(fact, now);
        break;
      case 'sighted':
        this.findings.sighted(fact, now);
        return;
      case 'lookup_done':
        if (!this.#lookups.delete(fact.lookup)) return;
        this.#looked(fact, now, dht);
        break;
      case 'malformed':
      case 'unasked':
      case 'flooding':
        this.#misbehaved(fact, now);
        return;
      default:
        return;
    }
    this.#pump(now, dht, out);
  }

  #looked(fact: Extract<DhtFact, { type: 'lookup_done' }>, now: number, dht: DhtNode): void {
    const { closest, infoHash } = fact;
    const metBefore = closest.filter((contact) => this.roster.at(contact)?.met).length;
    this.size.note(
      infoHash,
      closest.map((contact) => contact.id),
      metBefore,
    );
    for (const { id, address, port } of closest) this.list(id, { address, port }, undefined, now, dht);
  }

  /** Lists an endpoint that somebody named, if it belongs to our shard and may be asked. */
  list(id: Uint8Array, endpoint: Endpoint, namedBy: CrawlNode | undefined, now: number, dht: DhtNode): CrawlNode | undefined {
    const prefix = prefixOf(id);
    if (prefix < this.roster.floor || !isInShard(this.#options.shard, prefix) || !dht.admits(endpoint)) return undefined;
    const known = this.roster.at(endpoint);
    if (known) return known;
    if (this.roster.isFull) this.#makeRoom();
    const node = this.roster.list(id, endpoint);
    if (!node) return undefined;
    if (namedBy) {
      node.namedBy = namedBy;
      namedBy.pending++;
    }
    this.frontier.noteListed(node);
    this.#plan(node, now);
    return node;
  }

  #makeRoom(): void {
    if (this.roster.evict((node) => this.#letGo(node)) === 0) return;
    this.frontier.retain((node) => this.roster.at(node) === node);
  }

  /** Takes a node out of all accounts, before it leaves the roster. */
  #letGo(node: CrawlNode): void {
    this.#setOpen(node, false);
    this.findings.shown.forget(node);
  }

  #misbehaved(fact: { type: 'malformed' | 'unasked' | 'flooding'; from: Endpoint }, now: number): void {
    const node = this.findings.misbehaved(fact, now);
    if (node) this.#plan(node, now);
  }

  #answered(fact: Extract<DhtFact, { type: 'answered' }>, now: number, dht: DhtNode): void {
    const { tag, from, reply } = fact;
    const task = this.#tasks.get(tag);
    if (!task) {
      if (!fact.mismatch) this.findings.overheard(fact, now);
      if (!fact.mismatch) this.list(reply.copy(reply.idAt), { address: from.address, port: from.port }, undefined, now, dht);
      return;
    }
    this.#tasks.delete(tag);
    const { node } = task;
    node.asked = false;
    this.#noteLine(node, true, now);
    node.failures = 0;
    node.answers++;
    node.answeredMs = Math.round(now);
    if (fact.mismatch) {
      this.#mismatched(node, reply);
      // A look is a look, whoever misnamed it: what it showed is kept, and its interval has begun.
      if (task.visit === 'sample') this.findings.learn(task, reply, now);
    } else {
      this.findings.meet(node, fact.rttMs, reply);
      if (!isCondemned(node)) hear(node, reply, this.roster, dht, (id, endpoint) => this.list(id, endpoint, node, now, dht));
      this.findings.learn(task, reply, now);
    }
    this.findings.judge(node, now);
    this.#plan(node, now);
  }

  /** It answers under another id than expected: whoever named it was wrong, or it changes its id. The next answer tells. */
  #mismatched(node: CrawlNode, reply: Fields): void {
    node.mismatches++;
    this.#setOpen(node, false);
    this.roster.rename(node, reply.copy(reply.idAt));
  }

  #failed(fact: Extract<DhtFact, { type: 'refused' | 'unanswered' }>, now: number): void {
    const task = this.#tasks.get(fact.tag);
    if (!task) return;
    this.#tasks.delete(fact.tag);
    const { node, visit } = task;
    node.asked = false;
    if (fact.type === 'refused') planRefused(node, visit, now);
    else {
      this.#noteLine(node, false, now);
      node.failures++;
      node.timeouts++;
      if (visit === 'sample' && ++node.deafLooks >= DEAF_LOOKS && node.looks === 0) node.bep51 = false;
    }
    if (visit === 'confirm') this.findings.confirmAgain(task.infoHash, task.tries, now);
    this.findings.judge(node, now);
    this.#plan(node, now);
  }

  /** Of who answered lately, since others may have left. */
  #noteLine(node: CrawlNode, answered: boolean, now: number): void {
    if (node.met && node.failures === 0 && now - node.answeredMs < LATELY_MS) this.findings.line.note(answered);
  }

  #setOpen(node: CrawlNode, open: boolean): void {
    if (node.open === open) return;
    node.open = open;
    this.#openNodes += open ? 1 : -1;
    this.frontier.noteOpen(node, open ? 1 : -1);
  }

  /** Queues a node for its next visit. */
  #plan(node: CrawlNode, now: number): void {
    const planned = nextVisit(node, this.findings.line.patience);
    this.#setOpen(node, planned?.open ?? false);
    if (!planned || node.asked) return;
    if (!node.queued || planned.atMs < node.queuedMs) this.frontier.add(node, planned.atMs, now);
  }

  #startSweep(now: number): void {
    this.#sweepStartMs = now;
    this.sweeps++;
    this.findings.liars.clear();
    this.frontier.clear();
    this.roster.floor = 0;
    for (const node of this.roster.all()) {
      node.queued = false;
      if (node.verdict === 'silent' && !node.asked) {
        this.#letGo(node);
        this.roster.drop(node);
        continue;
      }
      node.looks = node.finds = node.checks = node.failedChecks = node.quiet = node.deafLooks = 0;
      node.control = node.settled = false;
      node.sample = undefined;
      this.findings.shown.forget(node);
      if (node.intervalS <= 0) node.lookMs = 0;
      this.#plan(node, now);
    }
  }

  /** Lookups of random targets of our shard: the way into it, and the measure of the whole. */
  #seek(now: number, dht: DhtNode, out: Out<DhtFact>): void {
    this.#seekMs = now + (this.met < ENOUGH_NODES ? SEEK_MS : MEASURE_MS);
    if (dht.table.size === 0 || this.#lookups.size >= 4) return;
    if (this.sweeps === 0) [this.sweeps, this.#sweepStartMs] = [1, now];
    for (const { id, address, port } of dht.table.nodes()) this.list(id, { address, port }, undefined, now, dht);
    const { first, end } = this.#options.shard;
    const target = randomIdWithin(first, end, this.#options.random);
    this.#lookups.add(dht.lookup({ target, kind: 'find_node', width: MEASURE_WIDTH }, now, out));
  }

  /** Asks whoever may be asked, until a budget says no. */
  #pump(now: number, dht: DhtNode, out: Out<DhtFact>): void {
    const spacingMs = 1000 / this.#options.queriesPerSecond;
    for (;;) {
      if (this.#tasks.size >= this.#options.maxInFlight) {
        this.#pumpMs = Number.POSITIVE_INFINITY;
        return;
      }
      this.#pumpMs = Math.max(this.#paceMs - 100, dht.globalReadyAt(now));
      if (this.#pumpMs > now) return;
      if (!this.#askOne(now, dht, out)) break;
      this.#paceMs = Math.max(this.#paceMs, now) + spacingMs;
    }
    const workMs = Math.min(this.frontier.deadline || now + 1, this.findings.confirms.nextMs);
    this.#pumpMs = Math.max(this.#pumpMs, workMs, now + 1);
  }

  /** Sends one question; false when there is nobody to ask now. */
  #askOne(now: number, dht: DhtNode, out: Out<DhtFact>): boolean {
    if (++this.#picks % CONFIRM_SHARE === 0 && this.#askConfirm(now, dht, out)) return true;
    for (let node = this.frontier.next(now); node; node = this.frontier.next(now)) {
      const planned = nextVisit(node, this.findings.line.patience);
      if (node.asked) continue; // it is planned again when it has answered
      if (!planned || this.roster.at(node) !== node) {
        this.#setOpen(node, false);
        continue;
      }
      const atMs = Math.max(planned.atMs, dht.readyAt(node, now));
      if (atMs > now) {
        this.frontier.add(node, atMs, now);
        continue;
      }
      if (
        this.#ask(
          { node, visit: planned.visit, tries: 0 },
          questionOf(node, planned.visit, this.#bits, this.#options.random),
          now,
          dht,
          out,
        )
      )
        return true;
      if (dht.admits(node))
        this.frontier.add(node, now + 1_000, now); // the pace was used up by others just now
      else this.#dismiss(node);
    }
    return this.#askConfirm(now, dht, out);
  }

  /** The guard has changed its mind: it is asked no more. */
  #dismiss(node: CrawlNode): void {
    if (node.verdict === 'ok') this.findings.met--;
    this.#letGo(node);
    this.roster.drop(node);
  }

  #ask(task: Task, query: Query, now: number, dht: DhtNode, out: Out<DhtFact>): boolean {
    const { id, address, port } = task.node;
    const tag = dht.ask({ id, address, port }, query, now, out);
    if (tag === undefined) return false;
    this.#tasks.set(tag, task);
    task.node.asked = true;
    return true;
  }

  get #bits(): number {
    const { shard } = this.#options;
    return neighbourhoodBits((this.roster.size * 2 ** 32) / (shard.end - shard.first));
  }

  /** Asks for an infohash that is due for confirmation. */
  #askConfirm(now: number, dht: DhtNode, out: Out<DhtFact>): boolean {
    for (let task = this.findings.nextDue(now); task; task = this.findings.nextDue(now)) {
      if (this.#ask(task, { method: 'get_peers', target: task.infoHash }, now, dht, out)) return true;
      this.findings.confirmAgain(task.infoHash, task.tries, now);
    }
    return false;
  }

  /** Tells of every node that was met and not told of yet: at the end, nothing observed is lost. */
  tellAll(now: number): void {
    for (const node of this.roster.all())
      if (node.met && node.published === undefined && node.verdict) this.#options.sink.node(node, node.verdict, now);
  }

  /** What is kept over a restart; times as epoch milliseconds. The nodes are read as they are walked over. */
  kept(now: number, wallMs: number): Pick<KeptFamily, 'sweep' | 'nodes'> {
    const startedMs = this.sweeps > 0 ? Math.round(wallMs + this.#sweepStartMs - now) : 0;
    return { sweep: { number: this.sweeps, startedMs: Math.max(0, startedMs) }, nodes: this.#keptNodes(now, wallMs) };
  }

  /** One after the other: all at once they would take as much again as the roster. */
  *#keptNodes(now: number, wallMs: number): Iterable<KeptNode> {
    for (const node of this.roster.all()) {
      if (node.verdict !== undefined && node.verdict !== 'ok') continue;
      const { id, address, port, open } = node;
      yield { id, endpoint: { address, port }, done: !open, lookAtMs: Math.round(wallMs + Math.max(0, node.lookMs - now)) };
    }
  }

  /** Takes up a sweep where it was left: what was done stays done, intervals are kept. */
  restore(kept: KeptFamily, now: number, wallMs: number, dht: DhtNode): void {
    this.sweeps = kept.sweep.number;
    this.#sweepStartMs = Math.min(now, now - (wallMs - kept.sweep.startedMs));
    for (const { id, endpoint, done, lookAtMs } of kept.nodes) {
      const node = this.list(id, endpoint, undefined, now, dht);
      if (!node) continue;
      node.lookMs = Math.ceil(Math.min(now + 1000 * MAX_INTERVAL_S, Math.max(0, now + lookAtMs - wallMs)));
      if (done) node.checks = node.looks = node.finds = 1;
      if (done) node.bep51 = node.control = node.settled = true;
      if (done) this.findings.remember(node, now);
      if (!done && node.lookMs <= now) node.lookMs = 0;
    }
    this.frontier.clear();
    for (const node of this.roster.all()) {
      node.queued = false;
      this.#plan(node, now);
    }
  }
}
