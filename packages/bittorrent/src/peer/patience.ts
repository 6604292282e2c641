// How much a peer may send that is of no use, and the count of it by kind: one bucket against every flood that a length check does not see.
import type { Useless } from './facts.ts';

/** A challenge given up late can leave some dozen blocks on the way; nobody honest comes near this. */
const BURST = 256;
const REFILL_PER_MS = 2 / 1000;
/** Nobody decides anew whom to choke, or what to want, so soon again and again; BEP 3 says ten seconds. Now and then it happens. */
export const FLAP_MS = 1_000;

const NONE: ReadonlyMap<Useless, number> = new Map(); // bound: empty

export class Patience {
  #counts: Map<Useless, number> | undefined; // bound: the kinds of Useless
  #credit = BURST;
  #at = 0;

  get counts(): ReadonlyMap<Useless, number> {
    return this.#counts ?? NONE;
  }

  /** Counts one; false when patience has run out. */
  bear(what: Useless, now: number): boolean {
    this.#counts ??= new Map();
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
    this.#credit = Math.min(BURST, this.#credit + (now - this.#at) * REFILL_PER_MS);
    this.#at = now;
    if (this.#credit < 1) return false;
    this.#credit--;
    return true;
  }
}
