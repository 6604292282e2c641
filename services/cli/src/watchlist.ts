// The watch list: which torrents people care about. Read into entries: what is published of each, and what stays here (tracker URLs, files).
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import { parseMagnet, Unreadable } from '@swarmscope/bittorrent/magnet.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import { parseTorrent } from '@swarmscope/bittorrent/metainfo.ts';
import type { EventOf, NewColumns } from '@swarmscope/events/event.ts';
import type { TorrentSource } from '@swarmscope/swarm-prober/target.ts';
import { explainError, Failure, usageFailure } from './failure.ts';
import { type NamedTorrent, readTorrentArgument } from './torrent-argument.ts';
import { type DocumentEntry, readDocument, type WatchlistDocument } from './watchlist-document.ts';

/** The columns of a `torrent_watched` event: all that leaves this process of an entry. */
export type WatchedColumns = Required<NewColumns<'torrent_watched'>>;

export interface WatchEntry {
  readonly watched: WatchedColumns;
  /** For the prober in this process: whole tracker URLs and the .torrent file. Never published. */
  readonly source: TorrentSource;
  /** Trackers that stand in the list itself: the operator names them. */
  readonly namedTrackers: readonly string[];
  /** As it is written in the list. */
  readonly torrent: string;
}

export interface Watchlist {
  readonly entries: readonly WatchEntry[];
  readonly verify: WatchlistDocument['verify'];
  readonly announce: WatchlistDocument['announce'];
}

/** Reads a watch list and the .torrent files it names (relative to it). A file that is not there is an empty list. Throws one sentence for what is wrong. */
export function loadWatchlist(path: string): Watchlist {
  return parseWatchlist(readText(path), path);
}

/** The text of a watch list; empty when there is no such file. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return '';
    throw usageFailure(`cannot read the watch list ${path}: ${explainError(error)}`);
  }
}

/** The same for a text that is at hand. */
export function parseWatchlist(text: string, path: string): Watchlist {
  const { list, where } = readDocument(text, path);
  const lines = new Map<string, string>();
  const entries = list.torrents.map((entry, i) => {
    const line = where(['torrents', i, 'torrent']);
    const read = readEntry(entry, list, dirname(path), line);
    const before = lines.get(read.watched.swarm_id);
    if (before !== undefined) throw usageFailure(`${line}: this torrent is in the list already, at ${before}`);
    lines.set(read.watched.swarm_id, line);
    return read;
  });
  return { entries, verify: list.verify, announce: list.announce };
}

const NAME = /^(?:magnet:.*|[0-9a-f]{40}|[0-9a-f]{64}|1220[0-9a-f]{64}|[a-z2-7]{32})$/is;

/** The torrent that an entry names: magnet link, infohash, or the path of a file from `directory`. */
export function readTorrent(text: string, directory: string): NamedTorrent {
  return readTorrentArgument(NAME.test(text) ? text : resolve(directory, text));
}

function readEntry(entry: DocumentEntry, list: WatchlistDocument, directory: string, line: string): WatchEntry {
  const torrent = readAt(entry.torrent, directory, line);
  const { infoHashV1, infoHashV2 } = torrent;
  const name = entry.name ?? ownName(torrent);
  const infoHash = infoHashV1 ?? infoHashV2!.subarray(0, 20);
  return {
    torrent: entry.torrent,
    namedTrackers: entry.trackers,
    source: { infoHash: infoHashV1, infoHashV2, metainfo: torrent.file, trackers: [...entry.trackers, ...torrent.trackers] },
    watched: {
      swarm_id: torrent.swarmId,
      info_hash: toHex(infoHash),
      info_hash_v2: infoHashV2 ? toHex(infoHashV2) : null,
      name: name ?? null,
      set: 1,
      labels: entry.labels,
      objectives: { ...entry.objectives },
      verify: list.verify !== 'none' && entry.verify ? 1 : 0,
      announce: list.announce !== 'none' && entry.announce ? 1 : 0,
      prefixes_excluded: [...new Set([...list.outside_prefixes, ...entry.outside_prefixes])].slice(0, 256),
      maintenance: [...list.maintenance, ...entry.maintenance].map(({ from, until }) => ({ begins_s: from, ends_s: until })),
    },
  };
}

function readAt(text: string, directory: string, line: string): NamedTorrent {
  try {
    return readTorrent(text, directory);
  } catch (error) {
    throw error instanceof Failure ? usageFailure(`${line}: ${error.message}`) : error;
  }
}

/** What the magnet link or the file calls it. */
function ownName(torrent: NamedTorrent): string | undefined {
  if (torrent.magnet !== undefined) {
    const magnet = parseMagnet(torrent.magnet);
    return magnet instanceof Unreadable ? undefined : magnet.name;
  }
  const metainfo = torrent.file && parseTorrent(torrent.file);
  return metainfo && !(metainfo instanceof Malformed) ? metainfo.info.name : undefined;
}

/** The state that earlier events left: the newest of each swarm. Input of `differences`. */
export function watchedState(events: Iterable<EventOf<'torrent_watched'>>): Map<string, WatchedColumns> {
  const state = new Map<string, WatchedColumns>();
  for (const { topic: _topic, ts: _ts, event_version: _version, instance_id: _id, network: _network, ...columns } of events)
    state.set(columns.swarm_id, columns);
  return state;
}

/** What must be published so that everybody knows `after`: entries that are new or changed, and `set: 0` for those that are gone. */
export function differences(before: ReadonlyMap<string, WatchedColumns>, after: readonly WatchEntry[]): WatchedColumns[] {
  const present = new Set(after.map(({ watched }) => watched.swarm_id));
  const gone = [...before.values()].filter(({ set, swarm_id }) => set === 1 && !present.has(swarm_id));
  const changed = after.map(({ watched }) => watched).filter((watched) => !isSame(watched, before.get(watched.swarm_id)));
  return [...gone.map((columns) => ({ ...columns, set: 0 as const })), ...changed];
}

function isSame(a: WatchedColumns, b: WatchedColumns | undefined): boolean {
  return b !== undefined && canonical(a) === canonical(b);
}

/** JSON with the names of every object in order: a Map column comes back in the order of the store. */
function canonical(columns: WatchedColumns): string {
  return JSON.stringify(columns, (_key, value: unknown) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
