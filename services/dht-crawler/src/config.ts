// Settings of the dht-crawler service, from SWARMSCOPE_* variables.
import { hostPort, integer, listOf, parseHostPort, text } from '@swarmscope/runtime/config.ts';
import { busSettings, citizenSettings, processSettings, spoolSettings } from '@swarmscope/runtime/settings.ts';
import { z } from 'zod';

/** Run by the authors of the clients that they are named after. */
const PUBLIC_BOOTSTRAP = [
  'router.bittorrent.com:6881',
  'dht.transmissionbt.com:6881',
  'dht.libtorrent.org:25401',
  'router.utorrent.com:6881',
];

const isHostPort = (entry: string) => parseHostPort(entry) !== undefined;

export const crawlerConfig = z.object({
  ...processSettings,
  ...citizenSettings,
  ...busSettings,
  ...spoolSettings,
  listen: hostPort('Local UDP address of the DHT node; keep the port over restarts.').default({ host: '0.0.0.0', port: 6_881 }),
  bootstrap: listOf('Nodes asked first while the routing table is empty.', 'HOST:PORT', isHostPort).default(PUBLIC_BOOTSTRAP),
  shardIndex: integer('Which part of the id space this process crawls, from 1.', 1, 1_024).default(1),
  shardCount: integer('How many crawlers divide the id space.', 1, 1_024).default(1),
  packetsPerSecond: integer('Queries a second in all, lookups included.', 1, 100_000).default(400),
  flowsPerMinute: integer('Distinct hosts asked in a minute: home routers die of flows.', 1, 10_000_000).default(12_000),
  nodesMax: integer('Nodes known at a time.', 1_000, 5_000_000).default(250_000),
  infohashesMax: integer('Infohashes remembered at a time.', 1_000, 50_000_000).default(2_000_000),
  takedown: listOf('Infohashes (40 hex digits) that are never told of.', 'infohashes', (entry) =>
    /^[0-9a-f]{40}$/i.test(entry),
  ).default([]),
  stateFile: text('File of node id, routing table and frontier.').optional(),
});

export type CrawlerConfig = z.output<typeof crawlerConfig>;
