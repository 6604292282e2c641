// The messages of the peer wire: BEP 3, 5 (port), 6 (fast extension), 10 (extended) and 52 (hashes).
import { Malformed } from '../malformed.ts';

// message       = length:4 [id:1 body]                 ; big-endian; length 0 is a keep-alive
//  0 choke          1 unchoke    2 interested    3 not_interested              (no body)
//  4 have           index:4
//  5 bitfield       bits: one bit a piece, high bit first, spare bits zero
//  6 request        index:4 begin:4 length:4            8 cancel, 16 reject: the same
//  7 piece          index:4 begin:4 block
//  9 port           port:2                              ; BEP 5
// 13 suggest        index:4                             ; BEP 6, as are 14 to 17
// 14 have_all      15 have_none                                                (no body)
// 17 allowed_fast   index:4
// 20 extended       id:1 payload                        ; BEP 10; id 0 is the extension handshake
// 21 hash_request   root:32 base:4 index:4 length:4 proof:4      23 hash_reject: the same   ; BEP 52
// 22 hashes         root:32 base:4 index:4 length:4 proof:4 hashes:32 each

/** What everybody asks for: 16 KiB. Larger requests are refused by most. */
export const BLOCK_BYTES = 16_384;
/** The longest bitfield: 2^21 pieces, more than the largest metadata we accept can name. */
export const MAX_BITFIELD_BYTES = 1 << 18;
/** The longest extended payload: a metadata block with its dictionary, or a first PEX message of a few thousand endpoints. */
export const MAX_EXTENDED_BYTES = 1 << 16;
/** BEP 52 asks for at most 512 hashes at a time; a proof adds one for each level of a tree. */
const MAX_HASHES_BYTES = 48 + 32 * (512 + 64);
/** A message of an unknown extension is stepped over if it is no longer than this. */
const MAX_UNKNOWN_BYTES = 1 << 16;

/** Names a range of one piece. */
export interface BlockMessage {
  readonly type: 'request' | 'cancel' | 'reject';
  readonly index: number;
  readonly begin: number;
  readonly length: number;
}

/** Names a range of one layer of the merkle tree below `root`: `length` hashes from `index` on, `proof` uncle hashes above them. */
export interface HashRange {
  readonly root: Uint8Array;
  readonly base: number;
  readonly index: number;
  readonly length: number;
  readonly proof: number;
}

export type Message =
  | { readonly type: 'keep_alive' | 'choke' | 'unchoke' | 'interested' | 'not_interested' | 'have_all' | 'have_none' }
  | { readonly type: 'have' | 'suggest' | 'allowed_fast'; readonly index: number }
  | { readonly type: 'bitfield'; readonly bits: Uint8Array }
  | BlockMessage
  | { readonly type: 'piece'; readonly index: number; readonly begin: number; readonly block: Uint8Array }
  | { readonly type: 'port'; readonly port: number }
  | { readonly type: 'extended'; readonly id: number; readonly payload: Uint8Array }
  | ({ readonly type: 'hash_request' | 'hash_reject' } & HashRange)
  | ({ readonly type: 'hashes'; readonly hashes: Uint8Array } & HashRange);

export type MessageType = Message['type'];

/** How a type looks on the wire: its id and the least and most bytes of its body. The one table that framer, decoder and encoder share. */
interface Layout {
  readonly type: MessageType;
  readonly id: number;
  readonly min: number;
  readonly max: number;
}

const fixed = (id: number, type: MessageType, length: number): Layout => ({ id, type, min: length, max: length });

const LAYOUTS: readonly Layout[] = [
  fixed(0, 'choke', 0),
  fixed(1, 'unchoke', 0),
  fixed(2, 'interested', 0),
  fixed(3, 'not_interested', 0),
  fixed(4, 'have', 4),
  { id: 5, type: 'bitfield', min: 0, max: MAX_BITFIELD_BYTES },
  fixed(6, 'request', 12),
  { id: 7, type: 'piece', min: 8, max: 8 + BLOCK_BYTES },
  fixed(8, 'cancel', 12),
  fixed(9, 'port', 2),
  fixed(13, 'suggest', 4),
  fixed(14, 'have_all', 0),
  fixed(15, 'have_none', 0),
  fixed(16, 'reject', 12),
  fixed(17, 'allowed_fast', 4),
  { id: 20, type: 'extended', min: 1, max: 1 + MAX_EXTENDED_BYTES },
  fixed(21, 'hash_request', 48),
  { id: 22, type: 'hashes', min: 48, max: MAX_HASHES_BYTES },
  fixed(23, 'hash_reject', 48),
];

