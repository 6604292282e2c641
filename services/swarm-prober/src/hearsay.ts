// What is overheard on a DHT node that is shared with a crawler: which nodes gave an infohash as a sample. One of them is asked for its peers: one question for a first look.
import type { DhtFact } from '@swarmscope/bittorrent/dht/facts.ts';
import type { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import type { Driven } from '@swarmscope/runtime/drive.ts';
import { type Agenda, Task } from './agenda.ts';
import type { Census, Sighting } from './census.ts';
import type { ProbedSwarm, SwarmView } from './swarm.ts';

// unknown -> held      a node gave it as a sample (up to HOLDERS_MAX of them are kept)
// held    -> wanted    the prober met it: it is in the line
// wanted  -> asked     a holder could be asked (pace); an answer without peers, or none: back to wanted with the next holder
// asked   -> known     peers came: the prober takes its first look when it has room
//
// A lookup of our own is some twenty-five questions, and a small or busy DHT bears few at a time; a node that names an infohash holds its peers.

/** Infohashes with holders or peers; oldest first out: their first look is a lookup like any other. */
const INFOHASHES_MAX = 20_000;
const HOLDERS_MAX = 3;
/** Enough to get the metadata from. */
const PEERS_MAX = 16;
/** How often the line is looked through, and how many are tried each time. */
const ROUND_MS = 50;
const TRIES_A_ROUND = 64;
const QUESTION = 'overheard';

interface Holder extends Endpoint {
  readonly id: Uint8Array;
  readonly place: number;
}

interface Overheard {
  readonly infoHash: Uint8Array;
  readonly holders: Holder[];
  readonly peers: { readonly endpoint: Endpoint; readonly sourceId: string }[];
  wanted: boolean;
}

export interface HearsayOptions {
  readonly dht: readonly Driven<DhtNode, DhtFact>[];
  readonly agenda: Agenda;
  nodeKey(id: Uint8Array, address: string): string;
  sighted(swarm: ProbedSwarm, via: number, endpoint: Endpoint, sighting: Sighting): void;
  /** Whether a first look at it is still wanted. */
  isFresh(infoHash: string): boolean;
  /** Peers of it are known now. */
  heard(infoHash: string): void;
  now(): number;
}

export class Hearsay {
  readonly #options: HearsayOptions;
  readonly #known = new Map<string, Overheard>(); // bound: INFOHASHES_MAX
  /** Infohashes that are wanted, in the order in which they are tried. */
  readonly #line = new Set<string>(); // bound: those of #known
  readonly #task: Task;
  readonly #unlisten: readonly (() => void)[];

  constructor(options: HearsayOptions) {
    this.#options = options;
    this.#task = new Task((now) => this.#round(now));
    this.#unlisten = options.dht.map((driven, place) => driven.listen((fact) => this.#fact(fact, place)));
  }

  /** Some wait for their question. */
  get isAsking(): boolean {
    return this.#line.size > 0;
  }

  /** The prober met it: `heard` follows if somebody who holds it is known and answers. */
  want(infoHash: string): void {
    const known = this.#known.get(infoHash);
    if (!known) return;
    known.wanted = true;
    if (known.peers.length > 0) this.#options.heard(infoHash);
    else this.#queue(infoHash);
  }

  /** Gives a first look its peers; false when there are none. */
  recall(view: SwarmView, census: Census, now: number): boolean {
    const infoHash = toHex(view.infoHash);
    const known = this.#known.get(infoHash);
    if (!known || known.peers.length === 0) return false;
    this.#forget(infoHash);
    const via = view.home.views.indexOf(view);
    census.ask(QUESTION, 'dht', now);
    census.settle(QUESTION, true);
    for (const { endpoint, sourceId } of known.peers)
      this.#options.sighted(view.home, via, endpoint, { source: 'dht', sourceId });
    return true;
  }

  stop(): void {
    for (const unlisten of this.#unlisten) unlisten();
    this.#options.agenda.set(this.#task, Number.POSITIVE_INFINITY);
  }

  #fact(fact: DhtFact, place: number): void {
    if (fact.type === 'answered' && !fact.mismatch) {
      if (fact.query.method === 'sample_infohashes') this.#samples(fact, place);
      else if (fact.query.method === 'get_peers' && fact.tag !== 0) this.#peers(fact);
    } else if ((fact.type === 'unanswered' || fact.type === 'refused') && fact.query.method === 'get_peers' && fact.tag !== 0)
      this.#again(toHex(fact.query.target));
  }

  #samples({ reply, from }: Extract<DhtFact, { type: 'answered' }>, place: number): void {
    for (let i = 0; i < reply.samplesCount; i++) {
      const infoHash = reply.copy(reply.samplesAt + 20 * i);
      const name = toHex(infoHash);
      let known = this.#known.get(name);
      if (!known) {
        known = { infoHash, holders: [], peers: [], wanted: false };
        this.#known.set(name, known);
        if (this.#known.size > INFOHASHES_MAX) this.#forget(this.#known.keys().next().value!);
      }
      if (known.holders.length >= HOLDERS_MAX || known.holders.some(({ address }) => address === from.address)) continue;
      known.holders.push({ address: from.address, port: from.port, id: reply.copy(reply.idAt), place });
      if (known.wanted && known.peers.length === 0) this.#queue(name);
    }
  }

  #peers({ query, reply, from }: Extract<DhtFact, { type: 'answered' }>): void {
    if (query.method !== 'get_peers') return;
    const infoHash = toHex(query.target);
    const known = this.#known.get(infoHash);
    if (!known) return;
    const sourceId = this.#options.nodeKey(reply.copy(reply.idAt), from.address);
    for (const endpoint of reply.endpoints(from.address.includes(':') ? 6 : 4))
      if (known.peers.length < PEERS_MAX) known.peers.push({ endpoint, sourceId });
    if (known.peers.length === 0) this.#again(infoHash);
    else {
      this.#line.delete(infoHash);
      if (known.wanted) this.#options.heard(infoHash);
    }
  }

  /** Its question brought nothing: the next holder, if there is one. */
  #again(infoHash: string): void {
    const known = this.#known.get(infoHash);
    if (known?.wanted && known.peers.length === 0 && known.holders.length > 0) this.#queue(infoHash);
  }

  #queue(infoHash: string): void {
    this.#line.add(infoHash);
    this.#options.agenda.set(this.#task, this.#options.now() + ROUND_MS);
  }

  #forget(infoHash: string): void {
    this.#known.delete(infoHash);
    this.#line.delete(infoHash);
  }

  /** Asks a holder of each in the line, as far as their pace allows; who must wait goes to the end of the line. */
  #round(now: number): void {
    let tries = Math.min(TRIES_A_ROUND, this.#line.size);
    for (const infoHash of this.#line) {
      if (tries-- <= 0) break;
      this.#line.delete(infoHash);
      const known = this.#known.get(infoHash);
      if (known && this.#options.isFresh(infoHash) && !this.#ask(known)) this.#line.add(infoHash);
    }
    if (this.#line.size > 0) this.#options.agenda.set(this.#task, now + ROUND_MS);
  }

  /** True when a holder was asked, or none is left to ask. */
  #ask(known: Overheard): boolean {
    for (const [index, holder] of known.holders.entries()) {
      const tag = this.#options.dht[holder.place]!.act((node, now, out) =>
        node.readyAt(holder, now) <= now
          ? node.ask(holder, { method: 'get_peers', target: known.infoHash }, now, out)
          : undefined,
      );
      if (tag === undefined) continue;
      known.holders.splice(index, 1);
      return true;
    }
    return known.holders.length === 0;
  }
}
