// Tokens of get_peers (BEP 5): a short keyed hash of the asker's address under a secret that changes; the one before stays good for as long again.
import { sha256 } from '../hash.ts';
import { equalBytes } from '../hex.ts';
import type { Random } from '../machine.ts';

/** BEP 5: secrets change every five minutes, tokens up to ten minutes old are accepted. */
const ROTATION_MS = 300_000;
const TOKEN_BYTES = 8;
const KEY_BYTES = 32;
/** The longest text of an address. */
const MAX_TEXT = 64;

/**
 * The first 8 bytes of SHA-256(key, address). Cut to a quarter and of one input each, it needs none of HMAC's second pass against extension; a token
 * is made for every get_peers, and an Hmac object costs ten times as much.
 */
class Secret {
  readonly #input = new Uint8Array(KEY_BYTES + MAX_TEXT);

  constructor(random: Random) {
    for (let i = 0; i < KEY_BYTES; i++) this.#input[i] = Math.floor(random() * 256);
  }

  token(address: string): Uint8Array {
    const length = Math.min(address.length, MAX_TEXT);
    for (let i = 0; i < length; i++) this.#input[KEY_BYTES + i] = address.charCodeAt(i);
    return sha256(this.#input.subarray(0, KEY_BYTES + length)).subarray(0, TOKEN_BYTES);
  }
}

/** `random` must be unpredictable to remotes. */
export class Tokens {
  readonly #random: Random;
  #secret: Secret;
  #previous: Secret;
  #rotateMs = Number.NEGATIVE_INFINITY;

  constructor(random: Random) {
    this.#random = random;
    this.#secret = new Secret(random);
    this.#previous = this.#secret;
  }

  #rotate(now: number): void {
    if (now < this.#rotateMs) return;
    const idle = now - this.#rotateMs >= ROTATION_MS;
    this.#previous = idle ? new Secret(this.#random) : this.#secret;
    this.#secret = new Secret(this.#random);
    this.#rotateMs = now + ROTATION_MS;
  }

  /** The token for an address now. */
  make(address: string, now: number): Uint8Array {
    this.#rotate(now);
    return this.#secret.token(address);
  }

  /** Whether we gave this token to this address in the last five to ten minutes. */
  accepts(token: Uint8Array, address: string, now: number): boolean {
    this.#rotate(now);
    return equalBytes(token, this.#secret.token(address)) || equalBytes(token, this.#previous.token(address));
  }
}
