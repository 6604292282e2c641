// The key exchange of Message Stream Encryption: Diffie-Hellman in a 768-bit group, and the hashes that both sides make of the secret.
import { sha1 } from '../hash.ts';
import type { Random } from '../machine.ts';
import { Rc4 } from './rc4.ts';

/** The prime of the specification; the generator is 2. */
const PRIME =
  0xffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a63a36210000000000090563n;
/** Bytes of a public key and of the secret. */
export const KEY_BYTES = 96;
/** 160 bits: what the specification asks of a private key. */
const PRIVATE_BYTES = 20;

function toBigInt(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}

function toBytes(value: bigint): Uint8Array {
  const bytes = new Uint8Array(KEY_BYTES);
  let rest = value;
  for (let i = KEY_BYTES - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let factor = base % PRIME;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * factor) % PRIME;
    factor = (factor * factor) % PRIME;
  }
  return result;
}

/** One side of an exchange. */
export class KeyPair {
  readonly #private: bigint;
  /** 96 bytes. */
  readonly publicKey: Uint8Array;

  constructor(random: Random) {
    this.#private = toBigInt(Uint8Array.from({ length: PRIVATE_BYTES }, () => Math.floor(random() * 256)));
    this.publicKey = toBytes(power(2n, this.#private));
  }

  /** The shared secret, 96 bytes. Keys that force it to a known value (0, 1, p - 1 or beyond) give undefined: nobody honest has one. */
  secret(theirs: Uint8Array): Uint8Array | undefined {
    const key = toBigInt(theirs);
    return key > 1n && key < PRIME - 1n ? toBytes(power(key, this.#private)) : undefined;
  }
}

const text = new TextEncoder();

function hashOf(label: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const head = text.encode(label);
  const bytes = new Uint8Array(head.length + parts.reduce((sum, part) => sum + part.length, 0));
  bytes.set(head);
  let at = head.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return sha1(bytes);
}

/** HASH('req1', S): by it the dialled side finds where the padding ends. */
export function syncHash(secret: Uint8Array): Uint8Array {
  return hashOf('req1', secret);
}

/** HASH('req2', SKEY): names the swarm without saying its infohash. */
export function swarmHash(infoHash: Uint8Array): Uint8Array {
  return hashOf('req2', infoHash);
}

/** HASH('req2', SKEY) xor HASH('req3', S); applied to that, it gives HASH('req2', SKEY) back. */
export function maskSwarmHash(hash: Uint8Array, secret: Uint8Array): Uint8Array {
  const mask = hashOf('req3', secret);
  return mask.map((byte, i) => byte ^ hash[i]!);
}

/** The cipher of one direction: `keyA` encrypts what the dialling side sends, `keyB` what the dialled side sends. */
export function cipher(direction: 'keyA' | 'keyB', secret: Uint8Array, infoHash: Uint8Array): Rc4 {
  return new Rc4(hashOf(direction, secret, infoHash));
}
