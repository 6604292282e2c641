// The XOR metric of Kademlia over 20-byte ids (BEP 5).
import type { Random } from '../machine.ts';

/** Negative when `a` is closer to `target` than `b`, 0 only when they are equal. */
export function compareDistance(target: Uint8Array, a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < 20; i++) {
    const difference = (a[i]! ^ target[i]!) - (b[i]! ^ target[i]!);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** How many leading bits two ids share: 160 when equal. */
export function commonBits(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < 20; i++) {
    const difference = a[i]! ^ b[i]!;
    if (difference !== 0) return i * 8 + Math.clz32(difference) - 24;
  }
  return 160;
}

/** 20 random bytes, the first `bits` bits taken from `prefix`. */
export function randomId(random: Random, prefix?: Uint8Array, bits = 0): Uint8Array {
  const id = new Uint8Array(20);
  for (let i = 0; i < 20; i++) id[i] = Math.floor(random() * 256);
  if (!prefix) return id;
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) id[i] = prefix[i]!;
  const mask = 0xff >> (bits & 7);
  if ((bits & 7) !== 0) id[whole] = (prefix[whole]! & ~mask) | (id[whole]! & mask);
  return id;
}
