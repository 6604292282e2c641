// Endpoints that did not answer twice in a row: not asked by lookups for a while. Up to 80 % of all questions are wasted without it.
import { endpointKey } from '../endpoint.ts';
import type { Endpoint } from '../machine.ts';

const MAX_ENTRIES = 20_000;
const FORGET_MS = 600_000;
const FAILURES = 2;

interface Entry {
  failures: number;
  untilMs: number;
}

/** When full, the entry touched longest ago makes room. */
export class Unreachable {
  readonly #entries = new Map<string, Entry>(); // bound: MAX_ENTRIES

  failed(endpoint: Endpoint, now: number): void {
    const key = endpointKey(endpoint);
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    if (this.#entries.size >= MAX_ENTRIES) this.#entries.delete(this.#entries.keys().next().value!);
    const failures = entry && entry.untilMs > now ? entry.failures + 1 : 1;
    this.#entries.set(key, { failures, untilMs: now + FORGET_MS });
  }

  answered(endpoint: Endpoint): void {
    if (this.#entries.size > 0) this.#entries.delete(endpointKey(endpoint));
  }

  has(endpoint: Endpoint, now: number): boolean {
    const entry = this.#entries.get(endpointKey(endpoint));
    return entry !== undefined && entry.failures >= FAILURES && entry.untilMs > now;
  }
}
