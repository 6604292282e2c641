// The flags of commands that take a census right now: `probe` and `watch check`.
import { DEFAULT_BUDGETS } from '@swarmscope/swarm-prober/settings.ts';
import { type Command, InvalidArgumentError, Option } from 'commander';
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

export interface CensusOptions {
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

/** No census takes longer. */
export const CENSUS_SECONDS_MAX = 300;
/** A peer that passes n challenges lacks at most 1 - 0.05^(1/n) of the pieces, at 95 %: 45 % after 5, 10 % after 29, 1 % after 298. */
const CHALLENGES_MAX = 1_000;

function readChallenges(text: string): number {
  const challenges = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (!(challenges >= 1 && challenges <= CHALLENGES_MAX))
    throw new InvalidArgumentError(`Challenges are a number from 1 to ${CHALLENGES_MAX}.`);
  return challenges;
}

/** Adds the flags to a command; `what` is printed as JSON. */
export function withCensusOptions(command: Command, what: string): Command {
  return command
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
    .addOption(new Option('--seconds <n>', 'at most this long').argParser(readSeconds).default(CENSUS_SECONDS_MAX))
    .addOption(new Option('--address <ip>', 'local address').default('0.0.0.0'))
    .addOption(new Option('--port <n>', 'local port for peers and DHT; 0 takes a free one').argParser(readPort).default(0))
    .addOption(jsonOption(what))
    .addOption(dataOption());
}
