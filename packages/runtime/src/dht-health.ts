// Whether the DHT nodes of a process are part of the DHT.
import type { DhtFact } from '@swarmscope/bittorrent/dht/facts.ts';
import type { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import type { Driven } from './drive.ts';

/** What keeps them from their work, each a sentence (for `/healthz`): one family that has somebody is enough. */
export function dhtTroubles(dht: readonly Pick<Driven<DhtNode, DhtFact>, 'act'>[]): string[] {
  return dht.some((driven) => driven.act((node) => node.table.size) > 0) ? [] : ['No DHT node has answered yet.'];
}
