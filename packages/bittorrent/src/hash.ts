// The hashes of the protocols: SHA-1 (BEP 3, 5), SHA-256 (BEP 52) and HMAC for tokens. The one file of this package that imports node:crypto.
import { createHmac, hash } from 'node:crypto';

/** SHA-1 of `bytes`: 20 bytes of its own memory. */
export function sha1(bytes: Uint8Array): Uint8Array {
  return write(hash('sha1', bytes, 'binary'), new Uint8Array(20), 0);
}

/** SHA-256 of `bytes`: 32 bytes of its own memory. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return sha256Into(bytes, new Uint8Array(32), 0);
}

/** SHA-256 of `bytes`, written into `target` from `at` on; returns `target`. */
export function sha256Into(bytes: Uint8Array, target: Uint8Array, at: number): Uint8Array {
  return write(hash('sha256', bytes, 'binary'), target, at);
}

/** Text of one character a byte: Node makes it in a third of the time that a Buffer takes. */
function write(text: string, target: Uint8Array, at: number): Uint8Array {
  for (let i = 0; i < text.length; i++) target[at + i] = text.charCodeAt(i);
  return target;
}

/** HMAC-SHA-256 of `bytes` under `key`: 32 bytes of its own memory. */
export function hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return plain(createHmac('sha256', key).update(bytes).digest());
}

/** A Buffer as the Uint8Array it is: the package speaks one byte type, and equality in tests compares prototypes. */
function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
