// A .torrent file (BEP 3, 12, 19, 52, DHT nodes of BEP 5): the info dictionary, and what stands beside it: trackers, web seeds, piece layers.
import { DEFAULT_LIMITS, latin1, Scanner, type Value } from './bencode.ts';
import { toHex } from './hex.ts';
import { Malformed } from './malformed.ts';
import { isPieceLayer } from './merkle.ts';
import { type Info, parseInfo } from './metainfo-info.ts';

// torrent         = dictionary
//   info            see metainfo-info.ts
//   announce        URL                          announce-list  list of tiers, each a list of URLs; when there, `announce` is void (BEP 12)
//   url-list        URL, or list of URLs (BEP 19)
//   nodes           list of [host, port]
//   piece layers    v2: pieces root -> hashes of the pieces, for each file longer than a piece
//
// The info dictionary and the piece layers are judged strictly. The rest is advice: what cannot be used is left out.

const MAX_URLS = 256;
const MAX_URL_CHARACTERS = 2_048;
const MAX_NODES = 64;
const TRACKER = /^(?:https?|udp):\/\/[^\s/?#]/i;
const WEB = /^https?:\/\/[^\s/?#]/i;

/** A host may be a name. */
export interface NamedHost {
  readonly host: string;
  readonly port: number;
}

/** Hashes of the pieces of each v2 file that is longer than a piece, by the file's root in hex. */
export type PieceLayers = ReadonlyMap<string, Uint8Array>;

export interface Metainfo {
  readonly info: Info;
  /** http, https and udp URLs by tier, each URL once. They may hold passkeys: secrets. */
  readonly trackers: readonly (readonly string[])[];
  /** http and https URLs (BEP 19). Secrets as well. */
  readonly webSeeds: readonly string[];
  readonly nodes: readonly NamedHost[];
  /** Complete for a v2 or hybrid torrent, checked against the roots; empty for v1. */
  readonly layers: PieceLayers;
}

/** Reads a .torrent file. Never throws; what it keeps is its own memory. */
export function parseTorrent(bytes: Uint8Array): Metainfo | Malformed {
  const split = splitTorrent(bytes);
  if (split instanceof Malformed) return split;
  const { beside, start, end } = split;
  if (end === 0) return new Malformed('missing_field');
  const info = parseInfo(bytes.subarray(start, end));
  if (info instanceof Malformed) return new Malformed(info.reason, start + info.offset);
  const layers = readLayers(beside.get('piece layers'), info);
  if (layers instanceof Malformed) return layers;
  return {
    info,
    trackers: readTrackers(beside),
    webSeeds: unique(texts(beside.get('url-list')).filter((url) => isUrl(url, WEB))).slice(0, MAX_URLS),
    nodes: readNodes(beside.get('nodes')),
    layers,
  };
}

/** The top-level values, decoded, but for `info`, of which only the place is given ([0, 0) when absent). */
function splitTorrent(bytes: Uint8Array): { beside: Map<string, Value>; start: number; end: number } | Malformed {
  const scanner = new Scanner(bytes, DEFAULT_LIMITS);
  if (scanner.reason !== undefined || !scanner.accept(0x64))
    return scanner.reason ? scanner.malformed() : new Malformed(bytes.length > 0 ? 'bad_type' : 'truncated');
  const beside = new Map<string, Value>();
  let [start, end] = [0, 0];
  while (!scanner.accept(0x65)) {
    if (!scanner.string()) return scanner.malformed();
    const key = latin1(bytes, scanner.start, scanner.at);
    if (beside.has(key) || (key === 'info' && end > 0)) return new Malformed('duplicate_key', scanner.start);
    if (key === 'info') {
      start = scanner.at;
      if (!scanner.skip()) return scanner.malformed();
      end = scanner.at;
      continue;
    }
    const value = scanner.value();
    if (value === undefined) return scanner.malformed();
    beside.set(key, value);
  }
  return scanner.at === bytes.length ? { beside, start, end } : new Malformed('trailing_bytes', scanner.at);
}

/** Layers that nobody needs are left out; one that is needed and missing, or not of its file, makes the torrent invalid (BEP 52). */
function readLayers(value: Value | undefined, info: Info): PieceLayers | Malformed {
  const layers = new Map<string, Uint8Array>();
  for (const file of info.files) {
    if (!file.root || file.bytes <= info.pieceBytes) continue;
    const layer = value instanceof Map ? value.get(latin1(file.root, 0, file.root.length)) : undefined;
    if (!(layer instanceof Uint8Array)) return new Malformed('missing_field');
    if (!isPieceLayer(layer, file.root, file.bytes, info.pieceBytes)) return new Malformed('bad_hash');
    layers.set(toHex(file.root), layer.slice());
  }
  return layers;
}

/** A string, or the strings of a list; anything else has none. */
function texts(value: Value | undefined): string[] {
  const values = Array.isArray(value) ? value : [value];
  return values.flatMap((item) => (item instanceof Uint8Array ? [new TextDecoder().decode(item)] : []));
}

function isUrl(url: string, scheme: RegExp): boolean {
  return url.length <= MAX_URL_CHARACTERS && scheme.test(url) && URL.canParse(url);
}

function unique(urls: readonly string[]): string[] {
  return [...new Set(urls)];
}

function readTrackers(beside: ReadonlyMap<string, Value>): string[][] {
  const list = beside.get('announce-list');
  const tiers = readTiers(Array.isArray(list) ? list.map(texts) : []);
  return tiers.length > 0 ? tiers : readTiers([texts(beside.get('announce'))]);
}

/** Usable tracker URLs, each once in its first tier, at most MAX_URLS in all, no tier empty. */
export function readTiers(lists: readonly (readonly string[])[]): string[][] {
  const seen = new Set<string>();
  const tiers: string[][] = [];
  for (const list of lists) {
    const tier: string[] = [];
    for (const url of list) {
      const trimmed = url.trim();
      if (seen.has(trimmed) || seen.size >= MAX_URLS || !isUrl(trimmed, TRACKER)) continue;
      seen.add(trimmed);
      tier.push(trimmed);
    }
    if (tier.length > 0) tiers.push(tier);
  }
  return tiers;
}

function readNodes(value: Value | undefined): NamedHost[] {
  if (!Array.isArray(value)) return [];
  const nodes: NamedHost[] = [];
  for (const pair of value.slice(0, MAX_NODES)) {
    if (!Array.isArray(pair)) continue;
    const [host, port] = [texts(pair[0])[0], pair[1]];
    if (host === undefined || host === '' || host.length > 255) continue;
    if (typeof port === 'number' && port > 0 && port <= 65_535) nodes.push({ host, port });
  }
  return nodes;
}
