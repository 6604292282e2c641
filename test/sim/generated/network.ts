// A DHT that takes no memory: every node, its address, its neighbours and its infohashes are computed from its number when somebody asks.
import { addressNumber, formatV4 } from '@swarmscope/bittorrent/address.ts';
import { KrpcView } from '@swarmscope/bittorrent/krpc/view.ts';
import { KrpcWriter } from '@swarmscope/bittorrent/krpc/writer.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { mix32 } from '@swarmscope/lab/sim/mix.ts';

export interface GeneratedPlan {
  readonly nodes: number;
  /** Distinct true infohashes; each is held by the eight nodes around it. */
  readonly infohashes: number;
  /** Shares of the nodes: no answer ever; samples that nobody holds, always new ones. */
  readonly dead: number;
  readonly inventing: number;
  /** Share of the living that is away in any hour; who it is changes from hour to hour, for each node at another minute. */
  readonly away: number;
}

/** Nodes named, and samples shown, in one answer. */
const NAMED = 8;
const SHOWN = 20;
const HOLDERS = 8;
const HOUR_MS = 3_600_000;
const ID_BYTES = 20;
const NODE_BYTES = 26;
/** First octet of all addresses; the other three are the node's number times an odd one, so that neighbours live far apart. */
const NET = 80;
const NUMBERS = 2 ** 24;
const SPREAD = 0x9e3779;
const GATHER = inverse(SPREAD);
/** Where the id stands in a reply: behind `d2:ip6:` and 6 bytes, `1:rd2:id20:`. */
const ID_AT = 24;
const VERSION = Uint8Array.of(0x53, 0x4c, 0, 1);

/** Ids and infohashes lie evenly spread, each somewhere in its own share of the id space: so who is near what is arithmetic. */
export class GeneratedNetwork {
  readonly #plan: GeneratedPlan;
  readonly #view = new KrpcView();
  readonly #contact = new Uint8Array(NODE_BYTES);
  readonly #nodes = new Uint8Array(NAMED * NODE_BYTES);
  readonly #samples = new Uint8Array(SHOWN * ID_BYTES);
  readonly #writer = new KrpcWriter({ id: new Uint8Array(ID_BYTES), version: VERSION, readOnly: false });
  #invented = 0;
  #draws = 0;

  constructor(plan: GeneratedPlan) {
    this.#plan = plan;
  }

