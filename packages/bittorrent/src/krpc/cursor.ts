// A cursor over the bencoding of one datagram (BEP 3): no allocation, no recursion, first failure kept. Twin of bencode's Scanner for the hot path.
import type { MalformedReason } from '../malformed.ts';

const COLON = 0x3a;
const MINUS = 0x2d;
const ZERO = 0x30;
const D = 0x64;
const E = 0x65;
const I = 0x69;
const L = 0x6c;

/** KRPC nests three deep; a BEP 44 value may hold a little more. At most 31: levels are bits of one integer. */
const MAX_DEPTH = 16;
/**
 * Values and keys in all that is stepped over: more than a message has, for a datagram full of two-byte keys costs thirty times as much as a query. Only
 * a BEP 44 put could have more, and that we answer 204.
 */
const MAX_SKIPPED = 128;
/** 2^64 has 20 digits. */
const MAX_DIGITS = 20;

const NOTHING = new Uint8Array(0);

/** Methods return false after a failure, whose `reason` stays until the next `begin`. */
export class Cursor {
  bytes: Uint8Array = NOTHING;
  at = 0;
  /** First byte of the string read last; `at` is its end. */
  start = 0;
  reason: MalformedReason | undefined = undefined;
  #skipped = 0;

  begin(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.at = 0;
    this.start = 0;
    this.reason = undefined;
    this.#skipped = 0;
  }

  fail(reason: MalformedReason): false {
    if (this.reason === undefined) this.reason = reason;
    return false;
  }

  /** The failure of a byte that does not fit: the end of the input, or another type. */
  wrong(reason: MalformedReason): false {
    return this.fail(this.at >= this.bytes.length ? 'truncated' : reason);
  }

  /** Steps over one byte if it is `d` (0x64) or `l` (0x6c), as asked for. */
  open(byte: number): boolean {
    if (this.bytes[this.at] !== byte) return this.wrong('bad_type');
    this.at++;
    return true;
  }

  /** At `e`: steps over it. */
  closes(): boolean {
    if (this.bytes[this.at] !== E) return false;
    this.at++;
    return true;
  }

  /** Steps over a string; `otherwise` is the failure when something else stands there. */
  string(otherwise: MalformedReason = 'bad_type'): boolean {
    const bytes = this.bytes;
    const end = bytes.length;
    let at = this.at;
    let digit = at < end ? bytes[at]! - ZERO : -1;
    if (digit < 0 || digit > 9) return this.wrong(otherwise);
    let length = digit;
    const first = at;
    for (;;) {
      if (++at >= end) return this.fail('truncated');
      digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) break;
      if (length === 0 || at - first > 5) return this.fail('bad_length');
      length = length * 10 + digit;
    }
    if (bytes[at] !== COLON) return this.fail('bad_length');
    this.start = at + 1;
    this.at = at + 1 + length;
    return this.at <= end || this.fail('truncated');
  }

  /** Reads an integer; 0 after a failure, so check `reason`. Beyond +-(2^53 - 1) it is rejected. */
  integer(): number {
    if (this.bytes[this.at] !== I) {
      this.wrong('bad_type');
      return 0;
    }
    const value = this.#number();
    if (this.reason !== undefined) return 0;
    if (Number.isSafeInteger(value)) return value;
    this.fail('bad_integer');
    return 0;
  }

  #number(): number {
    const bytes = this.bytes;
    const negative = bytes[this.at + 1] === MINUS;
    let at = this.at + (negative ? 2 : 1);
    const first = at;
    let value = 0;
    for (; at < bytes.length && at - first <= MAX_DIGITS; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    this.at = at;
    const digits = at - first;
    if (at >= bytes.length) this.fail('truncated');
    else if (digits === 0 || digits > MAX_DIGITS || bytes[at] !== E) this.fail('bad_integer');
    else if (bytes[first] === ZERO && (negative || digits > 1)) this.fail('bad_integer');
    this.at++;
    return negative ? -value : value;
  }

  /** Steps over one value of any kind; dictionary keys must be strings. */
  skip(): boolean {
    let depth = 0;
    let dictionaries = 0; // bit n: is open level n a dictionary?
    let wantsKey = false;
    do {
      if (++this.#skipped > MAX_SKIPPED) return this.fail('too_many_items');
      const byte = this.at < this.bytes.length ? this.bytes[this.at]! : -1;
      const inDictionary = (dictionaries & (1 << depth)) !== 0;
      if (depth > 0 && byte === E && (wantsKey || !inDictionary)) {
        this.at++;
        depth--;
        wantsKey = (dictionaries & (1 << depth)) !== 0;
      } else if (wantsKey) {
        if (!this.string('bad_key')) return false;
        wantsKey = false;
      } else if (byte === D || byte === L) {
        if (++depth > MAX_DEPTH) return this.fail('too_deep');
        this.at++;
        wantsKey = byte === D;
        dictionaries = wantsKey ? dictionaries | (1 << depth) : dictionaries & ~(1 << depth);
      } else {
        if (byte === I) this.#number();
        else this.string();
        if (this.reason !== undefined) return false;
        wantsKey = inDictionary;
      }
    } while (depth > 0);
    return true;
  }
}
