// Which different infohashes a node has shown: so that its store is known to be exhausted, not only to look quiet.
import type { Fields } from '@swarmscope/bittorrent/krpc/fields.ts';
import type { CrawlNode } from './nodes.ts';

/** Larger stores are judged by their quiet alone: libtorrent keeps up to 2 000, the mean is far below. */
export const TRACKED_MAX = 512;
/** Numbers kept together; of all nodes together as many blocks (17 MB): the nodes that the sweep is at, and the few that hide some. */
const BLOCK = 32;
const BLOCKS = 131_072;

/**
 * One array for all nodes, in blocks that follow one another by number, so that small stores take little and a full array means only that a further
 * node is judged by its quiet.
 */
export class ShownKeys {
  readonly #keys: Uint32Array;
  /** The block after each, -1 for none; of a free one the next free. */
  readonly #next: Int32Array;
  #free = -1;
  #used = 0;

  constructor(blocks = BLOCKS) {
    this.#keys = new Uint32Array(blocks * BLOCK);
    this.#next = new Int32Array(blocks);
  }

  /** Notes the samples of a reply: a walk over at most 512 numbers for each. */
  note(node: CrawlNode, { bytes, samplesAt, samplesCount }: Fields): void {
    if (node.num > TRACKED_MAX) {
      this.forget(node);
      return;
    }
    if (samplesCount > 0 && node.shownAt < 0) node.shownAt = this.#take();
    for (let i = 0; i < samplesCount && node.shownAt >= 0 && node.distinct < TRACKED_MAX; i++) {
      const at = samplesAt + 20 * i;
      const key =
        Math.imul((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!, 0x9e3779b1) ^
        bytes[at + 7]!;
      this.#add(node, key >>> 0);
    }
  }

  #add(node: CrawlNode, key: number): void {
    let block = node.shownAt;
    let left = node.distinct;
    for (;;) {
      const start = block * BLOCK;
      const end = start + Math.min(BLOCK, left);
      for (let at = start; at < end; at++) if (this.#keys[at] === key) return;
      left -= BLOCK;
      if (left < 0) break;
      if (this.#next[block] === -1) this.#next[block] = this.#take();
      if (this.#next[block] === -1) {
        this.forget(node);
        return;
      }
      block = this.#next[block]!;
    }
    this.#keys[block * BLOCK + (node.distinct % BLOCK)] = key;
    node.distinct++;
  }

  /** A block; -1 when all are taken. */
  #take(): number {
    let block = this.#free;
    if (block >= 0) this.#free = this.#next[block]!;
    else if (this.#used < this.#next.length) block = this.#used++;
    if (block >= 0) this.#next[block] = -1;
    return block;
  }

  forget(node: CrawlNode): void {
    for (let block = node.shownAt; block >= 0; ) {
      const next = this.#next[block]!;
      this.#next[block] = this.#free;
      this.#free = block;
      block = next;
    }
    node.shownAt = -1;
    node.distinct = 0;
  }
}

/** Whether it has not shown all that it says it has, as far as we keep count. */
export function hidesSome(node: CrawlNode): boolean {
  return node.shownAt >= 0 && node.distinct < Math.min(node.num, TRACKED_MAX);
}

/** Whether it has shown all that it says it has. */
export function showsAll(node: CrawlNode): boolean {
  return node.shownAt >= 0 && !hidesSome(node);
}
