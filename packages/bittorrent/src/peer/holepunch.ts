// Holepunching (BEP 55): a peer that both sides talk to tells each of them to dial the other one over uTP at the same time.
import { canonicalAddress } from '../address.ts';
import { decodeCompact, encodeCompact, family } from '../endpoint.ts';
import type { Endpoint } from '../machine.ts';
import { Malformed } from '../malformed.ts';

// ut_holepunch = type:1 family:1 address:4|16 port:2 error:4
//   type    0 rendezvous: put me in touch with this endpoint    1 connect: dial it now    2 error: no, and why
//   family  0 IPv4, 1 IPv6
//   error   0 unless the type is 2; libtorrent leaves it out then

const TYPES = ['rendezvous', 'connect', 'error'] as const;
/** Why a relay does not help; the number on the wire is the place in this list. */
export const HOLEPUNCH_ERRORS = ['none', 'no_such_peer', 'not_connected', 'no_support', 'no_self'] as const;
export type HolepunchError = (typeof HOLEPUNCH_ERRORS)[number];
/** Messages of one peer that are read in a session: a relay of a large swarm sends some, nobody many. */
export const MAX_HOLEPUNCHES = 128;

export interface HolepunchMessage {
  readonly type: (typeof TYPES)[number];
  readonly endpoint: Endpoint;
  /** `none` unless it is an error; an error whose number nobody knows is `no_such_peer`. */
  readonly error: HolepunchError;
}

/** Reads the payload of a ut_holepunch message. Bytes behind it are left alone. The endpoint is not judged here: it may be a bogon. */
export function decodeHolepunch(payload: Uint8Array): HolepunchMessage | Malformed {
  if (payload.length < 2) return new Malformed('truncated', payload.length);
  const type = TYPES[payload[0]!];
  if (type === undefined) return new Malformed('unknown_message');
  if (payload[1]! > 1) return new Malformed('bad_field', 1);
  const version = payload[1] === 0 ? 4 : 6;
  const end = version === 4 ? 8 : 20;
  if (payload.length < end) return new Malformed('truncated', payload.length);
  const found = decodeCompact(payload, 2, version);
  const endpoint = { address: canonicalAddress(found.address) ?? found.address, port: found.port };
  if (type !== 'error') return { type, endpoint, error: 'none' };
  if (payload.length < end + 4) return new Malformed('truncated', payload.length);
  const code = new DataView(payload.buffer, payload.byteOffset).getUint32(end);
  return { type, endpoint, error: (code > 0 ? HOLEPUNCH_ERRORS[code] : undefined) ?? 'no_such_peer' };
}

/** The payload of a ut_holepunch message. */
export function encodeHolepunch({ type, endpoint, error }: HolepunchMessage): Uint8Array {
  const compact = encodeCompact(endpoint);
  const bytes = new Uint8Array(2 + compact.length + 4);
  bytes[0] = TYPES.indexOf(type);
  bytes[1] = family(endpoint) === 4 ? 0 : 1;
  bytes.set(compact, 2);
  bytes[bytes.length - 1] = HOLEPUNCH_ERRORS.indexOf(error);
  return bytes;
}
