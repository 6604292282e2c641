// A torrent as a person names it on the command line: a magnet link, an infohash, or a .torrent file.
import { readFileSync, statSync } from 'node:fs';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import { parseInfoHash, parseMagnet, swarmIdOf, type TorrentName, Unreadable } from '@swarmscope/bittorrent/magnet.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import { parseTorrent } from '@swarmscope/bittorrent/metainfo.ts';
import { explainError, usageFailure } from './failure.ts';

export interface NamedTorrent extends TorrentName {
  /** 40 hex digits: the v1 infohash, else the v2 one cut. */
  readonly swarmId: string;
  /** The magnet link, where it was one. */
  readonly magnet: string | undefined;
  /** The .torrent file, where it was one. */
  readonly file: Uint8Array | undefined;
  /** Every tracker URL it names: secrets. */
  readonly trackers: readonly string[];
}

/** Far above what any torrent needs: 100 000 files with long names are 20 MB. */
const FILE_BYTES_MAX = 64 * 1024 * 1024;

/** Reads MAGNET|INFOHASH|FILE; throws one sentence for what is none of them. */
export function readTorrentArgument(text: string): NamedTorrent {
  if (/^magnet:/i.test(text)) return readMagnet(text);
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64}|1220[0-9a-f]{64}|[a-z2-7]{32})$/i.test(text)) {
    const name = parseInfoHash(text);
    if (!(name instanceof Unreadable)) return named(name, {});
  }
  return readFile(text);
}

function named(name: TorrentName, more: Partial<NamedTorrent>): NamedTorrent {
  const { infoHashV1, infoHashV2 } = name;
  return { magnet: undefined, file: undefined, trackers: [], ...more, infoHashV1, infoHashV2, swarmId: toHex(swarmIdOf(name)) };
}

function readMagnet(text: string): NamedTorrent {
  const magnet = parseMagnet(text);
  if (magnet instanceof Unreadable) throw usageFailure(`this magnet link cannot be read: ${magnet.sentence}`);
  return named(magnet, { magnet: text, trackers: magnet.trackers.flat() });
}

function readFile(path: string): NamedTorrent {
  const file = readBytes(path);
  const metainfo = parseTorrent(file);
  if (metainfo instanceof Malformed)
    throw usageFailure(`${path} is no .torrent file: ${metainfo.reason} at byte ${metainfo.offset}`);
  return named(metainfo.info, { file, trackers: metainfo.trackers.flat() });
}

function readBytes(path: string): Uint8Array {
  try {
    if (statSync(path).size > FILE_BYTES_MAX) throw usageFailure(`${path} is too large for a .torrent file`);
    return readFileSync(path);
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT')
      throw usageFailure(`${JSON.stringify(path)} is no magnet link, no infohash, and no file`);
    if ((error as { code?: string }).code === undefined) throw error;
    throw usageFailure(`cannot read ${path}: ${explainError(error)}`);
  }
}