const BY_ID = new Map(LAYOUTS.map((layout) => [layout.id, layout]));
const ID_OF = new Map(LAYOUTS.map((layout) => [layout.type, layout.id]));

/** The most bytes a frame of message `id` may have, id included: what the framer checks before it allocates. */
export function frameLimit(id: number): number {
  return 1 + (BY_ID.get(id)?.max ?? MAX_UNKNOWN_BYTES);
}

/** No frame of any type is longer. */
export const MAX_FRAME_BYTES = 1 + Math.max(MAX_UNKNOWN_BYTES, ...LAYOUTS.map((layout) => layout.max));

function u32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** Decodes one frame (what follows the length). Byte fields are views into it. `unknown_message` is no fault of the peer: step over it. */
export function decodeMessage(frame: Uint8Array): Message | Malformed {
  if (frame.length === 0) return { type: 'keep_alive' };
  const layout = BY_ID.get(frame[0]!);
  if (!layout) return new Malformed('unknown_message');
  const length = frame.length - 1;
  if (length < layout.min || length > layout.max) return new Malformed('bad_length');
  return decodeBody(layout.type, frame);
}

/** The body of a frame whose length its layout allows. */
function decodeBody(type: MessageType, frame: Uint8Array): Message | Malformed {
  switch (type) {
    case 'have':
    case 'suggest':
    case 'allowed_fast':
      return { type, index: u32(frame, 1) };
    case 'request':
    case 'cancel':
    case 'reject':
      return { type, index: u32(frame, 1), begin: u32(frame, 5), length: u32(frame, 9) };
    case 'piece':
      return { type, index: u32(frame, 1), begin: u32(frame, 5), block: frame.subarray(9) };
    case 'bitfield':
      return { type, bits: frame.subarray(1) };
    case 'port':
      return { type, port: (frame[1]! << 8) | frame[2]! };
    case 'extended':
      return { type, id: frame[1]!, payload: frame.subarray(2) };
    case 'hash_request':
    case 'hash_reject':
      return { type, ...decodeHashRange(frame) };
    case 'hashes':
      if ((frame.length - 49) % 32 !== 0) return new Malformed('bad_length', 49);
      return { type, ...decodeHashRange(frame), hashes: frame.subarray(49) };
    default:
      return { type };
  }
}

function decodeHashRange(frame: Uint8Array): HashRange {
  return {
    root: frame.subarray(1, 33),
    base: u32(frame, 33),
    index: u32(frame, 37),
    length: u32(frame, 41),
    proof: u32(frame, 45),
  };
}

/** Encodes one message with its length. What the layout forbids breaks an invariant. */
export function encodeMessage(message: Message): Uint8Array {
  if (message.type === 'keep_alive') return new Uint8Array(4);
  switch (message.type) {
    case 'have':
    case 'suggest':
    case 'allowed_fast':
      return putNumbers(frameOf(message.type, 4), 0, [message.index]);
    case 'request':
    case 'cancel':
    case 'reject':
      return putNumbers(frameOf(message.type, 12), 0, [message.index, message.begin, message.length]);
    case 'piece':
      return putNumbers(frameOf(message.type, 8, message.block), 0, [message.index, message.begin]);
    case 'bitfield':
      return frameOf(message.type, 0, message.bits);
    case 'port': {
      const frame = frameOf(message.type, 2);
      frame[5] = message.port >> 8;
      frame[6] = message.port;
      return frame;
    }
    case 'extended': {
      const frame = frameOf(message.type, 1, message.payload);
      frame[5] = message.id;
      return frame;
    }
    case 'hash_request':
    case 'hash_reject':
      return putHashRange(frameOf(message.type, 48), message);
    case 'hashes':
      return putHashRange(frameOf(message.type, 48, message.hashes), message);
    default:
      return frameOf(message.type, 0);
  }
}

/** Length and id, then room for `fixed` bytes, then raw bytes. */
function frameOf(type: MessageType, fixed: number, raw?: Uint8Array): Uint8Array {
  const length = 1 + fixed + (raw?.length ?? 0);
  const frame = new Uint8Array(4 + length);
  putU32(frame, 0, length);
  frame[4] = ID_OF.get(type)!;
  if (raw) frame.set(raw, 5 + fixed);
  return frame;
}

function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** 32-bit fields, `at` bytes behind the id. */
function putNumbers(frame: Uint8Array, at: number, fields: readonly number[]): Uint8Array {
  for (const [i, field] of fields.entries()) putU32(frame, 5 + at + 4 * i, field);
  return frame;
}

function putHashRange(frame: Uint8Array, { root, base, index, length, proof }: HashRange): Uint8Array {
  frame.set(root, 5);
  return putNumbers(frame, 32, [base, index, length, proof]);
}
