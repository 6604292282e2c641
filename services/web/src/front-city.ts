// CityHash128 of CityHash 1.0.2, the version that ClickHouse froze for its checksums (later versions give other values). All arithmetic is modulo 2^64.

const K0 = 0xc3a5c85c97cb3127n;
const K1 = 0xb492b66fbe98f273n;
const K2 = 0x9ae16a3b2f90404fn;
const K3 = 0xc949d7c7509e6557n;
const MUL = 0x9ddfea08eb382d69n;

type Pair = readonly [low: bigint, high: bigint];

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
const rotate = (value: bigint, by: bigint): bigint => (by === 0n ? value : (value >> by) | u64(value << (64n - by)));
const shiftMix = (value: bigint): bigint => value ^ (value >> 47n);

/** Both halves of the hash of any bytes. */
export function cityHash128(bytes: Uint8Array): Pair {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = (offset: number) => view.getBigUint64(offset, true);
  const { length } = bytes;
  if (length >= 16) return withSeed(new Words(bytes.subarray(16)), at(0) ^ K3, at(8));
  if (length >= 8) return withSeed(new Words(bytes.subarray(length)), at(0) ^ u64(BigInt(length) * K0), at(length - 8) ^ K1);
  return withSeed(new Words(bytes), K0, K1);
}

/** Bytes read as little-endian words. */
class Words {
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.length = bytes.length;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u64(offset: number): bigint {
    return this.#view.getBigUint64(offset, true);
  }

  u32(offset: number): bigint {
    return BigInt(this.#view.getUint32(offset, true));
  }
}

function hash16(low: bigint, high: bigint): bigint {
  const a = shiftMix(u64((low ^ high) * MUL));
  return u64(shiftMix(u64((high ^ a) * MUL)) * MUL);
}

function upTo16(words: Words): bigint {
  const { length, bytes } = words;
  const size = BigInt(length);
  if (length > 8) {
    const b = words.u64(length - 8);
    return hash16(words.u64(0), rotate(u64(b + size), size)) ^ b;
  }
  if (length >= 4) return hash16(u64(size + (words.u32(0) << 3n)), words.u32(length - 4));
  if (length === 0) return K2;
  const y = BigInt(bytes[0]! + (bytes[length >> 1]! << 8));
  const z = BigInt(length + (bytes[length - 1]! << 2));
  return u64(shiftMix(u64(y * K2) ^ u64(z * K3)) * K2);
}

/** Below 128 bytes. */
function murmur(words: Words, low: bigint, high: bigint): Pair {
  const { length } = words;
  let [a, b, c, d] = [low, high, 0n, 0n];
  if (length <= 16) {
    a = u64(shiftMix(u64(a * K1)) * K1);
    c = u64(b * K1 + upTo16(words));
    d = shiftMix(u64(a + (length >= 8 ? words.u64(0) : c)));
  } else {
    c = hash16(u64(words.u64(length - 8) + K1), a);
    d = hash16(u64(b + BigInt(length)), u64(c + words.u64(length - 16)));
    a = u64(a + d);
    for (let i = 0; i === 0 || i + 16 < length; i += 16) {
      if (i + 16 > length) break;
      a = u64((a ^ u64(shiftMix(u64(words.u64(i) * K1)) * K1)) * K1);
      b ^= a;
      c = u64((c ^ u64(shiftMix(u64(words.u64(i + 8) * K1)) * K1)) * K1);
      d ^= c;
    }
  }
  a = hash16(a, c);
  b = hash16(d, b);
  return [a ^ b, hash16(b, a)];
}

/** A weak but quick hash of 32 bytes and two seeds. */
function weak32(words: Words, offset: number, seedA: bigint, seedB: bigint): Pair {
  const w = words.u64(offset);
  const z = words.u64(offset + 24);
  let a = seedA + w;
  const b = rotate(u64(seedB + a + z), 21n);
  const c = a;
  a = u64(a + words.u64(offset + 8) + words.u64(offset + 16));
  return [u64(a + z), u64(b + rotate(a, 44n) + c)];
}

interface State {
  v: Pair;
  w: Pair;
  x: bigint;
  y: bigint;
  z: bigint;
}

function withSeed(words: Words, low: bigint, high: bigint): Pair {
  const { length } = words;
  if (length < 128) return murmur(words, low, high);
  const z = u64(BigInt(length) * K1);
  const v0 = u64(rotate(high ^ K1, 49n) * K1 + words.u64(0));
  const state: State = {
    v: [v0, u64(rotate(v0, 42n) * K1 + words.u64(8))],
    w: [u64(rotate(u64(high + z), 35n) * K1 + low), u64(rotate(u64(low + words.u64(88)), 53n) * K1)],
    x: low,
    y: high,
    z,
  };
  const whole = length - (length % 128);
  for (let i = 0; i < whole; i += 64) round(words, i, state);
  return finish(words, length - whole, state);
}

function round(words: Words, i: number, state: State): void {
  let { v, w, x, y, z } = state;
  x = u64(rotate(u64(x + y + v[0] + words.u64(i + 16)), 37n) * K1);
  y = u64(rotate(u64(y + v[1] + words.u64(i + 48)), 42n) * K1);
  x ^= w[1];
  y ^= v[0];
  z = rotate(z ^ w[0], 33n);
  v = weak32(words, i, u64(v[1] * K1), u64(x + w[0]));
  w = weak32(words, i + 32, u64(z + w[1]), y);
  Object.assign(state, { v, w, x: z, y, z: x });
}

function finish(words: Words, rest: number, state: State): Pair {
  let { v, x, y } = state;
  const { z } = state;
  let [w0, w1] = state.w;
  y = u64(y + rotate(w0, 37n) * K0 + z);
  x = u64(x + rotate(u64(v[0] + z), 49n) * K0);
  for (let done = 32; done - 32 < rest; done += 32) {
    const offset = words.length - done;
    y = u64(rotate(u64(y - x), 42n) * K0 + v[1]);
    w0 = u64(w0 + words.u64(offset + 16));
    x = u64(rotate(x, 49n) * K0 + w0);
    w0 = u64(w0 + v[0]);
    v = weak32(words, offset, v[0], v[1]);
  }
  x = hash16(x, v[0]);
  y = hash16(y, w0);
  return [u64(hash16(u64(x + v[1]), w1) + y), hash16(u64(x + w1), u64(y + v[1]))];
}
