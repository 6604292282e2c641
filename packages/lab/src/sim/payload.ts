// A torrent's content as a function of its seed: any block can be made at any time, nothing is stored.
import { mix32 } from './mix.ts';

export const BLOCK_BYTES = 16_384;
const WORDS = BLOCK_BYTES / 4;

/** Block number `block` of 16 KiB: the same for the same seed. */
export function payloadBlock(seed: number, block: number): Uint8Array {
  const words = new Uint32Array(WORDS);
  let state = mix32(seed, block) | 1;
  for (let i = 0; i < WORDS; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return new Uint8Array(words.buffer);
}

/** `length` bytes from `offset` on. */
export function payloadRange(seed: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const position = offset + at;
    const start = position % BLOCK_BYTES;
    const part = payloadBlock(seed, Math.floor(position / BLOCK_BYTES)).subarray(start, start + length - at);
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