  /** Infohashes that a living node holds. */
  get held(): number {
    return Math.round((HOLDERS * this.#plan.infohashes) / this.#plan.nodes);
  }

  endpointOf(node: number): Endpoint {
    this.#put(node, this.#contact, 0);
    return { address: formatV4(this.#contact, ID_BYTES), port: portOf(node) };
  }

  /** The node that lives there; -1 when none does. */
  nodeAt(to: Endpoint): number {
    const number = addressNumber(to.address);
    const node = times(number % NUMBERS, GATHER);
    return number >>> 24 === NET && node < this.#plan.nodes && to.port === portOf(node) ? node : -1;
  }

  isDead(node: number): boolean {
    return mix32(node, 1) < this.#plan.dead * 2 ** 32;
  }

  isAway(node: number, now: number): boolean {
    const hour = Math.floor(now / HOUR_MS + mix32(node, 11) / 2 ** 32);
    return mix32(node, 12, hour) < this.#plan.away * 2 ** 32;
  }

  isInventing(node: number): boolean {
    return mix32(node, 2) < this.#plan.inventing * 2 ** 32;
  }

  /** The answer of a living node to a query of the crawler; valid until the next call. */
  answer(node: number, query: Uint8Array, from: Uint8Array): Uint8Array | undefined {
    const view = this.#view;
    if (view.parse(query) !== undefined || view.kind !== 'query') return undefined;
    const { bytes, transactionAt, transactionLength, targetAt, method } = view;
    const nodes = targetAt >= 0 ? this.#named(this.#placeOf(bytes, targetAt, this.#plan.nodes)) : undefined;
    const reply = (beside: object) => {
      const written = this.#writer.reply({ ...(nodes && { nodes }), ...beside }, bytes, transactionAt, transactionLength, from);
      this.#idOf(node, written, ID_AT);
      return written;
    };
    switch (method) {
      case 'get_peers':
        return reply({ token: VERSION, ...(this.#holds(node, bytes, targetAt) && { values: from }) });
      case 'sample_infohashes':
        return reply({ samples: this.#shown(node), num: this.held, intervalS: 0 });
      default:
        return reply({});
    }
  }

  /** Whether the crawler was told the truth about an infohash. */
  isTrue(bytes: Uint8Array, at: number): boolean {
    const place = this.#placeOf(bytes, at, this.#plan.infohashes);
    const truth = new Uint8Array(ID_BYTES);
    this.#infohash(place, truth, 0);
    return truth.every((byte, i) => byte === bytes[at + i]);
  }

  #placeOf(bytes: Uint8Array, at: number, count: number): number {
    const head = ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
    return Math.min(count - 1, Math.floor((head / 2 ** 32) * count));
  }

  #idOf(node: number, bytes: Uint8Array, at: number): void {
    fill(bytes, at, (node + mix32(node, 3) / 2 ** 32) / this.#plan.nodes, node, 4);
  }

  #infohash(place: number, bytes: Uint8Array, at: number): void {
    fill(bytes, at, (place + mix32(place, 5) / 2 ** 32) / this.#plan.infohashes, place, 6);
  }

  #named(middle: number): Uint8Array {
    const { nodes } = this.#plan;
    for (let i = 0; i < NAMED; i++) {
      const node = (middle + i - NAMED / 2 + nodes) % nodes;
      this.#put(node, this.#nodes, i * NODE_BYTES);
    }
    return this.#nodes;
  }

  /** Id, address and port of a node, as they stand in an answer. */
  #put(node: number, bytes: Uint8Array, at: number): void {
    this.#idOf(node, bytes, at);
    const place = times(node, SPREAD);
    const port = portOf(node);
    const endpoint = [NET, place >>> 16, (place >>> 8) & 0xff, place & 0xff, port >>> 8, port & 0xff];
    for (let i = 0; i < 6; i++) bytes[at + ID_BYTES + i] = endpoint[i]!;
  }

  /** The place of the first infohash that a node holds. */
  #firstHeld(node: number): number {
    return Math.round(((node - HOLDERS / 2) * this.#plan.infohashes) / this.#plan.nodes);
  }

  #holds(node: number, bytes: Uint8Array, at: number): boolean {
    const { infohashes } = this.#plan;
    const behind = this.#placeOf(bytes, at, infohashes) - this.#firstHeld(node);
    return (behind + infohashes) % infohashes < this.held && this.isTrue(bytes, at);
  }

  /** Another draw each time, without two of a kind. */
  #shown(node: number): Uint8Array {
    const { held } = this;
    const { infohashes } = this.#plan;
    const start = mix32(node, 7, this.#draws++);
    const count = Math.min(SHOWN, held);
    for (let i = 0; i < count; i++) {
      const place = this.#firstHeld(node) + Math.floor(((i + (start % 1024) / 1024) * held) / count);
      if (this.isInventing(node)) fill(this.#samples, i * ID_BYTES, mix32(this.#invented++, 8) / 2 ** 32, this.#invented, 9);
      else this.#infohash((place + infohashes) % infohashes, this.#samples, i * ID_BYTES);
    }
    return this.#samples.subarray(0, count * ID_BYTES);
  }
}

/** Modulo 2^24. */
function times(a: number, b: number): number {
  return Math.imul(a, b) & (NUMBERS - 1);
}

/** The number by which an odd one gives 1 (Newton: each step doubles the bits that are right). */
function inverse(odd: number): number {
  let found = odd;
  for (let step = 0; step < 5; step++) found = times(found, 2 - times(odd, found));
  return found;
}

function portOf(node: number): number {
  return 1_024 + (mix32(node, 10) % 60_000);
}

/** 20 bytes whose place in the id space is `share`; what follows the first four is a hash. */
function fill(bytes: Uint8Array, at: number, share: number, number: number, kind: number): void {
  const head = Math.floor(share * 2 ** 32) >>> 0;
  for (let word = 0; word < 5; word++) {
    const value = word === 0 ? head : mix32(number, kind, word);
    for (let i = 0; i < 4; i++) bytes[at + 4 * word + i] = value >>> (24 - 8 * i);
  }
}
