// The one process that reads the watch list: publishes what changed as torrent_watched, and gives the secrets to the prober beside it.
import { unwatchFile, watchFile } from 'node:fs';
import { sha1 } from '@swarmscope/bittorrent/hash.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Bus } from '@swarmscope/bus/bus.ts';
import type { Stamp } from '@swarmscope/events/definition.ts';
import { type EventOf, makeEvent } from '@swarmscope/events/event.ts';
import type { Log } from '@swarmscope/runtime/log.ts';
import type { TorrentSource } from '@swarmscope/swarm-prober/target.ts';
import { Failure } from './failure.ts';
import { differences, loadWatchlist, type WatchEntry, type WatchedColumns, type Watchlist, watchedState } from './watchlist.ts';

const POLL_MS = 1_000;

export interface SyncOptions {
  readonly path: string;
  readonly bus: Pick<Bus, 'publish' | 'history'>;
  readonly stamp: () => Stamp;
  readonly log: Log;
  /** Called for each entry that is new or changed, before its event is published: whole tracker URLs, files. */
  readonly takeSource?: (source: TorrentSource) => void;
  /** Called for each tracker that stands in the list itself. */
  readonly nameTracker?: (url: string) => void;
  /** Calls back when the file may have changed, until it is told to end. Default: looks once a second. */
  readonly watch?: (path: string, onChange: () => void) => () => void;
}

export interface RunningSync {
  /** The list as it was read last. */
  readonly list: Watchlist;
  stop(): void;
}

/**
 * Reads the list, publishes how it differs from what the bus knows, and again whenever the file changes. A list that cannot be read at the start
 * throws its sentence; later the sentence is logged and the last good list stays.
 */
export async function syncWatchlist(options: SyncOptions): Promise<RunningSync> {
  const { path, bus, log } = options;
  const list = loadWatchlist(path);
  const events: EventOf<'torrent_watched'>[] = [];
  for await (const event of bus.history(['torrent_watched'])) events.push(event);
  const sync = new Sync(options, list, watchedState(events));
  sync.publish(list);
  const stop = (options.watch ?? watchByPolling)(path, () => {
    try {
      sync.publish(loadWatchlist(path));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      log.warn({}, `The watch list was not read again: ${error.message}`);
    }
  });
  return {
    get list() {
      return sync.list;
    },
    stop,
  };
}

class Sync {
  readonly #options: SyncOptions;
  readonly #known: Map<string, WatchedColumns>;
  readonly #taken = new Map<string, string>(); // bound: the entries of the list
  list: Watchlist;

  constructor(options: SyncOptions, list: Watchlist, known: Map<string, WatchedColumns>) {
    this.#options = options;
    this.#known = known;
    this.list = list;
  }

  publish(list: Watchlist): void {
    const { bus, stamp, log, takeSource, nameTracker } = this.#options;
    this.list = list;
    for (const entry of list.entries) {
      for (const url of entry.namedTrackers) nameTracker?.(url);
      if (this.#isNew(entry)) takeSource?.(entry.source);
    }
    const changes = differences(this.#known, list.entries);
    for (const columns of changes) {
      bus.publish(makeEvent('torrent_watched', columns, stamp()));
      if (columns.set === 1) this.#known.set(columns.swarm_id, columns);
      else this.#known.delete(columns.swarm_id);
    }
    const present = new Set(list.entries.map(({ watched }) => watched.swarm_id));
    for (const id of this.#taken.keys()) if (!present.has(id)) this.#taken.delete(id);
    log.info({ entries: list.entries.length, changes: changes.length }, 'The watch list was read.');
  }

  /** Whether what the prober was given of this entry is no longer what it says. */
  #isNew({ watched, source }: WatchEntry): boolean {
    const text = JSON.stringify([source.trackers, source.metainfo && toHex(sha1(source.metainfo))]);
    const isNew = this.#taken.get(watched.swarm_id) !== text;
    this.#taken.set(watched.swarm_id, text);
    return isNew;
  }
}

/** By looking at time and size: that also sees files that an editor replaces, and network file systems. */
function watchByPolling(path: string, onChange: () => void): () => void {
  const listener = () => onChange();
  watchFile(path, { interval: POLL_MS, persistent: false }, listener);
  return () => unwatchFile(path, listener);
}
