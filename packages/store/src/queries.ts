// Questions with a name: what `swarmscope query NAME` runs and docs/sql.md shows. Pure data; every one is run by a test on seeded rows.
import { DHT_QUERIES } from './queries/dht.ts';
import { PEER_QUERIES } from './queries/peers.ts';
import type { NamedQuery } from './queries/query.ts';
import { SWARM_QUERIES } from './queries/swarms.ts';
import { TRACKER_QUERIES } from './queries/trackers.ts';

export type { NamedQuery } from './queries/query.ts';

export const QUERIES: readonly NamedQuery[] = [...SWARM_QUERIES, ...PEER_QUERIES, ...TRACKER_QUERIES, ...DHT_QUERIES];
