// What `swarmscope watch add|remove|list` does: edits of watchlist.yaml that are whole or not at all.
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '@swarmscope/runtime/files.ts';
import type { WatchAddOptions, WatchFileOptions } from './commands/watch.ts';
import { explainError, usageFailure } from './failure.ts';
import { formatRows } from './table.ts';
import type { Terminal } from './terminal.ts';
import { loadWatchlist, readText } from './watchlist.ts';
import { addEntry, removeEntry } from './watchlist-edit.ts';

const WATCHLIST_FILE = 'watchlist.yaml';

/** The watch list that is meant: the file named, else the one in the data directory. */
export function watchlistPath({ data }: { data: string }, named?: string | undefined): string {
  return named ?? join(data, WATCHLIST_FILE);
}

export function watchAdd(torrent: string, options: WatchAddOptions, terminal: Terminal): void {
  const path = watchlistPath(options, options.file);
  const { name, label: labels, objective: objectives } = options;
  writeWatchlist(path, addEntry(readText(path), path, { torrent, name, labels, objectives }));
  terminal.say(`added to ${path}`);
}

export function watchRemove(torrent: string, options: WatchFileOptions, terminal: Terminal): void {
  const path = watchlistPath(options, options.file);
  writeWatchlist(path, removeEntry(readText(path), path, torrent));
  terminal.say(`removed from ${path}`);
}

export function watchList(options: WatchFileOptions & { json?: boolean }, terminal: Terminal): void {
  const { entries } = loadWatchlist(watchlistPath(options, options.file));
  const rows = entries.map(({ watched }) => {
    const { swarm_id, info_hash_v2, name, labels, objectives, verify, announce, prefixes_excluded, maintenance } = watched;
    return {
      swarm_id,
      info_hash_v2,
      name,
      labels,
      objectives,
      verify: verify === 1,
      announce: announce === 1,
      prefixes_excluded,
      maintenance: maintenance.map(({ begins_s, ends_s }) => `${moment(begins_s)}/${moment(ends_s)}`),
    };
  });
  terminal.print(formatRows(rows, options.json ? 'json' : 'table'));
}

function moment(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().replace('.000', '');
}

/** Writes the list whole or not at all. */
export function writeWatchlist(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileAtomic(path, text);
  } catch (error) {
    throw usageFailure(`cannot write ${path}: ${explainError(error)}`);
  }
}
