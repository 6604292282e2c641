// What answers mean: who a node is, what its samples tell, which verdict its deeds allow, what deserves a second witness.
import { compareDistance } from '@swarmscope/bittorrent/dht/distance.ts';
import type { DhtFact } from '@swarmscope/bittorrent/dht/facts.ts';
import type { Fields } from '@swarmscope/bittorrent/krpc/fields.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import type { NodeVerdict, SightingWay } from '@swarmscope/events/enums.ts';
import { ConfirmQueue } from './confirm.ts';
import { isCondemned, judge } from './judge.ts';
import { Line } from './line.ts';
import { type CrawlNode, type Roster, settle } from './nodes.ts';
import type { SeenInfohashes } from './seen.ts';
import { ShownKeys, showsAll } from './store-view.ts';
import { Versions } from './versions.ts';
import { isFullyKnown, planLook, type Visit } from './visits.ts';

/** Where findings go. `bytes` hold the infohash at `at` and are valid only during the call. */
export interface CrawlSink {
  /** Somebody told of an infohash. `confirmed`: just now a second, independent party did. */
  sighting(bytes: Uint8Array, at: number, way: SightingWay, reporter: Reporter, confirmed: boolean, now: number): void;
  /** A node was judged, or judged anew. */
  node(node: CrawlNode, verdict: NodeVerdict, now: number): void;
}

export type Reporter = Endpoint & { readonly id?: Uint8Array };

/** A question in flight: a visit, or the confirmation of an infohash. */
export type Task =
  | { readonly node: CrawlNode; readonly visit: Visit; readonly infoHash?: undefined; readonly tries: 0 }
  | { readonly node: CrawlNode; readonly visit: 'confirm'; readonly infoHash: Uint8Array; readonly tries: number };

export interface FindingsOptions {
  readonly sink: CrawlSink;
  readonly seen: SeenInfohashes;
  /** A number below 2^31 for who is one and the same party: the /24 or /48, never 0. Two parties are independent. */
  readonly partyOf: (endpoint: Endpoint) => number;
  /** Infohashes that nobody is asked about: the takedown list. */
  readonly isTakenDown?: (infoHash: Uint8Array) => boolean;
}

/** A new infohash waits so long for a second party to tell of it by itself; and so long between two tries. */
const CONFIRM_MS = 20_000;
const CONFIRM_CAPACITY = 65_536;
const CONFIRM_TRIES = 3;
const LIAR_PARTIES_MAX = 20_000;
/** Of the infohashes that strangers ask us for, one in so long is worth confirming: a flood of them must not become a flood of ours. */
const PASSIVE_MS = 500;
/** A verdict is told again when it still holds after an hour. */
const RETELL_MS = 3_600_000;

export class Findings {
  readonly confirms = new ConfirmQueue(CONFIRM_CAPACITY);
  readonly line = new Line();
  readonly shown = new ShownKeys();
  readonly #versions = new Versions();
  /** Nodes that answer and are believed. */
  met = 0;
  /** Condemned ones of this sweep. */
  readonly liars = new Map<NodeVerdict, number>(); // bound: the verdicts
  readonly #options: FindingsOptions;
  readonly #roster: Roster;
  /** Parties with a node that invents infohashes or peers: what they told first is not worth a question. */
  readonly #liarParties = new Set<number>(); // bound: LIAR_PARTIES_MAX
  #passiveMs = 0;

  constructor(options: FindingsOptions, roster: Roster) {
    this.#options = options;
    this.#roster = roster;
  }

  /** Somebody asked us for an infohash, or announced it to us. */
  sighted(fact: Extract<DhtFact, { type: 'sighted' }>, now: number): void {
    // Who asks for an infohash does not say that it has it: he is no party to it.
    const party = fact.way === 'announce' ? this.#options.partyOf(fact.from) : 0;
    this.#note(fact.infoHash, 0, fact.way, fact.from, party, now);
  }

  /** True when the infohash is new to us. */
  #note(bytes: Uint8Array, at: number, way: SightingWay, from: Reporter, party: number, now: number): boolean {
    const sighting = this.#options.seen.note(bytes, at, party);
    this.#options.sink.sighting(bytes, at, way, from, sighting === 'confirmed', now);
    if (sighting === 'new' && this.#deservesConfirmation(party, now)) this.confirms.push(bytes, at, now + CONFIRM_MS);
    return sighting === 'new';
  }

  #deservesConfirmation(party: number, now: number): boolean {
    if (party !== 0) return true;
    if (now < this.#passiveMs) return false;
    this.#passiveMs = now + PASSIVE_MS;
    return true;
  }

  /** Notes a breach of the protocol; the node that did it, if we know one there. */
  misbehaved(fact: { type: 'malformed' | 'unasked' | 'flooding'; from: Endpoint }, now: number): CrawlNode | undefined {
    const node = this.#roster.at(fact.from);
    if (!node) return undefined;
    if (fact.type === 'malformed') node.malformed++;
    else if (fact.type === 'unasked') node.unasked++;
    else node.flooding = true;
    this.judge(node, now);
    return node;
  }

