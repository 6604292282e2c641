// Exchange of the info dictionary between peers (BEP 9): messages, assembly from blocks, and the check against the infohash (v1 or v2).
import { decodePrefix, encode } from '../bencode.ts';
import { sha1, sha256 } from '../hash.ts';
import { equalBytes } from '../hex.ts';
import { Malformed } from '../malformed.ts';

// ut_metadata = dictionary [block]
//   msg_type    0 request, 1 data, 2 reject; others are to be ignored
//   piece       which block of 16 KiB
//   total_size  bytes of the whole (data only); the block stands behind the dictionary

/** Bytes of every block but the last. */
export const METADATA_BLOCK_BYTES = 16_384;
/** The largest info dictionary we fetch: 400 000 v1 pieces. Whoever claims more is not asked. */
export const MAX_METADATA_BYTES = 8 * 1024 * 1024;

const LIMITS = { depth: 4, items: 64, bytes: 1 << 17 };
const TYPES = ['request', 'data', 'reject'] as const;

export type MetadataMessage =
  | { readonly type: 'request'; readonly piece: number }
  | { readonly type: 'reject'; readonly piece: number }
  | { readonly type: 'data'; readonly piece: number; readonly totalBytes: number; readonly block: Uint8Array };

/** Reads the payload of a ut_metadata message. `block` is a view. `unknown_message` is no fault of the peer. */
export function decodeMetadataMessage(payload: Uint8Array): MetadataMessage | Malformed {
  const decoded = decodePrefix(payload, LIMITS);
  if (decoded instanceof Malformed) return decoded;
  if (!(decoded.value instanceof Map)) return new Malformed('bad_type');
  const code = decoded.value.get('msg_type');
  const piece = decoded.value.get('piece');
  if (typeof code !== 'number' || typeof piece !== 'number') return new Malformed('missing_field');
  const type = TYPES[code];
  if (type === undefined) return new Malformed('unknown_message');
  if (piece < 0) return new Malformed('out_of_range');
  if (type !== 'data') return { type, piece };
  const totalBytes = decoded.value.get('total_size');
  if (typeof totalBytes !== 'number') return new Malformed('missing_field');
  return { type, piece, totalBytes, block: payload.subarray(decoded.end) };
}

/** The payload of a ut_metadata message. */
export function encodeMetadataMessage(message: MetadataMessage): Uint8Array {
  const code = TYPES.indexOf(message.type);
  if (message.type !== 'data') return encode({ msg_type: code, piece: message.piece });
  const head = encode({ msg_type: code, piece: message.piece, total_size: message.totalBytes });
  const bytes = new Uint8Array(head.length + message.block.length);
  bytes.set(head);
  bytes.set(message.block, head.length);
  return bytes;
}

/** The answer to a request for block `piece` of an info dictionary that we have: data, or a reject beyond its end. */
export function serveMetadata(info: Uint8Array, piece: number): MetadataMessage {
  const start = piece * METADATA_BLOCK_BYTES;
  if (start >= info.length) return { type: 'reject', piece };
  return { type: 'data', piece, totalBytes: info.length, block: info.subarray(start, start + METADATA_BLOCK_BYTES) };
}

/** Which name of a torrent the info dictionary fits: its SHA-1, or its SHA-256 cut to 20 bytes; undefined when neither. */
export function infoHashKind(info: Uint8Array, infoHash: Uint8Array): 'v1' | 'v2' | undefined {
  if (equalBytes(sha1(info), infoHash)) return 'v1';
  return equalBytes(sha256(info).subarray(0, 20), infoHash) ? 'v2' : undefined;
}

/** Collects the blocks of one info dictionary. Memory grows by what arrived, not by the size that was claimed; no block counts twice. */
export class MetadataAssembly {
  readonly totalBytes: number;
  readonly blocks: number;
  readonly #held: (Uint8Array | undefined)[] = []; // bound: `blocks`, at most MAX_METADATA_BYTES / METADATA_BLOCK_BYTES
  #count = 0;

  /** `totalBytes` is 1 to MAX_METADATA_BYTES: the caller has checked it. */
  constructor(totalBytes: number) {
    this.totalBytes = totalBytes;
    this.blocks = Math.ceil(totalBytes / METADATA_BLOCK_BYTES);
  }

  /** Whether block `index` is here. */
  has(index: number): boolean {
    return this.#held[index] !== undefined;
  }

  get complete(): boolean {
    return this.#count === this.blocks;
  }

  /** Takes a block (copied). `duplicate` changes nothing; a wrong place, length or total is malformed. */
  take(index: number, totalBytes: number, block: Uint8Array): 'taken' | 'duplicate' | Malformed {
    if (index >= this.blocks) return new Malformed('out_of_range');
    if (totalBytes !== this.totalBytes) return new Malformed('bad_field');
    const expected = Math.min(METADATA_BLOCK_BYTES, this.totalBytes - index * METADATA_BLOCK_BYTES);
    if (block.length !== expected) return new Malformed('bad_length');
    if (this.has(index)) return 'duplicate';
    this.#held[index] = block.slice();
    this.#count++;
    return 'taken';
  }

  /** The whole, once; calling it before `complete` breaks an invariant. */
  bytes(): Uint8Array {
    if (!this.complete) throw new Error('the info dictionary is not complete');
    if (this.blocks === 1) return this.#held[0]!; // most are short, and were copied when they came
    const whole = new Uint8Array(this.totalBytes);
    for (let i = 0; i < this.blocks; i++) whole.set(this.#held[i]!, i * METADATA_BLOCK_BYTES);
    return whole;
  }
}
