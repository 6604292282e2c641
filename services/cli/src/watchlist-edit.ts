// Edits of the watch list that keep what people wrote: comments, order, other entries.
import { dirname, relative, resolve } from 'node:path';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import { OBJECTIVES } from '@swarmscope/events/enums.ts';
import { isSeq, YAMLSeq } from 'yaml';
import { Failure, usageFailure } from './failure.ts';
import type { NamedTorrent } from './torrent-argument.ts';
import { parseWatchlist, readTorrent } from './watchlist.ts';
import { type DocumentEntry, readDocument } from './watchlist-document.ts';

const NEW_LIST = `# Torrents that swarmscope watches. watchlist.example.yaml explains every key.
torrents: []
`;

/** What a person gives with a torrent. */
export interface NewEntry {
  /** Magnet link, infohash, or the path of a .torrent file from the working directory. */
  readonly torrent: string;
  readonly name?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Numbers as text. */
  readonly objectives?: Readonly<Record<string, string>> | undefined;
}

/** The text of the list at `path` with one entry more. Throws one sentence when the torrent is none, or is in the list already. */
export function addEntry(text: string, path: string, entry: NewEntry): string {
  const torrent = readTorrent(entry.torrent, '.');
  const known = parseWatchlist(text, path).entries.find(({ watched }) => watched.swarm_id === torrent.swarmId);
  if (known) throw usageFailure(`${torrent.swarmId} is in ${path} already`);
  return addEntries(text, path, [entry]);
}

/** The same for many, none of which is in the list. */
export function addEntries(text: string, path: string, added: readonly NewEntry[]): string {
  const { yaml } = readDocument(text.trim() === '' ? NEW_LIST : text, path);
  if (!isSeq(yaml.get('torrents', true))) yaml.set('torrents', new YAMLSeq());
  const entries = yaml.get('torrents', true) as YAMLSeq;
  entries.flow = false;
  for (const entry of added)
    entries.add(
      yaml.createNode({
        torrent: written(entry.torrent, readTorrent(entry.torrent, '.'), path),
        ...(entry.name === undefined ? {} : { name: entry.name }),
        ...(entry.labels === undefined ? {} : { labels: entry.labels }),
        ...(entry.objectives === undefined ? {} : { objectives: readObjectives(entry.objectives) }),
      }),
    );
  const edited = yaml.toString({ lineWidth: 0 });
  parseWatchlist(edited, path); // what is written can be read
  return edited;
}

/** The text of the list at `path` without a torrent: one written the same way, or the same torrent. Throws one sentence when it is not in it. */
export function removeEntry(text: string, path: string, torrent: string): string {
  const { list, yaml } = readDocument(text, path);
  const same = list.torrents.findIndex((entry) => entry.torrent === torrent.trim());
  const index = same >= 0 ? same : list.torrents.findIndex(namedLike(torrent, dirname(path)));
  if (index < 0) throw usageFailure(`${torrent} is not in ${path}`);
  yaml.deleteIn(['torrents', index]);
  const entries = yaml.get('torrents', true);
  if (isSeq(entries) && entries.items.length === 0) entries.flow = true;
  return yaml.toString({ lineWidth: 0 });
}

/** Whether an entry shares an infohash with the torrent. One whose file is gone shares none. */
function namedLike(torrent: string, directory: string): (entry: DocumentEntry) => boolean {
  const wanted = new Set(namesOf(readTorrent(torrent, '.')));
  return (entry) => {
    try {
      return namesOf(readTorrent(entry.torrent, directory)).some((name) => wanted.has(name));
    } catch (error) {
      if (error instanceof Failure) return false;
      throw error;
    }
  };
}

/** 40 hex digits each. */
function namesOf({ infoHashV1, infoHashV2 }: NamedTorrent): string[] {
  return [infoHashV1, infoHashV2?.subarray(0, 20)].filter((hash) => hash !== undefined).map(toHex);
}

/** A file is written as a path from the list, so that both can move together. */
function written(given: string, torrent: NamedTorrent, path: string): string {
  return torrent.file ? relative(dirname(resolve(path)), resolve(given)) : given.trim();
}

function readObjectives(given: Readonly<Record<string, string>>): Record<string, number> {
  const objectives: Record<string, number> = {};
  for (const [name, value] of Object.entries(given)) {
    if (!(OBJECTIVES as readonly string[]).includes(name))
      throw usageFailure(`${JSON.stringify(name)} is no objective; there are ${OBJECTIVES.join(', ')}`);
    if (!/^\d+(\.\d+)?$/.test(value)) throw usageFailure(`the objective ${name} is a number, not ${JSON.stringify(value)}`);
    objectives[name] = Number(value);
  }
  return objectives;
}
