// A client of UDP trackers without IO (BEP 15): connection ids, retransmission, many requests to many trackers over one socket.
import { endpointKey, family } from '../endpoint.ts';
import type { Endpoint, Machine, Out, Random } from '../machine.ts';
import { Malformed, type MalformedReason } from '../malformed.ts';
import type { AnnounceAnswer, AnnounceRequest, ScrapeAnswer, TrackerRefusal } from './answer.ts';
import {
  decodeUdpAnswer,
  encodeAnnounce,
  encodeConnect,
  encodeScrape,
  MAX_SCRAPE_HASHES,
  transactionOf,
} from './udp-messages.ts';

// A request waits for a connection id of its tracker, is sent, and ends in one fact. States and what moves them:
//
//   connecting  -> asking       the tracker gave a connection id (to every request that waits for it)
//   asking      -> connecting   refused although the id was an old one of ours: perhaps it has forgotten it. Once.
//   either      -> (again)      15 x 2^n seconds without answer; by then an id may have aged out, so the request may connect anew
//   either      -> (ended)      answered, refused, malformed, or silent after the last attempt

/** A connection id is good for a minute after it came. */
const CONNECTION_MS = 60_000;
/** BEP 15: 15 x 2^n seconds. */
const FIRST_TIMEOUT_MS = 15_000;
/** BEP 15 goes to n = 8, more than an hour; a census does not wait that long: 15 + 30 + 60 s. */
const DEFAULT_ATTEMPTS = 3;
const DEFAULT_MAX_REQUESTS = 4_096;

export type UdpTrackerFact =
  | {
      readonly type: 'tracker_answered';
      readonly tag: number;
      readonly answer: AnnounceAnswer | ScrapeAnswer;
      readonly latencyMs: number;
    }
  | { readonly type: 'tracker_refused'; readonly tag: number; readonly refusal: TrackerRefusal; readonly latencyMs: number }
  | { readonly type: 'tracker_malformed'; readonly tag: number; readonly reason: MalformedReason; readonly latencyMs: number }
  | { readonly type: 'tracker_silent'; readonly tag: number };

export interface UdpTrackersOptions {
  readonly random: Random;
  /** Datagrams per request before it is given up. */
  readonly attempts?: number;
  readonly firstTimeoutMs?: number;
  readonly maxRequests?: number;
}

type Question =
  | { readonly action: 'announce'; readonly request: AnnounceRequest; readonly urlData: string }
  | { readonly action: 'scrape'; readonly infoHashes: readonly Uint8Array[] };

interface Request {
  readonly tag: number;
  readonly tracker: Tracker;
  readonly question: Question;
  /** The same in every attempt: a late answer to an earlier one is an answer. */
  readonly transaction: number;
  state: 'connecting' | 'asking';
  attempt: number;
  sentMs: number;
  dueMs: number;
  /** The connection id is older than this request: a refusal may mean that it is not known any more. */
  usesOldId: boolean;
}

/** One tracker address with requests under way, or with a connection id that may still be good. */
interface Tracker {
  readonly endpoint: Endpoint;
  connection: Uint8Array | undefined;
  untilMs: number;
  /** Of the connect that is under way. */
  transaction: number | undefined;
  connectSentMs: number;
  readonly requests: Set<Request>;
}

export class UdpTrackers implements Machine<UdpTrackerFact> {
  readonly #random: Random;
  readonly #attempts: number;
  readonly #firstTimeoutMs: number;
  readonly #maxRequests: number;
  readonly #trackers = new Map<string, Tracker>(); // bound: one of each request, and those whose connection id is younger than a minute: 2 x maxRequests
  readonly #requests = new Map<number, Request>(); // bound: maxRequests
  #lastTag = 0;
  #nextMs = Number.POSITIVE_INFINITY; // never later than the earliest due time

  constructor(options: UdpTrackersOptions) {
    this.#random = options.random;
    this.#attempts = options.attempts ?? DEFAULT_ATTEMPTS;
    this.#firstTimeoutMs = options.firstTimeoutMs ?? FIRST_TIMEOUT_MS;
    this.#maxRequests = options.maxRequests ?? DEFAULT_MAX_REQUESTS;
  }

  /** Requests under way. */
  get pending(): number {
    return this.#requests.size;
  }

  /** Announces; `urlData` is path and query of the tracker's URL (BEP 41). The tag is in the fact that ends it; undefined: too many under way. */
  announce(to: Endpoint, request: AnnounceRequest, urlData: string, now: number, out: Out<UdpTrackerFact>): number | undefined {
    return this.#begin(to, { action: 'announce', request, urlData }, now, out);
  }

  /** Scrapes at most MAX_SCRAPE_HASHES infohashes; more break an invariant. */
  scrape(to: Endpoint, infoHashes: readonly Uint8Array[], now: number, out: Out<UdpTrackerFact>): number | undefined {
    if (infoHashes.length > MAX_SCRAPE_HASHES) throw new Error(`${infoHashes.length} infohashes do not fit a datagram`);
    return this.#begin(to, { action: 'scrape', infoHashes }, now, out);
  }

  /** Forgets a request: no fact comes. */
  cancel(tag: number): void {
    const request = this.#requests.get(tag);
    if (request) this.#end(request);
  }

  receive(bytes: Uint8Array, from: Endpoint, now: number, out: Out<UdpTrackerFact>): void {
    const tracker = this.#trackers.get(endpointKey(from));
    const transaction = transactionOf(bytes);
    if (!tracker || transaction === undefined) return;
    if (transaction === tracker.transaction) this.#connected(tracker, bytes, now, out);
    for (const request of tracker.requests) {
      if (request.state !== 'asking' || request.transaction !== transaction) continue;
      this.#answered(request, bytes, now, out);
      return;
    }
  }

