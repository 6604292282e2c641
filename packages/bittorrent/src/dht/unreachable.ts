// Endpoints that did not answer twice in a row: not asked by lookups for a while. Up to 80 % of all questions are wasted without it.
import { endpointKey } from '../endpoint.ts';
import type { Endpoint } from '../machine.ts';
import { RecentMap } from './recent-map.ts';

const MAX_ENTRIES = 20_000;
const FORGET_MS = 600_000;
const FAILURES = 2;

interface Entry {
  failures: number;
  untilMs: number;
}

/** At most 20 000 are remembered, the latest. */
export class Unreachable {
  readonly #entries = new RecentMap<Entry>(MAX_ENTRIES);

  failed(endpoint: Endpoint, now: number): void {
    const key = endpointKey(endpoint);
    const entry = this.#entries.get(key);
    const failures = entry && entry.untilMs > now ? entry.failures + 1 : 1;
    this.#entries.set(key, { failures, untilMs: now + FORGET_MS });
  }

  answered(endpoint: Endpoint, key = endpointKey(endpoint)): void {
    this.#entries.delete(key);
  }

  has(endpoint: Endpoint, now: number): boolean {
    const entry = this.#entries.get(endpointKey(endpoint));
    return entry !== undefined && entry.failures >= FAILURES && entry.untilMs > now;
  }
}
