// Who asked us and says that it answers, until it is asked in turn: a short line, since a flood of forged queries must not become a flood of pings.
import type { Target } from './facts.ts';

/** Between two of them. */
const SPACING_MS = 50;
const MAX_STRANGERS = 256;

export class Strangers {
  readonly #waiting = new Map<string, Target>(); // bound: MAX_STRANGERS
  #dueMs = 0;

  /** When the next may be asked; Infinity when none waits. */
  deadline(): number {
    return this.#waiting.size > 0 ? this.#dueMs : Number.POSITIVE_INFINITY;
  }

  /** It is not here, and there is room. */
  wants(key: string): boolean {
    return this.#waiting.size < MAX_STRANGERS && !this.#waiting.has(key);
  }

  add(key: string, stranger: Target): void {
    this.#waiting.set(key, stranger);
  }

  /** Takes the one who waits longest, if it is time. */
  takeDue(now: number): Target | undefined {
    if (now < this.#dueMs) return undefined;
    for (const [key, stranger] of this.#waiting) {
      this.#dueMs = now + SPACING_MS;
      this.#waiting.delete(key);
      return stranger;
    }
    return undefined;
  }
}
