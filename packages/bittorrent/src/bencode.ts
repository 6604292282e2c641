// Bencoding (BEP 3): a strict decoder with limits, a scanner over offsets for hot paths, and an encoder.
import { Output } from './bencode-output.ts';
import { Malformed, type MalformedReason } from './malformed.ts';

// value   = integer / string / list / dict
// integer = "i" ["-"] digits "e"            ; no leading zero, no "-0"
// string  = length ":" <length bytes>       ; no sign, no leading zero
// list    = "l" *value "e"
// dict    = "d" *(string value) "e"         ; no key twice
//
// Keys out of order are accepted: BEP 3 wants them sorted, but real nodes and trackers send them otherwise and no meaning is lost. What must
// be exact to the byte (the info dictionary) is hashed as it came (`dictRange`), never encoded again.

/**
 * A decoded value. Strings are views into the input, not copies. Dictionary keys are Latin-1 text (one character a byte), so any key is
 * representable and `__proto__` is just a key. Integers outside +-(2^53 - 1) are rejected: nothing we read has a use for them.
 */
export type Value = number | Uint8Array | Value[] | Map<string, Value>;

export interface Limits {
  /** Deepest nesting of lists and dictionaries. */
  readonly depth: number;
  /** Most values in all, dictionary values included. */
  readonly items: number;
  /** Longest input. */
  readonly bytes: number;
}

/** Deep enough for a v2 file tree, long enough for the largest .torrent worth having. */
export const DEFAULT_LIMITS: Limits = { depth: 100, items: 2_000_000, bytes: 64 * 1024 * 1024 };

/** 2^64 has 20 digits: the longest integer that is skipped as well-formed when nobody asks for its value. */
const MAX_DIGITS = 20;
/** A length of 10 digits cannot fit any input we accept. */
const MAX_LENGTH_DIGITS = 9;

const COLON = 0x3a;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const D = 0x64;
const E = 0x65;
const I = 0x69;
const L = 0x6c;

/** Text longer than this would be a rope of pieces if it were joined letter by letter; arguments of a call are few enough up to the other. */
const [ROPE_CHARACTERS, CALL_CHARACTERS] = [12, 1024];

/** Latin-1 text of a byte range. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length > ROPE_CHARACTERS && length <= CALL_CHARACTERS)
    return String.fromCharCode.apply(undefined, bytes.subarray(start, end) as unknown as number[]);
  let text = '';
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}

/**
 * A cursor over bencoded bytes. Methods that fail set `reason` and `failedAt`, and everything after a failure is undefined: check `reason`
 * once per value. Nothing is allocated but what `value()` returns.
 */
export class Scanner {
  #bytes: Uint8Array;
  at: number;
  #items = 0;
  #limits: Limits;
  reason: MalformedReason | undefined;
  failedAt = 0;
  /** First byte of the string that `string()` read last; `at` is its end. */
  start = 0;

  constructor(bytes: Uint8Array, limits: Limits = DEFAULT_LIMITS, at = 0) {
    this.#bytes = bytes;
    this.#limits = limits;
    this.at = at;
    if (bytes.length > limits.bytes) this.fail('too_long');
  }

  /** Records the first failure; returns false. */
  fail(reason: MalformedReason): false {
    if (this.reason === undefined) {
      this.reason = reason;
      this.failedAt = this.at;
    }
    return false;
  }

  /** The failure as a value. */
  malformed(): Malformed {
    return new Malformed(this.reason ?? 'bad_type', this.failedAt);
  }

  /** The byte at the cursor, -1 at the end. */
  peek(): number {
    return this.at < this.#bytes.length ? this.#bytes[this.at]! : -1;
  }

  /** Steps over one byte if it is `byte`. */
  accept(byte: number): boolean {
    if (this.peek() !== byte) return false;
    this.at++;
    return true;
  }

