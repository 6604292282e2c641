// The true DHT: every node sorted by id, who is really closest to a target, and what a node's own table would know of it (BEP 5).
import { encodeCompact } from '@swarmscope/bittorrent/endpoint.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { mix32 } from './mix.ts';

/** A node of the network: 20 bytes of id, and where it is. */
export interface Resident {
  readonly id: Uint8Array;
  readonly endpoint: Endpoint;
}

export const ID_BYTES = 20;
const ID_BITS = 160;
/** BEP 5: eight nodes a bucket, eight in an answer, eight hold an infohash. */
export const K = 8;

/** How many leading bits two ids share, 0 to 160. */
export function sharedBits(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < ID_BYTES; i++) {
    const differs = a[i]! ^ b[i]!;
    if (differs !== 0) return i * 8 + Math.clz32(differs) - 24;
  }
  return ID_BITS;
}

/** Order by distance to `target` (XOR metric). */
export function compareDistance(target: Uint8Array, a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < ID_BYTES; i++) {
    const order = (a[i]! ^ target[i]!) - (b[i]! ^ target[i]!);
    if (order !== 0) return order;
  }
  return 0;
}

function compareIds(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < ID_BYTES; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return 0;
}

function headOf(id: Uint8Array): number {
  return ((id[0]! << 24) | (id[1]! << 16) | (id[2]! << 8) | id[3]!) >>> 0;
}

function flipped(id: Uint8Array, bit: number): Uint8Array {
  const copy = new Uint8Array(id);
  copy[bit >> 3]! ^= 0x80 >> (bit & 7);
  return copy;
}

interface Range {
  readonly from: number;
  readonly to: number;
}

/**
 * Tables are not stored: which eight nodes of a bucket a node knows is a hash of its place and the bucket, so 50 000 tables cost nothing and a
 * node names the same neighbours every time. Deep buckets hold fewer than eight nodes and are known whole, which is what makes lookups converge.
 */
export class Population {
  readonly residents: readonly Resident[];
  /** The first 32 bits of each id, in the same order: searches seldom need to look at the ids themselves. */
  readonly #heads: Uint32Array;

  constructor(residents: readonly Resident[]) {
    this.residents = [...residents].sort((a, b) => compareIds(a.id, b.id));
    this.#heads = Uint32Array.from(this.residents, (resident) => headOf(resident.id));
  }

  /** The `count` residents truly closest to `target`, closest first; only those that `counts` admits. */
  closest(target: Uint8Array, count = K, counts?: (resident: Resident) => boolean): Resident[] {
    for (let bits = this.#depthOf(target, counts ? 4 * count : count); ; bits--) {
      const range = this.#range(target, Math.max(bits, 0));
      const near = this.residents.slice(range.from, range.to);
      const found = counts ? near.filter(counts) : near;
      if (found.length < count && bits > 0) continue;
      return found.sort((a, b) => compareDistance(target, a.id, b.id)).slice(0, count);
    }
  }

  /** What resident `index` names for `target`: the `count` closest of its table, never itself. */
  known(index: number, target: Uint8Array, count = K): Resident[] {
    const self = this.residents[index]!.id;
    const shared = sharedBits(self, target);
    const picks: Resident[] = [];
    if (shared < ID_BITS) this.#pick(index, shared, this.#range(target, shared + 1), count, picks);
    this.#pickBelow(index, target, shared + 1, count, picks);
    for (let bit = shared - 1; bit >= 0 && picks.length < count; bit--) {
      this.#pick(index, bit, this.#range(flipped(self, bit), bit + 1), count, picks);
    }
    return picks;
  }

  /** From the node's own side of the tree below `bit`, closest to the target first. */
  #pickBelow(index: number, target: Uint8Array, bit: number, count: number, picks: Resident[]): void {
    const self = this.residents[index]!.id;
    const order: number[] = []; // buckets below `bit`, and on which side of each the target lies
    for (let depth = bit; depth < ID_BITS && picks.length < count; depth++) {
      const own = this.#range(self, depth);
      if (own.to - own.from <= 1) break;
      const sameSide = ((self[depth >> 3]! ^ target[depth >> 3]!) & (0x80 >> (depth & 7))) === 0;
      // The far bucket comes before everything deeper when the target lies on its side, else after it.
      if (sameSide) order.push(depth);
      else if (picks.length < count) this.#pick(index, depth, this.#range(flipped(self, depth), depth + 1), count, picks);
    }
    for (let i = order.length - 1; i >= 0 && picks.length < count; i--) {
      this.#pick(index, order[i]!, this.#range(flipped(self, order[i]!), order[i]! + 1), count, picks);
    }
  }

  /** Adds to `picks` what a table holds of one bucket. */
  #pick(index: number, bucket: number, range: Range, count: number, picks: Resident[]): void {
    const size = range.to - range.from;
    const held = Math.min(size, K);
    const start = size > K ? mix32(index, bucket, 1) % size : 0;
    // Eight different places: one in each eighth of the bucket.
    const gap = Math.max(1, Math.floor(size / held));
    for (let i = 0; i < held && picks.length < count; i++) {
      const jitter = gap > 1 ? mix32(index, bucket, 2, i) % gap : 0;
      picks.push(this.residents[range.from + ((start + i * gap + jitter) % size)]!);
    }
  }

  /** Where in the order the first id >= the prefix stands. */
  #lowerBound(prefix: Uint8Array): number {
    const head = headOf(prefix);
    let low = 0;
    let high = this.residents.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const order = this.#heads[middle]! - head || compareIds(this.residents[middle]!.id, prefix);
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The residents that share the first `bits` bits with `id`. */
  #range(id: Uint8Array, bits: number): Range {
    if (bits <= 0) return { from: 0, to: this.residents.length };
    const first = new Uint8Array(id);
    const last = new Uint8Array(id);
    const at = bits >> 3;
    if (at < ID_BYTES) {
      const spare = 0xff >> (bits & 7);
      first[at]! &= ~spare;
      last[at]! |= spare;
      first.fill(0, at + 1);
      last.fill(0xff, at + 1);
    }
    const from = this.#lowerBound(first);
    let to = this.#lowerBound(last);
    if (to < this.residents.length && compareIds(this.residents[to]!.id, last) === 0) to++;
    return { from, to };
  }

  /** The deepest prefix of `target` that still has about `count` residents or more. */
  #depthOf(target: Uint8Array, count: number): number {
    let bits = Math.max(0, Math.floor(Math.log2(this.residents.length / count + 1)));
    for (let range = this.#range(target, bits + 1); range.to - range.from >= count && bits < ID_BITS - 1; ) {
      bits++;
      range = this.#range(target, bits + 1);
    }
    return bits;
  }
}

/** Contact records of BEP 5 (26 bytes) or 32 (38 bytes), joined. */
export function compactNodes(residents: readonly Resident[]): Uint8Array {
  const parts = residents.map((resident) => ({ id: resident.id, at: encodeCompact(resident.endpoint) }));
  const size = ID_BYTES + (parts[0]?.at.length ?? 0);
  const bytes = new Uint8Array(parts.length * size);
  for (const [i, part] of parts.entries()) {
    bytes.set(part.id, i * size);
    bytes.set(part.at, i * size + ID_BYTES);
  }
  return bytes;
}
