// `swarmscope probe`: a census of the swarms named, right now.

import { DEFAULT_BUDGETS } from '@swarmscope/swarm-prober/settings.ts';
import { Command, InvalidArgumentError, Option } from 'commander';
import {
  bootstrapOption,
  dataOption,
  type HostPort,
  jsonOption,
  labNetworkOption,
  readHostPorts,
  readPort,
  readSeconds,
  readTrackers,
} from '../arguments.ts';
import type { Terminal } from '../terminal.ts';

export interface ProbeOptions {
  peer?: HostPort[];
  tracker?: string[];
  bootstrap?: HostPort[];
  labNetwork?: string[];
  verify: 'all' | 'watched' | 'none';
  announce: 'all' | 'watched' | 'none';
  challenges: number;
  seconds: number;
  address: string;
  port: number;
  json?: boolean;
  data: string;
}

const SECONDS_MAX = 300;
/** A peer that passes n challenges lacks at most 1 - 0.05^(1/n) of the pieces, at 95 %: 45 % after 5, 10 % after 29, 1 % after 298. */
const CHALLENGES_MAX = 1_000;

function readChallenges(text: string): number {
  const challenges = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (!(challenges >= 1 && challenges <= CHALLENGES_MAX))
    throw new InvalidArgumentError(`Challenges are a number from 1 to ${CHALLENGES_MAX}.`);
  return challenges;
}

const HELP = `
It ends when no endpoint and no challenge is pending, at the latest after --seconds. Payload is hashed and thrown away. Addresses are
shown here and kept nowhere.

Examples:
  $ swarmscope probe 'magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef01234567&tr=http://tracker.example/announce'
  $ swarmscope probe debian.torrent --json | jq '.swarms[0].counts'
  $ swarmscope probe debian.torrent --peer 192.0.2.7:51413 --verify none`;

export function probeCommand(terminal: Terminal): Command {
  return new Command('probe')
    .description('join the swarms named, and say who has what and who proved it')
    .argument('<torrent...>', 'magnet link, infohash (40 hex, 32 base32 or 64 hex) or .torrent file')
    .addOption(new Option('--peer <host:port>', 'a peer to ask (repeatable)').argParser(readHostPorts))
    .addOption(new Option('--tracker <url>', 'a tracker to ask (repeatable)').argParser(readTrackers))
    .addOption(bootstrapOption('first DHT node to ask; without it public ones for public torrents', false))
    .addOption(labNetworkOption())
    .addOption(new Option('--verify <whose>', 'whose pieces may be requested').choices(['all', 'watched', 'none']).default('all'))
    .addOption(
      new Option('--announce <where>', 'where we announce ourselves').choices(['all', 'watched', 'none']).default('watched'),
    )
    .addOption(
      new Option('--challenges <n>', 'pieces that who claims all is asked for: 29 find 95 % of those that lack a tenth')
        .argParser(readChallenges)
        .default(DEFAULT_BUDGETS.challenges),
    )
    .addOption(new Option('--seconds <n>', 'at most this long').argParser(readSeconds).default(SECONDS_MAX))
    .addOption(new Option('--address <ip>', 'local address').default('0.0.0.0'))
    .addOption(new Option('--port <n>', 'local port for peers and DHT; 0 takes a free one').argParser(readPort).default(0))
    .addOption(jsonOption('swarms with every peer'))
    .addOption(dataOption())
    .addHelpText('after', HELP)
    .action(async (torrents: string[], options: ProbeOptions) => {
      const { probe } = await import('../probe.ts');
      await probe(torrents, { ...options, seconds: Math.min(options.seconds, SECONDS_MAX) }, terminal);
    });
}
