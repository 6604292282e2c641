// Peer exchange (BEP 11): the message, both ways, bounded; and the meter that holds a peer to one message a minute.
import { decodePrefix, encode, type Value } from '../bencode.ts';
import { compactSize, decodeCompactList, encodeCompact, type Family, family } from '../endpoint.ts';
import type { Endpoint } from '../machine.ts';
import { Malformed } from '../malformed.ts';

// ut_pex = dictionary
//   added, dropped      6 bytes an endpoint       added.f    one byte of flags for each
//   added6, dropped6   18 bytes an endpoint       added6.f   likewise
// flags = 0x01 prefers encryption, 0x02 seed (or upload only), 0x04 uTP, 0x08 holepunch, 0x10 outgoing (reachable)

export const PEX_ENCRYPTION = 0x01;
export const PEX_SEED = 0x02;
export const PEX_UTP = 0x04;
export const PEX_HOLEPUNCH = 0x08;
export const PEX_REACHABLE = 0x10;

/** BEP 11 allows 50 after the first message; some send 100 or 200 at first. What stands behind is not read. */
export const MAX_PEX_PEERS = 200;
/** How many we send at once: what the BEP allows. */
export const MAX_PEX_SENT = 50;
const MIN_INTERVAL_MS = 55_000;
/** A first message at once and one that comes early do no harm. */
const BURST = 3;
const LIMITS = { depth: 3, items: 64, bytes: 1 << 17 };

export interface PexPeer {
  readonly endpoint: Endpoint;
  readonly flags: number;
}

export interface PexMessage {
  readonly added: readonly PexPeer[];
  readonly dropped: readonly Endpoint[];
}

/** Reads the payload of a ut_pex message: at most 200 added and 200 dropped. Addresses are not judged here: they may be bogons. */
export function decodePex(payload: Uint8Array): PexMessage | Malformed {
  const decoded = decodePrefix(payload, LIMITS);
  if (decoded instanceof Malformed) return decoded;
  const fields = decoded.value;
  if (!(fields instanceof Map)) return new Malformed('bad_type');
  const added: PexPeer[] = [];
  const dropped: Endpoint[] = [];
  for (const [version, suffix] of [
    [4, ''],
    [6, '6'],
  ] as const) {
    const flags = fields.get(`added${suffix}.f`);
    const endpoints = readEndpoints(fields.get(`added${suffix}`), version, MAX_PEX_PEERS - added.length);
    const gone = readEndpoints(fields.get(`dropped${suffix}`), version, MAX_PEX_PEERS - dropped.length);
    if (endpoints instanceof Malformed) return endpoints;
    if (gone instanceof Malformed) return gone;
    for (const [i, endpoint] of endpoints.entries())
      added.push({ endpoint, flags: flags instanceof Uint8Array ? (flags[i] ?? 0) : 0 });
    dropped.push(...gone);
  }
  return { added, dropped };
}

function readEndpoints(value: Value | undefined, version: Family, most: number): Endpoint[] | Malformed {
  if (value === undefined) return [];
  if (!(value instanceof Uint8Array)) return new Malformed('bad_type');
  const size = compactSize(version);
  if (value.length % size !== 0) return new Malformed('bad_length');
  return decodeCompactList(value.subarray(0, most * size), version);
}

/** The payload of a ut_pex message; the caller keeps to MAX_PEX_SENT. */
export function encodePex(message: PexMessage): Uint8Array {
  const of = (version: Family) => message.added.filter((peer) => family(peer.endpoint) === version);
  const flags = (version: Family) => Uint8Array.from(of(version), (peer) => peer.flags);
  const endpoints = (version: Family) => join(of(version).map((peer) => peer.endpoint));
  const gone = (version: Family) => join(message.dropped.filter((endpoint) => family(endpoint) === version));
  return encode({
    added: endpoints(4),
    'added.f': flags(4),
    added6: endpoints(6),
    'added6.f': flags(6),
    dropped: gone(4),
    dropped6: gone(6),
  });
}

function join(endpoints: readonly Endpoint[]): Uint8Array {
  const parts = endpoints.map(encodeCompact);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Lets through one message a minute, with a little slack. */
export class PexMeter {
  #credit = BURST;
  #at = 0;

  /** Whether a message that comes now is read. */
  admits(now: number): boolean {
    if (this.#credit < BURST) this.#credit = Math.min(BURST, this.#credit + (now - this.#at) / MIN_INTERVAL_MS);
    this.#at = now;
    if (this.#credit < 1) return false;
    this.#credit--;
    return true;
  }
}
