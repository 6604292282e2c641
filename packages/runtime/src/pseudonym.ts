// Names for peers, addresses and nodes that cannot be turned back: HMAC-SHA-256 under a key that ratchets each period (events.md of the design, "Pseudonyms").
import { createHmac, hash } from 'node:crypto';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { readV6, v4Number } from './address-numbers.ts';
import type { Clock } from './clock.ts';

export const PSEUDONYM_PERIOD_MS = 7 * 24 * 3_600_000;
export const KEY_BYTES = 32;
const NAME_BYTES = 8;
/** Also how late a ratchet may be; timers do not run while a machine sleeps. */
const CHECK_MS = 60_000;

/** SHA-256 works on blocks of so many bytes; no input of a name is longer than a block. */
const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;

/** HMAC-SHA-256 (RFC 2104) of short inputs under one key: the two padded keys are made once, and `createHmac` takes ten times as long as both hashes. */
class ShortHmac {
  readonly #inner = Buffer.alloc(2 * BLOCK_BYTES, 0x36);
  readonly #outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES, 0x5c);

  constructor(key: Uint8Array) {
    for (const [i, byte] of key.entries()) {
      this.#inner[i] = byte ^ 0x36;
      this.#outer[i] = byte ^ 0x5c;
    }
  }

  digest(bytes: Uint8Array): Buffer {
    this.#inner.set(bytes, BLOCK_BYTES);
    this.#outer.set(hash('sha256', this.#inner.subarray(0, BLOCK_BYTES + bytes.length), 'buffer'), BLOCK_BYTES);
    return hash('sha256', this.#outer, 'buffer');
  }
}

/** The key of one epoch. Epochs are counted from 1970 in periods; a seed is the key of epoch 0. */
export interface EpochKey {
  readonly epoch: number;
  readonly key: Uint8Array;
}

export interface PseudonymOptions extends EpochKey {
  readonly clock: Clock;
  readonly periodMs?: number;
  /** Told each new key: whoever keeps it on disk overwrites the old one. */
  readonly onRatchet?: (present: EpochKey) => void;
}

/** k(n+1) = HMAC(k(n), "next"): the next key follows from this one, no earlier one does. */
export function ratchet({ epoch, key }: EpochKey): EpochKey {
  return { epoch: epoch + 1, key: new Uint8Array(createHmac('sha256', key).update('next').digest()) };
}

/**
 * All services with the same seed and period give the same names. `epoch` changes between turns of the event loop only, so that
 * names and epoch of one event belong together. Names of different epochs are not comparable.
 */
export class Pseudonyms {
  readonly #clock: Clock;
  readonly #periodMs: number;
  readonly #onRatchet: (present: EpochKey) => void;
  readonly #timer: NodeJS.Timeout;
  #present: EpochKey;
  #hmac: ShortHmac;

  /** Throws one sentence when the key is of an epoch that has not begun. */
  constructor(options: PseudonymOptions) {
    this.#clock = options.clock;
    this.#periodMs = options.periodMs ?? PSEUDONYM_PERIOD_MS;
    this.#onRatchet = options.onRatchet ?? (() => {});
    if (options.key.length !== KEY_BYTES) throw new Error(`A pseudonym key has ${KEY_BYTES} bytes, not ${options.key.length}.`);
    const now = epochAt(this.#clock.wall(), this.#periodMs);
    if (options.epoch > now)
      throw new Error(`The pseudonym key is of epoch ${options.epoch}, but now is ${now}: another period, or a wrong clock.`);
    this.#present = { epoch: options.epoch, key: options.key };
    this.#hmac = new ShortHmac(options.key);
    this.advance();
    this.#timer = setInterval(() => this.advance(), CHECK_MS);
    this.#timer.unref();
  }

  /** Which period of the key names are of: `key_epoch` in events. */
  get epoch(): number {
    return this.#present.epoch;
  }

  /** `peer_key`: of address and listen port. */
  peerKey(endpoint: Endpoint): string {
    const address = addressBytes(endpoint.address);
    const bytes = new Uint8Array(address.length + 2);
    bytes.set(address);
    bytes[address.length] = endpoint.port >> 8;
    bytes[address.length + 1] = endpoint.port & 0xff;
    return this.#name(bytes);
  }

  /** `address_key`: of the address alone. */
  addressKey(address: string): string {
    return this.#name(addressBytes(address));
  }

  /** `node_key`: of a node id (20 bytes) and its address. */
  nodeKey(id: Uint8Array, address: string): string {
    const tail = addressBytes(address);
    const bytes = new Uint8Array(id.length + tail.length);
    bytes.set(id);
    bytes.set(tail, id.length);
    return this.#name(bytes);
  }

  /** Brings the key up to the present; the timer does it each minute. */
  advance(): void {
    const now = epochAt(this.#clock.wall(), this.#periodMs);
    if (this.#present.epoch >= now) return;
    while (this.#present.epoch < now) this.#present = ratchet(this.#present);
    this.#hmac = new ShortHmac(this.#present.key);
    this.#onRatchet(this.#present);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Inputs of the three kinds differ in length (4 or 16, 6 or 18, 24 or 36 bytes): none can be taken for another. */
  #name(bytes: Uint8Array): string {
    // Not a slice of the whole digest as text: that would keep the whole of it for as long as the name is kept.
    return this.#hmac.digest(bytes).toString('hex', 0, NAME_BYTES);
  }
}

export function epochAt(wallMs: number, periodMs: number): number {
  return Math.floor(wallMs / periodMs);
}

/** 4 or 16 bytes; an IPv4-mapped address is its IPv4 one, which canonical text is already. What is no address breaks an invariant. */
function addressBytes(address: string): Uint8Array {
  const number = v4Number(address);
  if (number >= 0) return Uint8Array.of(number >>> 24, (number >>> 16) & 0xff, (number >>> 8) & 0xff, number & 0xff);
  const groups = new Uint16Array(8);
  if (!readV6(address, groups)) throw new Error(`not an IP address: ${address}`);
  const bytes = new Uint8Array(16);
  for (const [i, group] of groups.entries()) {
    bytes[2 * i] = group >> 8;
    bytes[2 * i + 1] = group & 0xff;
  }
  return bytes;
}
