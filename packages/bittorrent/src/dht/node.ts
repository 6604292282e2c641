// A node of the Mainline DHT without IO (BEP 5, 32, 33, 42, 43, 45, 51): it answers, asks, looks up, and keeps its table; one per address family.
import { addressHost } from '../address.ts';
import { endpointKey, type Family, family as familyOf } from '../endpoint.ts';
import { equalBytes } from '../hex.ts';
import type { Contact } from '../krpc/fields.ts';
import { ERROR_CODES, type Query } from '../krpc/message.ts';
import { endsAsQuery, KrpcView } from '../krpc/view.ts';
import { KrpcWriter } from '../krpc/writer.ts';
import type { Endpoint, Machine, Out } from '../machine.ts';
import type { MalformedReason } from '../malformed.ts';
import { AnswerBudget } from './answer-budget.ts';
import { Bookings } from './bookings.ts';
import type { DhtFact, Target } from './facts.ts';
import { Lookup, type LookupPlan } from './lookup.ts';
import { DEFAULTS, type DhtNodeOptions, zeroCounters } from './node-options.ts';
import { Pace } from './pace.ts';
import { PeerStore } from './peer-store.ts';
import { RecentMap } from './recent-map.ts';
import { announcedEndpoint, Responder } from './responder.ts';
import { Strangers } from './strangers.ts';
import { DEFAULT_CAPS, GOOD_MS, RoutingTable } from './table.ts';
import { Tokens } from './tokens.ts';
import { type Transaction, Transactions } from './transactions.ts';
import { Unreachable } from './unreachable.ts';
import { AddressVote } from './vote.ts';

// State:  empty   no node in the table: the named endpoints are asked, again and again with growing patience (BOOTSTRAP_MS)
//         joined  the table has nodes: a lookup of our own id when the first answered, then of a random id each REFRESH_MS
// A datagram in:  budget (only queries, before they are read) -> view -> query: answer, tell; reply: match its question, tell, move its lookup
// A question out: named by the operator or admitted by the guard -> pace of its host and of all -> a transaction -> answered | refused | unanswered
// Nothing of a reply is used whose question we did not ask of exactly that socket; its contacts only when its id is the one we asked.

const MAX_LOOKUPS = 1_000;
const MAX_NAMED = 64;
const UPKEEP_MS = 5_000;
/** Between lookups of random ids; shorter while the table is small. */
const REFRESH_MS = 600_000;
const SMALL_TABLE = 24;
const SMALL_REFRESH_MS = 15_000;
const BOOTSTRAP_MS = { first: 5_000, most: 120_000 };
/** An asker who answered us counts as living at his address for so long (design section 6). */
const VERIFIED_MS = 900_000;
const MAX_VERIFIED = 20_000;

export class DhtNode implements Machine<DhtFact> {
  readonly id: Uint8Array;
  readonly family: Family;
  readonly table: RoutingTable;
  readonly counters = zeroCounters();
  readonly #options: DhtNodeOptions;
  /** What counts as one host for all limits. */
  readonly hostOf: (endpoint: Endpoint) => string;
  readonly #view = new KrpcView();
  readonly #writer: KrpcWriter;
  readonly #responder: Responder;
  readonly #store: PeerStore;
  readonly #transactions: Transactions;
  readonly #pace: Pace;
  readonly #bookings = new Bookings();
  readonly #budget: AnswerBudget;
  readonly #vote = new AddressVote();
  readonly #unreachable = new Unreachable();
  readonly #lookups = new Map<number, Lookup>(); // bound: MAX_LOOKUPS
  readonly #named = new Map<string, Target>(); // bound: MAX_NAMED
  readonly #verified = new RecentMap<number>(MAX_VERIFIED);
  readonly #strangers = new Strangers();
  #other: DhtNode | undefined;
  #nextTag = 1;
  #nextLookup = 1;
  #upkeepMs = 0;
  #refreshMs = 0;
  #bootstrapMs = Number.POSITIVE_INFINITY;
  #bootstrapPatienceMs = BOOTSTRAP_MS.first;

