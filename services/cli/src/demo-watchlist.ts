// The watch list of the demo: what a person would have written who knows three of the laboratory's torrents.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabTorrent } from '@swarmscope/lab/loopback/world.ts';
import { stringify } from 'yaml';
import { usageFailure } from './failure.ts';

/** The first line tells the demo's own list from a person's: only the own one is replaced. */
const FIRST_LINE = '# Written by `swarmscope demo`, which replaces it when it is run on this directory again.';

/** Throws a usage Failure when the directory has a watch list that is not the demo's own. */
export function refuseForeignWatchlist(directory: string): void {
  const path = join(directory, 'watchlist.yaml');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return;
    throw error;
  }
  if (text.split(/\r?\n/, 1)[0] !== FIRST_LINE)
    throw usageFailure(`${path} is not the demo's and would be replaced; give the demo another directory with --data`);
}

/** Writes `watchlist.yaml` with the .torrent files that it names; returns its path. */
export function writeDemoWatchlist(directory: string, torrents: readonly LabTorrent[]): string {
  const watched = torrents.filter((torrent) => torrent.watched !== 'no');
  const entries = watched.map((torrent) => {
    const what = torrent.watched === 'magnet' ? torrent.magnet : fileOf(torrent);
    if (torrent.watched === 'torrent') writeFileSync(join(directory, fileOf(torrent)), torrent.torrentFile);
    return { torrent: what, name: torrent.name, objectives: { min_proved_seeders: 1 } };
  });
  const path = join(directory, 'watchlist.yaml');
  writeFileSync(path, `${FIRST_LINE}\n${stringify({ verify: 'all', announce: 'all', torrents: entries }, { lineWidth: 0 })}`);
  return path;
}

function fileOf(torrent: LabTorrent): string {
  return `${torrent.name.toLowerCase().replaceAll(' ', '-')}.torrent`;
}
