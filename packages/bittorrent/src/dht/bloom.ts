// The Bloom filters of scrape (BEP 33): 2 048 bits, two hash functions from the SHA-1 of the address.
import { parseAddress } from '../address.ts';
import { sha1 } from '../hash.ts';
import { FILTER_BYTES } from '../krpc/message.ts';

const BITS = FILTER_BYTES * 8;
/** Below so many zero bits (some 5 000 addresses) a filter tells no more how many there are, only that there are many. */
const LEAST_ZEROS = 16;
/** 95 %, two-sided. */
const Z = 1.96;

/** An empty filter. */
export function emptyFilter(): Uint8Array {
  return new Uint8Array(FILTER_BYTES);
}

/** Adds an address (text) to a filter; text that is no address adds nothing. */
export function addToFilter(filter: Uint8Array, address: string): void {
  for (const bit of bitsOf(address)) filter[bit >> 3] = filter[bit >> 3]! | (1 << (bit & 7));
}

/** Whether an address may be in a filter: no is sure, yes is not. */
export function mayHold(filter: Uint8Array, address: string): boolean {
  const bits = bitsOf(address);
  return bits.length > 0 && bits.every((bit) => (filter[bit >> 3]! & (1 << (bit & 7))) !== 0);
}

function bitsOf(address: string): number[] {
  const bytes = parseAddress(address);
  if (!bytes) return [];
  const hash = sha1(bytes);
  return [0, 2].map((i) => (hash[i]! | (hash[i + 1]! << 8)) % BITS);
}

/** Joins `other` into `filter`: the union of what both have seen. */
export function joinFilter(filter: Uint8Array, other: Uint8Array): void {
  for (let i = 0; i < FILTER_BYTES; i++) filter[i] = filter[i]! | other[i]!;
}

/** Bits set. */
export function countBits(filter: Uint8Array): number {
  let count = 0;
  for (const byte of filter) for (let rest = byte; rest > 0; rest &= rest - 1) count++;
  return count;
}

/** So full that it says nothing: nobody keeps so many addresses of a swarm. */
export function isSaturated(filter: Uint8Array): boolean {
  return BITS - countBits(filter) < LEAST_ZEROS;
}

/** How many addresses a filter holds, by its zero bits: 1.5-3 % off up to 3 000, 5 % at 5 000, useless from some 8 000. A full filter gives the largest that it can say. */
export function estimateFilter(filter: Uint8Array): number {
  const zeros = BITS - countBits(filter);
  const counted = Math.min(BITS - 1, Math.max(1, zeros));
  return zeros === BITS ? 0 : Math.log(counted / BITS) / (2 * Math.log(1 - 1 / BITS));
}

/** The same with bounds at 95 %, whole addresses; no high bound for a saturated filter. Derivation: docs/estimates.md. */
export function boundFilter(filter: Uint8Array): { estimate: number; low: number; high: number | undefined } {
  const estimate = estimateFilter(filter);
  let [low, high] = [estimate, estimate];
  // The bounds are the sizes at which the estimate would be 1.96 of *their* deviations off.
  for (let turn = 0; turn < 8; turn++) {
    low = Math.max(0, estimate - Z * deviation(low));
    high = Math.min(4 * BITS, estimate + Z * deviation(high));
  }
  return {
    estimate: Math.round(estimate),
    // An address sets two bits at most.
    low: Math.max(Math.ceil(countBits(filter) / 2), Math.round(low)),
    high: isSaturated(filter) ? undefined : Math.round(high),
  };
}

/** Standard deviation of the estimate of `size` addresses. */
function deviation(size: number): number {
  const load = (2 * size) / BITS;
  return Math.sqrt(BITS * (Math.exp(load) - load - 1)) / 2;
}
