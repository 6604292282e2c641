// One timer that follows a deadline: armed for the earliest one, read again when it fires, absent when there is none.
import type { Clock } from './clock.ts';

/** The longest delay that setTimeout keeps. */
const DELAY_MAX_MS = 2_147_483_647;

/** Calls `onDue` at the deadline given last. A deadline that moves later is noticed when the timer fires, so that moving it costs nothing. */
export class Alarm {
  readonly #clock: Clock;
  readonly #onDue: () => void;
  #dueMs = Number.POSITIVE_INFINITY;
  #armedMs = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** Monotonic milliseconds; Infinity disarms. */
  set(dueMs: number): void {
    this.#dueMs = dueMs;
    if (dueMs === Number.POSITIVE_INFINITY) this.clear();
    else if (dueMs < this.#armedMs) this.#arm();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#dueMs = Number.POSITIVE_INFINITY;
    this.#armedMs = Number.POSITIVE_INFINITY;
  }

  #arm(): void {
    clearTimeout(this.#timer);
    this.#armedMs = this.#dueMs;
    const delayMs = Math.ceil(this.#dueMs - this.#clock.now());
    this.#timer = setTimeout(() => this.#fire(), Math.min(Math.max(delayMs, 1), DELAY_MAX_MS));
  }

  /** Timers fire up to a millisecond early, and deadlines move: then it is armed anew. */
  #fire(): void {
    this.#timer = undefined;
    this.#armedMs = Number.POSITIVE_INFINITY;
    if (this.#clock.now() < this.#dueMs) {
      this.#arm();
      return;
    }
    this.#dueMs = Number.POSITIVE_INFINITY;
    this.#onDue();
  }
}
