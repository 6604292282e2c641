// Which pieces a peer has (BEP 3, 6): exact length, spare bits zero, counted as it changes.
import { Malformed } from '../malformed.ts';

/** Set bits of each byte value. */
const ONES = Uint8Array.from({ length: 256 }, (_, byte) => {
  let ones = 0;
  for (let rest = byte; rest > 0; rest &= rest - 1) ones++;
  return ones;
});

/** Set bits in `bytes`. */
export function countOnes(bytes: Uint8Array): number {
  let ones = 0;
  for (let i = 0; i < bytes.length; i++) ones += ONES[bytes[i]!]!;
  return ones;
}

/** A set of piece indices below `length`. All and none need no memory: bytes exist only between them. */
export class Bitfield {
  readonly length: number;
  #count: number;
  #bytes: Uint8Array | undefined;

  /** None of `length` pieces, or all of them. */
  constructor(length: number, all = false) {
    this.length = length;
    this.#count = all ? length : 0;
  }

  /** Reads a bitfield as it stands on the wire (copied). Wrong size: `bad_length`; spare bits that are not zero: `bad_field`. */
  static fromBytes(bytes: Uint8Array, length: number): Bitfield | Malformed {
    if (bytes.length !== Math.ceil(length / 8)) return new Malformed('bad_length');
    const spare = bytes.length * 8 - length;
    if (spare > 0 && (bytes[bytes.length - 1]! & ((1 << spare) - 1)) !== 0) return new Malformed('bad_field', bytes.length - 1);
    const field = new Bitfield(length);
    field.#count = countOnes(bytes);
    if (field.#count > 0 && field.#count < length) field.#bytes = bytes.slice();
    return field;
  }

  /** How many pieces are in it. */
  get count(): number {
    return this.#count;
  }

  /** Whether every piece is in it. A torrent of no pieces is not complete: it cannot be shown to be. */
  get complete(): boolean {
    return this.length > 0 && this.#count === this.length;
  }

  /** Whether `index` is in it; false beyond the end. */
  has(index: number): boolean {
    if (index < 0 || index >= this.length) return false;
    if (!this.#bytes) return this.#count > 0;
    return (this.#bytes[index >> 3]! & (0x80 >> (index & 7))) !== 0;
  }

  /** Adds `index`; true when it was not there. An index beyond the end breaks an invariant: check it where it comes in. */
  set(index: number): boolean {
    if (index < 0 || index >= this.length) throw new Error(`piece ${index} of ${this.length}`);
    if (this.has(index)) return false;
    const bytes = this.#writable();
    bytes[index >> 3]! |= 0x80 >> (index & 7);
    this.#settle(this.#count + 1);
    return true;
  }

  /** Takes `index` out (BEP 54); true when it was there. */
  clear(index: number): boolean {
    if (!this.has(index)) return false;
    const bytes = this.#writable();
    bytes[index >> 3]! &= ~(0x80 >> (index & 7));
    this.#settle(this.#count - 1);
    return true;
  }

  /** The wire form, of its own memory. */
  toBytes(): Uint8Array {
    return this.#bytes?.slice() ?? this.#filled();
  }

  #filled(): Uint8Array {
    const bytes = new Uint8Array(Math.ceil(this.length / 8));
    if (this.#count === 0) return bytes;
    bytes.fill(0xff);
    const spare = bytes.length * 8 - this.length;
    if (bytes.length > 0) bytes[bytes.length - 1] = 0xff << spare;
    return bytes;
  }

  #writable(): Uint8Array {
    this.#bytes ??= this.#filled();
    return this.#bytes;
  }

  #settle(count: number): void {
    this.#count = count;
    if (count === 0 || count === this.length) this.#bytes = undefined;
  }
}
