// Questions with a name: what `swarmscope query NAME` runs and docs/sql.md shows. Pure data; every one is run by a test on seeded rows.
import { DHT_QUERIES } from './queries/dht.ts';
import { PEER_QUERIES } from './queries/peers.ts';
import { PIPELINE_QUERIES } from './queries/pipeline.ts';
import type { NamedQuery } from './queries/query.ts';
import { ONE_SWARM_QUERIES } from './queries/swarm.ts';
import { SWARM_QUERIES } from './queries/swarms.ts';
import { TRACKER_QUERIES } from './queries/trackers.ts';

export type { NamedQuery } from './queries/query.ts';

/** By what they are about, in the order that a reader of docs/sql.md meets them. */
export const QUERY_CHAPTERS: readonly (readonly [title: string, queries: readonly NamedQuery[]])[] = [
  ['Swarms', SWARM_QUERIES],
  ['One swarm', ONE_SWARM_QUERIES],
  ['Peers', PEER_QUERIES],
  ['Trackers and web seeds', TRACKER_QUERIES],
  ['The DHT and the crawl', DHT_QUERIES],
  ['Swarmscope itself', PIPELINE_QUERIES],
];

export const QUERIES: readonly NamedQuery[] = QUERY_CHAPTERS.flatMap(([, queries]) => queries);
