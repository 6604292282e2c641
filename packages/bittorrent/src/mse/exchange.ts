// The handshake of Message Stream Encryption (MSE/PE), both sides, without IO: bytes in, bytes out, and at the end two ciphers.
import { equalBytes } from '../hex.ts';
import type { Random } from '../machine.ts';
import { cipher, KEY_BYTES, KeyPair, maskSwarmHash, swarmHash, syncHash } from './keys.ts';
import type { Rc4 } from './rc4.ts';

// dialling A                                              dialled B
// 1  Ya PadA                                     ->
//                                                <-  2  Yb PadB
// 3  HASH(req1 S)  HASH(req2 SKEY)^HASH(req3 S)
//    E(VC provide:4 padC-length:2 PadC IA-length:2) E(IA)  ->
//                                                <-  4  E(VC select:4 padD-length:2 PadD)  then payload
// 5  payload                                     ->
//
// S: the secret, 96 bytes. SKEY: the infohash. VC: 8 zero bytes. E: RC4. Pads: 0 to 512 bytes. IA: the first payload of A, always in RC4.
// provide, select: 1 plain (only the handshake is hidden), 2 RC4 throughout. Where a pad ends is found by what follows it, whose value is known:
// B looks for HASH(req1 S), A for E(VC). Each looks through one pad's length and no further.

const PAD_MAX = 512;
const VC_BYTES = 8;
/** IA is a handshake and perhaps some messages; the field would allow 65 535. */
const IA_MAX = 4096;
const PLAIN = 1;
const RC4 = 2;

export type Encryption = 'mse_plain' | 'mse_rc4';

/** What the two sides agreed on. The ciphers are undefined when the payload is plain. */
export interface Agreement {
  readonly encryption: Encryption;
  readonly infoHash: Uint8Array;
  readonly sending: Rc4 | undefined;
  readonly receiving: Rc4 | undefined;
  /** Payload that has arrived already, decrypted. */
  readonly early: Uint8Array;
}

/** What is to be written now, and how it stands: still going on (undefined), agreed, or not to be gone on with. */
export interface Step {
  readonly write: Uint8Array | undefined;
  readonly end: Agreement | 'refused' | undefined;
}

const NOTHING: Step = { write: undefined, end: undefined };
const REFUSED: Step = { write: undefined, end: 'refused' };

