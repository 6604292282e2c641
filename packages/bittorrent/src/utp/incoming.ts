// The receiving half of a uTP connection: packets back in order, what is missing named in a selective ack, room told to the sender.
import { MAX_SACK_BYTES, seqDistance } from './packet.ts';

/** Bytes that may wait: out of order, or for a session that has paused. */
const WINDOW_BYTES = 256 * 1024;
/** Packets kept ahead of a missing one: what a selective ack can name. */
const MAX_AHEAD = MAX_SACK_BYTES * 8;

export class Incoming {
  /** The last packet that came in order. */
  ack: number;
  readonly #ahead = new Map<number, Uint8Array>(); // bound: MAX_AHEAD packets and WINDOW_BYTES
  readonly #ready: Uint8Array[] = []; // bound: WINDOW_BYTES
  #bytes = 0;
  #finSeq: number | undefined;

  constructor(ack: number) {
    this.ack = ack;
  }

  /** Everything up to the sender's FIN has come. */
  get isEnded(): boolean {
    return this.#finSeq !== undefined && this.ack === this.#finSeq;
  }

  /** Bytes there is room for. */
  get window(): number {
    return Math.max(0, WINDOW_BYTES - this.#bytes);
  }

  /** A DATA or FIN packet. False when it was of no use: old, doubled, too far ahead, more than there is room for. */
  take(seq: number, payload: Uint8Array, isFin: boolean): boolean {
    const ahead = seqDistance(this.ack, seq);
    if (ahead <= 0 || ahead > MAX_AHEAD || this.#ahead.has(seq)) return false;
    if (payload.length > this.window || (this.#finSeq !== undefined && seqDistance(this.#finSeq, seq) > 0)) return false;
    if (isFin) this.#finSeq ??= seq;
    this.#ahead.set(seq, payload.slice());
    this.#bytes += payload.length;
    for (;;) {
      const next = (this.ack + 1) & 0xffff;
      const bytes = this.#ahead.get(next);
      if (!bytes) return true;
      this.#ahead.delete(next);
      this.ack = next;
      if (bytes.length > 0) this.#ready.push(bytes);
    }
  }

  /** The next bytes in order for the session. */
  read(): Uint8Array | undefined {
    const bytes = this.#ready.shift();
    if (bytes) this.#bytes -= bytes.length;
    return bytes;
  }

  /** The bits of a selective ack; undefined when nothing is missing. */
  sack(): Uint8Array | undefined {
    if (this.#ahead.size === 0) return undefined;
    let last = 0;
    for (const seq of this.#ahead.keys()) last = Math.max(last, seqDistance(this.ack, seq) - 2);
    const bits = new Uint8Array(4 * Math.ceil((last + 1) / 32));
    for (const seq of this.#ahead.keys()) {
      const bit = seqDistance(this.ack, seq) - 2;
      bits[bit >> 3]! |= 1 << (bit & 7);
    }
    return bits;
  }
}
