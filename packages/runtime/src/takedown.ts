// The takedown list (design section 6): which torrents are not probed, stored or shown, and which networks are left alone; a file, read again when it changes.
import { createHash } from 'node:crypto';
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import type { AddressPolicy } from './address-policy.ts';
import { parseNetwork } from './address-ranges.ts';
import { ConfigError } from './config.ts';
import type { Log } from './log.ts';
import type { Shell } from './service.ts';

// line     = entry / "#" comment / empty
// entry    = infohash / "hashed" digits / "name" pattern / "network" cidr
// infohash = 40 hex digits (v1, or v2 cut to 20 bytes) or 64 (v2)
// hashed   = SHA-256 of the 20 bytes of an infohash, 64 hex digits: a list that may be shown without naming what is on it
// name     = the whole name of a torrent, `*` for any text, upper and lower case the same
// network  = ADDRESS/BITS, never contacted (as SWARMSCOPE_OPT_OUT)

const LINES_MAX = 1_000_000;
const POLL_MS = 1_000;
const HEX40 = /^[0-9a-f]{40}$/;
const HEX64 = /^[0-9a-f]{64}$/;
/** Infohashes that were found out to have a name of the list. */
const FOUND_MAX = 100_000;

/** What a file says. Hex is lower case, infohashes are cut to 20 bytes. */
export interface TakedownList {
  readonly infoHashes: readonly string[];
  readonly hashed: readonly string[];
  readonly names: readonly string[];
  readonly networks: readonly string[];
}

export const EMPTY_TAKEDOWN: TakedownList = { infoHashes: [], hashed: [], names: [], networks: [] };

/** Reads the text of a list. Throws a ConfigError, one sentence with the number of the line that is none. */
export function parseTakedown(text: string): TakedownList {
  const list = { infoHashes: [] as string[], hashed: [] as string[], names: [] as string[], networks: [] as string[] };
  const lines = text.split(/\r?\n/);
  if (lines.length > LINES_MAX) throw new ConfigError(`The takedown list has more than ${LINES_MAX} lines.`);
  for (const [i, line] of lines.entries())
    if (!takeLine(line.trim(), list))
      throw new ConfigError(`Line ${i + 1} of the takedown list is no entry: ${JSON.stringify(line)}.`);
  return list;
}

function takeLine(line: string, list: { [K in keyof TakedownList]: string[] }): boolean {
  if (line === '' || line.startsWith('#')) return true;
  const [kind = '', ...rest] = line.split(/\s+/);
  const value = rest.join(' ');
  if (kind === 'name') return value.replaceAll('*', '') !== '' && list.names.push(value) > 0;
  const lower = value.toLowerCase();
  if (kind === 'hashed') return HEX64.test(lower) && list.hashed.push(lower) > 0;
  if (kind === 'network') return isNetwork(value) && list.networks.push(value) > 0;
  const infoHash = value === '' ? kind.toLowerCase() : '';
  return (HEX40.test(infoHash) || HEX64.test(infoHash)) && list.infoHashes.push(infoHash.slice(0, 40)) > 0;
}

function isNetwork(text: string): boolean {
  try {
    parseNetwork(text);
    return true;
  } catch {
    return false;
  }
}

/** The list was read anew; or torrents were found out to have a name that is on it, or another infohash beside the one that is. */
export type TakedownChange = 'list' | 'found';

/** The list as everybody asks it. It is one object while the process lives: what it says may change. */
export class Takedown {
  #list = EMPTY_TAKEDOWN;
  #infoHashes = new Set<string>(); // bound: LINES_MAX
  #hashed = new Set<string>(); // bound: LINES_MAX
  #names: readonly (readonly string[])[] = []; // bound: LINES_MAX
  readonly #found = new Set<string>(); // bound: FOUND_MAX, oldest first out
  readonly #listeners = new Set<(change: TakedownChange) => void>(); // bound: the parts of this process

  get list(): TakedownList {
    return this.#list;
  }

  replace(list: TakedownList): void {
    this.#list = list;
    this.#infoHashes = new Set(list.infoHashes);
    this.#hashed = new Set(list.hashed);
    this.#names = list.names.map((name) => name.toLowerCase().split('*')); // bound: as above
    this.#found.clear();
    this.#tell('list');
  }

