// A bounded map of recent things in two generations: what is set lives for at least `max / 2` further settings. No walk over old entries, so it costs the same at any size.

/** Half full, the young generation becomes the old one, and the old one is forgotten. */
export class RecentMap<V> {
  #young = new Map<string, V>(); // bound: max / 2
  #old = new Map<string, V>(); // bound: max / 2
  readonly #half: number;

  constructor(max: number) {
    this.#half = Math.max(1, max >> 1);
  }

  get(key: string): V | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  set(key: string, value: V): void {
    if (this.#young.size >= this.#half) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  delete(key: string): void {
    if (this.#young.size > 0) this.#young.delete(key);
    if (this.#old.size > 0) this.#old.delete(key);
  }
}
