// The crawl of one address family, without IO: it decides whom the DHT node asks what, and what the answers mean. A simulated world runs it unchanged.
import { compareDistance } from '@swarmscope/bittorrent/dht/distance.ts';
import type { DhtFact } from '@swarmscope/bittorrent/dht/facts.ts';
import type { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import type { Fields } from '@swarmscope/bittorrent/krpc/fields.ts';
import type { Query } from '@swarmscope/bittorrent/krpc/message.ts';
import type { Endpoint, Out, Random } from '@swarmscope/bittorrent/machine.ts';
import type { NodeVerdict, SightingWay } from '@swarmscope/events/enums.ts';
import { ConfirmQueue } from './confirm.ts';
import { Frontier, isInShard, type Shard } from './frontier.ts';
import { hear } from './hearsay.ts';
import { isCondemned, judge } from './judge.ts';
import { type CrawlNode, prefixOf, Roster } from './nodes.ts';
import { neighbourhoodBits, questionOf, randomIdWithin } from './questions.ts';
import type { SeenInfohashes } from './seen.ts';
import { nextVisit, planLook, planRefused, type Visit } from './visits.ts';

/** Where findings go. `bytes` hold the infohash at `at` and are valid only during the call. */
export interface CrawlSink {
  /** Somebody told of an infohash. `confirmed`: just now a second, independent party did. */
  sighting(
    bytes: Uint8Array,
    at: number,
    way: SightingWay,
    reporter: Endpoint & { id?: Uint8Array },
    confirmed: boolean,
    now: number,
  ): void;
  /** A node was judged, or judged anew. */
  node(node: CrawlNode, verdict: NodeVerdict, now: number): void;
  /** The closest nodes to a random target that answered: what the size of the DHT is estimated from. */
  looked(target: Uint8Array, closest: readonly Uint8Array[]): void;
}

export interface CrawlOptions {
  readonly shard: Shard;
  readonly random: Random;
  readonly sink: CrawlSink;
  readonly seen: SeenInfohashes;
  /** A number for who is one and the same party: the /24 or /48, never 0. Two parties are independent. */
  readonly partyOf: (endpoint: Endpoint) => number;
  /** What counts as one host, as in the DhtNode. */
  readonly hostOf: (endpoint: Endpoint) => string;
  readonly queriesPerSecond: number;
  readonly maxNodes: number;
  readonly maxInFlight: number;
  /** The least time from the start of one sweep to the next. */
  readonly sweepMs: number;
}

export const DEFAULT_CRAWL = { queriesPerSecond: 340, maxNodes: 250_000, maxInFlight: 4_000, sweepMs: 21_600_000 } as const;

/** A question in flight: a visit, or the confirmation of an infohash. */
type Task =
  | { readonly node: CrawlNode; readonly visit: Visit; readonly infoHash?: undefined; readonly tries: 0 }
  | { readonly node: CrawlNode; readonly visit: 'confirm'; readonly infoHash: Uint8Array; readonly tries: number };

/** A new infohash waits so long for a second party to tell of it by itself. */
const CONFIRM_MS = 20_000;
const CONFIRM_CAPACITY = 65_536;
const CONFIRM_TRIES = 3;
/** One question in so many may be a confirmation while visits wait. */
const CONFIRM_SHARE = 4;
/** Lookups of random targets: often until there is something to crawl, then for the estimate of the size. */
const SEEK_MS = 2_000;
const MEASURE_MS = 20_000;
const ENOUGH_NODES = 8;
const LIAR_PARTIES_MAX = 20_000;
/** Of the infohashes that strangers ask us for, one in so long is worth confirming: a flood of them must not become a flood of ours. */
const PASSIVE_MS = 500;

export class Crawl {
  readonly roster: Roster;
  readonly frontier: Frontier;
  readonly #options: CrawlOptions;
  readonly #tasks = new Map<number, Task>(); // bound: maxInFlight
  readonly #confirms = new ConfirmQueue(CONFIRM_CAPACITY);
  readonly #lookups = new Set<number>(); // bound: emptied by lookup_done, one begins each SEEK_MS at most
  /** Nodes that answer and are believed. */
  met = 0;
  sweeps = 0;
  readonly liars = new Map<NodeVerdict, number>(); // bound: the verdicts
  /** Parties with a condemned node: what they told first is not worth a question. */
  readonly #liarParties = new Set<number>(); // bound: LIAR_PARTIES_MAX
  #passiveMs = 0;
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
  }

  /** When `tick` is wanted next. */
  deadline(): number {
    return Math.min(this.#seekMs, this.#pumpMs);
  }

  get inFlight(): number {
    return this.#tasks.size;
  }

  tick(now: number, dht: DhtNode, out: Out<DhtFact>): void {
    if (now >= this.#seekMs) this.#seek(now, dht, out);
    if (this.#openNodes === 0 && this.met > 0 && now - this.#sweepStartMs >= this.#options.sweepMs) this.#startSweep(now);
    this.#pump(now, dht, out);
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
      case 'asked':
        if (!fact.query.readOnly) this.list(fact.query.copy(fact.query.idAt), fact.from, undefined, now, dht);
        return;
      case 'sighted':
        this.#sighted(fact, now);
        return;
      case 'lookup_done':
        if (!this.#lookups.delete(fact.lookup)) return;
        for (const { id, address, port } of fact.closest) this.list(id, { address, port }, undefined, now, dht);
        this.#options.sink.looked(
          fact.infoHash,
          fact.closest.map((contact) => contact.id),
        );
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

  /** Lists an endpoint that somebody named, if it belongs to our shard and may be asked. */
  list(id: Uint8Array, endpoint: Endpoint, namedBy: CrawlNode | undefined, now: number, dht: DhtNode): CrawlNode | undefined {
    if (!isInShard(this.#options.shard, prefixOf(id)) || !dht.admits(endpoint)) return undefined;
    const known = this.roster.at(endpoint);
    if (known) return known;
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

  #sighted(fact: Extract<DhtFact, { type: 'sighted' }>, now: number): void {
    // Who asks for an infohash does not say that it has it: he is no party to it.
    const party = fact.way === 'announce' ? this.#options.partyOf(fact.from) : 0;
    this.#note(fact.infoHash, 0, fact.way, fact.from, party, now);
  }

  #note(
    bytes: Uint8Array,
    at: number,
    way: SightingWay,
    from: Endpoint & { id?: Uint8Array },
    party: number,
    now: number,
  ): boolean {
    const sighting = this.#options.seen.note(bytes, at, party);
    this.#options.sink.sighting(bytes, at, way, from, sighting === 'confirmed', now);
    if (sighting === 'new' && this.#deservesConfirmation(party, now)) this.#confirms.push(bytes, at, now + CONFIRM_MS);
    return sighting === 'new';
  }

  #deservesConfirmation(party: number, now: number): boolean {
    if (party !== 0) return true;
    if (now < this.#passiveMs) return false;
    this.#passiveMs = now + PASSIVE_MS;
    return true;
  }

  #misbehaved(fact: { type: 'malformed' | 'unasked' | 'flooding'; from: Endpoint }, now: number): void {
    const node = this.roster.at(fact.from);
    if (!node) return;
    if (fact.type === 'malformed') node.malformed++;
    else if (fact.type === 'unasked') node.unasked++;
    else node.flooding = true;
    this.#judge(node, now);
  }

  #answered(fact: Extract<DhtFact, { type: 'answered' }>, now: number, dht: DhtNode): void {
    const { tag, from, reply } = fact;
    const task = this.#tasks.get(tag);
    if (!task) {
      if (!fact.mismatch) this.list(reply.copy(reply.idAt), { address: from.address, port: from.port }, undefined, now, dht);
      return;
    }
    this.#tasks.delete(tag);
    const { node } = task;
    node.asked = false;
    node.failures = 0;
    node.answers++;
    if (fact.mismatch) this.#mismatched(node, reply);
    else {
      this.#meet(node, fact.rttMs, reply);
      this.#learn(task, reply, now, dht);
    }
    this.#judge(node, now);
    this.#plan(node, now);
  }

  /** It answers under another id than expected: whoever named it was wrong, or it changes its id. The next answer tells. */
  #mismatched(node: CrawlNode, reply: Fields): void {
    node.mismatches++;
    this.#setOpen(node, false);
    this.roster.rename(node, reply.copy(reply.idAt));
  }

  #meet(node: CrawlNode, rttMs: number, reply: Fields): void {
    const namer = node.namedBy;
    if (namer) {
      namer.pending--;
      if (node.mismatches > 0) namer.wrong++;
      else namer.right++;
      node.namedBy = undefined;
    }
    node.mismatches = 0;
    node.met = true;
    node.rttMs = node.rttMs < 0 ? rttMs : Math.min(node.rttMs, rttMs);
    if (!node.version && reply.versionAt >= 0) node.version = reply.copy(reply.versionAt, Math.min(8, reply.versionLength));
  }

  /** What a true answer to a task says. */
  #learn(task: Task, reply: Fields, now: number, dht: DhtNode): void {
    const { node, visit } = task;
    if (!isCondemned(node))
      hear(node, reply, this.roster, dht, this.#options.hostOf, (id, endpoint) => this.list(id, endpoint, node, now, dht));
    const hasPeers = reply.valuesCount > 0 || reply.seedsAt >= 0;
    switch (visit) {
      case 'sample':
        this.#look(node, reply, now);
        break;
      case 'find':
        node.finds++;
        break;
      case 'control':
        node.control = true;
        node.inventsPeers = hasPeers;
        break;
      case 'check':
        node.checks++;
        if (reply.seedsAt >= 0) node.bep33 = true;
        else if (hasPeers) node.bep33 = false;
        if (hasPeers) node.sample = undefined;
        else node.failedChecks++;
        break;
      case 'confirm':
        if (reply.valuesCount > 0 && !isCondemned(node))
          this.#note(task.infoHash, 0, 'get_peers', node, this.#options.partyOf(node), now);
        else this.#confirmAgain(task.infoHash, task.tries, now);
    }
  }

  #look(node: CrawlNode, reply: Fields, now: number): void {
    node.bep51 = reply.samplesAt >= 0;
    if (!node.bep51) {
      node.finds++; // its contacts count like those of find_node
      return;
    }
    node.num = reply.num;
    node.intervalS = reply.intervalS;
    let fresh = 0;
    const party = this.#options.partyOf(node);
    for (let i = 0; i < reply.samplesCount; i++)
      if (!isCondemned(node) && this.#note(reply.bytes, reply.samplesAt + 20 * i, 'sample', node, party, now)) fresh++;
    if (node.checks === 0 && reply.samplesCount > 0)
      node.sample = reply.copy(reply.samplesAt, Math.min(40, 20 * reply.samplesCount));
    planLook(node, reply.samplesCount, fresh, now);
  }

  #failed(fact: Extract<DhtFact, { type: 'refused' | 'unanswered' }>, now: number): void {
    const task = this.#tasks.get(fact.tag);
    if (!task) return;
    this.#tasks.delete(fact.tag);
    const { node, visit } = task;
    node.asked = false;
    if (fact.type === 'refused') planRefused(node, visit, now);
    else {
      node.failures++;
      node.timeouts++;
      if (visit === 'sample' && ++node.deafLooks >= 2 && node.looks === 0) node.bep51 = false;
    }
    if (visit === 'confirm') this.#confirmAgain(task.infoHash, task.tries, now);
    this.#judge(node, now);
    this.#plan(node, now);
  }

  /** Gives the verdict that the evidence allows, and counts and tells it when it is new. */
  #judge(node: CrawlNode, now: number): void {
    const verdict = judge(node);
    const before = node.verdict;
    if (verdict === undefined || (before !== undefined && before !== 'ok' && before !== 'silent')) return;
    if (verdict === before && node.published !== undefined) return;
    node.verdict = verdict;
    if (verdict !== before) {
      if (before === 'ok') this.met--;
      if (verdict === 'ok') this.met++;
      else if (verdict !== 'silent') this.#condemn(node, verdict);
    }
    // An ordinary node is told of when it is known better: after its first control question, or when nothing more is planned.
    if (verdict === 'ok' && !node.control && nextVisit(node) !== undefined) return;
    this.#options.sink.node(node, verdict, now);
  }

  #condemn(node: CrawlNode, verdict: NodeVerdict): void {
    this.liars.set(verdict, (this.liars.get(verdict) ?? 0) + 1);
    this.#setOpen(node, false);
    if (this.#liarParties.size < LIAR_PARTIES_MAX) this.#liarParties.add(this.#options.partyOf(node));
  }

  #setOpen(node: CrawlNode, open: boolean): void {
    if (node.open === open) return;
    node.open = open;
    this.#openNodes += open ? 1 : -1;
    this.frontier.noteOpen(node, open ? 1 : -1);
  }

  /** Queues a node for its next visit. */
  #plan(node: CrawlNode, now: number): void {
    const planned = nextVisit(node);
    this.#setOpen(node, planned?.open ?? false);
    if (planned && !node.asked && !node.queued) this.frontier.add(node, planned.atMs, now);
  }

  #startSweep(now: number): void {
    this.#sweepStartMs = now;
    this.sweeps++;
    this.liars.clear();
    for (const node of this.roster.all()) {
      if (node.verdict === 'silent') {
        this.#setOpen(node, false);
        if (!node.queued) this.roster.drop(node);
        continue;
      }
      node.looks = node.finds = node.checks = node.failedChecks = node.quiet = node.deafLooks = 0;
      node.control = false;
      node.sample = undefined;
      if (node.intervalS <= 0) node.lookMs = 0;
      this.#plan(node, now);
    }
  }

  /** Lookups of random targets of our shard: the way into it, and the measure of the whole. */
  #seek(now: number, dht: DhtNode, out: Out<DhtFact>): void {
    this.#seekMs = now + (this.met < ENOUGH_NODES ? SEEK_MS : MEASURE_MS);
    if (dht.table.size === 0 || this.#lookups.size >= 4) return;
    if (this.sweeps === 0) this.#startSweep(now);
    for (const { id, address, port } of dht.table.nodes()) this.list(id, { address, port }, undefined, now, dht);
    const { first, end } = this.#options.shard;
    const target = randomIdWithin(first, end, this.#options.random);
    this.#lookups.add(dht.lookup({ target, kind: 'find_node' }, now, out));
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
    const workMs = Math.min(this.frontier.deadline || now + 1, this.#confirms.nextMs);
    this.#pumpMs = Math.max(this.#pumpMs, workMs, now + 1);
  }

  /** Sends one question; false when there is nobody to ask now. */
  #askOne(now: number, dht: DhtNode, out: Out<DhtFact>): boolean {
    if (++this.#picks % CONFIRM_SHARE === 0 && this.#askConfirm(now, dht, out)) return true;
    for (let node = this.frontier.next(now); node; node = this.frontier.next(now)) {
      const planned = nextVisit(node);
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
      this.frontier.add(node, now + 1_000, now); // the guard has changed its mind, or the pace was used up by others just now
    }
    return this.#askConfirm(now, dht, out);
  }

  #ask(task: Task, query: Query, now: number, dht: DhtNode, out: Out<DhtFact>): boolean {
    const tag = dht.ask(task.node, query, now, out);
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
    for (let due = this.#confirms.take(now); due; due = this.#confirms.take(now)) {
      const first = this.#options.seen.partyOf(due.infoHash, 0);
      if (this.#options.seen.isConfirmed(due.infoHash, 0) || this.#liarParties.has(first)) continue;
      const node = this.#witness(due.infoHash, first, due.tries);
      const query: Query = { method: 'get_peers', target: due.infoHash };
      if (node && this.#ask({ node, visit: 'confirm', ...due }, query, now, dht, out)) return true;
      this.#confirmAgain(due.infoHash, due.tries, now);
    }
    return false;
  }

  #confirmAgain(infoHash: Uint8Array, tries: number, now: number): void {
    if (tries + 1 < CONFIRM_TRIES) this.#confirms.push(infoHash, 0, now + CONFIRM_MS, tries + 1);
  }

  /** The nearest believed node that is independent of who told first; the next nearest at the next try. */
  #witness(infoHash: Uint8Array, first: number, tries: number): CrawlNode | undefined {
    const { partyOf } = this.#options;
    const near = this.roster.near(infoHash, 24, (node) => node.verdict === 'ok' && !node.asked && partyOf(node) !== first);
    return near.sort((a, b) => compareDistance(infoHash, a.id, b.id))[tries];
  }
}
