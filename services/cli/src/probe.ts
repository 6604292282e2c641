// What `swarmscope probe` does: a census of the torrents named on the command line.
import { takeCensus } from './census.ts';
import type { ProbeOptions } from './commands/probe.ts';
import { formatSwarm } from './probe-text.ts';
import type { Terminal } from './terminal.ts';
import { readTorrentArgument } from './torrent-argument.ts';

export async function probe(names: readonly string[], options: ProbeOptions, terminal: Terminal): Promise<void> {
  const targets = names.map((name) => ({
    torrent: readTorrentArgument(name),
    trackers: options.tracker ?? [],
    verify: options.verify !== 'none',
    announce: options.announce !== 'none',
  }));
  const swarms = await takeCensus(targets, options, terminal);
  terminal.print(options.json ? `${JSON.stringify({ swarms })}\n` : swarms.map(formatSwarm).join('\n'));
}
