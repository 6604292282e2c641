// Settings of the dht-crawler service, from SWARMSCOPE_* variables.
import { hostPort, integer, text } from '@swarmscope/runtime/config.ts';
import {
  bootstrapSettings,
  busSettings,
  citizenSettings,
  paceSettings,
  processSettings,
  spoolSettings,
  takedownSettings,
} from '@swarmscope/runtime/settings.ts';
import { z } from 'zod';

export const crawlerConfig = z.object({
  ...processSettings,
  ...citizenSettings,
  ...busSettings,
  ...spoolSettings,
  ...bootstrapSettings,
  ...paceSettings,
  ...takedownSettings,
  listen: hostPort('Local UDP address of the DHT node; keep the port over restarts.').default({ host: '0.0.0.0', port: 6_881 }),
  shardIndex: integer('Which part of the id space this process crawls, from 1.', 1, 1_024).default(1),
  shardCount: integer('How many crawlers divide the id space.', 1, 1_024).default(1),
  nodesMax: integer('Nodes known at a time.', 1_000, 5_000_000).default(250_000),
  infohashesMax: integer('Infohashes remembered at a time.', 1_000, 50_000_000).default(2_000_000),
  stateFile: text('File of node id, routing table and frontier.').optional(),
});

export type CrawlerConfig = z.output<typeof crawlerConfig>;

/** Questions a second of the crawl itself, of what the node may send: the rest is for lookups, of the prober too where it shares the node. */
export function crawlShareOf(packetsPerSecond: number): number {
  return Math.max(1, Math.floor(packetsPerSecond * 0.85));
}
