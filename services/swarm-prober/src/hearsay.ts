// Peers for first looks, at the cost of a question or two: asked of the nodes that gave an infohash as a sample where the crawler is in this process, else of the closest that are known.
import { compareDistance } from '@swarmscope/bittorrent/dht/distance.ts';
import type { DhtFact } from '@swarmscope/bittorrent/dht/facts.ts';
import type { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import { RecentMap } from '@swarmscope/bittorrent/dht/recent-map.ts';
import type { Family } from '@swarmscope/bittorrent/endpoint.ts';
import { fromHex, toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Fields } from '@swarmscope/bittorrent/krpc/fields.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import type { Driven } from '@swarmscope/runtime/drive.ts';
import { type Agenda, Task } from './agenda.ts';
import { type Neighbour, Neighbours } from './neighbours.ts';

// wanted  the prober met it: it is in the line
// asked   somebody was asked, or his next turn is booked; an answer without peers, or none: back into the line for the next one
// known   peers came, whoever had asked for them: they are the prober's, who takes its first look when it has room
// lost    nobody is left to ask, or enough were: its turn for a census comes, with a lookup of its own
//
// A lookup is some twenty-five questions, and a small or busy DHT bears few at a time. A node that names an infohash holds its peers; so do those whose ids
// are closest to it. The turns of hosts are booked, so that a crawl that is never done does not take them all, and some are left to it.

/** Infohashes in the line or asked for; who comes then is taken when there is room. */
const WANTED_MAX = 10_000;
/** Infohashes of which holders are remembered: until the prober meets them, which is soon. */
const HELD_MAX = 40_000;
const HOLDERS_MAX = 8;
/** Asked for one infohash. */
const ASKED_MAX = 12;
/** The closest that are known are tried, no others. */
const CLOSEST = 8;
/** How often the line is looked through, and how many are tried each time. */
const ROUND_MS = 50;
const TRIES_A_ROUND = 128;
/** How far ahead a turn is booked. */
const AHEAD_MS = 1_050;
/** From a booking to its answer, of those that answer. */
const AWAIT_MS = 2_000;
/** Of one host, three turns of four: the others are for who else asks on this node. */
const HOST_SPACING_MS = 1_400;
const HOST_BURST = 3;
/** While no node is known at all. */
const ALONE_MS = 1_000;

interface Wanted {
  readonly infoHash: Uint8Array;
  readonly asked: Neighbour[];
}

type Answered = Extract<DhtFact, { type: 'answered' }>;

export interface HearsayOptions {
  readonly dht: readonly Driven<DhtNode, DhtFact>[];
  readonly agenda: Agenda;
  /** Of all questions that leave, the rest is for others on the same node. */
  readonly questionsPerSecond: number;
  nodeKey(id: Uint8Array, address: string): string;
  /** Whether a first look at it is still wanted. */
  isFresh(infoHash: string): boolean;
  /** These are peers of it, as this node says. */
  heard(infoHash: string, endpoints: readonly Endpoint[], sourceId: string): void;
  /** There is room for more that are wanted. */
  drained(): void;
  now(): number;
}

export class Hearsay {
  readonly #options: HearsayOptions;
  readonly #neighbours = new Neighbours();
  readonly #held = new RecentMap<Neighbour[]>(HELD_MAX);
  readonly #wanted = new Map<string, Wanted>(); // bound: WANTED_MAX
  /** Those that wait for their question, in the order in which they are tried. */
  readonly #line = new Set<string>(); // bound: those of #wanted
  readonly #task: Task;
  readonly #unlisten: readonly (() => void)[];
  #allowance = 0;
  #roundMs = Number.NEGATIVE_INFINITY;
  #askedMs = Number.NEGATIVE_INFINITY;

  constructor(options: HearsayOptions) {
    this.#options = options;
    this.#task = new Task((now) => this.#round(now));
    this.#unlisten = options.dht.map((driven, place) => driven.listen((fact) => this.#fact(fact, place)));
  }

  /** Some wait for their question, or most likely for its answer: lookups of others give way, or they take up the very turns that the next question needs. */
  get isAsking(): boolean {
    return this.#line.size > 0 || (this.#wanted.size > 0 && this.#options.now() < this.#askedMs + AWAIT_MS);
  }

  /** The prober met it: `heard` follows if somebody is found who answers with peers. False when there is no room now: `drained` follows. */
  want(infoHash: string): boolean {
    if (this.#options.dht.length === 0 || this.#wanted.has(infoHash)) return true;
    if (this.#wanted.size >= WANTED_MAX) return false;
    this.#wanted.set(infoHash, { infoHash: fromHex(infoHash)!, asked: [] });
    this.#queue(infoHash);
    return true;
  }

  stop(): void {
    for (const unlisten of this.#unlisten) unlisten();
    this.#options.agenda.set(this.#task, Number.POSITIVE_INFINITY);
  }

  #fact(fact: DhtFact, place: number): void {
    switch (fact.type) {
      case 'answered':
        if (fact.mismatch) this.#again(fact);
        else this.#answered(fact, place);
        break;
      case 'refused':
        this.#again(fact);
        break;
      case 'unanswered':
        this.#neighbours.forget(fact.to);
        this.#again(fact);
        break;
      default:
    }
  }

  #answered(fact: Answered, place: number): void {
    const { reply, from, query } = fact;
    const answering = this.#neighbours.meet(reply.copy(reply.idAt), from, place);
    if (query.method === 'sample_infohashes') this.#samples(reply, answering);
    else if (query.method === 'get_peers') this.#peers(fact, toHex(query.target), place);
  }

  #samples(reply: Fields, holder: Neighbour): void {
    for (let i = 0; i < reply.samplesCount; i++) {
      const name = toHex(reply.copy(reply.samplesAt + 20 * i));
      const holders = this.#held.get(name);
      if (!holders) this.#held.set(name, [holder]);
      else if (holders.length < HOLDERS_MAX && !holders.includes(holder)) holders.push(holder);
    }
  }

  #peers(fact: Answered, infoHash: string, place: number): void {
    if (!this.#wanted.has(infoHash)) return;
    const { reply, from } = fact;
    const family = from.address.includes(':') ? 6 : 4;
    const endpoints = reply.endpoints(family);
    if (endpoints.length > 0) {
      this.#end(infoHash);
      this.#options.heard(infoHash, endpoints, this.#options.nodeKey(reply.copy(reply.idAt), from.address));
    } else {
      this.#meetNamed(reply, family, place);
      this.#again(fact);
    }
  }

  /** Those that an answer without peers names are closer to what was asked for. */
  #meetNamed(reply: Fields, family: Family, place: number): void {
    const count = family === 4 ? reply.nodesCount : reply.nodes6Count;
    this.#options.dht[place]!.act((node) => {
      for (let i = 0; i < Math.min(count, CLOSEST); i++) {
        const contact = reply.contact(i, family);
        if (node.admits(contact)) this.#neighbours.meet(contact.id, contact, place);
      }
    });
  }

  /** Its question brought nothing: the next one, if it was ours. */
  #again({
    query,
    tag,
  }: {
    readonly query: { readonly method: string; readonly target?: Uint8Array };
    readonly tag: number;
  }): void {
    if (query.method !== 'get_peers' || tag === 0) return;
    const infoHash = toHex(query.target!);
    if (this.#wanted.has(infoHash)) this.#queue(infoHash);
  }

  #queue(infoHash: string): void {
    this.#line.add(infoHash);
    if (this.#task.heapIndex < 0) this.#options.agenda.set(this.#task, Math.max(this.#roundMs + ROUND_MS, this.#options.now()));
  }

  #end(infoHash: string): void {
    this.#line.delete(infoHash);
    if (this.#wanted.delete(infoHash) && this.#wanted.size === WANTED_MAX >> 1) this.#options.drained();
  }

  /** Asks somebody for each in the line, as far as their pace allows; who must wait goes to the end of the line. */
  #round(now: number): void {
    const { questionsPerSecond } = this.#options;
    const elapsedMs = Math.min(4 * ROUND_MS, now - this.#roundMs);
    this.#allowance = Math.min(questionsPerSecond, this.#allowance + (questionsPerSecond * elapsedMs) / 1000);
    this.#roundMs = now;
    let tries = this.#neighbours.size === 0 ? 0 : Math.min(TRIES_A_ROUND, this.#line.size);
    for (const infoHash of this.#line) {
      if (tries-- <= 0 || this.#allowance < 1) break;
      this.#line.delete(infoHash);
      if (this.#options.isFresh(infoHash)) this.#try(infoHash, now);
      else this.#end(infoHash);
    }
    if (this.#line.size > 0) this.#options.agenda.set(this.#task, now + (this.#neighbours.size === 0 ? ALONE_MS : ROUND_MS));
  }

  /** One is asked, or it waits on, or nobody is left. */
  #try(infoHash: string, now: number): void {
    const wanted = this.#wanted.get(infoHash)!;
    const candidates = wanted.asked.length < ASKED_MAX ? this.#candidates(infoHash, wanted) : [];
    if (candidates.some((candidate) => this.#ask(candidate, wanted, now))) this.#allowance--;
    else if (candidates.length > 0) this.#line.add(infoHash);
    else this.#end(infoHash);
  }

  /**
   * Who may be asked: who gave it as a sample, since they surely hold it; then who is closest. The other way round a young table names eight that are
   * close and hold nothing: of 500 infohashes after a cold start twenty to forty were lost so.
   */
  #candidates(infoHash: string, { infoHash: target, asked }: Wanted): Neighbour[] {
    const holders = [...(this.#held.get(infoHash) ?? [])].sort((a, b) => compareDistance(target, a.id, b.id));
    const all = new Set([...holders, ...this.#neighbours.closest(target, CLOSEST)]);
    return [...all].filter((each) => !asked.includes(each));
  }

  /** True when it is asked, now or at its next turn. */
  #ask(neighbour: Neighbour, { infoHash, asked }: Wanted, now: number): boolean {
    if (neighbour.usedMs > now + (HOST_BURST - 1) * HOST_SPACING_MS) return false;
    const { id, address, port, place } = neighbour;
    const tag = this.#options.dht[place]!.act((node, _, out) =>
      node.book({ id, address, port }, { method: 'get_peers', target: infoHash }, now + AHEAD_MS, now, out),
    );
    if (tag === undefined) return false;
    neighbour.usedMs = Math.max(neighbour.usedMs, now) + HOST_SPACING_MS;
    asked.push(neighbour);
    this.#askedMs = now;
    return true;
  }
}
