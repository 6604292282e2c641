// Health of the DHT nodes of a process: one that knows somebody is enough.

import type { DhtFact } from '@swarmscope/bittorrent/dht/facts.ts';
import { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import type { Out } from '@swarmscope/bittorrent/machine.ts';
import { dhtTroubles } from '@swarmscope/runtime/dht-health.ts';
import { randomBytes, seededRandom } from '@swarmscope/runtime/random.ts';
import { expect, test } from 'vitest';

/** A node without a socket: nothing that it sends leaves. */
function nodeOf(family: 4 | 6) {
  const random = seededRandom(family);
  const node = new DhtNode({ family, id: randomBytes(random, 20), random, admits: () => true });
  return { node, act: <R>(action: (node: DhtNode, now: number, out: Out<DhtFact>) => R) => action(node, 0, [] as never) };
}

test('as long as nobody has answered is a trouble, and then is none', () => {
  const [four, six] = [nodeOf(4), nodeOf(6)];
  expect(dhtTroubles([four, six])).toEqual(['No DHT node has answered yet.']);
  four.node.table.verified(randomBytes(seededRandom(9), 20), { address: '127.0.0.9', port: 6_881 }, 0);
  expect(dhtTroubles([four, six])).toEqual([]);
});
