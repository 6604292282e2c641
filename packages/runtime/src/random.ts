// Sources of randomness for machines: the operating system's for services, a seeded one whose seed replays a run for tests and simulations.
import { randomFillSync } from 'node:crypto';
import type { Random } from '@swarmscope/bittorrent/machine.ts';

const POOL_WORDS = 2_048;

/** Uniform in [0, 1) with 32 bits from the operating system, drawn in blocks: unpredictable to remotes (tokens, transaction ids, control probes). */
export function systemRandom(): Random {
  const pool = new Uint32Array(POOL_WORDS);
  let next = POOL_WORDS;
  return () => {
    if (next === POOL_WORDS) {
      randomFillSync(pool);
      next = 0;
    }
    return pool[next++]! / 4_294_967_296;
  };
}

/** Uniform in [0, 1) from a seed (sfc32, mixed by splitmix32): the same seed gives the same run. Not for secrets. */
export function seededRandom(seed: number): Random {
  let mix = seed | 0;
  const word = () => {
    mix = (mix + 0x9e3779b9) | 0;
    let z = mix ^ (mix >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) | 0;
  };
  let a = word();
  let b = word();
  let c = word();
  let counter = 1;
  return () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return (sum >>> 0) / 4_294_967_296;
  };
}

/** `length` random bytes from any source. */
export function randomBytes(random: Random, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = Math.floor(random() * 256);
  return bytes;
}
