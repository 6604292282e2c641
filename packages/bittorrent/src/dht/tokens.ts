// Tokens of get_peers (BEP 5): a short HMAC of the asker's address under a secret that changes; the one before stays good for as long again.
import { sha256 } from '../hash.ts';
import { equalBytes } from '../hex.ts';
import type { Random } from '../machine.ts';

/** BEP 5: secrets change every five minutes, tokens up to ten minutes old are accepted. */
const ROTATION_MS = 300_000;
const TOKEN_BYTES = 8;
const BLOCK_BYTES = 64;
const HASH_BYTES = 32;
/** The longest text of an address. */
const MAX_TEXT = 64;

/** HMAC-SHA-256 by hand (RFC 2104): two one-shot hashes cost a fifth of node:crypto's Hmac object, and a token is made for every get_peers. */
class Secret {
  readonly #inner = new Uint8Array(BLOCK_BYTES + MAX_TEXT);
  readonly #outer = new Uint8Array(BLOCK_BYTES + HASH_BYTES);

  constructor(random: Random) {
    for (let i = 0; i < BLOCK_BYTES; i++) {
      const key = Math.floor(random() * 256);
      this.#inner[i] = key ^ 0x36;
      this.#outer[i] = key ^ 0x5c;
    }
  }

  token(address: string): Uint8Array {
    const length = Math.min(address.length, MAX_TEXT);
    for (let i = 0; i < length; i++) this.#inner[BLOCK_BYTES + i] = address.charCodeAt(i);
    this.#outer.set(sha256(this.#inner.subarray(0, BLOCK_BYTES + length)), BLOCK_BYTES);
    return sha256(this.#outer).subarray(0, TOKEN_BYTES);
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