  tick(now: number, out: Out<UdpTrackerFact>): void {
    if (now < this.#nextMs) return;
    this.#nextMs = Number.POSITIVE_INFINITY;
    for (const request of this.#requests.values()) {
      if (request.dueMs <= now) this.#overdue(request, now, out);
      else this.#nextMs = Math.min(this.#nextMs, request.dueMs);
    }
    for (const [key, tracker] of this.#trackers)
      if (tracker.requests.size === 0 && tracker.untilMs <= now) this.#trackers.delete(key);
  }

  deadline(): number {
    return this.#nextMs;
  }

  #begin(to: Endpoint, question: Question, now: number, out: Out<UdpTrackerFact>): number | undefined {
    if (this.#requests.size >= this.#maxRequests) return undefined;
    const tracker = this.#tracker(to, now);
    const request: Request = {
      tag: ++this.#lastTag,
      tracker,
      question,
      transaction: this.#transaction(),
      state: 'connecting',
      attempt: 0,
      sentMs: now,
      dueMs: now,
      usesOldId: true,
    };
    this.#requests.set(request.tag, request);
    tracker.requests.add(request);
    this.#send(request, now, out);
    return request.tag;
  }

  #tracker(endpoint: Endpoint, now: number): Tracker {
    const key = endpointKey(endpoint);
    const known = this.#trackers.get(key);
    if (known) return known;
    if (this.#trackers.size >= 2 * this.#maxRequests) this.#forgetIdle();
    const tracker = {
      endpoint,
      connection: undefined,
      untilMs: now,
      transaction: undefined,
      connectSentMs: 0,
      requests: new Set<Request>(),
    };
    this.#trackers.set(key, tracker);
    return tracker;
  }

  #forgetIdle(): void {
    for (const [key, tracker] of this.#trackers) if (tracker.requests.size === 0) this.#trackers.delete(key);
  }

  /** Sends what this request needs next: itself, or a connect unless another request has just sent one. */
  #send(request: Request, now: number, out: Out<UdpTrackerFact>): void {
    const { tracker } = request;
    request.sentMs = now;
    request.dueMs = now + this.#firstTimeoutMs * 2 ** request.attempt;
    this.#nextMs = Math.min(this.#nextMs, request.dueMs);
    if (tracker.connection && now < tracker.untilMs) {
      request.state = 'asking';
      out.send(encodeQuestion(request, tracker.connection), tracker.endpoint);
      return;
    }
    request.state = 'connecting';
    request.usesOldId = false;
    if (tracker.transaction !== undefined && now - tracker.connectSentMs < this.#firstTimeoutMs) return;
    tracker.transaction ??= this.#transaction();
    tracker.connectSentMs = now;
    out.send(encodeConnect(tracker.transaction), tracker.endpoint);
  }

  #connected(tracker: Tracker, bytes: Uint8Array, now: number, out: Out<UdpTrackerFact>): void {
    const waiting = [...tracker.requests].filter((request) => request.state === 'connecting');
    const latencyMs = now - tracker.connectSentMs;
    const answer = decodeUdpAnswer(bytes, 'connect', family(tracker.endpoint));
    tracker.transaction = undefined;
    if (!(answer instanceof Malformed) && answer.kind === 'connected') {
      tracker.connection = answer.connection;
      tracker.untilMs = now + CONNECTION_MS;
      for (const request of waiting) this.#send(request, now, out);
      return;
    }
    for (const request of waiting) {
      this.#end(request);
      const { tag } = request;
      if (answer instanceof Malformed) out.emit({ type: 'tracker_malformed', tag, reason: answer.reason, latencyMs });
      else if (answer.kind === 'refused') out.emit({ type: 'tracker_refused', tag, refusal: answer, latencyMs });
    }
  }

  #answered(request: Request, bytes: Uint8Array, now: number, out: Out<UdpTrackerFact>): void {
    const { tag, question, tracker } = request;
    const latencyMs = now - request.sentMs;
    const hashes = question.action === 'scrape' ? question.infoHashes.length : 0;
    const answer = decodeUdpAnswer(bytes, question.action, family(tracker.endpoint), hashes);
    if (!(answer instanceof Malformed) && answer.kind === 'refused' && request.usesOldId) {
      tracker.connection = undefined;
      this.#send(request, now, out);
      return;
    }
    this.#end(request);
    if (answer instanceof Malformed) out.emit({ type: 'tracker_malformed', tag, reason: answer.reason, latencyMs });
    else if (answer.kind === 'refused') out.emit({ type: 'tracker_refused', tag, refusal: answer, latencyMs });
    else if (answer.kind !== 'connected') out.emit({ type: 'tracker_answered', tag, answer, latencyMs });
  }

  #overdue(request: Request, now: number, out: Out<UdpTrackerFact>): void {
    request.attempt++;
    if (request.attempt < this.#attempts) {
      this.#send(request, now, out);
      return;
    }
    this.#end(request);
    out.emit({ type: 'tracker_silent', tag: request.tag });
  }

  #end(request: Request): void {
    this.#requests.delete(request.tag);
    request.tracker.requests.delete(request);
  }

  #transaction(): number {
    return Math.floor(this.#random() * 2 ** 32);
  }
}

function encodeQuestion(request: Request, connection: Uint8Array): Uint8Array {
  const { question, transaction } = request;
  if (question.action === 'scrape') return encodeScrape(connection, transaction, question.infoHashes);
  return encodeAnnounce(connection, transaction, question.request, question.urlData);
}
