// One iterative lookup (BEP 5, Kademlia): who to ask next, and when it is over. Pure bookkeeping: the node sends and receives.
import { endpointKey } from '../endpoint.ts';
import type { Contact } from '../krpc/fields.ts';
import type { Query } from '../krpc/message.ts';
import type { Endpoint } from '../machine.ts';
import { compareDistance } from './distance.ts';
import type { DhtFact, Target } from './facts.ts';
import { blockOf } from './table.ts';

export interface LookupPlan {
  readonly target: Uint8Array;
  readonly kind: 'find_node' | 'get_peers';
  /** Ask the closest for BEP 33 filters too, by a second query: libtorrent answers scrape without values. */
  readonly scrape?: boolean;
  /** Announce to the closest that gave a token. */
  readonly announce?: { readonly port: number; readonly seed: boolean; readonly impliedPort: boolean };
  /** How many of the nearest must have answered before it ends: by default 8, and 16 where filters are gathered. A wider one is surer to have met all of the nearest 8. */
  readonly width?: number;
  /** The most nodes that are asked, default 64. */
  readonly maxNodes?: number;
}

/** Questions in flight in one lookup. */
const ALPHA = 4;
/** A question unanswered for so long does not hold the others back; its answer still counts. */
const SLOW_MS = 1_000;
/** How many closest nodes must have answered: 8, and 16 where filters are gathered (BEP 33 asks for many). */
const WIDTH = 8;
const SCRAPE_WIDTH = 16;
/** Candidates kept: the nearest. */
const MAX_CANDIDATES = 160;
/** Taken from one answer: nobody fills the list alone. */
const MAX_FROM_ONE = 16;
/** Nodes of one /24 or /48 that are asked: a cluster of sybils around the target holds no more of the closest than that. */
const MAX_PER_BLOCK = 4;

type State = 'new' | 'asked' | 'answered' | 'failed';

interface Candidate extends Target {
  readonly key: string;
  readonly host: string;
  readonly block: string;
  state: State;
  sentMs: number;
  token: Uint8Array | undefined;
  /** After the walk: which further question it was sent. */
  scraped: boolean;
  announced: boolean;
}

/** What is to be sent now, or when to try again; undefined when only answers can move the lookup. */
export type Step = { readonly to: Target; readonly query: Query } | { readonly waitMs: number } | undefined;

export class Lookup {
  readonly id: number;
  readonly plan: LookupPlan;
  /** When the node should look again though nothing came. */
  wakeMs = 0;
  asked = 0;
  answered = 0;
  announcedTo = 0;
  /** Nearest first; seeds without an id before all. */
  readonly #candidates: Candidate[] = []; // bound: MAX_CANDIDATES
  readonly #known = new Set<string>(); // bound: a few MAX_FROM_ONE times maxNodes
  /** Hosts asked: one question each, whatever ids are put into their mouths. */
  readonly #hosts = new Set<string>(); // bound: maxNodes
  readonly #blocks = new Map<string, number>(); // bound: maxNodes
  readonly #hostOf: (endpoint: Endpoint) => string;
  readonly #width: number;
  readonly #maxNodes: number;
  #inFlight = 0;

  constructor(id: number, plan: LookupPlan, hostOf: (endpoint: Endpoint) => string) {
    this.id = id;
    this.plan = plan;
    this.#hostOf = hostOf;
    this.#width = plan.width ?? (plan.scrape ? SCRAPE_WIDTH : WIDTH);
    this.#maxNodes = plan.maxNodes ?? 64;
  }

