// How the adversaries of the lab's DHT lie: each takes the truthful answer and sends something else, or more.
import { type Encodable, encode, type Value } from '@swarmscope/bittorrent/bencode.ts';
import { encodeCompact, family } from '@swarmscope/bittorrent/endpoint.ts';
import type { Endpoint, Out, Random } from '@swarmscope/bittorrent/machine.ts';
import type { DhtLie } from './dht-behaviour.ts';
import { compactNodes, ID_BYTES, K, type Population, type Resident } from './population.ts';

type Sender = Pick<Out<unknown>, 'send'>;
export type Fields = Readonly<Record<string, Encodable>>;

/** A truthful answer or error, without its envelope. */
export interface Reply {
  readonly y: string;
  readonly r?: Fields;
  readonly e?: Encodable;
}

const OVERSIZE_BYTES = 20_000;
/** A bout of a flood: so many queries at this pace to who asked. */
const FLOOD_EVERY_MS = 50;
const FLOOD_QUERIES = 200;
/** Nobody is flooded more often. */
const FLOOD_PAUSE_MS = 60_000;
const MAX_VICTIMS = 32;
const INVENTED_SAMPLES = 20;
const HUGE_INTERVAL_S = 2 ** 31;

/** Addresses that no honest node may ever be sent to by hearsay: one of each range that the bogon guard knows, and port 0. */
export const BOGONS: readonly Endpoint[] = [
  { address: '10.1.2.3', port: 6881 },
  { address: '192.168.1.1', port: 80 },
  { address: '172.16.9.9', port: 6881 },
  { address: '100.64.0.7', port: 6881 },
  { address: '169.254.1.1', port: 6881 },
  { address: '224.0.0.5', port: 6881 },
  { address: '203.0.113.9', port: 6881 },
  { address: '0.0.0.0', port: 6881 },
  { address: '255.255.255.255', port: 6881 },
  { address: '8.8.4.4', port: 0 },
];

/** One adversary's mouth. */
export class Liar {
  readonly #lie: DhtLie;
  readonly #self: Resident;
  readonly #population: Population;
  readonly #random: Random;
  /** Who is flooded now, with the queries left; who was lately, with 0. */
  readonly #victims: { at: Endpoint; left: number; startMs: number }[] = []; // bound: MAX_VICTIMS
  #nextFloodMs = Number.POSITIVE_INFINITY;

  constructor(lie: DhtLie, self: Resident, population: Population, random: Random) {
    this.#lie = lie;
    this.#self = self;
    this.#population = population;
    this.#random = random;
  }

