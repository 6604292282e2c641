// Which infohashes were met, by whom first, and whether somebody independent confirmed it: 17 bytes for each.
import { HalfSipHash } from './half-sip-hash.ts';

/** What a sighting meant: nothing new, a new infohash, or the confirmation of one that only one party had told before. */
export type Sighting = 'known' | 'new' | 'confirmed';

const ID_BYTES = 20;
/** An entry is 31 bits of party, and above them whether it is confirmed. */
const CONFIRMED = 2 ** 31;
const PARTY = CONFIRMED - 1;
/** Places for each infohash of the capacity: at 70 % a search takes two steps, one in vain six. */
const PLACES_EACH = 1.4;
const FIRST_CAPACITY = 65_536;

/** One generation: a table with open addressing. A place holds 64 bits of hash and who told first. */
class Generation {
  /** Two words of hash each; the first is 0 where nothing is. */
  readonly #hashes: Uint32Array;
  readonly #parties: Uint32Array;
  readonly #places: number;
  readonly capacity: number;
  size = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.#places = Math.ceil(capacity * PLACES_EACH);
    this.#hashes = new Uint32Array(2 * this.#places);
    this.#parties = new Uint32Array(this.#places);
  }

  /** Where a hash stands; else -1 - place for where it would. */
  find(high: number, low: number): number {
    for (let place = Math.floor((low / 2 ** 32) * this.#places); ; place = place + 1 === this.#places ? 0 : place + 1) {
      const found = this.#hashes[2 * place]!;
      if (found === 0) return -1 - place;
      if (found === high && this.#hashes[2 * place + 1] === low) return place;
    }
  }

  /** Adds at a place that `find` gave; the caller keeps `size` below `capacity`. */
  add(place: number, high: number, low: number, entry: number): void {
    this.#hashes[2 * place] = high;
    this.#hashes[2 * place + 1] = low;
    this.#parties[place] = entry;
    this.size++;
  }

  /** Who told first, and whether somebody else confirmed it. */
  entry(place: number): number {
    return this.#parties[place]!;
  }

  setEntry(place: number, entry: number): void {
    this.#parties[place] = entry;
  }

  /** Adds everything to a larger one. */
  copyTo(larger: Generation): void {
    for (let place = 0; place < this.#places; place++) {
      const [high, low] = [this.#hashes[2 * place]!, this.#hashes[2 * place + 1]!];
      if (high !== 0) larger.add(-1 - larger.find(high, low), high, low, this.#parties[place]!);
    }
  }
}

/**
 * An infohash is known by 64 bits of a keyed hash: among two million, two are taken for one with a probability of 10^-7.
 *
 * Two generations: when the young one is full the old one is forgotten, and what is met again moves into the young one. So at least `capacity / 2`
 * and at most `capacity` infohashes are remembered, the recent ones.
 */
export class SeenInfohashes {
  #young: Generation;
  #old: Generation;
  readonly #half: number;
  readonly #hash: HalfSipHash;
  /** Distinct infohashes that somebody claims to hold, and of them those that a second party confirmed (counted again when met after they were forgotten). */
  total = 0;
  confirmed = 0;
  /** Those that were only asked for. */
  askedFor = 0;

  /** `key`: 64 bits that nobody outside knows, since whoever knows them may make two infohashes look like one. */
  constructor(capacity: number, key: readonly [number, number]) {
    this.#half = Math.max(1, capacity >> 1);
    this.#hash = new HalfSipHash(key);
    this.#young = new Generation(Math.min(this.#half, FIRST_CAPACITY));
    this.#old = new Generation(1);
  }

  /** Notes that `party` (a number below 2^31 for who is one and the same) told of the infohash at `at`. Party 0 is nobody: it neither counts first nor confirms. */
  note(bytes: Uint8Array, at: number, party: number): Sighting {
    this.#digest(bytes, at);
    const { high, low } = this.#hash;
    let place = this.#young.find(high, low);
    let sighting: Sighting = 'known';
    if (place < 0) {
      this.#makeRoom();
      const old = this.#old.find(high, low);
      if (old < 0) sighting = 'new';
      place = -1 - this.#young.find(high, low);
      this.#young.add(place, high, low, old < 0 ? party : this.#old.entry(old));
    }
    if (sighting === 'new') {
      if (party === 0) this.askedFor++;
      else this.total++;
      return sighting;
    }
    return this.#witness(place, party);
  }

  /** A party tells of an infohash that is known. */
  #witness(place: number, party: number): Sighting {
    const entry = this.#young.entry(place);
    if (party === 0 || entry >= CONFIRMED) return 'known';
    if (entry === 0) {
      this.#young.setEntry(place, party);
      this.askedFor--;
      this.total++;
      return 'known';
    }
    if (entry === party) return 'known';
    this.#young.setEntry(place, entry + CONFIRMED);
    this.confirmed++;
    return 'confirmed';
  }

  /** The first word is never 0, which stands for nothing. */
  #digest(bytes: Uint8Array, at: number): void {
    this.#hash.digest(bytes, at, ID_BYTES);
    if (this.#hash.high === 0) this.#hash.high = 1;
  }

  #entryOf(bytes: Uint8Array, at: number): number {
    this.#digest(bytes, at);
    const { high, low } = this.#hash;
    for (const generation of [this.#young, this.#old]) {
      const place = generation.find(high, low);
      if (place >= 0) return generation.entry(place);
    }
    return 0;
  }

  /** Who told first; 0 when nobody that counts. */
  partyOf(bytes: Uint8Array, at: number): number {
    return this.#entryOf(bytes, at) & PARTY;
  }

  isConfirmed(bytes: Uint8Array, at: number): boolean {
    return this.#entryOf(bytes, at) >= CONFIRMED;
  }

  /** The young generation grows by doubling up to its half of the capacity; then it becomes the old one. */
  #makeRoom(): void {
    const { capacity, size } = this.#young;
    if (size < capacity) return;
    if (capacity >= this.#half) {
      this.#old = this.#young;
      this.#young = new Generation(this.#half);
      return;
    }
    const grown = new Generation(Math.min(this.#half, capacity * 2));
    this.#young.copyTo(grown);
    this.#young = grown;
  }
}
