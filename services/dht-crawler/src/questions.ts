// How a visit is put as a KRPC query: which method, and which target.
import { randomId } from '@swarmscope/bittorrent/dht/distance.ts';
import type { Query } from '@swarmscope/bittorrent/krpc/message.ts';
import type { Random } from '@swarmscope/bittorrent/machine.ts';
import type { CrawlNode } from './nodes.ts';
import type { Visit } from './visits.ts';

/** How many leading bits the eight nearest neighbours share in a network of so many nodes. */
export function neighbourhoodBits(nodes: number): number {
  return Math.max(0, Math.floor(Math.log2(Math.max(1, nodes / 8))));
}

/**
 * Targets lie beside the node asked, where it knows everybody; later looks go a little further out, and the control question to the other side of
 * its branch. `bits` is the neighbourhood's prefix.
 */
export function questionOf(node: CrawlNode, visit: Visit, bits: number, random: Random): Query {
  switch (visit) {
    case 'sample':
      return { method: 'sample_infohashes', target: randomId(random, node.id, Math.max(0, bits - (node.looks % 3))) };
    case 'find':
      return { method: 'find_node', target: randomId(random, node.id, bits) };
    case 'control': {
      const target = randomId(random, node.id, bits);
      if (bits > 0) target[(bits - 1) >> 3]! ^= 0x80 >> ((bits - 1) & 7);
      return { method: 'get_peers', target };
    }
    case 'check': {
      const sample = node.sample!;
      const at = (20 * node.checks) % sample.length;
      return { method: 'get_peers', target: sample.slice(at, at + 20), scrape: true };
    }
  }
}

/** A random id whose first 32 bits lie in [first, end). */
export function randomIdWithin(first: number, end: number, random: Random): Uint8Array {
  const id = randomId(random);
  const place = Math.floor(first + random() * (end - first));
  for (let i = 0; i < 4; i++) id[i] = (place >>> (24 - 8 * i)) & 0xff;
  return id;
}
