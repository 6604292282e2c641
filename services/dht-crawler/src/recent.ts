// What was published within the hour: one event per (subject, reporter, way) an hour, remembered by 48 bits of a hash in flat tables.

const PERIOD_MS = 3_600_000;
const FIRST_CAPACITY = 4_096;
/** Places for each key of the capacity: at 70 % a search takes two steps, one in vain six. */
const PLACES_EACH = 1.4;
const LOW = 2 ** 32;

/** Numbers by their lowest 48 bits, in a table with open addressing that grows by doubling. */
class NumberSet {
  #capacity = FIRST_CAPACITY;
  /** The lowest 32 bits, 0 where nothing is; and the next 16. */
  #low = new Uint32Array(Math.ceil(FIRST_CAPACITY * PLACES_EACH));
  #high = new Uint16Array(this.#low.length);
  size = 0;

  /** Adds; false when it was there. */
  add(key: number): boolean {
    if (this.size >= this.#capacity) this.#grow();
    const place = this.#find(lowOf(key), highOf(key));
    if (this.#low[place] !== 0) return false;
    this.#put(place, lowOf(key), highOf(key));
    return true;
  }

  has(key: number): boolean {
    return this.#low[this.#find(lowOf(key), highOf(key))] !== 0;
  }

  /** Where a key stands, or would stand. */
  #find(low: number, high: number): number {
    const places = this.#low.length;
    for (let place = Math.floor((low / LOW) * places); ; place = place + 1 === places ? 0 : place + 1) {
      const found = this.#low[place]!;
      if (found === 0 || (found === low && this.#high[place] === high)) return place;
    }
  }

  #put(place: number, low: number, high: number): void {
    this.#low[place] = low;
    this.#high[place] = high;
    this.size++;
  }

  #grow(): void {
    const [low, high] = [this.#low, this.#high];
    this.#capacity *= 2;
    this.#low = new Uint32Array(Math.ceil(this.#capacity * PLACES_EACH));
    this.#high = new Uint16Array(this.#low.length);
    this.size = 0;
    for (let at = 0; at < low.length; at++) if (low[at] !== 0) this.#put(this.#find(low[at]!, high[at]!), low[at]!, high[at]!);
  }
}

function lowOf(key: number): number {
  return key % LOW || 1;
}

function highOf(key: number): number {
  return Math.floor(key / LOW) & 0xffff;
}

/** What was noted in this hour or the one before is recent. Full, the older part is forgotten early: an event too many, never one too few. */
export class RecentKeys {
  #young = new NumberSet();
  #old = new NumberSet();
  #turnMs = Number.NEGATIVE_INFINITY;
  readonly #max: number;

  /** At most `max` keys are remembered (8 bytes each). */
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
