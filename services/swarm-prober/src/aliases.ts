// v2 names of hybrids (BEP 52): such a swarm is followed under its v1 name alone.

/** Remembered; the oldest is forgotten first, and would be found out once more. */
const MAX_ALIASES = 100_000;

export class Aliases {
  readonly #names = new Set<string>(); // bound: MAX_ALIASES

  add(name: string): void {
    this.#names.add(name);
    if (this.#names.size > MAX_ALIASES) this.#names.delete(this.#names.values().next().value!);
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }
}
