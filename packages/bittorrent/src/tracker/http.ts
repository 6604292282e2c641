// HTTP trackers: the URLs of announce and scrape (BEP 3, 7, 23, 48) and their bodies. The shell fetches them.
import { canonicalAddress } from '../address.ts';
import { decodePrefix, latin1, type Value } from '../bencode.ts';
import { compactSize, decodeCompactList, type Family } from '../endpoint.ts';
import type { Endpoint } from '../machine.ts';
import { Malformed } from '../malformed.ts';
import {
  type AnnounceAnswer,
  type AnnounceRequest,
  type ScrapeAnswer,
  type ScrapeCounts,
  type TrackerRefusal,
  trackerCount,
  trackerText,
} from './answer.ts';

// announce body = dictionary: interval, min interval, complete, incomplete, downloaded, tracker id, warning message,
//                 peers: 6 bytes each (BEP 23), or list of {ip, port};  peers6: 18 bytes each (BEP 7)
// scrape body   = dictionary: files: {20-byte infohash: {complete, incomplete, downloaded, downloaders}}, flags: {min_request_interval}
// either        = dictionary: failure reason, retry in: minutes or "never" (BEP 31)
//
// Bytes behind the dictionary are passed over: scripts end their bodies with a line feed.

/** The longest body worth reading: some 100 000 compact endpoints are more than anyone sends. */
export const MAX_BODY_BYTES = 1024 * 1024;
const MAX_PEERS = 5_000;
const MAX_TRACKER_ID_BYTES = 256;
const LIMITS = { depth: 8, items: 8 * MAX_PEERS, bytes: MAX_BODY_BYTES };

/** `%xx` for every byte that is not unreserved. */
export function percentEncode(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    text += /[A-Za-z0-9._~-]/.test(character) ? character : `%${byte.toString(16).padStart(2, '0')}`;
  }
  return text;
}