  constructor(options: DhtNodeOptions) {
    this.#options = options;
    this.id = options.id.slice();
    this.family = options.family;
    this.hostOf = options.hostOf ?? ((endpoint) => addressHost(endpoint.address));
    this.table = new RoutingTable(this.id, options.caps ?? DEFAULT_CAPS, this.hostOf);
    const { version = DEFAULTS.version, readOnly = false } = options;
    this.#writer = new KrpcWriter({ id: this.id, version, readOnly });
    this.#store = new PeerStore(options.random, options.store);
    this.#transactions = new Transactions(options.random, options.timeoutMs ?? DEFAULTS.timeoutMs, DEFAULTS.openMax);
    this.#pace = new Pace(options.pace);
    this.#budget = new AnswerBudget(options.answers);
    this.#responder = new Responder({
      family: this.family,
      writer: this.#writer,
      table: this.table,
      otherTable: () => this.#other?.table,
      store: this.#store,
      tokens: new Tokens(options.random),
      sampleIntervalS: options.sampleIntervalS ?? DEFAULTS.sampleIntervalS,
      ...(options.keeps && { keeps: options.keeps }),
    });
  }

  /** The node of the other family, whose contacts are given to askers that want both (BEP 32). */
  joinFamily(other: DhtNode): void {
    this.#other = other;
  }

  /** Endpoints that the operator names: asked first, exempt from the bogon guard, asked again while the table is empty. At most 64 are kept. */
  bootstrap(endpoints: Iterable<Target>, now: number, out: Out<DhtFact>): void {
    for (const endpoint of endpoints)
      if (familyOf(endpoint) === this.family && this.#named.size < MAX_NAMED) this.#named.set(endpointKey(endpoint), endpoint);
    if (this.table.size > 0 || this.#named.size === 0) return;
    this.#bootstrapMs = now;
    this.#bootstrapPatienceMs = BOOTSTRAP_MS.first;
    this.#keepUp(now, out);
  }

  /** When a question may be sent there: `now` or earlier when at once. */
  readyAt(to: Endpoint, now: number): number {
    return this.#pace.readyAt(this.hostOf(to), now);
  }

  /** When the packet and flow budgets let any question out. */
  globalReadyAt(now: number): number {
    return this.#transactions.isFull ? now + 50 : this.#pace.globalReadyAt(now);
  }

  /** Share of each budget in use, permille. */
  budgets(now: number): { packets: number; flows: number } {
    return this.#pace.used(now);
  }

  /** Infohashes that others announced to us. */
  get stored(): number {
    return this.#store.size;
  }

  /** Whether questions may go there at all: our family, and admitted or named by the operator. */
  admits(endpoint: Endpoint): boolean {
    if (familyOf(endpoint) !== this.family) return false;
    return this.#options.admits(endpoint) || this.#named.has(endpointKey(endpoint));
  }

  /** Sends a question and returns its tag, which the fact of its end carries; undefined when the guard or the pace forbids it now. */
  ask(to: Target, query: Query, now: number, out: Out<DhtFact>): number | undefined {
    return this.book(to, query, now, now, out);
  }

  /** As `ask`, when the turn of that host comes, before everybody who asks later: its place in the budgets is taken now. Undefined when that is after `until`. */
  book(to: Target, query: Query, until: number, now: number, out: Out<DhtFact>): number | undefined {
    if (!this.admits(to) || this.#transactions.isFull || this.#bookings.isFull) return undefined;
    const dueMs = this.#pace.book(this.hostOf(to), now, until);
    if (dueMs === undefined) return undefined;
    const tag = this.#nextTag++;
    this.#sendBooked(now, out);
    if (dueMs <= now) this.#transmit(to, query, now, out, tag, 0);
    else this.#bookings.add({ dueMs, to, query, tag });
    return tag;
  }

  #sendBooked(now: number, out: Out<DhtFact>): void {
    for (let due = this.#bookings.takeDue(now); due; due = this.#bookings.takeDue(now))
      this.#transmit(due.to, due.query, now, out, due.tag, 0);
  }

  #send(to: Target, query: Query, now: number, out: Out<DhtFact>, tag: number, lookup: number): boolean {
    if (this.#transactions.isFull || !this.#pace.take(this.hostOf(to), now)) return false;
    return this.#transmit(to, query, now, out, tag, lookup);
  }

  #transmit(to: Target, query: Query, now: number, out: Out<DhtFact>, tag: number, lookup: number): true {
    const transaction = this.#transactions.begin(to, query, now, tag, lookup);
    this.counters.asked++;
    out.send(this.#writer.query(query, transaction.id), to);
    return true;
  }

  /** Starts a lookup; its number stands in its facts, the last of which is `lookup_done`. Above 1 000 at once it is done at once, with nothing asked. */
  lookup(plan: LookupPlan, now: number, out: Out<DhtFact>): number {
    const id = this.#nextLookup++;
    this.#start(id, plan, now, out);
    return id;
  }

  /** Forgets a lookup; no further facts of it come. */
  cancel(id: number): void {
    this.#lookups.delete(id);
  }

  #start(id: number, plan: LookupPlan, now: number, out: Out<DhtFact>): void {
    const lookup = new Lookup(id, plan, this.hostOf);
    const nearest = this.table.closest(plan.target, 16);
    lookup.add(nearest);
    if (nearest.length < 8) lookup.add(this.#named.values(), MAX_NAMED);
    if (this.#lookups.size >= MAX_LOOKUPS) {
      out.emit(lookup.done());
      return;
    }
    this.#lookups.set(id, lookup);
    this.#advance(lookup, now, out);
  }

  /** Sends what a lookup may send now; ends it when nothing is left. */
  #advance(lookup: Lookup, now: number, out: Out<DhtFact>): void {
    while (this.#lookups.get(lookup.id) === lookup) {
      const step = lookup.next(now, (endpoint) => this.readyAt(endpoint, now));
      if (step && 'query' in step) {
        if (this.#send(step.to, step.query, now, out, 0, lookup.id)) lookup.sent(step.to, step.query, now);
        else {
          lookup.wakeMs = now + 100;
          return;
        }
      } else if (lookup.isOver(step)) {
        this.#lookups.delete(lookup.id);
        if (lookup.id > 0) out.emit(lookup.done());
      } else {
        lookup.wakeMs = step?.waitMs ?? Number.POSITIVE_INFINITY;
        return;
      }
    }
  }

  receive(bytes: Uint8Array, from: Endpoint, now: number, out: Out<DhtFact>): void {
    const isQuery = endsAsQuery(bytes);
    if (isQuery && !this.#mayAnswer(from, now, out)) return;
    const view = this.#view;
    const reason = view.parse(bytes);
    if (view.kind === 'query' && !isQuery && !this.#mayAnswer(from, now, out)) return;
    if (reason !== undefined) this.#malformed(reason, from, out);
    else if (view.kind === 'query') this.#query(from, now, out);
    else this.#reply(from, now, out);
  }

  #mayAnswer(from: Endpoint, now: number, out: Out<DhtFact>): boolean {
    const host = this.hostOf(from);
    if (this.#options.readOnly !== true && this.#budget.take(host, now)) return true;
    this.counters.dropped++;
    if (this.#options.readOnly !== true && this.#budget.isNews(host, now)) out.emit({ type: 'flooding', from });
    return false;
  }

  #malformed(reason: MalformedReason, from: Endpoint, out: Out<DhtFact>): void {
    this.counters.malformed++;
    const view = this.#view;
    if (view.kind === 'query' && view.transactionLength > 0 && view.transactionLength <= 20 && this.admits(from))
      out.send(this.#responder.refuse(view, ERROR_CODES.protocol, 'Protocol Error'), from);
    out.emit({ type: 'malformed', reason, from });
  }

  #query(from: Endpoint, now: number, out: Out<DhtFact>): void {
    if (!this.admits(from)) return;
    const view = this.#view;
    this.counters.queries++;
    const verified = (this.#verified.get(endpointKey(from)) ?? 0) > now;
    const stored = this.#store.announces;
    out.send(this.#responder.answer(view, from, verified, now), from);
    out.emit({ type: 'asked', from, query: view });
    if (view.method === 'get_peers') out.emit({ type: 'sighted', infoHash: view.copy(view.targetAt), way: 'get_peers', from });
    else if (this.#store.announces > stored) {
      const endpoint = announcedEndpoint(view, from);
      out.emit({ type: 'sighted', infoHash: view.copy(view.targetAt), way: 'announce', from, endpoint, seed: view.seed });
    }
    if (!verified && !view.readOnly) this.#meet(from, now, out);
  }

  /** Who asks and says that it answers is asked in turn: that verifies its address, and may bring it into the table. */
  #meet(from: Endpoint, now: number, out: Out<DhtFact>): void {
    const key = endpointKey(from);
    if (!this.#strangers.wants(key) || this.#unreachable.has(from, now)) return;
    this.#strangers.add(key, { address: from.address, port: from.port, id: this.#view.copy(this.#view.idAt) });
    this.#introduce(now, out);
  }

  /** Pings the stranger who waits longest, if it is time. */
  #introduce(now: number, out: Out<DhtFact>): void {
    const stranger = this.#strangers.takeDue(now);
    if (stranger && this.readyAt(stranger, now) <= now) this.#send(stranger, { method: 'ping' }, now, out, 0, 0);
  }

  #reply(from: Endpoint, now: number, out: Out<DhtFact>): void {
    const view = this.#view;
    const transaction = this.#transactions.take(view.transactionNumber(), from);
    if (!transaction) {
      if (this.#transactions.gaveUp(view.transactionNumber(), from)) this.#unreachable.answered(from);
      else {
        this.counters.unasked++;
        out.emit({ type: 'unasked', from });
      }
      return;
    }
    const key = endpointKey(from);
    this.#unreachable.answered(from, key);
    this.#verified.set(key, now + VERIFIED_MS);
    const { query, tag, to } = transaction;
    if (view.kind === 'error') {
      this.counters.refused++;
      out.emit({ type: 'refused', tag, query, from: to, code: view.errorCode });
      this.#lookupFailed(transaction, false, now, out);
    } else this.#answered(transaction, key, now, out);
  }

  #answered(transaction: Transaction, key: string, now: number, out: Out<DhtFact>): void {
    const view = this.#view;
    const { query, tag, to } = transaction;
    this.counters.answered++;
    const mismatch = (to.id !== undefined && !view.hasId(to.id)) || view.hasId(this.id);
    const id = mismatch ? undefined : (to.id ?? view.copy(view.idAt));
    if (id) {
      const wasEmpty = this.table.size === 0;
      if (this.table.verified(id, to, now, key) && wasEmpty) this.#joined(now, out);
    } else this.table.remove(to);
    if (view.ipAt >= 0 && this.#vote.hears()) {
      const result = this.#vote.cast(this.hostOf(to), view.bytes, view.ipAt, view.ipLength);
      if (result) out.emit({ type: 'external_address', ...result });
    }
    out.emit({ type: 'answered', tag, query, from: to, rttMs: now - transaction.sentMs, reply: view, mismatch });
    if (id) this.#lookupAnswered(transaction, { id, address: to.address, port: to.port }, now, out);
    else this.#lookupFailed(transaction, true, now, out);
  }

  #lookupAnswered({ lookup: number, to, query }: Transaction, from: Contact, now: number, out: Out<DhtFact>): void {
    const lookup = this.#lookups.get(number);
    if (!lookup) return;
    const view = this.#view;
    const token = view.tokenAt >= 0 ? view.copy(view.tokenAt, view.tokenLength) : undefined;
    lookup.replied(to, query, from, token);
    lookup.add(this.#contacts(now));
    if (query.method === 'get_peers') {
      const infoHash = lookup.plan.target;
      const endpoints = view.valuesCount > 0 ? view.endpoints(this.family) : [];
      if (endpoints.length > 0) out.emit({ type: 'peers', lookup: number, infoHash, from, endpoints });
      if (view.seedsAt >= 0 && view.downloadersAt >= 0) {
        const [seeds, downloaders] = [view.copy(view.seedsAt, 256), view.copy(view.downloadersAt, 256)];
        out.emit({ type: 'filters', lookup: number, infoHash, from, seeds, downloaders });
      }
    }
    this.#advance(lookup, now, out);
  }

  /** The nodes that the reply names, as far as questions may go there. */
  *#contacts(now: number): Iterable<Contact> {
    const view = this.#view;
    const count = this.family === 4 ? view.nodesCount : view.nodes6Count;
    for (let i = 0; i < count; i++) {
      const contact = view.contact(i, this.family);
      if (!equalBytes(contact.id, this.id) && this.admits(contact) && !this.#unreachable.has(contact, now)) yield contact;
    }
  }

  #lookupFailed(transaction: Transaction, mismatch: boolean, now: number, out: Out<DhtFact>): void {
    const lookup = this.#lookups.get(transaction.lookup);
    lookup?.failed(transaction.to, mismatch);
    if (lookup) this.#advance(lookup, now, out);
  }

  tick(now: number, out: Out<DhtFact>): void {
    for (let late = this.#transactions.expire(now); late; late = this.#transactions.expire(now)) {
      const { tag, query, to } = late;
      this.counters.unanswered++;
      this.table.failed(to);
      this.#unreachable.failed(to, now);
      out.emit({ type: 'unanswered', tag, query, to });
      this.#lookupFailed(late, false, now, out);
    }
    this.#sendBooked(now, out);
    for (const lookup of this.#lookups.values()) if (lookup.wakeMs <= now) this.#advance(lookup, now, out);
    this.#introduce(now, out);
    if (now >= Math.min(this.#upkeepMs, this.#bootstrapMs)) this.#keepUp(now, out);
  }

  deadline(): number {
    let next = Math.min(this.#transactions.deadline(), this.#bookings.deadline(), this.#strangers.deadline());
    next = Math.min(next, this.#upkeepMs, this.#bootstrapMs);
    if (this.#lookups.size > 0) for (const lookup of this.#lookups.values()) next = Math.min(next, lookup.wakeMs);
    return next;
  }

  /** The first node has answered: find our neighbours. */
  #joined(now: number, out: Out<DhtFact>): void {
    this.#bootstrapMs = Number.POSITIVE_INFINITY;
    this.#bootstrapPatienceMs = BOOTSTRAP_MS.first;
    this.#refreshMs = now + SMALL_REFRESH_MS;
    this.#start(-this.#nextLookup++, { target: this.id, kind: 'find_node' }, now, out);
  }

  #keepUp(now: number, out: Out<DhtFact>): void {
    this.#upkeepMs = now + UPKEEP_MS;
    if (this.table.size === 0) {
      if (this.#named.size === 0 || (now < this.#bootstrapMs && this.#bootstrapMs < Number.POSITIVE_INFINITY)) return;
      this.#bootstrapMs = now + this.#bootstrapPatienceMs;
      this.#bootstrapPatienceMs = Math.min(BOOTSTRAP_MS.most, this.#bootstrapPatienceMs * 2);
      const query: Query = { method: 'find_node', target: this.id };
      for (const named of this.#named.values()) this.#send(named, query, now, out, 0, 0);
      return;
    }
    const stale = this.table.stalest(now, GOOD_MS);
    if (stale) this.#send(stale, { method: 'ping' }, now, out, 0, 0);
    if (now < this.#refreshMs) return;
    this.#refreshMs = now + (this.table.size < SMALL_TABLE ? SMALL_REFRESH_MS : REFRESH_MS);
    // Our own neighbourhood, and a branch of which we know few: who joined since is found either way.
    for (const target of [this.id, this.table.thinTarget(this.#options.random)])
      this.#start(-this.#nextLookup++, { target, kind: 'find_node' }, now, out);
  }
}
