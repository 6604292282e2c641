// A slow and lossy line before a lab peer: what it says leaves late, a few bytes at a time, and at times not at all, as TCP shows loss; nothing is lost or reordered.
import type { Outcome, Random, Session, SessionOut } from '@swarmscope/bittorrent/machine.ts';

/** A line as data. */
export interface Line {
  readonly latencyMs: number;
  readonly bytesPerSecond: number;
  /** It stands still for about `ms`, about `everyMs` apart: half to one and a half times as long. */
  readonly stalls?: { readonly everyMs: number; readonly ms: number };
}

/** A segment of Ethernet: a block of 16 KiB dribbles in. */
const CHUNK_BYTES = 1_448;
/** Above so many bytes that have not left, `write` says to wait. */
const MARK_BYTES = 65_536;

interface Chunk {
  readonly bytes: Uint8Array;
  readonly dueMs: number;
}

export class SlowLine<F> implements Session<F> {
  readonly #inner: Session<F>;
  readonly #line: Line;
  readonly #random: Random;
  readonly #chunks: Chunk[] = []; // bound: MARK_BYTES and one message, if the session heeds `write`
  #queuedBytes = 0;
  #full = false;
  #ending = false;
  /** When the line is free of what was given to it. */
  #freeMs = 0;
  #stallMs = Number.POSITIVE_INFINITY;

  constructor(inner: Session<F>, line: Line, random: Random) {
    this.#inner = inner;
    this.#line = line;
    this.#random = random;
  }

  opened(now: number, out: SessionOut<F>): void {
    this.#stallMs = now + this.#about(this.#line.stalls?.everyMs ?? Number.POSITIVE_INFINITY);
    this.#inner.opened(now, this.#slowed(now, out));
  }

  receive(bytes: Uint8Array, now: number, out: SessionOut<F>): void {
    this.#inner.receive(bytes, now, this.#slowed(now, out));
  }

  /** The stream below has room again: chunks go when they are due, whatever it says. */
  writable(): void {}

  closed(outcome: Outcome, now: number, out: SessionOut<F>): void {
    this.#chunks.length = 0;
    this.#inner.closed(outcome, now, out);
  }

  tick(now: number, out: SessionOut<F>): void {
    while (this.#chunks.length > 0 && this.#chunks[0]!.dueMs <= now) {
      const { bytes } = this.#chunks.shift()!;
      this.#queuedBytes -= bytes.length;
      out.write(bytes);
    }
    if (this.#ending && this.#chunks.length === 0) out.end();
    if (this.#full && this.#queuedBytes < MARK_BYTES) {
      this.#full = false;
      this.#inner.writable(now, this.#slowed(now, out));
    }
    if (this.#inner.deadline() <= now) this.#inner.tick(now, this.#slowed(now, out));
  }

  deadline(): number {
    return Math.min(this.#inner.deadline(), this.#chunks[0]?.dueMs ?? Number.POSITIVE_INFINITY);
  }

  #about(ms: number): number {
    return ms * (0.5 + this.#random());
  }

  #slowed(now: number, out: SessionOut<F>): SessionOut<F> {
    return {
      write: (bytes) => this.#take(bytes, now),
      pause: () => out.pause(),
      resume: () => out.resume(),
      end: () => {
        this.#ending = true;
        if (this.#chunks.length === 0) out.end();
      },
      abort: () => out.abort(),
      emit: (fact) => out.emit(fact),
    };
  }

  #take(bytes: Uint8Array, now: number): boolean {
    const { bytesPerSecond, latencyMs } = this.#line;
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      const chunk = bytes.slice(at, at + CHUNK_BYTES);
      this.#freeMs = Math.max(this.#freeMs, now + latencyMs) + (1_000 * chunk.length) / bytesPerSecond;
      this.#stall();
      this.#chunks.push({ bytes: chunk, dueMs: this.#freeMs });
    }
    this.#queuedBytes += bytes.length;
    this.#full ||= this.#queuedBytes >= MARK_BYTES;
    return !this.#full;
  }

  /** What would leave during a stall leaves after it. */
  #stall(): void {
    const { stalls } = this.#line;
    while (stalls && this.#stallMs <= this.#freeMs) {
      const endMs = this.#stallMs + this.#about(stalls.ms);
      this.#freeMs = Math.max(this.#freeMs, endMs);
      this.#stallMs = endMs + this.#about(stalls.everyMs);
    }
  }
}
