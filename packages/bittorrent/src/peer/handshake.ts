// The first 68 bytes of a peer connection (BEP 3), with the feature bits of BEP 5, 6, 10 and 52.
import { Malformed } from '../malformed.ts';

// handshake = %d19 "BitTorrent protocol" reserved info-hash peer-id
// reserved  = 8 bytes:  byte 5 & 0x10 extension protocol (BEP 10)
//                       byte 7 & 0x01 DHT (BEP 5), & 0x04 fast extension (BEP 6), & 0x10 may upgrade to v2 (BEP 52)
// info-hash = 20 bytes  of a v2-only torrent: the SHA-256 cut to 20
// peer-id   = 20 bytes
//
// The accepting side may answer as soon as it has the info-hash, 20 bytes before the end: trackers that check for NAT rely on it.

export const HANDSHAKE_BYTES = 68;
/** Up to here the dialling side has said what it wants; the peer id may come later. */
const HANDSHAKE_HEAD_BYTES = 48;

const PREFIX = Uint8Array.from([19, ...new TextEncoder().encode('BitTorrent protocol')]);

export interface Handshake {
  /** 8 bytes. */
  readonly reserved: Uint8Array;
  /** 20 bytes. */
  readonly infoHash: Uint8Array;
  /** 20 bytes. */
  readonly peerId: Uint8Array;
}

/** What the reserved bits say. */
export interface Features {
  readonly dht: boolean;
  readonly fast: boolean;
  readonly extended: boolean;
  readonly v2: boolean;
}

/** 8 reserved bytes that say these features. */
export function encodeFeatures(features: Partial<Features>): Uint8Array {
  const reserved = new Uint8Array(8);
  if (features.extended) reserved[5] = 0x10;
  reserved[7] = (features.dht ? 0x01 : 0) | (features.fast ? 0x04 : 0) | (features.v2 ? 0x10 : 0);
  return reserved;
}

/** Every combination of them, once: many sessions keep one. */
const FEATURES: readonly Features[] = Array.from({ length: 16 }, (_, bits) => ({
  extended: (bits & 1) !== 0,
  dht: (bits & 2) !== 0,
  fast: (bits & 4) !== 0,
  v2: (bits & 8) !== 0,
}));

/** The features that 8 reserved bytes say. */
export function decodeFeatures(reserved: Uint8Array): Features {
  const last = reserved[7]!;
  const extended = (reserved[5]! & 0x10) !== 0;
  return FEATURES[(extended ? 1 : 0) | ((last & 0x01) << 1) | (last & 0x04) | ((last & 0x10) >> 1)]!;
}

/** The 68 bytes of a handshake. */
export function encodeHandshake(handshake: Handshake): Uint8Array {
  const bytes = new Uint8Array(HANDSHAKE_BYTES);
  bytes.set(PREFIX);
  bytes.set(handshake.reserved, 20);
  bytes.set(handshake.infoHash, 28);
  bytes.set(handshake.peerId, 48);
  return bytes;
}

/** Whether `bytes` can still become a handshake: false from the first byte that differs, so that a stream of something else ends at once. */
export function startsLikeHandshake(bytes: Uint8Array): boolean {
  const length = Math.min(bytes.length, PREFIX.length);
  for (let i = 0; i < length; i++) if (bytes[i] !== PREFIX[i]) return false;
  return true;
}

/** Reads a handshake at the start of `bytes` (what follows is not looked at). The parts are copies. */
export function decodeHandshake(bytes: Uint8Array): Handshake | Malformed {
  if (!startsLikeHandshake(bytes)) return new Malformed('bad_field');
  if (bytes.length < HANDSHAKE_BYTES) return new Malformed('truncated', bytes.length);
  return { reserved: bytes.slice(20, 28), infoHash: bytes.slice(28, 48), peerId: bytes.slice(48, 68) };
}

export const NOTHING_HEARD = new Malformed('truncated', 0);
const NO_FEATURES = new Uint8Array(8);

/** Collects the handshake of the remote, however it is fragmented. Nearly always it comes in one piece, and is read where it lies. */
export class HandshakeBuffer {
  /** What has come of it, while some is missing. */
  #parts: Uint8Array | undefined;
  #filled = 0;
  #read: Handshake | Malformed = NOTHING_HEARD;

  /** Takes what belongs to the handshake; returns how many bytes that was. */
  push(bytes: Uint8Array): number {
    const taken = Math.min(bytes.length, HANDSHAKE_BYTES - this.#filled);
    if (taken === HANDSHAKE_BYTES) this.#read = decodeHandshake(bytes);
    else if (taken > 0) {
      this.#parts ??= new Uint8Array(HANDSHAKE_BYTES);
      this.#parts.set(bytes.subarray(0, taken), this.#filled);
      this.#read = decodeHandshake(this.#parts.subarray(0, this.#filled + taken));
      if (!(this.#read instanceof Malformed)) this.#parts = undefined;
    }
    this.#filled += taken;
    return taken;
  }

  /** The infohash, as soon as it is there: 20 bytes before the end. */
  get infoHash(): Uint8Array | undefined {
    if (this.#filled < HANDSHAKE_HEAD_BYTES) return undefined;
    return this.#read instanceof Malformed ? this.#parts?.slice(28, 48) : this.#read.infoHash;
  }

  /** The reserved bytes; zero while they are not there. */
  get reserved(): Uint8Array {
    return this.#read instanceof Malformed ? (this.#parts?.subarray(20, 28) ?? NO_FEATURES) : this.#read.reserved;
  }

  /** The handshake; `truncated` while it is not whole, `bad_field` as soon as it cannot become one. */
  read(): Handshake | Malformed {
    return this.#read;
  }
}