function pad(random: Random): Uint8Array {
  return Uint8Array.from({ length: Math.floor(random() * (PAD_MAX + 1)) }, () => Math.floor(random() * 256));
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Where `wanted` begins in `bytes`; -1 when it is not there. */
function find(bytes: Uint8Array, wanted: Uint8Array): number {
  for (let at = 0; at + wanted.length <= bytes.length; at++)
    if (equalBytes(bytes.subarray(at, at + wanted.length), wanted)) return at;
  return -1;
}

/** The side that dials. Offer RC4 only where plain bytes are not wanted; `initial` is sent along encrypted (IA). */
export class DiallingExchange {
  readonly #infoHash: Uint8Array;
  readonly #random: Random;
  readonly #offers: number;
  readonly #initial: Uint8Array;
  readonly #keys: KeyPair;
  #held: Uint8Array = new Uint8Array(0);
  #sending: Rc4 | undefined;
  #receiving: Rc4 | undefined;
  /** E(VC) as B will send it: what ends its padding. */
  #mark: Uint8Array | undefined;
  #select = 0;
  #padLeft = -1;

  constructor(options: { infoHash: Uint8Array; random: Random; offers: 'rc4' | 'both'; initial: Uint8Array }) {
    this.#infoHash = options.infoHash;
    this.#random = options.random;
    this.#offers = options.offers === 'rc4' ? RC4 : PLAIN | RC4;
    this.#initial = options.initial;
    this.#keys = new KeyPair(options.random);
  }

  /** The first bytes to send. */
  start(): Uint8Array {
    return concat(this.#keys.publicKey, pad(this.#random));
  }

  push(bytes: Uint8Array): Step {
    this.#held = concat(this.#held, bytes);
    if (!this.#mark) return this.#held.length < KEY_BYTES ? NOTHING : this.#third();
    return this.#fourth();
  }

  #third(): Step {
    const secret = this.#keys.secret(this.#held.subarray(0, KEY_BYTES));
    if (!secret) return REFUSED;
    this.#held = this.#held.slice(KEY_BYTES);
    this.#sending = cipher('keyA', secret, this.#infoHash);
    this.#receiving = cipher('keyB', secret, this.#infoHash);
    this.#mark = this.#receiving.apply(new Uint8Array(VC_BYTES));
    const padC = pad(this.#random);
    const head = new Uint8Array(VC_BYTES + 4 + 2);
    const view = new DataView(head.buffer);
    view.setUint32(VC_BYTES, this.#offers);
    view.setUint16(VC_BYTES + 4, padC.length);
    const length = Uint8Array.of(this.#initial.length >> 8, this.#initial.length & 255);
    const secretPart = this.#sending.apply(concat(head, padC, length, this.#initial));
    const write = concat(syncHash(secret), maskSwarmHash(swarmHash(this.#infoHash), secret), secretPart);
    const next = this.#fourth();
    return { write, end: next.end };
  }

  #fourth(): Step {
    if (this.#padLeft < 0) {
      const at = find(this.#held.subarray(0, PAD_MAX + VC_BYTES), this.#mark!);
      if (at < 0) return this.#held.length >= PAD_MAX + VC_BYTES ? REFUSED : NOTHING;
      if (this.#held.length < at + VC_BYTES + 6) return NOTHING;
      const head = this.#receiving!.apply(this.#held.slice(at + VC_BYTES, at + VC_BYTES + 6));
      const view = new DataView(head.buffer);
      this.#select = view.getUint32(0);
      this.#padLeft = view.getUint16(4);
      const isOurs = this.#select === PLAIN || this.#select === RC4;
      if (!isOurs || (this.#select & this.#offers) === 0 || this.#padLeft > PAD_MAX) return REFUSED;
      this.#held = this.#held.slice(at + VC_BYTES + 6);
    }
    if (this.#held.length < this.#padLeft) return NOTHING;
    this.#receiving!.apply(this.#held.subarray(0, this.#padLeft));
    const early = this.#held.slice(this.#padLeft);
    const isRc4 = this.#select === RC4;
    if (isRc4) this.#receiving!.apply(early);
    const end: Agreement = {
      encryption: isRc4 ? 'mse_rc4' : 'mse_plain',
      infoHash: this.#infoHash,
      sending: isRc4 ? this.#sending : undefined,
      receiving: isRc4 ? this.#receiving : undefined,
      early,
    };
    return { write: undefined, end };
  }
}

/** The side that was dialled. `infoHashOf` answers whose HASH('req2', SKEY) it is, of the swarms that we are in. */
export class DialledExchange {
  readonly #random: Random;
  readonly #infoHashOf: (hash: Uint8Array) => Uint8Array | undefined;
  readonly #prefers: 'plain' | 'rc4';
  #held: Uint8Array = new Uint8Array(0);
  #secret: Uint8Array | undefined;
  #infoHash: Uint8Array | undefined;
  #sending: Rc4 | undefined;
  #receiving: Rc4 | undefined;
  /** Decrypted bytes of message 3 from VC on. */
  #clear: Uint8Array = new Uint8Array(0);

  constructor(options: { random: Random; infoHashOf: (hash: Uint8Array) => Uint8Array | undefined; prefers: 'plain' | 'rc4' }) {
    this.#random = options.random;
    this.#infoHashOf = options.infoHashOf;
    this.#prefers = options.prefers;
  }

  push(bytes: Uint8Array): Step {
    if (this.#receiving) {
      this.#clear = concat(this.#clear, this.#receiving.apply(bytes.slice()));
      return this.#last();
    }
    this.#held = concat(this.#held, bytes);
    if (this.#secret) return this.#third();
    return this.#held.length < KEY_BYTES ? NOTHING : this.#second();
  }

  #second(): Step {
    const keys = new KeyPair(this.#random);
    this.#secret = keys.secret(this.#held.subarray(0, KEY_BYTES));
    if (!this.#secret) return REFUSED;
    this.#held = this.#held.slice(KEY_BYTES);
    const answer = concat(keys.publicKey, pad(this.#random));
    const next = this.#third();
    return { write: next.write ? concat(answer, next.write) : answer, end: next.end };
  }

  #third(): Step {
    const sync = syncHash(this.#secret!);
    const at = find(this.#held.subarray(0, PAD_MAX + 20), sync);
    if (at < 0) return this.#held.length >= PAD_MAX + 20 ? REFUSED : NOTHING;
    if (this.#held.length < at + 40) return NOTHING;
    const infoHash = this.#infoHashOf(maskSwarmHash(this.#held.slice(at + 20, at + 40), this.#secret!));
    if (!infoHash) return REFUSED;
    this.#infoHash = infoHash;
    this.#receiving = cipher('keyA', this.#secret!, infoHash);
    this.#sending = cipher('keyB', this.#secret!, infoHash);
    this.#clear = this.#receiving.apply(this.#held.slice(at + 40));
    return this.#last();
  }

  /** VC, what is offered, PadC, IA: then our answer, and all is agreed. */
  #last(): Step {
    const clear = this.#clear;
    const view = new DataView(clear.buffer, clear.byteOffset, clear.length);
    for (let i = 0; i < Math.min(VC_BYTES, clear.length); i++) if (clear[i] !== 0) return REFUSED;
    if (clear.length < VC_BYTES + 6) return NOTHING;
    const padBytes = view.getUint16(VC_BYTES + 4);
    const select = this.#choose(view.getUint32(VC_BYTES));
    if (padBytes > PAD_MAX || select === undefined) return REFUSED;
    const lengthAt = VC_BYTES + 6 + padBytes;
    if (clear.length < lengthAt + 2) return NOTHING;
    const initialBytes = view.getUint16(lengthAt);
    if (initialBytes > IA_MAX) return REFUSED;
    const initialEnd = lengthAt + 2 + initialBytes;
    if (clear.length < initialEnd) return NOTHING;
    return this.#agree(select, clear.slice(lengthAt + 2, initialEnd), clear.slice(initialEnd));
  }

  #choose(offered: number): typeof PLAIN | typeof RC4 | undefined {
    const [first, second] = this.#prefers === 'plain' ? ([PLAIN, RC4] as const) : ([RC4, PLAIN] as const);
    if ((offered & first) !== 0) return first;
    return (offered & second) !== 0 ? second : undefined;
  }

  #agree(select: number, initial: Uint8Array, rest: Uint8Array): Step {
    const padD = pad(this.#random);
    const head = new Uint8Array(VC_BYTES + 6);
    const view = new DataView(head.buffer);
    view.setUint32(VC_BYTES, select);
    view.setUint16(VC_BYTES + 4, padD.length);
    const write = this.#sending!.apply(concat(head, padD));
    const isRc4 = select === RC4;
    // A may send payload only after our answer: what came early was decrypted by the cipher, and is payload in RC4 only.
    if (!isRc4 && rest.length > 0) return REFUSED;
    const end: Agreement = {
      encryption: isRc4 ? 'mse_rc4' : 'mse_plain',
      infoHash: this.#infoHash!,
      sending: isRc4 ? this.#sending : undefined,
      receiving: isRc4 ? this.#receiving : undefined,
      early: concat(initial, rest),
    };
    return { write, end };
  }
}
