// What `swarmscope watch import` does: reads feeds and lists that others publish, fetches the .torrent files they name, and adds what is new to the watch list.
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import { swarmIdOf } from '@swarmscope/bittorrent/magnet.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import { parseTorrent } from '@swarmscope/bittorrent/metainfo.ts';
import { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import { writeFileAtomic } from '@swarmscope/runtime/files.ts';
import { type HttpOptions, httpGet } from '@swarmscope/runtime/http.ts';
import type { WatchImportOptions } from './commands/watch.ts';
import { explainError, Failure, usageFailure } from './failure.ts';
import { type Feed, type FeedItem, readFeed, UnreadableFeed } from './feed.ts';
import { printable } from './table.ts';
import type { Terminal } from './terminal.ts';
import { readTorrentArgument } from './torrent-argument.ts';
import { watchlistPath, writeWatchlist } from './watch.ts';
import { parseWatchlist, readText } from './watchlist.ts';
import { addEntries, type NewEntry } from './watchlist-edit.ts';

const FEED_BYTES_MAX = 16 * 1024 * 1024;
const TORRENT_BYTES_MAX = 16 * 1024 * 1024;
const FETCH_MS = 30_000;
/** A feed of which so many files cannot be had is left: the others would be asked for as vainly. */
const FAILURES_MAX = 50;
/** Where fetched files go, beside the list. */
const TORRENTS_DIRECTORY = 'torrents';

interface Result {
  readonly source: string;
  added: number;
  known: number;
  /** Named, and not to be had or no torrent. */
  failed: number;
  /** Entries of the feed that name no torrent. */
  without: number;
}

export async function watchImport(sources: readonly string[], options: WatchImportOptions, terminal: Terminal): Promise<void> {
  const path = watchlistPath(options, options.file);
  const importer = new Importer(path, options, terminal);
  const results: Result[] = [];
  for (const source of sources) results.push(await importer.take(source));
  if (!options.dryRun && importer.entries.length > 0) writeWatchlist(path, addEntries(readText(path), path, importer.entries));
  if (options.json) terminal.print(`${JSON.stringify({ sources: results, entries: importer.entries })}\n`);
  const total = (key: 'added' | 'known' | 'failed' | 'without') => results.reduce((sum, result) => sum + result[key], 0);
  const would = options.dryRun ? 'would be added to' : 'added to';
  terminal.say(
    `${total('added')} ${would} ${path}; ${total('known')} there already, ${total('failed')} failed, ${total('without')} named no torrent`,
  );
  if (total('failed') > 0 && total('added') + total('known') === 0) throw new Failure('nothing that was named could be had');
}

class Importer {
  readonly entries: NewEntry[] = []; // bound: options.limit
  readonly #path: string;
  readonly #options: WatchImportOptions;
  readonly #terminal: Terminal;
  readonly #policy: AddressPolicy;
  /** 40 hex digits of every name that the list and the new entries have. */
  readonly #known: Set<string>; // bound: two for each entry of the list, which is bounded, and of `entries`

  constructor(path: string, options: WatchImportOptions, terminal: Terminal) {
    this.#path = path;
    this.#options = options;
    this.#terminal = terminal;
    this.#policy = new AddressPolicy({ labNetworks: options.labNetwork ?? [], optOut: [] });
    const list = parseWatchlist(readText(path), path);
    this.#known = new Set(
      list.entries.flatMap(({ watched }) => [
        watched.swarm_id,
        ...(watched.info_hash_v2 ? [watched.info_hash_v2.slice(0, 40)] : []),
      ]),
    );
  }

  async take(source: string): Promise<Result> {
    const { items, without } = await this.#read(source);
    const result: Result = { source, added: 0, known: 0, failed: 0, without };
    for (const item of items) {
      if (this.entries.length >= this.#options.limit) break;
      if (result.failed >= FAILURES_MAX) {
        this.#terminal.say(`${source}: ${FAILURES_MAX} of its entries failed, the rest is left`);
        break;
      }
      try {
        result[(await this.#add(item, source)) ? 'added' : 'known'] += 1;
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        result.failed += 1;
        this.#terminal.say(`${printable(item.name ?? item.torrent).slice(0, 200)}: ${error.message}`);
      }
    }
    return result;
  }

  async #read(source: string): Promise<Feed> {
    const isUrl = /^https?:/i.test(source);
    try {
      const bytes = isUrl ? await this.#fetch(source, source, FEED_BYTES_MAX) : readFileSync(source);
      return readFeed(new TextDecoder().decode(bytes), isUrl ? source : undefined);
    } catch (error) {
      if (error instanceof UnreadableFeed) throw new Failure(`${source} ${error.message}`);
      if (error instanceof Failure) throw new Failure(`${source}: ${error.message}`);
      throw usageFailure(`cannot read ${source}: ${explainError(error)}`);
    }
  }

  /** The host that the operator named may be anywhere; hosts that a feed names are a stranger's word, and may not be in private networks. */
  async #fetch(url: string, source: string, maxBytes: number): Promise<Uint8Array> {
    const operatorNamed = URL.parse(url)?.host === URL.parse(source)?.host;
    const request: HttpOptions = { policy: this.#policy, timeoutMs: FETCH_MS, maxBytes, operatorNamed };
    const answer = await httpGet(url, request);
    if (!answer.ok)
      throw new Failure(`cannot be fetched: ${[answer.outcome, answer.detail].filter(Boolean).join(', ').replaceAll('_', ' ')}`);
    if (answer.status !== 200) throw new Failure(`cannot be fetched: HTTP status ${answer.status}`);
    return answer.body;
  }

  /** False when it is in the list already. Throws a Failure for what is no torrent. */
  async #add(item: FeedItem, source: string): Promise<boolean> {
    const { label, objective } = this.#options;
    const torrent = /^https?:/i.test(item.torrent) ? await this.#keep(item.torrent, source) : this.#name(item.torrent);
    if (torrent === undefined) return false;
    const labels = { ...item.labels, ...label };
    this.entries.push({
      torrent,
      ...(item.name === undefined ? {} : { name: item.name }),
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      ...(objective === undefined ? {} : { objectives: objective }),
    });
    return true;
  }

  #name(text: string): string | undefined {
    const { infoHashV1, infoHashV2 } = readTorrentArgument(text);
    return this.#isNew(infoHashV1, infoHashV2) ? text : undefined;
  }

  /** Fetches a .torrent file and puts it beside the list; its path. */
  async #keep(url: string, source: string): Promise<string | undefined> {
    const bytes = await this.#fetch(url, source, TORRENT_BYTES_MAX);
    const torrent = parseTorrent(bytes);
    if (torrent instanceof Malformed) throw new Failure(`is no .torrent file: ${torrent.reason} at byte ${torrent.offset}`);
    const { infoHashV1, infoHashV2 } = torrent.info;
    if (!this.#isNew(infoHashV1, infoHashV2)) return undefined;
    const path = join(dirname(this.#path), TORRENTS_DIRECTORY, `${toHex(swarmIdOf(torrent.info))}.torrent`);
    if (!this.#options.dryRun) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      writeFileAtomic(path, bytes);
    }
    return path;
  }

  #isNew(infoHashV1: Uint8Array | undefined, infoHashV2: Uint8Array | undefined): boolean {
    const names = [infoHashV1, infoHashV2?.subarray(0, 20)].filter((hash) => hash !== undefined).map(toHex);
    if (names.some((name) => this.#known.has(name))) return false;
    for (const name of names) this.#known.add(name);
    return true;
  }
}
