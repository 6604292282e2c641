// RC4 as Message Stream Encryption uses it: OpenSSL 3 has it no more. It hides the protocol from cheap filters; it keeps no secret from anybody.

/** Keystream bytes that MSE throws away. */
const DISCARDED = 1024;

export class Rc4 {
  readonly #state = Uint8Array.from({ length: 256 }, (_, i) => i);
  #i = 0;
  #j = 0;

  /** `key`: 1 to 256 bytes. The first 1 024 bytes of the keystream are gone already. */
  constructor(key: Uint8Array, discarded = DISCARDED) {
    const state = this.#state;
    let j = 0;
    for (let i = 0; i < 256; i++) {
      const byte = state[i]!;
      j = (j + byte + key[i % key.length]!) & 255;
      state[i] = state[j]!;
      state[j] = byte;
    }
    this.apply(new Uint8Array(discarded));
  }

  /** Encrypts or decrypts in place, and returns the same bytes. */
  apply(bytes: Uint8Array): Uint8Array {
    const state = this.#state;
    let i = this.#i;
    let j = this.#j;
    for (let at = 0; at < bytes.length; at++) {
      i = (i + 1) & 255;
      const a = state[i]!;
      j = (j + a) & 255;
      const b = state[j]!;
      state[i] = b;
      state[j] = a;
      bytes[at]! ^= state[(a + b) & 255]!;
    }
    this.#i = i;
    this.#j = j;
    return bytes;
  }
}