function withQuery(url: string, query: string): string {
  const whole = url.replace(/#.*$/s, '');
  const joint = !whole.includes('?') ? '?' : /[?&]$/.test(whole) ? '' : '&';
  return `${whole}${joint}${query}`;
}

/** The URL of an announce. What the tracker's own URL says (a passkey) stays in it. */
export function announceUrl(tracker: string, request: AnnounceRequest, trackerId?: Uint8Array): string {
  const fields = [
    `info_hash=${percentEncode(request.infoHash)}`,
    `peer_id=${percentEncode(request.peerId)}`,
    `port=${request.port}`,
    `uploaded=${request.uploadedBytes}`,
    `downloaded=${request.downloadedBytes}`,
    `left=${request.leftBytes}`,
    'compact=1',
    'no_peer_id=1',
    `numwant=${request.wanted}`,
    `key=${request.key.toString(16).padStart(8, '0')}`,
    ...(request.event === 'none' ? [] : [`event=${request.event}`]),
    ...(trackerId ? [`trackerid=${percentEncode(trackerId)}`] : []),
  ];
  return withQuery(tracker, fields.join('&'));
}

/** The URL of a scrape, or undefined where the tracker has none: only what follows the last slash may say `announce` (BEP 48). */
export function scrapeUrl(tracker: string, infoHashes: readonly Uint8Array[]): string | undefined {
  const at = tracker.lastIndexOf('/') + 1;
  if (!tracker.startsWith('announce', at)) return undefined;
  const url = `${tracker.slice(0, at)}scrape${tracker.slice(at + 'announce'.length)}`;
  return withQuery(url, infoHashes.map((hash) => `info_hash=${percentEncode(hash)}`).join('&'));
}

type Dictionary = ReadonlyMap<string, Value>;

function readBody(body: Uint8Array): Dictionary | Malformed {
  const decoded = decodePrefix(body, LIMITS);
  if (decoded instanceof Malformed) return decoded;
  return decoded.value instanceof Map ? decoded.value : new Malformed('bad_type');
}

function readRefusal(body: Dictionary): TrackerRefusal | undefined {
  const reason = body.get('failure reason');
  if (reason === undefined) return undefined;
  const retry = body.get('retry in');
  const isNever = retry instanceof Uint8Array && latin1(retry, 0, retry.length) === 'never';
  const minutes = trackerCount(retry instanceof Uint8Array ? Number(latin1(retry, 0, retry.length) || Number.NaN) : retry);
  const retryInS = isNever ? Number.POSITIVE_INFINITY : minutes === undefined ? undefined : minutes * 60;
  return { kind: 'refused', text: reason instanceof Uint8Array ? trackerText(reason) : '', retryInS };
}

/** Reads the body of an announce. */
export function decodeAnnounce(bytes: Uint8Array): AnnounceAnswer | TrackerRefusal | Malformed {
  const body = readBody(bytes);
  if (body instanceof Malformed) return body;
  const refusal = readRefusal(body);
  if (refusal) return refusal;
  if (!body.has('interval') && !body.has('peers') && !body.has('peers6')) return new Malformed('missing_field');
  const peers = readPeers(body.get('peers'), 4);
  if (peers instanceof Malformed) return peers;
  const peers6 = readPeers(body.get('peers6'), 6);
  if (peers6 instanceof Malformed) return peers6;
  const [trackerId, warning] = [body.get('tracker id'), body.get('warning message')];
  return {
    kind: 'announce',
    intervalS: trackerCount(body.get('interval')),
    minIntervalS: trackerCount(body.get('min interval')),
    seeders: trackerCount(body.get('complete')),
    leechers: trackerCount(body.get('incomplete')),
    downloaded: trackerCount(body.get('downloaded')),
    peers: [...peers, ...peers6].slice(0, MAX_PEERS),
    trackerId: trackerId instanceof Uint8Array && trackerId.length <= MAX_TRACKER_ID_BYTES ? trackerId.slice() : undefined,
    warning: warning instanceof Uint8Array ? trackerText(warning) : undefined,
  };
}

/** Compact endpoints, or dictionaries; those of no use (port 0, host names) are left out. */
function readPeers(value: Value | undefined, family: Family): Endpoint[] | Malformed {
  if (value === undefined) return [];
  if (Array.isArray(value)) return readPeerList(value);
  if (!(value instanceof Uint8Array)) return new Malformed('bad_type');
  if (value.length % compactSize(family) !== 0) return new Malformed('bad_length');
  return decodeCompactList(value, family).filter((peer) => peer.port !== 0);
}

function readPeerList(list: readonly Value[]): Endpoint[] | Malformed {
  const peers: Endpoint[] = [];
  for (const item of list) {
    if (!(item instanceof Map)) return new Malformed('bad_type');
    const [ip, port] = [item.get('ip'), item.get('port')];
    if (!(ip instanceof Uint8Array) || typeof port !== 'number') return new Malformed('missing_field');
    const address = ip.length <= 45 ? canonicalAddress(latin1(ip, 0, ip.length)) : undefined;
    if (address !== undefined && port > 0 && port <= 65_535) peers.push({ address, port });
  }
  return peers;
}

/** Reads the body of a scrape; `infoHashes` are those that were asked for. */
export function decodeScrape(bytes: Uint8Array, infoHashes: readonly Uint8Array[]): ScrapeAnswer | TrackerRefusal | Malformed {
  const body = readBody(bytes);
  if (body instanceof Malformed) return body;
  const refusal = readRefusal(body);
  if (refusal) return refusal;
  const files = body.get('files');
  if (!(files instanceof Map)) return new Malformed(files === undefined ? 'missing_field' : 'bad_type');
  const flags = body.get('flags');
  return {
    kind: 'scrape',
    counts: infoHashes.map((hash) => readCounts(files.get(latin1(hash, 0, hash.length)))),
    minIntervalS: flags instanceof Map ? trackerCount(flags.get('min_request_interval')) : undefined,
  };
}

function readCounts(file: Value | undefined): ScrapeCounts | undefined {
  if (!(file instanceof Map)) return undefined;
  return {
    seeders: trackerCount(file.get('complete')),
    leechers: trackerCount(file.get('incomplete')),
    downloaded: trackerCount(file.get('downloaded')),
    downloaders: trackerCount(file.get('downloaders')),
  };
}
