// How much uTP may have in flight (BEP 29, LEDBAT): it fills what the line has free, and gives way as soon as its own queueing delay shows.

/** The delay that it may add to the line. */
const TARGET_US = 100_000;
/** How fast the window grows: at most so many bytes a round trip. */
const MAX_GAIN_BYTES = 3_000;
const MIN_WINDOW = 1_500;
const MAX_WINDOW = 1 << 20;
const FIRST_WINDOW = 2 * 1_500;
/** The smallest delay of the last two to three minutes is what an empty line costs; clocks drift, routes change. */
const BASE_MINUTES = 3;
const MINUTE_MS = 60_000;
const MIN_TIMEOUT_MS = 500;
const FIRST_TIMEOUT_MS = 1_000;
const MAX_TIMEOUT_MS = 60_000;

/** Round-trip times and their timeout (RFC 6298 with BEP 29's lower bound). */
export class RoundTrip {
  #rttMs: number | undefined;
  #varianceMs = 0;
  #backoff = 1;

  /** A packet that was sent once came back acknowledged after `ms`. */
  note(ms: number): void {
    if (this.#rttMs === undefined) {
      this.#rttMs = ms;
      this.#varianceMs = ms / 2;
    } else {
      this.#varianceMs += (Math.abs(this.#rttMs - ms) - this.#varianceMs) / 4;
      this.#rttMs += (ms - this.#rttMs) / 8;
    }
    this.#backoff = 1;
  }

  /** Nothing came back in time: wait twice as long for the next. */
  timedOut(): void {
    this.#backoff *= 2;
  }

  get timeoutMs(): number {
    const base = this.#rttMs === undefined ? FIRST_TIMEOUT_MS : Math.max(MIN_TIMEOUT_MS, this.#rttMs + 4 * this.#varianceMs);
    return Math.min(MAX_TIMEOUT_MS, base * this.#backoff);
  }
}

export class Congestion {
  /** Bytes that may be in flight. */
  windowBytes = FIRST_WINDOW;
  #slowStart = true;
  /** The least delay seen in each of the last minutes, newest last. */
  readonly #base: { minute: number; leastUs: number }[] = []; // bound: BASE_MINUTES
  #lossMs = Number.NEGATIVE_INFINITY;

  /** `delayUs`: what the peer measured of our packets' way (its clock minus ours: only differences mean something). */
  acknowledged(bytes: number, delayUs: number, now: number): void {
    const queued = this.#queuedUs(delayUs, now);
    if (this.#slowStart && queued < TARGET_US / 2) {
      this.windowBytes = Math.min(MAX_WINDOW, this.windowBytes + bytes);
      return;
    }
    this.#slowStart = false;
    const offTarget = Math.max(-1, (TARGET_US - queued) / TARGET_US);
    const share = bytes / Math.max(this.windowBytes, bytes);
    const next = this.windowBytes + MAX_GAIN_BYTES * offTarget * share;
    this.windowBytes = Math.max(MIN_WINDOW, Math.min(MAX_WINDOW, next));
  }

  /** A packet was lost: half the window, once a round trip. */
  lost(now: number, rttMs: number): void {
    if (now < this.#lossMs + rttMs) return;
    this.#lossMs = now;
    this.#slowStart = false;
    this.windowBytes = Math.max(MIN_WINDOW, this.windowBytes / 2);
  }

  /** Nothing came back at all: begin with one packet. */
  timedOut(): void {
    this.#slowStart = true;
    this.windowBytes = MIN_WINDOW;
  }

  #queuedUs(delayUs: number, now: number): number {
    const minute = Math.floor(now / MINUTE_MS);
    const last = this.#base.at(-1);
    if (last?.minute !== minute) {
      this.#base.push({ minute, leastUs: delayUs });
      if (this.#base.length > BASE_MINUTES) this.#base.shift();
    } else if (isLess(delayUs, last.leastUs)) last.leastUs = delayUs;
    let least = this.#base[0]!.leastUs;
    for (const { leastUs } of this.#base) if (isLess(leastUs, least)) least = leastUs;
    return (delayUs - least) >>> 0;
  }
}

/** Whether `a` is less than `b` on the circle of 2^32 microseconds. */
function isLess(a: number, b: number): boolean {
  return (a - b) >>> 0 > 0x7fffffff;
}
