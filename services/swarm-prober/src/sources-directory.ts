// Torrents that the operator keeps beside a prober: *.torrent files, and *.magnet files with one link each. Their tracker URLs are secrets.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseMagnet, Unreadable } from '@swarmscope/bittorrent/magnet.ts';
import { readSource, type TorrentSource } from './target.ts';

/** Everything in the directory, in the order of the names. Throws one sentence that names the file which is wrong. */
export function readSourcesDirectory(directory: string): TorrentSource[] {
  const names = readdirSync(directory).sort();
  return names.flatMap((name) => {
    const path = join(directory, name);
    if (name.endsWith('.torrent')) return [checked(path, { metainfo: new Uint8Array(readFileSync(path)) })];
    return name.endsWith('.magnet') ? [readMagnetFile(path)] : [];
  });
}

function readMagnetFile(path: string): TorrentSource {
  const magnet = parseMagnet(readFileSync(path, 'utf8'));
  if (magnet instanceof Unreadable) throw new Error(`${path}: ${magnet.sentence}`);
  const { infoHashV1, infoHashV2, trackers } = magnet;
  return { infoHash: infoHashV1, infoHashV2, trackers: trackers.flat() };
}

function checked(path: string, source: TorrentSource): TorrentSource {
  try {
    readSource(source);
    return source;
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`);
  }
}
