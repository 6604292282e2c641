// The watch list of the demo: what a person would have written who knows three of the laboratory's torrents.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabTorrent } from '@swarmscope/lab/loopback/world.ts';
import { stringify } from 'yaml';

/** Writes `watchlist.yaml` with the .torrent files that it names; returns its path. */
export function writeDemoWatchlist(directory: string, torrents: readonly LabTorrent[]): string {
  const watched = torrents.filter((torrent) => torrent.watched !== 'no');
  const entries = watched.map((torrent) => {
    const what = torrent.watched === 'magnet' ? torrent.magnet : fileOf(torrent);
    if (torrent.watched === 'torrent') writeFileSync(join(directory, fileOf(torrent)), torrent.torrentFile);
    return { torrent: what, name: torrent.name, objectives: { min_proved_seeders: 1 } };
  });
  const path = join(directory, 'watchlist.yaml');
  writeFileSync(path, stringify({ verify: 'all', announce: 'all', torrents: entries }, { lineWidth: 0 }));
  return path;
}

function fileOf(torrent: LabTorrent): string {
  return `${torrent.name.toLowerCase().replaceAll(' ', '-')}.torrent`;
}
