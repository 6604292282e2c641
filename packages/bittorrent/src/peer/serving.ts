// The giving side of a session: whom we unchoke, and which blocks go out, from verified pieces only and within the shared upload budget.

import type { SessionOut } from '../machine.ts';
import { BLOCK_BYTES, type BlockMessage, encodeMessage } from './messages.ts';
import { FLAP_MS } from './patience.ts';
import type { Swarm } from './swarm.ts';

/** Requests that wait for the budget; further ones are refused. What we tell peers as `reqq`. */
export const MAX_QUEUED_REQUESTS = 64;
/** How long to wait when the budget is used up. */
const BUDGET_RETRY_MS = 100;

export class Serving {
  readonly #swarm: () => Swarm;
  readonly #queue: BlockMessage[] = []; // bound: MAX_QUEUED_REQUESTS
  #interested = false;
  #interestAt = Number.NEGATIVE_INFINITY;
  #choking = true;
  #writable = true;
  #fast = false;
  #due = Number.POSITIVE_INFINITY;
  /** Piece payload sent, in bytes. */
  bytesUp = 0;

  constructor(swarm: () => Swarm) {
    this.#swarm = swarm;
  }

  get interested(): boolean {
    return this.#interested;
  }

  get due(): number {
    return this.#due;
  }

  /** The peer wants something of us, or no more. Who wants is unchoked as soon as there is something to give: probers owe the swarm what they took. True when it changes its mind too fast. */
  setInterest(interested: boolean, now: number, out: SessionOut<never>): boolean {
    this.#interested = interested;
    if (!interested) this.#queue.length = 0;
    this.update(out);
    const isFlapping = now < this.#interestAt + FLAP_MS;
    this.#interestAt = now;
    return isFlapping;
  }

  /** Chokes or unchokes by what there is now. */
  update(out: SessionOut<never>): void {
    const choking = !this.#interested || this.#swarm().pieces.size === 0;
    if (choking === this.#choking) return;
    this.#choking = choking;
    out.write(encodeMessage({ type: choking ? 'choke' : 'unchoke' }));
  }

  /** A request. False when it was senseless: not even refused, and held against the peer. */
  request(message: BlockMessage, fast: boolean, now: number, out: SessionOut<never>): boolean {
    this.#fast = fast;
    if (this.#choking || !this.#canServe(message) || this.#queue.length >= MAX_QUEUED_REQUESTS) {
      if (!fast) return !this.#choking;
      out.write(encodeMessage({ ...message, type: 'reject' }));
      return true;
    }
    this.#queue.push(message);
    this.pump(now, out);
    return true;
  }

  cancel(message: BlockMessage): boolean {
    const at = this.#queue.findIndex((each) => each.index === message.index && each.begin === message.begin);
    if (at >= 0) this.#queue.splice(at, 1);
    return at >= 0;
  }

  /** The send buffer has room again. */
  writable(now: number, out: SessionOut<never>): void {
    this.#writable = true;
    this.pump(now, out);
  }

  /** Sends what is queued as far as buffer and budget go. */
  pump(now: number, out: SessionOut<never>): void {
    this.#due = Number.POSITIVE_INFINITY;
    while (this.#writable && this.#queue.length > 0) {
      const { index, begin, length } = this.#queue[0]!;
      if (!this.#swarm().upload.take(length, now)) {
        this.#due = now + BUDGET_RETRY_MS;
        return;
      }
      this.#queue.shift();
      const piece = this.#swarm().pieces.read(index);
      if (!piece) {
        if (this.#fast) out.write(encodeMessage({ type: 'reject', index, begin, length }));
        continue;
      }
      this.bytesUp += length;
      this.#writable = out.write(encodeMessage({ type: 'piece', index, begin, block: piece.subarray(begin, begin + length) }));
    }
  }

  #canServe({ index, begin, length }: BlockMessage): boolean {
    const { layout, pieces } = this.#swarm();
    if (!layout || length === 0 || length > BLOCK_BYTES || !pieces.has(index)) return false;
    return begin + length <= layout.pieceBytes(index);
  }
}
