// ClickHouse's own framing of compressed answers (`compress=1`: JDBC drivers and DBeaver ask for it), with blocks that are not compressed: the reader cannot tell, and we need no codec.
import { cityHash128 } from './front-city.ts';

/** A client allocates what a block says: below what all of them admit. */
const BLOCK_BYTES = 256 * 1024;
const METHOD_NONE = 0x02;
/** Method and two lengths, which count towards the first length. */
const HEAD_BYTES = 9;
const CHECKSUM_BYTES = 16;

/**
 * Bytes in frames:
 *
 *     frame = checksum(16) u8(method) u32(9 + packed bytes) u32(plain bytes) bytes        little endian; the checksum is of all that follows it
 */
export async function* inFrames(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  for await (const bytes of body)
    for (let i = 0; i < bytes.length; i += BLOCK_BYTES) yield frame(bytes.subarray(i, i + BLOCK_BYTES));
}

export function frame(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(CHECKSUM_BYTES + HEAD_BYTES + bytes.length);
  const view = new DataView(out.buffer);
  out[CHECKSUM_BYTES] = METHOD_NONE;
  view.setUint32(CHECKSUM_BYTES + 1, HEAD_BYTES + bytes.length, true);
  view.setUint32(CHECKSUM_BYTES + 5, bytes.length, true);
  out.set(bytes, CHECKSUM_BYTES + HEAD_BYTES);
  const [low, high] = cityHash128(out.subarray(CHECKSUM_BYTES));
  view.setBigUint64(0, low, true);
  view.setBigUint64(8, high, true);
  return out;
}
