// Compressed bodies of ClickHouse's clients (`decompress=1`): frames, each LZ4 or plain, read within a bound. Whoever sends them is a stranger.
import { cityHash128 } from './front-city.ts';

const METHOD_NONE = 0x02;
const METHOD_LZ4 = 0x82;
const HEAD_BYTES = 9;
const CHECKSUM_BYTES = 16;
/** What a match is at least. */
const MATCH_LEAST = 4;
/** A length of 15 in a token goes on in bytes. */
const NIBBLE_FULL = 15;

/** Why frames were not read. */
export type Unreadable = 'too large' | 'checksum' | 'method' | 'malformed';

/**
 * What the frames hold, together at most `bytesMax` bytes:
 *
 *     frame = checksum(16) u8(method) u32(9 + packed bytes) u32(plain bytes) bytes        little endian; the checksum is of all that follows it
 *
 * Room is made for what all heads say before anything is unpacked, and only when that is within the bound.
 */
export function unframe(body: Uint8Array, bytesMax: number): Uint8Array | Unreadable {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const size = plainSize(view, bytesMax);
  if (typeof size === 'string') return size;
  const out = new Uint8Array(size);
  let written = 0;
  for (let at = 0; at < body.length; ) {
    const end = at + CHECKSUM_BYTES + view.getUint32(at + CHECKSUM_BYTES + 1, true);
    const [low, high] = cityHash128(body.subarray(at + CHECKSUM_BYTES, end));
    if (view.getBigUint64(at, true) !== low || view.getBigUint64(at + 8, true) !== high) return 'checksum';
    const plain = out.subarray(written, written + view.getUint32(at + CHECKSUM_BYTES + 5, true));
    const problem = unpack(body[at + CHECKSUM_BYTES]!, body.subarray(at + CHECKSUM_BYTES + HEAD_BYTES, end), plain);
    if (problem !== undefined) return problem;
    written += plain.length;
    at = end;
  }
  return out;
}

/** Sum of what the heads say; each frame lies within the body. */
function plainSize(view: DataView, bytesMax: number): number | Unreadable {
  let size = 0;
  for (let at = 0; at < view.byteLength; ) {
    if (view.byteLength - at < CHECKSUM_BYTES + HEAD_BYTES) return 'malformed';
    const packed = view.getUint32(at + CHECKSUM_BYTES + 1, true);
    if (packed < HEAD_BYTES || packed > view.byteLength - at - CHECKSUM_BYTES) return 'malformed';
    size += view.getUint32(at + CHECKSUM_BYTES + 5, true);
    if (size > bytesMax) return 'too large';
    at += CHECKSUM_BYTES + packed;
  }
  return size;
}

function unpack(method: number, packed: Uint8Array, out: Uint8Array): Unreadable | undefined {
  if (method === METHOD_LZ4) return unpackLz4(packed, out) ? undefined : 'malformed';
  if (method !== METHOD_NONE) return 'method';
  if (packed.length !== out.length) return 'malformed';
  out.set(packed);
  return undefined;
}

/**
 * One LZ4 block into `out`, which it has to fill exactly: sequences of literals and a match that repeats what was written before; the last one is literals alone.
 * False when it reads or writes beyond its ends, or repeats what is not there.
 */
function unpackLz4(packed: Uint8Array, out: Uint8Array): boolean {
  const input = new Lengths(packed);
  let written = 0;
  while (input.at < packed.length) {
    const token = packed[input.at]!;
    input.at += 1;
    const literals = input.length(token >> 4);
    if (literals > packed.length - input.at || literals > out.length - written) return false;
    out.set(packed.subarray(input.at, input.at + literals), written);
    input.at += literals;
    written += literals;
    if (input.at === packed.length) return written === out.length;
    if (packed.length - input.at < 2) return false;
    const distance = packed[input.at]! | (packed[input.at + 1]! << 8);
    input.at += 2;
    const match = input.length(token & NIBBLE_FULL) + MATCH_LEAST;
    if (distance === 0 || distance > written || match > out.length - written) return false;
    // A match may overlap what it writes: each step copies all that is there of it already.
    const from = written - distance;
    for (const end = written + match; written < end; ) {
      const step = Math.min(written - from, end - written);
      out.copyWithin(written, from, from + step);
      written += step;
    }
  }
  return false;
}

class Lengths {
  readonly #bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** A length whose first four bits were in the token; beyond the end it counts what was there, and the caller sees that nothing is left. */
  length(nibble: number): number {
    if (nibble < NIBBLE_FULL) return nibble;
    let length = nibble;
    while (this.at < this.#bytes.length) {
      const more = this.#bytes[this.at]!;
      this.at += 1;
      length += more;
      if (more < 255) break;
    }
    return length;
  }
}
