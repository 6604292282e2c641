// What the lab's peers say in extended messages (BEP 9, 10, 11, 21), written with bencode alone.
import { decodePrefix, encode, type Value } from '@swarmscope/bittorrent/bencode.ts';
import { encodeCompact, family } from '@swarmscope/bittorrent/endpoint.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';

/** Our own numbers for the extensions, as the extension handshake says them. */
export const METADATA_ID = 2;
export const PEX_ID = 1;
export const METADATA_BLOCK_BYTES = 16_384;

const LIMITS = { depth: 8, items: 1_000, bytes: 65_536 };

export interface ExtensionHandshake {
  readonly metadataBytes: number;
  readonly pex: boolean;
  readonly uploadOnly: boolean;
  readonly listenPort: number;
  readonly client: string;
}

/** The payload of extended message 0. */
export function encodeExtensionHandshake(said: ExtensionHandshake): Uint8Array {
  return encode({
    m: { ut_metadata: METADATA_ID, ...(said.pex ? { ut_pex: PEX_ID } : {}) },
    metadata_size: said.metadataBytes,
    p: said.listenPort,
    reqq: 250,
    ...(said.uploadOnly ? { upload_only: 1 } : {}),
    v: said.client,
  });
}

/** The numbers that the other side gave the extensions (0: none), from its extension handshake; undefined when it is malformed. */
export function decodeExtensionIds(payload: Uint8Array): { metadata: number; pex: number } | undefined {
  const dictionary = dictionaryOf(payload)?.value;
  const ids = dictionary?.get('m');
  if (!(ids instanceof Map)) return dictionary && { metadata: 0, pex: 0 };
  return { metadata: small(ids.get('ut_metadata')), pex: small(ids.get('ut_pex')) };
}

/** The answer to a metadata message: a block, a reject, or nothing when it asked for none. */
export function answerMetadata(payload: Uint8Array, info: Uint8Array): Uint8Array | undefined {
  const asked = dictionaryOf(payload)?.value;
  const piece = asked?.get('piece');
  if (asked?.get('msg_type') !== 0 || typeof piece !== 'number') return undefined;
  const start = piece * METADATA_BLOCK_BYTES;
  if (piece < 0 || start >= info.length) return encode({ msg_type: 2, piece });
  const block = info.subarray(start, start + METADATA_BLOCK_BYTES);
  const head = encode({ msg_type: 1, piece, total_size: info.length });
  const bytes = new Uint8Array(head.length + block.length);
  bytes.set(head);
  bytes.set(block, head.length);
  return bytes;
}

export interface PexEntry {
  readonly endpoint: Endpoint;
  /** Flag 0x02. */
  readonly seed: boolean;
}

/** A PEX message that adds these peers. */
export function encodePex(entries: readonly PexEntry[]): Uint8Array {
  const v4 = entries.filter((entry) => family(entry.endpoint) === 4);
  const v6 = entries.filter((entry) => family(entry.endpoint) === 6);
  const flags = (list: readonly PexEntry[]) => Uint8Array.from(list, (entry) => (entry.seed ? 0x02 : 0));
  return encode({ added: joined(v4), 'added.f': flags(v4), added6: joined(v6), 'added6.f': flags(v6), dropped: '' });
}

function joined(entries: readonly PexEntry[]): Uint8Array {
  return Uint8Array.from(entries.flatMap((entry) => [...encodeCompact(entry.endpoint)]));
}

function dictionaryOf(payload: Uint8Array): { value: Map<string, Value>; end: number } | undefined {
  const decoded = decodePrefix(payload, LIMITS);
  if (decoded instanceof Malformed || !(decoded.value instanceof Map)) return undefined;
  return { value: decoded.value, end: decoded.end };
}

function small(value: Value | undefined): number {
  return typeof value === 'number' && value > 0 && value < 256 ? value : 0;
}
