// A light DHT node that answers from what it truly holds (BEP 5, 32, 33, 51): the witness that a crawler is measured against.
import { decode, type Encodable, encode, type Value } from '@swarmscope/bittorrent/bencode.ts';
import { encodeCompact, endpointKey, family } from '@swarmscope/bittorrent/endpoint.ts';
import { equalBytes } from '@swarmscope/bittorrent/hex.ts';
import type { Endpoint, Machine, Out, Random } from '@swarmscope/bittorrent/machine.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import { bloomOf } from './bloom.ts';
import type { DhtBehaviour } from './dht-behaviour.ts';
import { type Fields, Liar } from './dht-lies.ts';
import { drawn, mix32, mixText } from './mix.ts';
import { compactNodes, ID_BYTES, type Population, type Resident } from './population.ts';
import { RateLimit } from './rate-limit.ts';

/** What a node saw: one per query it heard. `target` is what was asked for, a copy. */
export interface DhtNodeFact {
  readonly type: 'asked';
  readonly method: string;
  readonly target: Uint8Array | undefined;
  readonly from: Endpoint;
}

/** A peer that somebody announced. */
export interface HeldPeer {
  readonly endpoint: Endpoint;
  readonly seed: boolean;
}

/** An infohash that a node holds. `peers` is shared between the nodes that were told the same, and replaced, never changed. */
export interface Holding {
  readonly infoHash: Uint8Array;
  readonly peers: readonly HeldPeer[];
}

/** As libtorrent keeps and answers: of many peers another draw each time. */
const MAX_HOLDINGS = 2_000;
const MAX_PEERS = 500;
const MAX_VALUES = 100;
const MAX_SAMPLES = 20;

const QUERY_LIMITS = { depth: 8, items: 300, bytes: 1_500 };
const VERSION = Uint8Array.of(0x53, 0x4c, 0, 1); // "SL" 0 1
const NO_HOLDINGS: readonly Holding[] = []; // bound: stays empty, shared by all nodes that hold nothing

/** The codes of BEP 5. */
const ERRORS = { protocol: [203, 'Protocol Error'], method: [204, 'Method Unknown'] } as const;

/**
 * It speaks bencode itself, with the strict decoder but not with the KRPC codec and node that it is the measure of. It asks nobody (but the
 * flooder): its neighbours are those that the true network gives it.
 */
export class DhtLabNode implements Machine<DhtNodeFact> {
  readonly resident: Resident;
  readonly behaviour: DhtBehaviour;
  readonly #population: Population;
  readonly #index: number;
  readonly #random: Random;
  readonly #limit: RateLimit | undefined;
  readonly #liar: Liar | undefined;
  #holdings = NO_HOLDINGS as Holding[]; // bound: MAX_HOLDINGS

  constructor(population: Population, index: number, behaviour: DhtBehaviour, random: Random) {
    this.#population = population;
    this.#index = index;
    this.#random = random;
    this.resident = population.residents[index]!;
    this.behaviour = behaviour;
    this.#limit = behaviour.limit && new RateLimit(behaviour.limit);
    this.#liar = behaviour.lie && new Liar(behaviour.lie, this.resident, population, random);
  }

  /** What it holds now. */
  get holdings(): readonly Holding[] {
    return this.#holdings;
  }

  /** Puts a holding into its store as if it had been announced; it takes the place of what was held of the same infohash. */
  hold(holding: Holding): void {
    const at = this.#holdings.findIndex((held) => equalBytes(held.infoHash, holding.infoHash));
    if (at >= 0) this.#holdings[at] = holding;
    else this.holdNew(holding);
  }

