// Strict KRPC decoder by offsets (BEP 5, 32, 33, 42, 43, 45, 51): one reusable view over a datagram, nothing allocated while it is read.
import type { MalformedReason } from '../malformed.ts';
import { Cursor } from './cursor.ts';
import { Fields } from './fields.ts';
import {
  FILTER_BYTES,
  ID_BYTES,
  MAX_MESSAGE_BYTES,
  MAX_TOKEN_BYTES,
  MAX_TRANSACTION_BYTES,
  MAX_VALUES,
  MAX_WANTED,
  METHODS,
  type Method,
  NODE_BYTES,
  NODE6_BYTES,
} from './message.ts';

const D = 0x64;
const E = 0x65;
const L = 0x6c;
const SIX = 0x36;
const FOUR = 0x34;
const EIGHT = 0x38;
const ONE = 0x31;
const COLON = 0x3a;

/** How a key is recognised at a glance: its length and first byte; keys that share both are told apart by `#is`. */
const glance = (key: string) => (key.length << 8) | key.charCodeAt(0);
const KEY_A = glance('a');
const KEY_E = glance('e');
const KEY_Q = glance('q');
const KEY_R = glance('r');
const KEY_T = glance('t');
const KEY_V = glance('v');
const KEY_Y = glance('y');
const KEY_ID = glance('id');
const KEY_IP = glance('ip');
const KEY_RO = glance('ro');
const KEY_NUM = glance('num');
const KEY_FILTER = glance('BFsd');
const KEY_PORT = glance('port');
const KEY_SEED = glance('seed');
const KEY_WANT = glance('want');
const KEY_NODES = glance('nodes');
const KEY_TOKEN = glance('token');
const KEY_NODES6 = glance('nodes6');
const KEY_SCRAPE = glance('scrape');
const KEY_TARGET = glance('target');
const KEY_VALUES = glance('values');
const KEY_SAMPLES = glance('samples');
const KEY_INTERVAL = glance('interval');
const KEY_INFO_HASH = glance('info_hash');
const KEY_IMPLIED_PORT = glance('implied_port');

/**
 * One message, read by `parse`. Structure comes first, then meaning: when only the meaning of a query is wrong, `kind` and the transaction are
 * valid, so that the asker can be told.
 */
export class KrpcView extends Fields {
  readonly #cursor = new Cursor();
  /** One bit per known key already met, of the message and of its arguments. */
  #seen = 0;
  #yAt = -1;
  #qAt = -1;
  #qLength = 0;
  #hasArguments = false;
  #hasResults = false;
  #hasError = false;

