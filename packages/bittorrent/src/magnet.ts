// Magnet links (BEP 9, 52, 53) and infohashes as people write them: read with a sentence for what is wrong, and written.
import { parseEndpoint } from './endpoint.ts';
import { fromHex, toHex } from './hex.ts';
import type { Endpoint } from './machine.ts';
import { type NamedHost, readTiers } from './metainfo.ts';
import { cleanName } from './metainfo-files.ts';

// magnet = "magnet:?" parameter *("&" parameter)
//   xt    urn:btih:<40 hex or 32 base32>, urn:btmh:1220<64 hex>     at least one; other kinds of xt are passed over
//   dn    display name        xl  bytes        tr  tracker URL, each its own tier        ws  web seed
//   x.pe  peer: host:port     so  indices of files: 0,2,4-7
//
// `tr.1`, `xt.2` and so on are the same parameters numbered.

const MAX_CHARACTERS = 32_768;
const NAME_CHARACTERS = 1_024;
const MAX_PEERS = 64;
const MAX_WEB_SEEDS = 64;
const MAX_FILE_INDEX = 1_000_000;
const MAX_SELECTED = 10_000;
/** Multihash of BEP 52: SHA-256, 32 bytes. */
const SHA256_PREFIX = '1220';
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** Why a text is no magnet or infohash: one sentence for the person who wrote it. */
export class Unreadable {
  readonly sentence: string;
  constructor(sentence: string) {
    this.sentence = sentence;
  }
}

/** The names of a torrent: at least one of the two. */
export interface TorrentName {
  /** 20 bytes. */
  readonly infoHashV1: Uint8Array | undefined;
  /** 32 bytes. */
  readonly infoHashV2: Uint8Array | undefined;
}

export interface Magnet extends TorrentName {
  readonly name: string | undefined;
  readonly sizeBytes: number | undefined;
  /** One tier per URL, each URL once. They may hold passkeys: secrets. */
  readonly trackers: readonly (readonly string[])[];
  readonly webSeeds: readonly string[];
  readonly peers: readonly (Endpoint | NamedHost)[];
  /** Indices of the wanted files, ascending; undefined: all. */
  readonly files: readonly number[] | undefined;
}

/** The identity of the swarm: the v1 infohash, else the v2 one cut to 20 bytes. */
export function swarmIdOf(name: TorrentName): Uint8Array {
  return name.infoHashV1 ?? name.infoHashV2!.subarray(0, 20);
}

/** Reads 40 hex or 32 base32 characters (v1), 64 hex ones (v2), or those behind `1220` (v2 as a multihash). */
export function parseInfoHash(text: string): TorrentName | Unreadable {
  const lower = text.trim().toLowerCase();
  const v1 = lower.length === 40 ? fromHex(lower) : lower.length === 32 ? fromBase32(lower) : undefined;
  if (v1) return { infoHashV1: v1, infoHashV2: undefined };
  const digits = lower.length === 68 && lower.startsWith(SHA256_PREFIX) ? lower.slice(4) : lower;
  const v2 = digits.length === 64 ? fromHex(digits) : undefined;
  if (v2) return { infoHashV1: undefined, infoHashV2: v2 };
  return new Unreadable('An infohash is 40 hex or 32 base32 characters (v1), or 64 hex ones (v2).');
}

/** 32 characters of RFC 4648, lower case, as 20 bytes. */
function fromBase32(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(20);
  for (let i = 0; i < 32; i++) {
    const value = BASE32.indexOf(text[i]!);
    if (value < 0) return undefined;
    for (let bit = 0; bit < 5; bit++) {
      const at = 5 * i + bit;
      if ((value & (0x10 >> bit)) !== 0) bytes[at >> 3]! |= 0x80 >> (at & 7);
    }
  }
  return bytes;
}

/** Reads a magnet link. Parameters that are of no use (unknown ones, trackers of other schemes) are passed over; a wrong hash is not. */
export function parseMagnet(text: string): Magnet | Unreadable {
  const trimmed = text.trim();
  if (!/^magnet:\?/i.test(trimmed)) return new Unreadable('A magnet link begins with "magnet:?".');
  if (trimmed.length > MAX_CHARACTERS) return new Unreadable(`A magnet link has at most ${MAX_CHARACTERS} characters.`);
  const fields = parametersOf(trimmed.slice(trimmed.indexOf('?') + 1));
  const all = (key: string) => fields.get(key) ?? [];
  const name = readTopics(all('xt'));
  if (name instanceof Unreadable) return name;
  const files = readSelection(all('so'));
  if (files instanceof Unreadable) return files;
  const size = all('xl')[0] ?? '';
  return {
    ...name,
    name: all('dn')[0] ? cleanName(all('dn')[0]!, NAME_CHARACTERS) : undefined,
    sizeBytes: /^\d+$/.test(size) && Number.isSafeInteger(Number(size)) ? Number(size) : undefined,
    trackers: readTiers(all('tr').map((url) => [url])),
    webSeeds: [...new Set(all('ws').filter((url) => /^https?:\/\//i.test(url) && URL.canParse(url)))].slice(0, MAX_WEB_SEEDS),
    peers: all('x.pe').flatMap(readPeer).slice(0, MAX_PEERS),
    files,
  };
}

/** Decoded values by name, numbering taken off. */
function parametersOf(query: string): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const parameter of query.split('&')) {
    const at = parameter.indexOf('=');
    if (at < 0) continue;
    const key = parameter
      .slice(0, at)
      .toLowerCase()
      .replace(/\.\d+$/, '');
    const value = parameter.slice(at + 1);
    fields.set(key, [...(fields.get(key) ?? []), decoded(key === 'dn' ? value.replaceAll('+', ' ') : value)]);
  }
  return fields;
}

/** Percent-decoding as UTF-8; what is none becomes U+FFFD: old links carry names in other encodings. */
function decoded(value: string): string {
  return value.replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return '\ufffd';
    }
  });
}