  /** The same for an infohash that it does not hold yet: large networks are filled with millions. */
  holdNew(holding: Holding): void {
    if (this.#holdings === NO_HOLDINGS) this.#holdings = [];
    if (this.#holdings.length < MAX_HOLDINGS) this.#holdings.push(holding);
  }

  receive(bytes: Uint8Array, from: Endpoint, now: number, out: Out<DhtNodeFact>): void {
    if (this.behaviour.silent || this.#limit?.refuses(from.address, now)) return;
    const message = decode(bytes, QUERY_LIMITS);
    if (message instanceof Malformed || !(message instanceof Map)) return;
    const transaction = message.get('t');
    if (!(transaction instanceof Uint8Array) || text(message.get('y')) !== 'q') return;
    const method = text(message.get('q')) ?? '';
    const args = message.get('a');
    const answer = args instanceof Map ? this.#answer(method, args, from, now, out) : ERRORS.protocol;
    const reply = Array.isArray(answer) ? { y: 'e', e: answer as Encodable } : { y: 'r', r: answer as Fields };
    if (this.#liar) this.#liar.answer(method, args instanceof Map ? args : new Map(), transaction, reply, from, now, out);
    else out.send(encode({ ...reply, t: transaction, v: VERSION, ip: encodeCompact(from) }), from);
  }

  tick(now: number, out: Out<DhtNodeFact>): void {
    this.#liar?.tick(now, out);
  }

  deadline(): number {
    return this.#liar?.deadline() ?? Number.POSITIVE_INFINITY;
  }

  /** The members of `r`, or a BEP 5 error. */
  #answer(
    method: string,
    args: Map<string, Value>,
    from: Endpoint,
    now: number,
    out: Out<DhtNodeFact>,
  ): Fields | readonly [number, string] {
    const target = args.get(method === 'get_peers' || method === 'announce_peer' ? 'info_hash' : 'target');
    out.emit({ type: 'asked', method, target: isId(target) ? new Uint8Array(target) : undefined, from });
    if (!isId(args.get('id'))) return ERRORS.protocol;
    const mine = { id: this.resident.id };
    if (method === 'ping') return mine;
    if (method === 'announce_peer') return isId(target) && this.#announce(target, args, from, now) ? mine : ERRORS.protocol;
    if (method !== 'find_node' && method !== 'get_peers' && !(method === 'sample_infohashes' && this.behaviour.bep51)) {
      return ERRORS.method;
    }
    if (!isId(target)) return ERRORS.protocol;
    const near = { ...mine, ...this.#nodes(target) };
    if (method === 'find_node') return near;
    if (method === 'get_peers') return { ...near, ...this.#peers(target, args.get('scrape') === 1, from, now) };
    return { ...near, ...this.#samples(now) };
  }

  #nodes(target: Uint8Array): Fields {
    const known = this.#population.known(this.#index, target);
    return { [family(this.resident.endpoint) === 4 ? 'nodes' : 'nodes6']: compactNodes(known) };
  }

  #peers(infoHash: Uint8Array, scrape: boolean, from: Endpoint, now: number): Fields {
    const fields: Record<string, Encodable> = { token: this.#token(from.address, now) };
    const peers = this.#holdings.find((held) => equalBytes(held.infoHash, infoHash))?.peers ?? [];
    if (peers.length === 0) return fields;
    if (!scrape || !this.behaviour.bep33 || this.behaviour.valuesWithScrape) {
      const given = drawn(peers, MAX_VALUES, Math.floor(this.#random() * 0x7fffffff));
      fields['values'] = given.map((peer) => encodeCompact(peer.endpoint));
    }
    if (scrape && this.behaviour.bep33) {
      fields['BFsd'] = bloomOf(peers.filter((peer) => peer.seed).map((peer) => peer.endpoint.address));
      fields['BFpe'] = bloomOf(peers.filter((peer) => !peer.seed).map((peer) => peer.endpoint.address));
    }
    return fields;
  }

  #samples(now: number): Fields {
    const holdings = this.revealed(now);
    const samples = new Uint8Array(holdings.length * ID_BYTES);
    for (const [i, holding] of holdings.entries()) samples.set(holding.infoHash, i * ID_BYTES);
    return { interval: this.behaviour.intervalS, num: this.#holdings.length, samples };
  }

  /** What one look at its samples shows now: within its interval always the same. */
  revealed(now: number): Holding[] {
    const { intervalS } = this.behaviour;
    const draw = intervalS > 0 ? Math.floor(now / (1_000 * intervalS)) : Math.floor(this.#random() * 0x7fffffff);
    return drawn(this.#holdings, Math.min(MAX_SAMPLES, this.#holdings.length), mix32(this.#index, draw));
  }

  #announce(infoHash: Uint8Array, args: Map<string, Value>, from: Endpoint, now: number): boolean {
    const token = args.get('token');
    if (!(token instanceof Uint8Array)) return false;
    if (!equalBytes(token, this.#token(from.address, now)) && !equalBytes(token, this.#token(from.address, now - TOKEN_MS)))
      return false;
    const port = args.get('implied_port') === 1 ? from.port : args.get('port');
    if (typeof port !== 'number' || port < 1 || port > 65_535) return false;
    const peer = { endpoint: { address: from.address, port }, seed: args.get('seed') === 1 };
    const others = (this.#holdings.find((held) => equalBytes(held.infoHash, infoHash))?.peers ?? []).filter(
      (held) => endpointKey(held.endpoint) !== endpointKey(peer.endpoint),
    );
    this.hold({ infoHash: new Uint8Array(infoHash), peers: [...others.slice(-(MAX_PEERS - 1)), peer] });
    return true;
  }

  #token(address: string, now: number): Uint8Array {
    const value = mix32(mixText(address), this.#index, Math.floor(now / TOKEN_MS));
    return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
  }
}

/** A token is good for at least this long, at most twice as long (BEP 5). */
const TOKEN_MS = 300_000;

function isId(value: Value | undefined): value is Uint8Array {
  return value instanceof Uint8Array && value.length === ID_BYTES;
}

function text(value: Value | undefined): string | undefined {
  return value instanceof Uint8Array ? String.fromCharCode(...value.subarray(0, 64)) : undefined;
}
