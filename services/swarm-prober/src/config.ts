// Settings of the swarm-prober service, from SWARMSCOPE_* variables.
import { hostPort, integer, oneOf, text } from '@swarmscope/runtime/config.ts';
import {
  bootstrapSettings,
  busSettings,
  citizenSettings,
  processSettings,
  spoolSettings,
  takedownSettings,
} from '@swarmscope/runtime/settings.ts';
import { z } from 'zod';
import { DEFAULT_BUDGETS } from './settings.ts';

const MIB = 1024 * 1024;
const WHOSE = ['watched', 'all', 'none'] as const;

export const proberConfig = z.object({
  ...processSettings,
  ...citizenSettings,
  ...busSettings,
  ...spoolSettings,
  ...bootstrapSettings,
  ...takedownSettings,
  listen: hostPort('Local address of peers (TCP) and of the DHT node (UDP); keep the port over restarts.').default({
    host: '0.0.0.0',
    port: 6_882,
  }),
  verify: oneOf('Whose pieces may be requested.', WHOSE).default('watched'),
  announce: oneOf('Where we announce ourselves.', WHOSE).default('watched'),
  sourcesDirectory: text('Directory of *.torrent and *.magnet files: trackers with their passkeys, never published.').optional(),
  dhtIdFile: text('File of the DHT node id.').optional(),
  censusesMax: integer('Censuses at the same time.', 1, 10_000).default(DEFAULT_BUDGETS.censuses),
  sessionsMax: integer('Peers connected at the same time.', 1, 100_000).default(DEFAULT_BUDGETS.sessions),
  infohashesMax: integer('Infohashes in the schedule.', 1_000, 10_000_000).default(DEFAULT_BUDGETS.infohashes),
  challenges: integer('Pieces asked of one peer in one census.', 1, 300).default(DEFAULT_BUDGETS.challenges),
  verifyMibPerSwarm: integer('Payload asked for in one swarm and day, MiB.', 1, 1_000_000).default(
    DEFAULT_BUDGETS.verifyBytesPerSwarm / MIB,
  ),
  verifyMibPerDay: integer('Payload asked for in a day in all, MiB.', 1, 100_000_000).default(
    DEFAULT_BUDGETS.verifyBytesPerDay / MIB,
  ),
  cacheMib: integer('Memory for verified pieces that are given to others, MiB.', 1, 100_000).default(
    DEFAULT_BUDGETS.cacheBytes / MIB,
  ),
});

export type ProberConfig = z.output<typeof proberConfig>;

/** The budgets that the settings name. */
export function budgetsOf(config: ProberConfig) {
  return {
    censuses: config.censusesMax,
    sessions: config.sessionsMax,
    infohashes: config.infohashesMax,
    challenges: config.challenges,
    verifyBytesPerSwarm: config.verifyMibPerSwarm * MIB,
    verifyBytesPerDay: config.verifyMibPerDay * MIB,
    cacheBytes: config.cacheMib * MIB,
  };
}