  /** A node answered under the id that was expected: it is met, and whoever named it first is right or wrong. */
  meet(node: CrawlNode, rttMs: number, reply: Fields): void {
    if (node.namedBy) {
      if (node.mismatches > 0) node.namedBy.wrong++;
      else node.namedBy.right++;
      settle(node);
    }
    node.mismatches = 0;
    node.met = true;
    node.rttMs = Math.round(node.rttMs < 0 ? rttMs : Math.min(node.rttMs, rttMs));
    if (!node.version && reply.versionAt >= 0) node.version = this.#versions.of(reply);
  }

  /** A node that an earlier process met in this sweep: it counts as met, and is not told of again for what was seen then. */
  remember(node: CrawlNode, now: number): void {
    if (node.verdict === undefined) this.met++;
    node.met = true;
    node.verdict = node.published = 'ok';
    node.publishedMs = now;
  }

  /** What a true answer to a task says beside its contacts. */
  learn(task: Task, reply: Fields, now: number): void {
    const { node, visit } = task;
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
        else this.confirmAgain(task.infoHash, task.tries, now);
    }
  }

  /** An answer to a question of somebody else on our node: a believed node that names peers is a witness, whoever asked. */
  overheard({ query, from, reply }: Extract<DhtFact, { type: 'answered' }>, now: number): void {
    if (query.method !== 'get_peers' || reply.valuesCount === 0) return;
    const node = this.#roster.at(from);
    if (node?.verdict === 'ok') this.#note(query.target, 0, 'get_peers', node, this.#options.partyOf(node), now);
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
    if (node.checks === 0 && reply.samplesCount > 0) node.sample = this.#checkable(reply);
    this.shown.note(node, reply);
    planLook(node, reply.samplesCount, fresh, shownBy(reply), this.met, now);
    if (showsAll(node)) this.shown.forget(node);
  }

  /** The first samples that may be asked about, two at most. */
  #checkable(reply: Fields): Uint8Array | undefined {
    const { isTakenDown } = this.#options;
    const at = (i: number) => reply.samplesAt + 20 * i;
    if (!isTakenDown) return reply.copy(at(0), Math.min(40, 20 * reply.samplesCount));
    const samples = Array.from({ length: reply.samplesCount }, (_, i) => reply.copy(at(i), 20));
    const [first, second = first] = samples.filter((sample) => !isTakenDown(sample));
    return first && second && Uint8Array.of(...first, ...second);
  }

  /** Gives the verdict that the evidence allows, and counts and tells it when it is new. */
  judge(node: CrawlNode, now: number): void {
    const before = node.verdict;
    if (before !== undefined && before !== 'ok' && before !== 'silent') return;
    const verdict = judge(node, this.line.patience);
    if (verdict === undefined) return;
    if (verdict !== before) {
      node.verdict = verdict;
      if (before === 'ok') this.met--;
      if (verdict === 'ok') this.met++;
      else if (verdict === 'silent') settle(node);
      else this.#condemn(node, verdict);
    }
    if (node.published === verdict && now - node.publishedMs < RETELL_MS) return;
    if (verdict === 'ok' && !isFullyKnown(node)) return;
    this.#options.sink.node(node, verdict, now);
  }

  #condemn(node: CrawlNode, verdict: NodeVerdict): void {
    this.liars.set(verdict, (this.liars.get(verdict) ?? 0) + 1);
    const invents = verdict === 'fake_samples' || verdict === 'fake_peers';
    if (invents && this.#liarParties.size < LIAR_PARTIES_MAX) this.#liarParties.add(this.#options.partyOf(node));
  }

  /** The next infohash that is due for confirmation, with who may witness it. */
  nextDue(now: number): (Task & { visit: 'confirm' }) | undefined {
    for (let due = this.confirms.take(now); due; due = this.confirms.take(now)) {
      const { infoHash, tries } = due;
      if (this.#options.isTakenDown?.(infoHash)) continue;
      const first = this.#options.seen.partyOf(infoHash, 0);
      if (this.#options.seen.isConfirmed(infoHash, 0) || this.#liarParties.has(first)) continue;
      const node = this.#witness(infoHash, first, tries);
      if (node) return { node, visit: 'confirm', infoHash, tries };
      this.confirmAgain(infoHash, tries, now);
    }
    return undefined;
  }

  confirmAgain(infoHash: Uint8Array, tries: number, now: number): void {
    if (tries + 1 < CONFIRM_TRIES) this.confirms.push(infoHash, 0, now + CONFIRM_MS, tries + 1);
  }

  /** The nearest believed node that is independent of who told first; the next nearest at the next try. */
  #witness(infoHash: Uint8Array, first: number, tries: number): CrawlNode | undefined {
    const { partyOf } = this.#options;
    const near = this.#roster.near(infoHash, 24, (node) => node.verdict === 'ok' && !node.asked && partyOf(node) !== first);
    return near.map((node) => ({ node, id: node.id })).sort((a, b) => compareDistance(infoHash, a.id, b.id))[tries]?.node;
  }
}

/** A number for a set of samples, whatever their order. */
function shownBy({ bytes, samplesAt, samplesCount }: Fields): number {
  let shown = samplesCount;
  for (let i = 0; i < samplesCount; i++) {
    const at = samplesAt + 20 * i;
    shown ^= Math.imul((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!, 0x9e3779b1);
  }
  return shown;
}