  /** Called after each change; answers how to end that. */
  listen(listener: (change: TakedownChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(change: TakedownChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  /** Those that are named, and those that were found out. */
  infoHashes(): string[] {
    return [...new Set([...this.#infoHashes, ...this.#found])];
  }

  /** Nothing is on it: most have none. */
  get isEmpty(): boolean {
    return this.#infoHashes.size === 0 && this.#hashed.size === 0 && this.#names.length === 0;
  }

  /** Whether this infohash (hex, 20 bytes or more) is on it, or was found to have a name that is. */
  has(infoHash: string): boolean {
    if (this.isEmpty) return false;
    const name = infoHash.slice(0, 40);
    if (this.#infoHashes.has(name) || this.#found.has(name)) return true;
    return this.#hashed.size > 0 && this.#hashed.has(createHash('sha256').update(name, 'hex').digest('hex'));
  }

  /** The same for an infohash as bytes. */
  hasBytes(infoHash: Uint8Array): boolean {
    return !this.isEmpty && this.has(Buffer.from(infoHash.buffer, infoHash.byteOffset, infoHash.byteLength).toString('hex'));
  }

  /** Whether a torrent with these infohashes and this name is on it. If so, all its infohashes are from now on. */
  meets(infoHashes: readonly string[], name: string | null | undefined): boolean {
    if (this.isEmpty) return false;
    if (!infoHashes.some((infoHash) => this.has(infoHash)) && !(name && this.#hasName(name))) return false;
    const news = infoHashes.map((infoHash) => infoHash.slice(0, 40)).filter((infoHash) => !this.has(infoHash));
    for (const infoHash of news) this.#note(infoHash);
    if (news.length > 0) this.#tell('found');
    return true;
  }

  #hasName(name: string): boolean {
    const lower = name.toLowerCase();
    return this.#names.some((pieces) => fits(lower, pieces));
  }

  #note(infoHash: string): void {
    this.#found.add(infoHash);
    if (this.#found.size > FOUND_MAX) this.#found.delete(this.#found.values().next().value!);
  }
}

/** Whether the text is the pieces in their order with anything between them: in time linear in the text for each piece, whatever the pattern. */
function fits(text: string, pieces: readonly string[]): boolean {
  const [first = '', last = ''] = [pieces[0], pieces.at(-1)];
  if (pieces.length === 1) return text === first;
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  const end = text.length - last.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at);
    if (found < 0 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}

export interface FollowedTakedown {
  readonly takedown: Takedown;
  stop(): void;
}

/**
 * Reads the file now and whenever it changes; without a path nothing is ever on the list. Throws a ConfigError, one sentence when it cannot be read now; later the
 * sentence is logged and the last good list stays: a file that is being written must not open what was closed.
 */
export function followTakedown(path: string | undefined, log: Log, watch = watchByPolling): FollowedTakedown {
  const takedown = new Takedown();
  if (path === undefined) return { takedown, stop: () => {} };
  takedown.replace(readTakedown(path));
  const stop = watch(path, () => {
    try {
      const list = readTakedown(path);
      takedown.replace(list);
      log.info(sizesOf(list), 'The takedown list was read again.');
    } catch (error) {
      log.warn({ err: error }, 'The takedown list could not be read again; the last one stays.');
    }
  });
  log.info(sizesOf(takedown.list), 'The takedown list was read.');
  return { takedown, stop };
}

/** The list of a service while its shell lives; its networks are left alone by the policy, also when the list changes. Throws as `followTakedown`. */
export function openTakedown(shell: Pick<Shell, 'log' | 'closing'>, path: string | undefined, policy?: AddressPolicy): Takedown {
  const { takedown, stop } = followTakedown(path, shell.log);
  shell.closing('takedown list', async () => stop());
  policy?.leaveAlone(takedown.list.networks);
  takedown.listen((change) => {
    if (change === 'list') policy?.leaveAlone(takedown.list.networks);
  });
  return takedown;
}

/** Throws one sentence. */
export function readTakedown(path: string): TakedownList {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`The takedown list ${path} cannot be read: ${(error as Error).message}.`);
  }
  return parseTakedown(text);
}

function sizesOf({ infoHashes, hashed, names, networks }: TakedownList) {
  return { infohashes: infoHashes.length, hashed: hashed.length, names: names.length, networks: networks.length };
}

/** By looking at time and size: that also sees files that an editor replaces, and network file systems. */
function watchByPolling(path: string, onChange: () => void): () => void {
  const listener = () => onChange();
  watchFile(path, { interval: POLL_MS, persistent: false }, listener);
  return () => unwatchFile(path, listener);
}