function readTopics(topics: readonly string[]): TorrentName | Unreadable {
  let name: TorrentName = { infoHashV1: undefined, infoHashV2: undefined };
  for (const topic of topics) {
    const match = /^urn:(btih|btmh):(.*)$/i.exec(topic);
    if (!match) continue;
    const kind = match[1]!.toLowerCase();
    const read = parseInfoHash(match[2]!);
    if (read instanceof Unreadable) return new Unreadable(`The magnet link's "urn:${kind}" is no infohash.`);
    if ((kind === 'btih') !== (read.infoHashV1 !== undefined))
      return new Unreadable(`The magnet link's "urn:${kind}" has the length of another kind of infohash.`);
    const [v1, v2] = [read.infoHashV1, read.infoHashV2];
    if (differs(name.infoHashV1, v1) || differs(name.infoHashV2, v2))
      return new Unreadable(`The magnet link names two torrents: it has two different "urn:${kind}".`);
    name = { infoHashV1: v1 ?? name.infoHashV1, infoHashV2: v2 ?? name.infoHashV2 };
  }
  if (name.infoHashV1 || name.infoHashV2) return name;
  return new Unreadable('The magnet link has no "xt=urn:btih:" or "xt=urn:btmh:".');
}

function differs(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a !== undefined && b !== undefined && toHex(a) !== toHex(b);
}

function readPeer(text: string): (Endpoint | NamedHost)[] {
  const endpoint = parseEndpoint(text);
  if (endpoint) return endpoint.port > 0 ? [endpoint] : [];
  const match = /^([^\s:[\]/]{1,255}):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  return match && port > 0 && port <= 65_535 ? [{ host: match[1]!, port }] : [];
}

/** `0,2,4-7` (BEP 53) as ascending indices. */
function readSelection(values: readonly string[]): number[] | undefined | Unreadable {
  if (values.length === 0) return undefined;
  const wrong = new Unreadable('The "so" of the magnet link is a list of file numbers like 0,2,4-7.');
  const indices = new Set<number>();
  for (const part of values.join(',').split(',')) {
    const match = /^(\d{1,7})(?:-(\d{1,7}))?$/.exec(part);
    const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
    if (!match || last < first || last > MAX_FILE_INDEX || last - first >= MAX_SELECTED - indices.size) return wrong;
    for (let i = first; i <= last; i++) indices.add(i);
  }
  return [...indices].sort((a, b) => a - b);
}

/** Writes a magnet link: what `parseMagnet` reads, in its order. */
export function formatMagnet(magnet: TorrentName & Partial<Magnet>): string {
  const pair = (key: string, value: string) =>
    `${key}=${encodeURIComponent(value).replaceAll('%3A', ':').replaceAll('%2F', '/')}`;
  const peer = (at: Endpoint | NamedHost) => {
    const host = 'host' in at ? at.host : at.address;
    return host.includes(':') ? `[${host}]:${at.port}` : `${host}:${at.port}`;
  };
  const parts = [
    ...(magnet.infoHashV1 ? [`xt=urn:btih:${toHex(magnet.infoHashV1)}`] : []),
    ...(magnet.infoHashV2 ? [`xt=urn:btmh:${SHA256_PREFIX}${toHex(magnet.infoHashV2)}`] : []),
    ...(magnet.name === undefined ? [] : [pair('dn', magnet.name)]),
    ...(magnet.sizeBytes === undefined ? [] : [`xl=${magnet.sizeBytes}`]),
    ...(magnet.trackers ?? []).flat().map((url) => `tr=${encodeURIComponent(url)}`),
    ...(magnet.webSeeds ?? []).map((url) => `ws=${encodeURIComponent(url)}`),
    ...(magnet.peers ?? []).map((at) => pair('x.pe', peer(at))),
    ...(magnet.files ? [`so=${magnet.files.join(',')}`] : []),
  ];
  return `magnet:?${parts.join('&')}`;
}
