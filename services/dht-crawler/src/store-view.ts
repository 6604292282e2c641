// Which different infohashes a node has shown: so that its store is known to be exhausted, not only to look quiet.
import type { Fields } from '@swarmscope/bittorrent/krpc/fields.ts';
import type { CrawlNode } from './nodes.ts';

/** Larger stores are judged by their quiet alone: libtorrent keeps up to 2 000, the mean is far below. */
export const TRACKED_MAX = 512;

/** Notes the samples of a reply: a walk over at most 512 numbers for each. */
export function noteShown(node: CrawlNode, { bytes, samplesAt, samplesCount }: Fields): void {
  if (node.num > TRACKED_MAX) {
    forgetShown(node);
    return;
  }
  node.shownKeys ??= new Uint32Array(Math.max(samplesCount, Math.min(TRACKED_MAX, Math.max(1, node.num))));
  for (let i = 0; i < samplesCount && node.distinct < TRACKED_MAX; i++) {
    const at = samplesAt + 20 * i;
    const key =
      Math.imul((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!, 0x9e3779b1) ^
      bytes[at + 7]!;
    add(node, key >>> 0);
  }
}

function add(node: CrawlNode, key: number): void {
  let keys = node.shownKeys!;
  for (let i = 0; i < node.distinct; i++) if (keys[i] === key) return;
  if (node.distinct === keys.length) {
    const larger = new Uint32Array(Math.min(TRACKED_MAX, keys.length * 2));
    larger.set(keys);
    keys = larger;
    node.shownKeys = larger;
  }
  keys[node.distinct++] = key;
}

export function forgetShown(node: CrawlNode): void {
  node.shownKeys = undefined;
  node.distinct = 0;
}

/** Whether it has not shown all that it says it has, as far as we keep count. */
export function hidesSome(node: CrawlNode): boolean {
  return node.shownKeys !== undefined && node.distinct < Math.min(node.num, TRACKED_MAX);
}
