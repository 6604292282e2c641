// Infohashes that one party told of and nobody else yet: after a while an independent node near them is asked for peers.

const ID_BYTES = 20;

/** First in, first due: all wait equally long. */
export class ConfirmQueue {
  readonly #ids: Uint8Array;
  readonly #dueMs: Float64Array;
  readonly #tries: Uint8Array;
  readonly #capacity: number;
  #first = 0;
  #size = 0;
  /** Never asked about, because too many waited. */
  skipped = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#ids = new Uint8Array(capacity * ID_BYTES);
    this.#dueMs = new Float64Array(capacity);
    this.#tries = new Uint8Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  get nextMs(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : this.#dueMs[this.#first]!;
  }

  /** Adds a copy of 20 bytes; when full the one that waits longest is given up. */
  push(bytes: Uint8Array, at: number, dueMs: number, tries = 0): void {
    if (this.#size === this.#capacity) {
      this.#first = (this.#first + 1) % this.#capacity;
      this.#size--;
      this.skipped++;
    }
    const place = (this.#first + this.#size++) % this.#capacity;
    for (let i = 0; i < ID_BYTES; i++) this.#ids[place * ID_BYTES + i] = bytes[at + i]!;
    this.#dueMs[place] = dueMs;
    this.#tries[place] = tries;
  }

  /** Takes the first if it is due: a copy, and how often it was asked about. */
  take(now: number): { infoHash: Uint8Array; tries: number } | undefined {
    if (this.nextMs > now) return undefined;
    const place = this.#first;
    this.#first = (this.#first + 1) % this.#capacity;
    this.#size--;
    return { infoHash: this.#ids.slice(place * ID_BYTES, (place + 1) * ID_BYTES), tries: this.#tries[place]! };
  }
}