  #reset(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.kind = this.method = undefined;
    this.transactionAt = this.idAt = this.targetAt = this.tokenAt = this.nodesAt = this.nodes6At = this.valuesAt = -1;
    this.samplesAt = this.seedsAt = this.downloadersAt = this.versionAt = this.ipAt = this.#yAt = this.#qAt = -1;
    this.transactionLength = this.tokenLength = this.nodesCount = this.nodes6Count = this.valuesCount = this.samplesCount = 0;
    this.versionLength = this.ipLength = this.errorCode = this.#qLength = this.#seen = 0;
    this.intervalS = this.num = this.port = -1;
    this.impliedPort = this.seed = this.noSeed = this.scrape = this.readOnly = this.wants4 = this.wants6 = false;
    this.#hasArguments = this.#hasResults = this.#hasError = false;
  }

  /** Reads a datagram. Never throws; work is linear in its length. */
  parse(bytes: Uint8Array): MalformedReason | undefined {
    this.#reset(bytes);
    if (bytes.length > MAX_MESSAGE_BYTES) return 'too_long';
    const cursor = this.#cursor;
    cursor.begin(bytes);
    if (!cursor.open(D)) return cursor.reason;
    while (!cursor.closes()) if (!cursor.string('bad_key') || !this.#field()) return cursor.reason;
    if (cursor.at !== bytes.length) return 'trailing_bytes';
    return this.#mean();
  }

  #once(bit: number): boolean {
    if ((this.#seen & (1 << bit)) !== 0) return this.#cursor.fail('duplicate_key');
    this.#seen |= 1 << bit;
    return true;
  }

  /** The key just read is `text`, whose length and first byte are known to fit. */
  #is(text: string): boolean {
    const { bytes, start } = this.#cursor;
    for (let i = 1; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
    return true;
  }

  /** The value of a key of the message itself. */
  #field(): boolean {
    const cursor = this.#cursor;
    const length = cursor.at - cursor.start;
    switch (length > 2 ? 0 : (length << 8) | cursor.bytes[cursor.start]!) {
      case KEY_A:
        this.#hasArguments = true;
        return this.#once(0) && this.#inner();
      case KEY_R:
        this.#hasResults = true;
        return this.#once(0) && this.#inner();
      case KEY_E:
        return this.#once(1) && this.#error();
      case KEY_T:
        if (!this.#once(2) || !cursor.string()) return false;
        this.transactionAt = cursor.start;
        this.transactionLength = cursor.at - cursor.start;
        return true;
      case KEY_Y:
        if (!this.#once(3) || !cursor.string()) return false;
        this.#yAt = cursor.at - cursor.start === 1 ? cursor.start : -1;
        return true;
      case KEY_Q:
        if (!this.#once(4) || !cursor.string()) return false;
        this.#qAt = cursor.start;
        this.#qLength = cursor.at - cursor.start;
        return true;
      case KEY_V:
        if (!this.#once(5)) return false;
        return this.#version();
      case KEY_IP:
        return this.#is('ip') ? this.#once(6) && this.#ip() : cursor.skip();
      case KEY_RO:
        if (!this.#is('ro')) return cursor.skip();
        if (!this.#once(7)) return false;
        this.readOnly = cursor.integer() === 1;
        return cursor.reason === undefined;
      default:
        return cursor.skip();
    }
  }

  /** `v` is free text to us: whatever else stands there is no reason to lose a message. */
  #version(): boolean {
    const cursor = this.#cursor;
    const before = cursor.at;
    if (!cursor.skip()) return false;
    if (cursor.bytes[before]! > 0x39) return true; // not a string
    this.versionAt = cursor.start;
    this.versionLength = cursor.at - cursor.start;
    return true;
  }

  #ip(): boolean {
    const cursor = this.#cursor;
    if (!cursor.string()) return false;
    const length = cursor.at - cursor.start;
    // Some send the address without the port: nothing to vote with, but no lie either.
    if (length === 6 || length === 18) [this.ipAt, this.ipLength] = [cursor.start, length];
    return true;
  }

  #error(): boolean {
    const cursor = this.#cursor;
    this.#hasError = true;
    if (!cursor.open(L)) return false;
    this.errorCode = cursor.integer();
    if (cursor.reason !== undefined || !cursor.string()) return false;
    return cursor.closes() || cursor.wrong('bad_field');
  }

  /** The dictionary of arguments or results. */
  #inner(): boolean {
    const cursor = this.#cursor;
    if (!cursor.open(D)) return false;
    while (!cursor.closes()) if (!cursor.string('bad_key') || !this.#argument()) return false;
    return true;
  }

  #argument(): boolean {
    const cursor = this.#cursor;
    const length = cursor.at - cursor.start;
    switch ((length << 8) | cursor.bytes[cursor.start]!) {
      case KEY_ID:
        if (!this.#is('id')) break;
        this.idAt = this.#fixed(8, ID_BYTES);
        return cursor.reason === undefined;
      case KEY_NODES:
        if (!this.#is('nodes')) break;
        this.nodesCount = this.#blocks(9, NODE_BYTES);
        this.nodesAt = cursor.start;
        return cursor.reason === undefined;
      case KEY_VALUES:
        return this.#is('values') ? this.#once(10) && this.#values() : cursor.skip();
      case KEY_TOKEN:
        return this.#is('token') ? this.#once(11) && this.#token() : cursor.skip();
      case KEY_TARGET:
        if (!this.#is('target')) break;
        this.targetAt = this.#fixed(12, ID_BYTES);
        return cursor.reason === undefined;
      case KEY_INFO_HASH:
        if (!this.#is('info_hash')) break;
        this.targetAt = this.#fixed(12, ID_BYTES);
        return cursor.reason === undefined;
      case KEY_SAMPLES:
        if (!this.#is('samples')) break;
        this.samplesCount = this.#blocks(13, ID_BYTES);
        this.samplesAt = cursor.start;
        return cursor.reason === undefined;
      case KEY_WANT:
        return this.#is('want') ? this.#once(14) && this.#want() : cursor.skip();
      case KEY_FILTER:
        return this.#filter();
      default:
        return this.#rareArgument((length << 8) | cursor.bytes[cursor.start]!);
    }
    return cursor.skip();
  }

  #rareArgument(key: number): boolean {
    const cursor = this.#cursor;
    if (key === KEY_NODES6) {
      if (this.#is('noseed')) this.noSeed = this.#number(24) === 1;
      else if (!this.#is('nodes6')) return cursor.skip();
      else {
        this.nodes6Count = this.#blocks(15, NODE6_BYTES);
        this.nodes6At = cursor.start;
      }
    } else if (key === KEY_INTERVAL && this.#is('interval')) {
      const value = this.#number(16);
      this.intervalS = value < 0 ? -2 : value;
    } else if (key === KEY_NUM && this.#is('num')) this.num = Math.max(-1, this.#number(17));
    else if (key === KEY_PORT && this.#is('port')) this.port = this.#number(18);
    else if (key === KEY_SEED && this.#is('seed')) this.seed = this.#number(19) === 1;
    else if (key === KEY_SCRAPE && this.#is('scrape')) this.scrape = this.#number(20) === 1;
    else if (key === KEY_IMPLIED_PORT && this.#is('implied_port')) this.impliedPort = this.#number(21) !== 0;
    else return cursor.skip();
    return cursor.reason === undefined;
  }

  #number(bit: number): number {
    return this.#once(bit) ? this.#cursor.integer() : 0;
  }

  /** A string of exactly `size` bytes: where it starts. */
  #fixed(bit: number, size: number): number {
    const cursor = this.#cursor;
    if (this.#once(bit) && cursor.string() && cursor.at - cursor.start !== size) cursor.fail('bad_length');
    return cursor.start;
  }

  /** A string of whole blocks of `size` bytes: how many. */
  #blocks(bit: number, size: number): number {
    const cursor = this.#cursor;
    if (!this.#once(bit) || !cursor.string()) return 0;
    const count = (cursor.at - cursor.start) / size;
    if (!Number.isInteger(count)) cursor.fail('bad_length');
    return count;
  }

  #token(): boolean {
    const cursor = this.#cursor;
    if (!cursor.string()) return false;
    this.tokenAt = cursor.start;
    this.tokenLength = cursor.at - cursor.start;
    return this.tokenLength <= MAX_TOKEN_BYTES || cursor.fail('too_long');
  }

  #filter(): boolean {
    const cursor = this.#cursor;
    if (this.#is('BFsd')) this.seedsAt = this.#fixed(22, FILTER_BYTES);
    else if (this.#is('BFpe')) this.downloadersAt = this.#fixed(23, FILTER_BYTES);
    else return cursor.skip();
    return cursor.reason === undefined;
  }

  /** Only strings of 6 and 18 bytes, so that the walk over them needs no second check: `6:` or `18:` stands before each. */
  #values(): boolean {
    const cursor = this.#cursor;
    const bytes = this.bytes;
    if (!cursor.open(L)) return false;
    let at = cursor.at;
    let count = 0;
    for (; count <= MAX_VALUES; count++) {
      if (bytes[at] === SIX && bytes[at + 1] === COLON) at += 8;
      else if (bytes[at] === ONE && bytes[at + 1] === EIGHT && bytes[at + 2] === COLON) at += 21;
      else break;
    }
    if (count > MAX_VALUES) return cursor.fail('too_many_items');
    if (bytes[at] !== E) return cursor.fail(at + 2 >= bytes.length ? 'truncated' : 'bad_field');
    if (count > 0) this.valuesAt = cursor.at + (bytes[cursor.at] === SIX ? 2 : 3);
    this.valuesCount = count;
    cursor.at = at + 1;
    return true;
  }

  #want(): boolean {
    const cursor = this.#cursor;
    if (!cursor.open(L)) return false;
    for (let count = 0; !cursor.closes(); count++) {
      if (count === MAX_WANTED) return cursor.fail('too_many_items');
      if (!cursor.string()) return false;
      if (cursor.at - cursor.start !== 2 || this.bytes[cursor.start] !== 0x6e) continue;
      if (this.bytes[cursor.start + 1] === FOUR) this.wants4 = true;
      if (this.bytes[cursor.start + 1] === SIX) this.wants6 = true;
    }
    return true;
  }

  /** What the fields mean together. */
  #mean(): MalformedReason | undefined {
    if (this.transactionAt < 0 || this.#yAt < 0) return this.#cursor.reason ?? 'missing_field';
    if (this.transactionLength === 0 || this.transactionLength > MAX_TRANSACTION_BYTES) return 'bad_length';
    switch (this.bytes[this.#yAt]) {
      case 0x71:
        this.kind = 'query';
        return this.#meanQuery();
      case 0x72:
        if (this.#hasError && !this.#hasResults) this.kind = 'error';
        else this.kind = 'reply';
        if (this.kind === 'reply' && (!this.#hasResults || this.idAt < 0)) return 'missing_field';
        return undefined;
      case E:
        this.kind = 'error';
        return this.#hasError ? undefined : 'missing_field';
      default:
        return 'unknown_message';
    }
  }

  #meanQuery(): MalformedReason | undefined {
    if (this.#qAt < 0 || !this.#hasArguments || this.idAt < 0) return 'missing_field';
    this.method = this.#methodName();
    const needsTarget = this.method !== 'ping' && this.method !== 'other' && this.method !== 'put';
    if (needsTarget && this.targetAt < 0) return 'missing_field';
    if (this.method !== 'announce_peer') return undefined;
    if (this.tokenAt < 0 || (this.port < 0 && !this.impliedPort)) return 'missing_field';
    return !this.impliedPort && (this.port < 1 || this.port > 65_535) ? 'out_of_range' : undefined;
  }

  #methodName(): Method | 'other' {
    for (const name of METHODS) {
      if (name.length !== this.#qLength) continue;
      let i = 0;
      while (i < name.length && this.bytes[this.#qAt + i] === name.charCodeAt(i)) i++;
      if (i === name.length) return name;
    }
    return 'other';
  }
}

const QUERY_END = Uint8Array.from('1:y1:qe', (character) => character.charCodeAt(0));

/** Whether a datagram ends as every query with sorted keys does: enough to refuse one before it is read. */
export function endsAsQuery(bytes: Uint8Array): boolean {
  const start = bytes.length - QUERY_END.length;
  for (let i = 0; i < QUERY_END.length; i++) if (bytes[start + i] !== QUERY_END[i]) return false;
  return true;
}
