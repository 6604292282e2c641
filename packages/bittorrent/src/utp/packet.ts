// Packets of the micro transport protocol (BEP 29): twenty bytes of header, extensions, payload.
import { Malformed } from '../malformed.ts';

// packet    = type:4bits version:4bits extension:1 connection-id:2 timestamp:4 timestamp-difference:4 window:4 seq:2 ack:2 *extension payload
// extension = next:1 length:1 <length bytes>          ; `extension` and `next` name the kind of the one that follows, 0: none follows
//   kind 1  selective ack: a bit for each packet from ack + 2 on, lowest bit of each byte first; length a multiple of 4
//
// type 0 DATA, 1 FIN, 2 STATE (an ack alone), 3 RESET, 4 SYN. Version 1. Times in microseconds, modulo 2^32; seq and ack modulo 2^16.

export const HEADER_BYTES = 20;
const VERSION = 1;
const SELECTIVE_ACK = 1;
/** More extensions than anybody sends. */
const MAX_EXTENSIONS = 8;
/** Bits of a selective ack that are read: as many packets as a receiver keeps out of order. */
export const MAX_SACK_BYTES = 128;

export const TYPES = ['data', 'fin', 'state', 'reset', 'syn'] as const;
export type PacketType = (typeof TYPES)[number];

export interface Packet {
  readonly type: PacketType;
  readonly connectionId: number;
  readonly timestampUs: number;
  readonly differenceUs: number;
  /** Bytes that the sender of the packet has room for. */
  readonly window: number;
  readonly seq: number;
  readonly ack: number;
  /** Bits of the selective ack, when there is one. A view. */
  readonly sack: Uint8Array | undefined;
  /** A view. */
  readonly payload: Uint8Array;
}

/** Whether a datagram on a shared socket can be uTP: a known type and version 1 (KRPC begins with `d`, which is neither). */
export function looksLikeUtp(bytes: Uint8Array): boolean {
  return bytes.length >= HEADER_BYTES && (bytes[0]! & 0x0f) === VERSION && bytes[0]! >> 4 < TYPES.length;
}

/** Reads one datagram; views into it. */
export function decodePacket(bytes: Uint8Array): Packet | Malformed {
  if (bytes.length < HEADER_BYTES) return new Malformed('truncated', bytes.length);
  if (!looksLikeUtp(bytes)) return new Malformed('bad_field');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = HEADER_BYTES;
  let sack: Uint8Array | undefined;
  let kind = bytes[1]!;
  for (let count = 0; kind !== 0; count++) {
    if (count >= MAX_EXTENSIONS) return new Malformed('too_many_items', at);
    if (at + 2 > bytes.length) return new Malformed('truncated', at);
    const length = bytes[at + 1]!;
    const end = at + 2 + length;
    if (end > bytes.length) return new Malformed('truncated', at);
    if (kind === SELECTIVE_ACK) {
      if (length === 0 || length % 4 !== 0) return new Malformed('bad_length', at);
      sack = bytes.subarray(at + 2, Math.min(end, at + 2 + MAX_SACK_BYTES));
    }
    kind = bytes[at]!;
    at = end;
  }
  return {
    type: TYPES[bytes[0]! >> 4]!,
    connectionId: view.getUint16(2),
    timestampUs: view.getUint32(4),
    differenceUs: view.getUint32(8),
    window: view.getUint32(12),
    seq: view.getUint16(16),
    ack: view.getUint16(18),
    sack,
    payload: bytes.subarray(at),
  };
}

/** Writes one datagram. A selective ack is a multiple of 4 bytes, 4 to 128 of them. */
export function encodePacket(packet: Packet): Uint8Array {
  const { sack, payload } = packet;
  const extensionBytes = sack ? 2 + sack.length : 0;
  const bytes = new Uint8Array(HEADER_BYTES + extensionBytes + payload.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = (TYPES.indexOf(packet.type) << 4) | VERSION;
  bytes[1] = sack ? SELECTIVE_ACK : 0;
  view.setUint16(2, packet.connectionId);
  view.setUint32(4, packet.timestampUs);
  view.setUint32(8, packet.differenceUs);
  view.setUint32(12, packet.window);
  view.setUint16(16, packet.seq);
  view.setUint16(18, packet.ack);
  if (sack) {
    bytes[HEADER_BYTES + 1] = sack.length;
    bytes.set(sack, HEADER_BYTES + 2);
  }
  bytes.set(payload, HEADER_BYTES + extensionBytes);
  return bytes;
}

/** How far `b` is ahead of `a` modulo 2^16, as -32768 .. 32767. */
export function seqDistance(a: number, b: number): number {
  return (((b - a) & 0xffff) ^ 0x8000) - 0x8000;
}
