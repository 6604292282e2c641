// Which infohashes were met, by whom first, and whether somebody independent confirmed it: about 35 bytes for each.

/** What a sighting meant: nothing new, a new infohash, or the confirmation of one that only one party had told before. */
export type Sighting = 'known' | 'new' | 'confirmed';

const ID_BYTES = 20;
const CONFIRMED = 1;

/** One generation: an open-addressed table of places in flat arrays. */
class Generation {
  readonly #table: Uint32Array;
  readonly #ids: Uint8Array;
  readonly #parties: Uint32Array;
  readonly #flags: Uint8Array;
  readonly #mask: number;
  readonly #seed: number;
  readonly capacity: number;
  size = 0;
  confirmed = 0;

  constructor(capacity: number, seed: number) {
    this.capacity = capacity;
    const slots = 2 ** Math.ceil(Math.log2(capacity * 2));
    this.#table = new Uint32Array(slots);
    this.#mask = slots - 1;
    this.#ids = new Uint8Array(capacity * ID_BYTES);
    this.#parties = new Uint32Array(capacity);
    this.#flags = new Uint8Array(capacity);
    this.#seed = seed;
  }

  /** Seeded: whoever chooses infohashes may not choose where they collide. */
  #slot(bytes: Uint8Array, at: number): number {
    const a = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
    const b = (bytes[at + 8]! << 24) | (bytes[at + 9]! << 16) | (bytes[at + 10]! << 8) | bytes[at + 11]!;
    const mixed = Math.imul(a ^ this.#seed, 0x9e3779b1) ^ Math.imul(b ^ (this.#seed >>> 7), 0x85ebca77);
    return (mixed ^ (mixed >>> 15)) & this.#mask;
  }

  #isAt(place: number, bytes: Uint8Array, at: number): boolean {
    const start = place * ID_BYTES;
    for (let i = 0; i < ID_BYTES; i++) if (this.#ids[start + i] !== bytes[at + i]) return false;
    return true;
  }

  /** The place of an infohash, -1 when it is not here. */
  find(bytes: Uint8Array, at: number): number {
    for (let slot = this.#slot(bytes, at); ; slot = (slot + 1) & this.#mask) {
      const entry = this.#table[slot]!;
      if (entry === 0) return -1;
      if (this.#isAt(entry - 1, bytes, at)) return entry - 1;
    }
  }

  /** Adds one that is not here; the caller keeps `size` below `capacity`. */
  add(bytes: Uint8Array, at: number, party: number, flags: number): void {
    let slot = this.#slot(bytes, at);
    while (this.#table[slot] !== 0) slot = (slot + 1) & this.#mask;
    const place = this.size++;
    this.#table[slot] = place + 1;
    for (let i = 0; i < ID_BYTES; i++) this.#ids[place * ID_BYTES + i] = bytes[at + i]!;
    this.#parties[place] = party;
    this.#flags[place] = flags;
    if (flags & CONFIRMED) this.confirmed++;
  }

  party(place: number): number {
    return this.#parties[place]!;
  }

  setParty(place: number, party: number): void {
    this.#parties[place] = party;
  }

  flags(place: number): number {
    return this.#flags[place]!;
  }

  /** Adds everything to a larger one, in the same order. */
  copyTo(larger: Generation): void {
    for (let place = 0; place < this.size; place++)
      larger.add(this.#ids, place * ID_BYTES, this.#parties[place]!, this.#flags[place]!);
  }

  confirm(place: number): void {
    this.#flags[place] = this.#flags[place]! | CONFIRMED;
    this.confirmed++;
  }
}

/**
 * Two generations: when the young one is full the old one is forgotten, and what is met again moves into the young one. So at least `capacity / 2`
 * and at most `capacity` infohashes are remembered, the recent ones.
 */
export class SeenInfohashes {
  #young: Generation;
  #old: Generation;
  readonly #half: number;
  readonly #seed: number;
  /** Distinct infohashes that somebody claims to hold, and of them those that a second party confirmed (counted again when met after they were forgotten). */
  total = 0;
  confirmed = 0;
  /** Those that were only asked for. */
  askedFor = 0;

  constructor(capacity: number, seed: number) {
    this.#half = Math.max(1, capacity >> 1);
    this.#seed = seed;
    this.#young = this.#generation(Math.min(this.#half, 65_536));
    this.#old = this.#generation(1);
  }

  #generation(capacity: number): Generation {
    return new Generation(capacity, this.#seed);
  }

  /** Notes that `party` (a number for who is one and the same) told of the infohash at `at`. Party 0 is nobody: it neither counts first nor confirms. */
  note(bytes: Uint8Array, at: number, party: number): Sighting {
    let place = this.#young.find(bytes, at);
    let sighting: Sighting = 'known';
    if (place < 0) {
      this.#makeRoom();
      const old = this.#old.find(bytes, at);
      if (old >= 0) this.#young.add(bytes, at, this.#old.party(old), this.#old.flags(old));
      else {
        this.#young.add(bytes, at, party, 0);
        if (party === 0) this.askedFor++;
        else this.total++;
        sighting = 'new';
      }
      place = this.#young.size - 1;
    }
    if (sighting === 'new' || (this.#young.flags(place) & CONFIRMED) !== 0 || party === 0) return sighting;
    const first = this.#young.party(place);
    if (first === 0) {
      this.#young.setParty(place, party);
      this.askedFor--;
      this.total++;
    }
    if (first === 0 || first === party) return 'known';
    this.#young.confirm(place);
    this.confirmed++;
    return 'confirmed';
  }

  /** Who told first; 0 when nobody that counts. */
  partyOf(bytes: Uint8Array, at: number): number {
    for (const generation of [this.#young, this.#old]) {
      const place = generation.find(bytes, at);
      if (place >= 0) return generation.party(place);
    }
    return 0;
  }

  isConfirmed(bytes: Uint8Array, at: number): boolean {
    for (const generation of [this.#young, this.#old]) {
      const place = generation.find(bytes, at);
      if (place >= 0) return (generation.flags(place) & CONFIRMED) !== 0;
    }
    return false;
  }

  /** The young generation grows by doubling up to its half of the capacity; then it becomes the old one. */
  #makeRoom(): void {
    const { capacity, size } = this.#young;
    if (size < capacity) return;
    if (capacity >= this.#half) {
      this.#old = this.#young;
      this.#young = this.#generation(this.#half);
      return;
    }
    const grown = this.#generation(Math.min(this.#half, capacity * 2));
    this.#young.copyTo(grown);
    this.#young = grown;
  }
}