  #count(): boolean {
    return ++this.#items <= this.#limits.items || this.fail('too_many_items');
  }

  /** Steps over a string; its bytes are `start` to `at`. The length is checked against the input before anything else is done with it. */
  string(): boolean {
    const bytes = this.#bytes;
    const first = this.at;
    let length = 0;
    while (this.at < bytes.length) {
      const byte = bytes[this.at]!;
      if (byte < ZERO || byte > NINE) break;
      if (this.at - first >= MAX_LENGTH_DIGITS) return this.fail('bad_length');
      length = length * 10 + byte - ZERO;
      this.at++;
    }
    if (this.at === bytes.length) return this.fail('truncated');
    if (this.at === first || bytes[this.at] !== COLON || (bytes[first] === ZERO && this.at - first > 1))
      return this.fail('bad_length');
    this.start = this.at + 1;
    if (length > bytes.length - this.start) return this.fail('truncated');
    this.at = this.start + length;
    return true;
  }

  /** Steps over an integer and returns its value. Beyond +-(2^53 - 1) the value is inexact: `integer()` rejects it, `skip()` does not mind. */
  #number(): number {
    const bytes = this.#bytes;
    this.at++;
    const negative = this.accept(MINUS);
    const first = this.at;
    let value = 0;
    while (this.at < bytes.length && bytes[this.at]! >= ZERO && bytes[this.at]! <= NINE) {
      if (this.at - first >= MAX_DIGITS) this.fail('bad_integer');
      if (this.reason !== undefined) return 0;
      value = value * 10 + (bytes[this.at++]! - ZERO); // the sum before the difference would be inexact near 2^53
    }
    if (this.at === bytes.length) this.fail('truncated');
    else if (this.at === first || bytes[this.at] !== E) this.fail('bad_integer');
    else if (bytes[first] === ZERO && (negative || this.at - first > 1)) this.fail('bad_integer');
    this.at++;
    return negative ? -value : value;
  }

  /** Reads an integer (the cursor is at `i`); 0 after a failure. */
  integer(): number {
    if (this.peek() !== I) {
      this.fail(this.peek() < 0 ? 'truncated' : 'bad_type');
      return 0;
    }
    const value = this.#number();
    if (Number.isSafeInteger(value)) return value;
    this.fail('bad_integer');
    return 0;
  }

  /** Steps over one value of any kind, checking syntax, depth and items. Keys are not compared: what is skipped is never read. */
  skip(): boolean {
    let depth = 0;
    let dictionaries = 0n; // one bit per open level: is it a dictionary?
    let wantsKey = false;
    do {
      const byte = this.peek();
      if (depth > 0 && byte === E && (wantsKey || (dictionaries & 1n) === 0n)) {
        this.at++;
        depth--;
        dictionaries >>= 1n;
        wantsKey = (dictionaries & 1n) === 1n;
        continue;
      }
      if (wantsKey) {
        if (!this.#key()) return false;
        wantsKey = false;
        continue;
      }
      if (!this.#count()) return false;
      if (byte === D || byte === L) {
        if (++depth > this.#limits.depth) return this.fail('too_deep');
        this.at++;
        dictionaries = (dictionaries << 1n) | (byte === D ? 1n : 0n);
      } else if (byte === I) this.#number();
      else if (byte >= ZERO && byte <= NINE) this.string();
      else return this.fail(byte < 0 ? 'truncated' : 'bad_type');
      if (this.reason !== undefined) return false;
      wantsKey = (dictionaries & 1n) === 1n;
    } while (depth > 0);
    return true;
  }

  #key(): boolean {
    const byte = this.peek();
    if (byte < 0) return this.fail('truncated');
    return byte >= ZERO && byte <= NINE ? this.string() : this.fail('bad_key');
  }

  /** Reads one value whole; undefined after a failure. */
  value(depth = 0): Value | undefined {
    if (this.reason !== undefined || !this.#count()) return undefined;
    const byte = this.peek();
    if (byte === I) {
      const value = this.integer();
      return this.reason === undefined ? value : undefined;
    }
    if (byte >= ZERO && byte <= NINE) return this.string() ? this.#bytes.subarray(this.start, this.at) : undefined;
    if (byte !== D && byte !== L) this.fail(byte < 0 ? 'truncated' : 'bad_type');
    else if (depth >= this.#limits.depth) this.fail('too_deep');
    if (this.reason !== undefined) return undefined;
    this.at++;
    return byte === D ? this.#dictionary(depth + 1) : this.#list(depth + 1);
  }

  #list(depth: number): Value[] | undefined {
    const list: Value[] = [];
    while (!this.accept(E)) {
      const value = this.value(depth);
      if (value === undefined) return undefined;
      list.push(value);
    }
    return list;
  }

  #dictionary(depth: number): Map<string, Value> | undefined {
    const dictionary = new Map<string, Value>();
    while (!this.accept(E)) {
      if (!this.#key()) return undefined;
      const key = latin1(this.#bytes, this.start, this.at);
      if (dictionary.has(key)) {
        this.fail('duplicate_key');
        return undefined;
      }
      const value = this.value(depth);
      if (value === undefined) return undefined;
      dictionary.set(key, value);
    }
    return dictionary;
  }
}

/** Decodes exactly one value that fills the input. Never throws; allocates in proportion to the input, whatever lengths it claims. */
export function decode(bytes: Uint8Array, limits: Limits = DEFAULT_LIMITS): Value | Malformed {
  const scanner = new Scanner(bytes, limits);
  const value = scanner.value();
  if (value === undefined) return scanner.malformed();
  return scanner.at === bytes.length ? value : new Malformed('trailing_bytes', scanner.at);
}

/** Decodes one value at the start of the input and says where it ends: for messages with raw bytes behind them (BEP 9, 10). */
export function decodePrefix(bytes: Uint8Array, limits: Limits = DEFAULT_LIMITS): { value: Value; end: number } | Malformed {
  const scanner = new Scanner(bytes, limits);
  const value = scanner.value();
  return value === undefined ? scanner.malformed() : { value, end: scanner.at };
}

/** Where in the input the value of a top-level dictionary key stands: [start, end). undefined when the key is absent. The whole input is checked. */
export function dictRange(
  bytes: Uint8Array,
  key: string,
  limits: Limits = DEFAULT_LIMITS,
): { start: number; end: number } | undefined | Malformed {
  const scanner = new Scanner(bytes, limits);
  if (scanner.reason !== undefined || !scanner.accept(D))
    return scanner.reason ? scanner.malformed() : new Malformed(bytes.length ? 'bad_type' : 'truncated');
  let range: { start: number; end: number } | undefined;
  while (!scanner.accept(E)) {
    if (!scanner.string()) return scanner.malformed();
    const found = latin1(bytes, scanner.start, scanner.at) === key;
    if (found && range) return new Malformed('duplicate_key', scanner.start);
    const start = scanner.at;
    if (!scanner.skip()) return scanner.malformed();
    if (found) range = { start, end: scanner.at };
  }
  return scanner.at === bytes.length ? range : new Malformed('trailing_bytes', scanner.at);
}

/** What can be encoded. Text is UTF-8. Keys of a Map are Latin-1 (as decoded), keys of an object are text; undefined members are left out. */
export type Encodable =
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Encodable[]
  | ReadonlyMap<string, Encodable>
  | { readonly [key: string]: Encodable | undefined };

const utf8 = new TextEncoder();

function isBelow(text: string, limit: number): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= limit) return false;
  return true;
}

/** A string of bytes that are the characters of `text`. */
function putLatin1(text: string, out: Output): void {
  out.length(text.length);
  out.latin1(text);
}

function putBytes(bytes: Uint8Array, out: Output): void {
  out.length(bytes.length);
  out.put(bytes);
}

function put(value: Encodable, out: Output): void {
  if (typeof value === 'string') {
    if (isBelow(value, 0x80)) putLatin1(value, out);
    else putBytes(utf8.encode(value), out);
  } else if (typeof value === 'number' || typeof value === 'bigint') {
    if (typeof value === 'number' && !Number.isSafeInteger(value)) throw new Error(`not an exact integer: ${value}`);
    out.latin1(`i${value}e`);
  } else if (value instanceof Uint8Array) putBytes(value, out);
  else if (Array.isArray(value)) {
    out.byte(L);
    for (const item of value as readonly Encodable[]) put(item, out);
    out.byte(E);
  } else putDictionary(value as Exclude<typeof value, readonly Encodable[]>, out);
}

function putDictionary(
  value: ReadonlyMap<string, Encodable> | { readonly [key: string]: Encodable | undefined },
  out: Output,
): void {
  if (value instanceof Map) putMap(value, out);
  else putObject(value as Readonly<Record<string, Encodable | undefined>>, out);
}

function putMap(value: ReadonlyMap<string, Encodable>, out: Output): void {
  out.byte(D);
  for (const key of ordered([...value.keys()])) {
    if (!isBelow(key, 0x100)) throw new Error('a Map key holds a character that is no byte');
    putLatin1(key, out);
    put(value.get(key)!, out);
  }
  out.byte(E);
}

function putObject(value: Readonly<Record<string, Encodable | undefined>>, out: Output): void {
  const keys = Object.keys(value);
  if (keys.some((key) => !isBelow(key, 0x80))) {
    putMap(byteKeys(value), out);
    return;
  }
  out.byte(D);
  for (const key of ordered(keys)) {
    const member = value[key];
    if (member === undefined) continue;
    putLatin1(key, out);
    put(member, out);
  }
  out.byte(E);
}

/** Sorted, where it is not already. Characters are bytes: the order of text is the order of bytes. */
function ordered(keys: string[]): string[] {
  for (let i = 1; i < keys.length; i++) if (keys[i - 1]! >= keys[i]!) return keys.sort((a, b) => (a < b ? -1 : 1));
  return keys;
}

/** The members of an object, their keys as the bytes of UTF-8, one character each. */
function byteKeys(value: Readonly<Record<string, Encodable | undefined>>): Map<string, Encodable> {
  const members = new Map<string, Encodable>();
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    const bytes = utf8.encode(key);
    members.set(latin1(bytes, 0, bytes.length), member);
  }
  return members;
}

/** Encodes a value with sorted keys. A number that is no safe integer is a broken invariant (throws). */
export function encode(value: Encodable): Uint8Array {
  const out = new Output();
  put(value, out);
  return out.done();
}
