// `swarmscope probe`: a census of the swarms named, right now.
import { Command } from 'commander';
import type { Terminal } from '../terminal.ts';
import { CENSUS_SECONDS_MAX, type CensusOptions, withCensusOptions } from './census-options.ts';

export type ProbeOptions = CensusOptions;

const HELP = `
It ends when no endpoint and no challenge is pending, at the latest after --seconds. Payload is hashed and thrown away. Addresses are
shown here and kept nowhere.

Examples:
  $ swarmscope probe 'magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef01234567&tr=http://tracker.example/announce'
  $ swarmscope probe debian.torrent --json | jq '.swarms[0].counts'
  $ swarmscope probe debian.torrent --peer 192.0.2.7:51413 --verify none`;

export function probeCommand(terminal: Terminal): Command {
  const command = new Command('probe')
    .description('join the swarms named, and say who has what and who proved it')
    .argument('<torrent...>', 'magnet link, infohash (40 hex, 32 base32 or 64 hex) or .torrent file');
  return withCensusOptions(command, 'swarms with every peer')
    .addHelpText('after', HELP)
    .action(async (torrents: string[], options: ProbeOptions) => {
      const { probe } = await import('../probe.ts');
      await probe(torrents, { ...options, seconds: Math.min(options.seconds, CENSUS_SECONDS_MAX) }, terminal);
    });
}
