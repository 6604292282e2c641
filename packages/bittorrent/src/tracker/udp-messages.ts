// Datagrams of UDP trackers (BEP 15), URL data behind an announce (BEP 41): written, and read.
import { decodeCompactList, type Family } from '../endpoint.ts';
import { Malformed } from '../malformed.ts';
import {
  type AnnounceAnswer,
  type AnnounceEvent,
  type AnnounceRequest,
  type ScrapeAnswer,
  type TrackerRefusal,
  trackerText,
} from './answer.ts';

// connect  = 0x41727101980:8 0:4 transaction:4                  answered by  0:4 transaction:4 connection:8
// announce = connection:8 1:4 transaction:4 infohash:20 peer-id:20 downloaded:8 left:8 uploaded:8 event:4 address:4 key:4 wanted:4 port:2 *option
//            option = 0 (end) / 1 (nothing) / 2 length:1 <part of the path and query of the tracker's URL>
//            answered by  1:4 transaction:4 interval:4 leechers:4 seeders:4 *(address:4 port:2), or address:16 where the tracker is reached by IPv6
// scrape   = connection:8 2:4 transaction:4 1*74(infohash:20)   answered by  2:4 transaction:4 *(seeders:4 downloaded:4 leechers:4)
// refusal  = 3:4 transaction:4 text
//
// Answers may be longer than this (BEP 15 says so): what is behind is passed over.

const PROTOCOL = 0x41727101980n;
const EVENTS: readonly AnnounceEvent[] = ['none', 'completed', 'started', 'stopped'];
const MAX_OPTION_BYTES = 255;
/** Longer paths do not fit a datagram that every network carries. */
const MAX_URL_DATA_BYTES = 1_024;
/** As many as fit a datagram. */
export const MAX_SCRAPE_HASHES = 74;
export const CONNECTION_BYTES = 8;

export type UdpAnswer =
  | { readonly kind: 'connected'; readonly connection: Uint8Array }
  | AnnounceAnswer
  | ScrapeAnswer
  | TrackerRefusal;

export type UdpAction = 'connect' | 'announce' | 'scrape';

export function encodeConnect(transaction: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, PROTOCOL);
  view.setUint32(12, transaction);
  return bytes;
}

/** `urlData`: path and query of the tracker's URL; empty or `/`: none. */
export function encodeAnnounce(connection: Uint8Array, transaction: number, request: AnnounceRequest, urlData = ''): Uint8Array {
  const options = encodeUrlData(urlData);
  const bytes = new Uint8Array(98 + options.length);
  const view = new DataView(bytes.buffer);
  bytes.set(connection);
  view.setUint32(8, 1);
  view.setUint32(12, transaction);
  bytes.set(request.infoHash, 16);
  bytes.set(request.peerId, 36);
  view.setBigUint64(56, BigInt(request.downloadedBytes));
  view.setBigUint64(64, BigInt(request.leftBytes));
  view.setBigUint64(72, BigInt(request.uploadedBytes));
  view.setUint32(80, EVENTS.indexOf(request.event));
  view.setUint32(88, request.key);
  view.setInt32(92, request.wanted);
  view.setUint16(96, request.port);
  bytes.set(options, 98);
  return bytes;
}

function encodeUrlData(urlData: string): Uint8Array {
  const data = urlData === '/' ? new Uint8Array(0) : new TextEncoder().encode(urlData);
  if (data.length > MAX_URL_DATA_BYTES) return new Uint8Array(0);
  const parts: number[] = [];
  for (let at = 0; at < data.length; at += MAX_OPTION_BYTES) {
    const part = data.subarray(at, at + MAX_OPTION_BYTES);
    parts.push(2, part.length, ...part);
  }
  return Uint8Array.from(parts);
}

/** At most MAX_SCRAPE_HASHES of them. */
export function encodeScrape(connection: Uint8Array, transaction: number, infoHashes: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(16 + 20 * infoHashes.length);
  const view = new DataView(bytes.buffer);
  bytes.set(connection);
  view.setUint32(8, 2);
  view.setUint32(12, transaction);
  for (const [i, hash] of infoHashes.entries()) bytes.set(hash, 16 + 20 * i);
  return bytes;
}

/** The transaction that an answer names; undefined when it is too short to name one. */
export function transactionOf(bytes: Uint8Array): number | undefined {
  return bytes.length < 8 ? undefined : new DataView(bytes.buffer, bytes.byteOffset, 8).getUint32(4);
}

/** Reads the answer to `asked`. `hashes`: how many a scrape asked for. Everything kept is copied. */
export function decodeUdpAnswer(bytes: Uint8Array, asked: UdpAction, family: Family, hashes = 0): UdpAnswer | Malformed {
  if (bytes.length < 8) return new Malformed('truncated');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const action = view.getUint32(0);
  if (action === 3) return { kind: 'refused', text: trackerText(bytes.subarray(8)), retryInS: undefined };
  if (action === 0 && asked === 'connect') {
    return bytes.length < 16 ? new Malformed('truncated') : { kind: 'connected', connection: bytes.slice(8, 16) };
  }
  if (action === 1 && asked === 'announce') return decodeAnnounce(bytes, view, family);
  if (action === 2 && asked === 'scrape') return decodeScrape(view, hashes);
  return new Malformed('unknown_message');
}

function decodeAnnounce(bytes: Uint8Array, view: DataView, family: Family): AnnounceAnswer | Malformed {
  if (bytes.length < 20) return new Malformed('truncated');
  return {
    kind: 'announce',
    intervalS: view.getUint32(8),
    minIntervalS: undefined,
    leechers: view.getUint32(12),
    seeders: view.getUint32(16),
    downloaded: undefined,
    peers: decodeCompactList(bytes.subarray(20), family).filter((peer) => peer.port !== 0),
    trackerId: undefined,
    warning: undefined,
  };
}

/** Counts stand in the order of the question; a shorter answer leaves the rest unknown. */
function decodeScrape(view: DataView, hashes: number): ScrapeAnswer {
  const counts = Array.from({ length: hashes }, (_, i) => {
    const at = 8 + 12 * i;
    if (at + 12 > view.byteLength) return undefined;
    const [seeders, downloaded, leechers] = [view.getUint32(at), view.getUint32(at + 4), view.getUint32(at + 8)];
    return { seeders, downloaded, leechers, downloaders: undefined };
  });
  return { kind: 'scrape', counts, minIntervalS: undefined };
}
