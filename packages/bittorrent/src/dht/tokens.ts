// Tokens of get_peers (BEP 5): a short HMAC of the asker's address under a secret that changes; the one before stays good for as long again.
import { hmacSha256 } from '../hash.ts';
import { equalBytes } from '../hex.ts';
import type { Random } from '../machine.ts';

/** BEP 5: secrets change every five minutes, tokens up to ten minutes old are accepted. */
const ROTATION_MS = 300_000;
const TOKEN_BYTES = 8;

const utf8 = new TextEncoder();

/** `random` must be unpredictable to remotes. */
export class Tokens {
  readonly #random: Random;
  #secret: Uint8Array;
  #previous: Uint8Array;
  #rotateMs = Number.NEGATIVE_INFINITY;

  constructor(random: Random) {
    this.#random = random;
    this.#secret = this.#fresh();
    this.#previous = this.#secret;
  }

  #fresh(): Uint8Array {
    return Uint8Array.from({ length: 20 }, () => Math.floor(this.#random() * 256));
  }

  #rotate(now: number): void {
    if (now < this.#rotateMs) return;
    const idle = now - this.#rotateMs >= ROTATION_MS;
    this.#previous = idle ? this.#fresh() : this.#secret;
    this.#secret = this.#fresh();
    this.#rotateMs = now + ROTATION_MS;
  }

  /** The token for an address now. */
  make(address: string, now: number): Uint8Array {
    this.#rotate(now);
    return hmacSha256(this.#secret, utf8.encode(address)).slice(0, TOKEN_BYTES);
  }

  /** Whether we gave this token to this address in the last five to ten minutes. */
  accepts(token: Uint8Array, address: string, now: number): boolean {
    this.#rotate(now);
    const text = utf8.encode(address);
    return [this.#secret, this.#previous].some((secret) => equalBytes(token, hmacSha256(secret, text).subarray(0, TOKEN_BYTES)));
  }
}
