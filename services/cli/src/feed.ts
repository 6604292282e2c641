// A list of torrents that somebody publishes (RSS 2.0, Atom, JSON), read into items: what names each torrent, and what it is called. Pure; the bytes are a stranger's.
import { parseXml, XmlElement, XmlError } from '@rgrove/parse-xml';
import { z } from 'zod';

/** One torrent as a feed names it. */
export interface FeedItem {
  /** A magnet link, an infohash, or the absolute http(s) address of a .torrent file. */
  readonly torrent: string;
  readonly name: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

/** What was read: items in their order, and how many entries named no torrent. */
export interface Feed {
  readonly items: readonly FeedItem[];
  readonly without: number;
}

/** Entries beyond these are not read. */
export const ITEMS_MAX = 10_000;
const NAME_MAX = 1_024;
const LABELS_MAX = 32;
const INFO_HASH = /^(?:[0-9a-f]{40}|[0-9a-f]{64}|[a-z2-7]{32})$/i;
const TORRENT_TYPE = 'application/x-bittorrent';

/** Why a feed could not be read, as the end of a sentence. */
export class UnreadableFeed extends Error {}

/** @param base address of the feed, which relative addresses in it are relative to; undefined for a file */
export function readFeed(text: string, base: string | undefined): Feed {
  const start = text.replace(/^\uFEFF/, '').trimStart();
  const entries = start.startsWith('<') ? xmlEntries(start) : jsonEntries(start);
  const read = entries.slice(0, ITEMS_MAX);
  const items = read.flatMap(({ candidates, name, labels }) => {
    const torrent = candidates.map((candidate) => torrentIn(candidate, base)).find((found) => found !== undefined);
    return torrent === undefined ? [] : [{ torrent, name: name?.trim().slice(0, NAME_MAX) || undefined, labels: labels ?? {} }];
  });
  return { items, without: read.length - items.length };
}

interface Candidate {
  readonly text: string;
  /** It is said to be a .torrent file: its address need not end so. */
  readonly isTorrent: boolean;
}

interface Entry {
  /** Best first. */
  readonly candidates: readonly Candidate[];
  readonly name: string | undefined;
  readonly labels?: Readonly<Record<string, string>>;
}

/** What names a torrent in a text, or undefined. A page about a torrent is none. */
function torrentIn({ text, isTorrent }: Candidate, base: string | undefined): string | undefined {
  const trimmed = text.trim();
  if (/^magnet:\?/i.test(trimmed) || INFO_HASH.test(trimmed)) return trimmed;
  const url = URL.parse(trimmed, base);
  if (!url || !/^https?:$/.test(url.protocol)) return undefined;
  return isTorrent || url.pathname.toLowerCase().endsWith('.torrent') ? url.href : undefined;
}

function xmlEntries(text: string): Entry[] {
  try {
    return itemsBelow(rootOf(text)).map(xmlEntry);
  } catch (error) {
    // The parser recurses, and so does the text of an element: what is nested thousands deep ends the stack.
    if (error instanceof RangeError) throw new UnreadableFeed('is nested too deeply');
    throw error;
  }
}

/** `item` of RSS, `entry` of Atom, wherever they stand. Namespaces are not looked at: prefixes are used as everybody uses them. */
function itemsBelow(root: XmlElement): XmlElement[] {
  const found: XmlElement[] = [];
  const waiting = [root];
  for (let element = waiting.pop(); element; element = waiting.pop()) {
    if (element.name === 'item' || element.name === 'entry') found.push(element);
    // One by one: a stranger's element may have more children than a call may have arguments.
    else for (const child of childrenOf(element).reverse()) waiting.push(child);
  }
  return found.slice(0, ITEMS_MAX);
}

function rootOf(text: string): XmlElement {
  try {
    const { root } = parseXml(text);
    if (root) return root;
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw new UnreadableFeed(`is no XML: ${error.message.split('\n')[0]}`);
  }
  throw new UnreadableFeed('is empty');
}

function childrenOf(element: XmlElement): XmlElement[] {
  return element.children.filter((child) => child instanceof XmlElement);
}

/** Magnets first, since they need no fetch; then enclosures, then links. */
function xmlEntry(element: XmlElement): Entry {
  const children = childrenOf(element);
  const named = (pattern: RegExp) => children.filter(({ name }) => pattern.test(name.toLowerCase()));
  const said = (list: readonly XmlElement[]) => list.map(({ text }) => ({ text, isTorrent: false }));
  const linked = named(/^(enclosure|link)$/).flatMap(({ attributes: { url, href, type } }) => {
    const text = url ?? href;
    return text === undefined ? [] : [{ text, isTorrent: type?.toLowerCase() === TORRENT_TYPE }];
  });
  const all = [
    ...said(named(/^(\w+:)?magneturi$/)),
    ...linked,
    ...said(named(/^link$/)),
    ...said(named(/^(\w+:)?info_?hash$/)),
    ...said(named(/^(guid|id)$/)),
  ];
  const isMagnet = ({ text }: Candidate) => /^\s*magnet:/i.test(text);
  return { candidates: [...all.filter(isMagnet), ...all.filter((one) => !isMagnet(one))], name: named(/^title$/)[0]?.text };
}

const label = z.union([z.string().max(1_024), z.number(), z.boolean()]).transform(String);
const jsonItem = z.object({
  torrent: z.string().optional(),
  magnet: z.string().optional(),
  info_hash: z.string().optional(),
  infohash: z.string().optional(),
  url: z.string().optional(),
  name: z.string().optional(),
  title: z.string().optional(),
  labels: z
    .record(z.string().max(64), label)
    .refine((labels) => Object.keys(labels).length <= LABELS_MAX)
    .optional(),
});
const jsonList = z.array(z.unknown());

/** A list, or an object with it under `torrents` or `items`: of texts, or of objects. */
function jsonEntries(text: string): Entry[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UnreadableFeed(`is neither XML nor JSON: ${(error as Error).message.split('\n')[0]}`);
  }
  const { torrents, items } = (value ?? {}) as { torrents?: unknown; items?: unknown };
  const list = jsonList.safeParse(Array.isArray(value) ? value : (torrents ?? items));
  if (!list.success) throw new UnreadableFeed('has no list of torrents');
  return list.data.map(jsonEntry);
}

function jsonEntry(value: unknown): Entry {
  if (typeof value === 'string') return { candidates: [{ text: value, isTorrent: true }], name: undefined };
  const read = jsonItem.safeParse(value);
  if (!read.success) return { candidates: [], name: undefined };
  const { magnet, torrent, info_hash, infohash, url, name, title, labels } = read.data;
  const texts = [magnet, torrent, url, info_hash, infohash].filter((text) => text !== undefined);
  return {
    candidates: texts.map((text) => ({ text, isTorrent: text === torrent })),
    name: name ?? title,
    ...(labels ? { labels } : {}),
  };
}