  /** Endpoints to begin with, and contacts named by an answer. */
  add(contacts: Iterable<Target>, max = MAX_FROM_ONE): void {
    let taken = 0;
    for (const contact of contacts) {
      if (taken++ >= max) return;
      const key = endpointKey(contact) + (contact.id ? `/${contact.id.join()}` : '');
      if (this.#known.has(key) || this.#known.size > this.#maxNodes * MAX_FROM_ONE) continue;
      this.#known.add(key);
      this.#insert({
        id: contact.id,
        address: contact.address,
        port: contact.port,
        key: endpointKey(contact),
        host: this.#hostOf(contact),
        block: blockOf(contact.address),
        state: 'new',
        sentMs: 0,
        token: undefined,
        scraped: false,
        announced: false,
      });
    }
  }

  #insert(candidate: Candidate): void {
    const list = this.#candidates;
    const { target } = this.plan;
    let at = list.length;
    while (at > 0 && isCloser(candidate, list[at - 1]!, target)) at--;
    list.splice(at, 0, candidate);
    if (list.length > MAX_CANDIDATES) {
      const last = list.findLastIndex((each) => each.state === 'new' || each.state === 'failed');
      if (last >= 0) list.splice(last, 1);
      else list.pop();
    }
  }

  /** The next question. `readyAt` says when a host may be asked again. */
  next(now: number, readyAt: (endpoint: Endpoint) => number): Step {
    const slow = this.#candidates.reduce((sum, each) => sum + (each.state === 'asked' && now - each.sentMs > SLOW_MS ? 1 : 0), 0);
    if (this.#inFlight - slow >= ALPHA) return { waitMs: now + SLOW_MS };
    return this.#walk(now, readyAt) ?? (this.#inFlight === 0 ? this.#after(now, readyAt) : undefined);
  }

  /** The nearest not yet asked among those that still matter. */
  #walk(now: number, readyAt: (endpoint: Endpoint) => number): Step {
    let closer = 0;
    let wait = Number.POSITIVE_INFINITY;
    for (const candidate of this.#candidates) {
      if (closer >= this.#width || this.asked >= this.#maxNodes) break;
      if (candidate.state === 'answered' && candidate.id) closer++;
      if (candidate.state !== 'new' || this.#hosts.has(candidate.host)) continue;
      if ((this.#blocks.get(candidate.block) ?? 0) >= MAX_PER_BLOCK) continue;
      const ready = readyAt(candidate);
      if (ready <= now) return { to: candidate, query: this.#question() };
      wait = Math.min(wait, ready);
    }
    return wait < Number.POSITIVE_INFINITY ? { waitMs: wait } : undefined;
  }

  #question(): Query {
    const { kind, target } = this.plan;
    return { method: kind, target };
  }

  /** Scrape, then announce, each to the closest that answered. */
  #after(now: number, readyAt: (endpoint: Endpoint) => number): Step {
    const { scrape, announce, target } = this.plan;
    let wait = Number.POSITIVE_INFINITY;
    for (const [place, candidate] of this.#closestAnswered(this.#width).entries()) {
      const isScrape = scrape && !candidate.scraped;
      if (!isScrape && !(announce && place < WIDTH && candidate.token && !candidate.announced)) continue;
      const ready = readyAt(candidate);
      wait = Math.min(wait, ready);
      if (ready > now) continue;
      if (isScrape) return { to: candidate, query: { method: 'get_peers', target, scrape: true } };
      return { to: candidate, query: { method: 'announce_peer', target, token: candidate.token!, ...announce! } };
    }
    return wait < Number.POSITIVE_INFINITY ? { waitMs: wait } : undefined;
  }

  #closestAnswered(count: number): Candidate[] {
    return this.#candidates.filter((each) => each.state === 'answered' && each.id).slice(0, count);
  }

  /** The question of `next` was sent. */
  sent(to: Target, query: Query, now: number): void {
    const candidate = to as Candidate;
    this.#inFlight++;
    this.asked++;
    candidate.sentMs = now;
    if (query.method === 'announce_peer') candidate.announced = true;
    else if (query.method === 'get_peers' && query.scrape) candidate.scraped = true;
    else {
      candidate.state = 'asked';
      this.#hosts.add(candidate.host);
      this.#blocks.set(candidate.block, (this.#blocks.get(candidate.block) ?? 0) + 1);
    }
  }

  /** Its answer came; `contact` has the id it answered with. */
  replied(to: Target, query: Query, contact: Contact, token: Uint8Array | undefined): void {
    const candidate = to as Candidate;
    this.#inFlight--;
    this.answered++;
    if (query.method === 'announce_peer') this.announcedTo++;
    if (candidate.state !== 'asked') return;
    candidate.state = 'answered';
    candidate.token = token;
    if (candidate.id) return;
    // A seed has an id now, and with it a place in the order.
    const at = this.#candidates.indexOf(candidate);
    if (at >= 0) this.#candidates.splice(at, 1);
    this.#insert({ ...candidate, id: contact.id });
  }

  /** It answered nothing, an error, or (`mismatch`) under another id: then somebody lied about that host, which may still be the right one under its own. */
  failed(to: Target, mismatch: boolean): void {
    const candidate = to as Candidate;
    this.#inFlight--;
    if (candidate.state !== 'asked') return;
    candidate.state = 'failed';
    if (mismatch) this.#hosts.delete(candidate.host);
  }

  /** Over: nothing in flight and nothing to send. */
  isOver(step: Step): boolean {
    return step === undefined && this.#inFlight === 0;
  }

  /** What is told of its end. */
  done(): DhtFact {
    const { id, plan, asked, answered, announcedTo } = this;
    return { type: 'lookup_done', lookup: id, infoHash: plan.target, asked, answered, announcedTo, closest: this.closest() };
  }

  /** The closest nodes that answered, nearest first. */
  closest(count = WIDTH): Contact[] {
    return this.#closestAnswered(count).map(({ id, address, port }) => ({ id: id!, address, port }));
  }
}

function isCloser(a: Target, b: Target, target: Uint8Array): boolean {
  if (!a.id || !b.id) return !a.id && b.id !== undefined;
  return compareDistance(target, a.id, b.id) < 0;
}
