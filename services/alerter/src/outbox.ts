// What is still to be told to one receiver: in order, retried with growing patience, bounded.
import type { Notice } from './notice.ts';
import type { Receiver } from './receiver.ts';

/** Notices that wait for a receiver; beyond it the oldest is given up, and said so. */
const WAITING_MAX = 1_000;
/** Between attempts: quick at first, then every ten minutes until it is taken. */
const RETRY_MS = [5_000, 15_000, 60_000, 180_000, 600_000] as const;

export interface OutboxEvents {
  accepted(notice: Notice): void;
  refused(receiver: string, why: string, retryMs: number): void;
  lost(notice: Notice): void;
}

export class Outbox {
  readonly #receiver: Receiver;
  readonly #events: OutboxEvents;
  readonly #waiting: Notice[] = []; // bound: WAITING_MAX
  readonly #stopped = new AbortController();
  #failures = 0;
  #nextMs = 0;
  #working: Promise<void> = Promise.resolve();

  constructor(receiver: Receiver, events: OutboxEvents) {
    this.#receiver = receiver;
    this.#events = events;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  add(notice: Notice): void {
    if (this.#waiting.length >= WAITING_MAX) this.#events.lost(this.#waiting.shift()!);
    this.#waiting.push(notice);
  }

  /** Delivers what is due at `nowMs`, one after the other; a refusal holds back what comes after it, so that order stays. */
  async deliver(nowMs: number): Promise<void> {
    this.#working = this.#working.then(() => this.#round(nowMs));
    await this.#working;
  }

  /** Cuts off the delivery under way. */
  stop(): Promise<void> {
    this.#stopped.abort();
    return this.#working;
  }

  async #round(nowMs: number): Promise<void> {
    if (nowMs < this.#nextMs) return;
    while (this.#waiting.length > 0 && !this.#stopped.signal.aborted) {
      const notice = this.#waiting[0]!;
      const outcome = await this.#receiver.deliver(notice, this.#stopped.signal);
      if (!outcome.ok) {
        if (this.#stopped.signal.aborted) return;
        const retryMs = RETRY_MS[Math.min(this.#failures++, RETRY_MS.length - 1)]!;
        this.#nextMs = nowMs + retryMs;
        this.#events.refused(this.#receiver.name, outcome.why, retryMs);
        return;
      }
      this.#failures = 0;
      if (this.#waiting[0] === notice) this.#waiting.shift();
      this.#events.accepted(notice);
    }
  }
}