  /** Sends the lie in place of `reply`. */
  answer(
    method: string,
    args: Map<string, Value>,
    transaction: Uint8Array,
    reply: Reply,
    from: Endpoint,
    now: number,
    out: Sender,
  ): void {
    const body = reply.r ? { ...reply, r: this.#distorted(method, args, reply.r) } : reply;
    const bytes = encode({ ...body, t: transaction, ip: encodeCompact(from) });
    if (this.#lie === 'malformed') out.send(this.#mangled(bytes), from);
    else if (this.#lie === 'oversize') out.send(encode({ ...body, t: transaction, x: new Uint8Array(OVERSIZE_BYTES) }), from);
    else out.send(bytes, from);
    if (this.#lie === 'unasked') {
      out.send(bytes, from);
      out.send(encode({ ...body, t: this.#bytes(4) }), from);
    }
    if (this.#lie === 'flood') this.#beginFlood(from, now);
  }

  #beginFlood(from: Endpoint, now: number): void {
    const at = this.#victims.findIndex((victim) => victim.at.address === from.address);
    if (at >= 0 && now - this.#victims[at]!.startMs < FLOOD_PAUSE_MS) return;
    if (at >= 0) this.#victims.splice(at, 1);
    if (this.#victims.length >= MAX_VICTIMS) this.#victims.shift();
    this.#victims.push({ at: from, left: FLOOD_QUERIES, startMs: now });
    this.#nextFloodMs = Math.min(this.#nextFloodMs, now + FLOOD_EVERY_MS);
  }

  tick(now: number, out: Sender): void {
    if (now < this.#nextFloodMs) return;
    this.#nextFloodMs = Number.POSITIVE_INFINITY;
    for (const victim of this.#victims) {
      if (victim.left === 0) continue;
      victim.left--;
      this.#nextFloodMs = now + FLOOD_EVERY_MS;
      const a = { id: this.#self.id, info_hash: this.#bytes(ID_BYTES) };
      out.send(encode({ y: 'q', q: 'get_peers', t: this.#bytes(4), a }), victim.at);
    }
  }

  deadline(): number {
    return this.#nextFloodMs;
  }

  /** The members of `r` as this lie has them. */
  #distorted(method: string, args: Map<string, Value>, r: Fields): Fields {
    const key = family(this.#self.endpoint) === 4 ? 'nodes' : 'nodes6';
    switch (this.#lie) {
      case 'random_ids':
        return key in r ? { ...r, [key]: compactNodes(this.#others(K).map((other) => this.#renamed(other))) } : r;
      case 'changes_id':
        return { ...r, id: this.#bytes(ID_BYTES) };
      case 'invented_peers':
        return method === 'get_peers' ? { ...r, values: this.#others(50).map((other) => encodeCompact(other.endpoint)) } : r;
      case 'invented_samples':
        return 'samples' in r ? { ...r, num: 100_000, samples: this.#bytes(INVENTED_SAMPLES * ID_BYTES) } : r;
      case 'bogons': {
        const named = BOGONS.map((endpoint) => ({ id: this.#bytes(ID_BYTES), endpoint }));
        const values = BOGONS.map(encodeCompact);
        return { ...r, ...('nodes' in r ? { nodes: compactNodes(named) } : {}), ...(method === 'get_peers' ? { values } : {}) };
      }
      case 'sybil':
        return key in r ? { ...r, [key]: compactNodes(this.#crowd(args)) } : r;
      case 'huge_interval':
        return 'interval' in r ? { ...r, interval: HUGE_INTERVAL_S } : r;
      case 'negative_interval':
        return 'interval' in r ? { ...r, interval: -1 } : r;
      default:
        return r;
    }
  }

  /** Eight ids right beside the target, all at its own address: each leads back to it. */
  #crowd(args: Map<string, Value>): Resident[] {
    const wanted = args.get('target') ?? args.get('info_hash');
    return Array.from({ length: K }, (_, i) => {
      const id = wanted instanceof Uint8Array && wanted.length === ID_BYTES ? new Uint8Array(wanted) : this.#bytes(ID_BYTES);
      id[ID_BYTES - 1]! ^= i + 1;
      return { id, endpoint: { address: this.#self.endpoint.address, port: 1 + ((this.#self.endpoint.port + i) % 65_535) } };
    });
  }

  /** Cut short, with a byte turned, or with bytes behind it. */
  #mangled(bytes: Uint8Array): Uint8Array {
    const at = Math.floor(this.#random() * bytes.length);
    const way = Math.floor(this.#random() * 3);
    if (way === 0) return bytes.slice(0, at);
    if (way === 1) return Uint8Array.from([...bytes, 0x65]);
    const copy = new Uint8Array(bytes);
    copy[at]! ^= 1 + Math.floor(this.#random() * 255);
    return copy;
  }

  #renamed(resident: Resident): Resident {
    return { id: this.#bytes(ID_BYTES), endpoint: resident.endpoint };
  }

  #others(count: number): Resident[] {
    const { residents } = this.#population;
    return Array.from({ length: count }, () => residents[Math.floor(this.#random() * residents.length)]!);
  }

  #bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => Math.floor(this.#random() * 256));
  }
}
