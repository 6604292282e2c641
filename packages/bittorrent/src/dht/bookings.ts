// Questions that wait for the turn of their host (design section 6): their place in its budget is taken already, so nobody who asks later goes before them.
import type { Query } from '../krpc/message.ts';
import type { Target } from './facts.ts';

export interface Booking {
  readonly dueMs: number;
  readonly to: Target;
  readonly query: Query;
  readonly tag: number;
}

/** Beyond it nothing is booked. */
const MAX_BOOKED = 1_024;

export class Bookings {
  /** Earliest first. Most are later than all before them. */
  readonly #waiting: Booking[] = []; // bound: MAX_BOOKED

  get isFull(): boolean {
    return this.#waiting.length >= MAX_BOOKED;
  }

  /** When the first is due; Infinity when none waits. */
  deadline(): number {
    return this.#waiting[0]?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  add(booking: Booking): void {
    let at = this.#waiting.length;
    while (at > 0 && this.#waiting[at - 1]!.dueMs > booking.dueMs) at--;
    this.#waiting.splice(at, 0, booking);
  }

  /** Takes the first if it is due. */
  takeDue(now: number): Booking | undefined {
    return this.deadline() <= now ? this.#waiting.shift() : undefined;
  }
}
