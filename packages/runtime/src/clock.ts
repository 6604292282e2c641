// The two clocks of a service: a monotonic one that drives machines and a wall one that stamps events; nothing else reads the time.
import { performance } from 'node:perf_hooks';

/** `now` is monotonic milliseconds (fractions allowed) from an arbitrary start; `wall` is epoch milliseconds, an integer. */
export interface Clock {
  now(): number;
  wall(): number;
}

/** The clocks of this machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
};

/** A clock that a test moves by hand; both hands move together. */
export class ManualClock implements Clock {
  #now: number;
  readonly #wallOffset: number;
  constructor(nowMs = 0, wallMs = 1_700_000_000_000) {
    this.#now = nowMs;
    this.#wallOffset = wallMs - nowMs;
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return Math.round(this.#now + this.#wallOffset);
  }

  advance(ms: number): void {
    this.#now += ms;
  }
}
