// What was published within the hour: one event per (subject, reporter, way) an hour, remembered as 52-bit hashes in flat tables.

const PERIOD_MS = 3_600_000;
const SLOTS_MIN = 1 << 12;

/** Numbers 1 to 2^53; at most half of the slots are used. */
class NumberSet {
  #slots = new Float64Array(SLOTS_MIN);
  size = 0;

  /** Adds; false when it was there. */
  add(key: number): boolean {
    if (this.size * 2 >= this.#slots.length) this.#grow();
    const mask = this.#slots.length - 1;
    for (let slot = key & mask; ; slot = (slot + 1) & mask) {
      const found = this.#slots[slot]!;
      if (found === key) return false;
      if (found !== 0) continue;
      this.#slots[slot] = key;
      this.size++;
      return true;
    }
  }

  has(key: number): boolean {
    const mask = this.#slots.length - 1;
    for (let slot = key & mask; ; slot = (slot + 1) & mask) {
      const found = this.#slots[slot]!;
      if (found === key) return true;
      if (found === 0) return false;
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Float64Array(old.length * 2);
    this.size = 0;
    for (const key of old) if (key !== 0) this.add(key);
  }
}

/** What was noted in this hour or the one before is recent. Full, the older part is forgotten early: an event too many, never one too few. */
export class RecentKeys {
  #young = new NumberSet();
  #old = new NumberSet();
  #turnMs = Number.NEGATIVE_INFINITY;
  readonly #max: number;

  /** At most `max` keys are remembered (16 bytes each). */
  constructor(max: number) {
    this.#max = max;
  }

  /** Notes a key; true when it was not noted for the last hour (or up to two). */
  isNew(key: number, now: number): boolean {
    if (now >= this.#turnMs || this.#young.size * 2 >= this.#max) {
      this.#old = now - this.#turnMs > PERIOD_MS ? new NumberSet() : this.#young;
      this.#young = new NumberSet();
      this.#turnMs = now + PERIOD_MS;
    }
    if (this.#old.has(key)) return false;
    return this.#young.add(key);
  }
}

/** A 52-bit hash (never 0) of up to three 32-bit numbers. */
export function keyOf(a: number, b: number, c: number): number {
  const high = scramble(a ^ Math.imul(b, 0x9e3779b1) ^ c);
  const low = scramble(Math.imul(a, 0x85ebca77) ^ b ^ Math.imul(c, 0xc2b2ae3d));
  return (high >>> 12) * 0x1_0000_0000 + (low >>> 0) || 1;
}

/** A 32-bit hash of text: addresses and endpoints as numbers. */
export function hashText(text: string, seed = 0): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return scramble(hash) >>> 0;
}

function scramble(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return mixed ^ (mixed >>> 16);
}
