// Cuts the byte stream after the handshake into frames (BEP 3), however it is fragmented; lengths are bounded before anything is allocated.
import { Malformed } from '../malformed.ts';
import { frameLimit, MAX_FRAME_BYTES } from './messages.ts';

/** A frame that is not there whole grows by what has arrived, not by what was promised: it takes no more than this, or so many times as much as is there. */
const FIRST_BUFFER_BYTES = 1024;
const GROWTH = 2;

/**
 * Frames are handed on as views: into the chunk where they lie in it whole, else into a buffer that is let go when the frame is complete. An idle
 * connection therefore holds no buffer at all.
 */
export class Framer {
  /** Length bytes seen so far of the frame that has begun, 0 to 4, and their value. */
  #lengthBytes = 0;
  #length = 0;
  /** The frame that has begun, while parts of it are missing. */
  #partial: Uint8Array | undefined;
  #filled = 0;
  /** The buffer of a frame that became whole in this chunk, for one that the chunk ends in: of a stream of blocks nearly every chunk has both. */
  #left: Uint8Array | undefined;

  /**
   * Takes a chunk and calls `take` for each frame that is now complete (empty: a keep-alive). The frame is valid only during the call; when `take`
   * returns false the rest of the chunk is dropped. Returns why the stream cannot go on, or undefined.
   */
  push(chunk: Uint8Array, take: (frame: Uint8Array) => boolean): Malformed | undefined {
    const wrong = this.#cut(chunk, take);
    this.#left = undefined;
    return wrong;
  }

  #cut(chunk: Uint8Array, take: (frame: Uint8Array) => boolean): Malformed | undefined {
    let at = 0;
    while (at < chunk.length) {
      if (this.#lengthBytes < 4) {
        this.#length = ((this.#length << 8) | chunk[at++]!) >>> 0;
        if (++this.#lengthBytes < 4) continue;
        if (this.#length > MAX_FRAME_BYTES) return new Malformed('too_long');
        if (this.#length === 0) {
          this.#lengthBytes = 0;
          if (!take(chunk.subarray(at, at))) return undefined;
        }
        continue;
      }
      if (this.#filled === 0 && this.#length > frameLimit(chunk[at]!)) return new Malformed('too_long');
      const end = Math.min(chunk.length, at + this.#length - this.#filled);
      const frame = this.#collect(chunk.subarray(at, end));
      at = end;
      if (frame && !take(frame)) return undefined;
    }
    return undefined;
  }

  /** Bytes held for a frame that is not complete. */
  get heldBytes(): number {
    return this.#partial?.length ?? 0;
  }

  /** Adds bytes that belong to the frame that has begun; returns it when it is complete. */
  #collect(bytes: Uint8Array): Uint8Array | undefined {
    const filled = this.#filled + bytes.length;
    const complete = filled === this.#length;
    if (complete && this.#filled === 0) {
      this.#reset();
      return bytes;
    }
    const buffer = this.#room(filled);
    buffer.set(bytes, this.#filled);
    this.#filled = filled;
    if (!complete) return undefined;
    this.#reset();
    return buffer.subarray(0, filled);
  }

  /** A buffer of at least `bytes`, holding what was collected before; larger by a factor each time, so that copying stays linear. */
  #room(bytes: number): Uint8Array {
    const old = this.#partial;
    if (old && old.length >= bytes) return old;
    const left = this.#left;
    const isEnough = left !== undefined && left.length >= bytes;
    const grown = isEnough ? left : new Uint8Array(Math.min(this.#length, Math.max(FIRST_BUFFER_BYTES, GROWTH * bytes)));
    this.#left = undefined;
    if (old) grown.set(old.subarray(0, this.#filled));
    this.#partial = grown;
    return grown;
  }

  #reset(): void {
    this.#lengthBytes = 0;
    this.#length = 0;
    this.#left = this.#partial ?? this.#left;
    this.#partial = undefined;
    this.#filled = 0;
  }
}
