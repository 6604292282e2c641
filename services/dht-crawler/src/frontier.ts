// Who is to be asked next: in the order of the id space among those who may be asked now, the rest by the time at which they may.
import { MinHeap } from './heap.ts';
import type { CrawlNode } from './nodes.ts';

/** A part of the id space, as its first 32 bits: [first, end). */
export interface Shard {
  readonly index: number;
  readonly count: number;
  readonly first: number;
  readonly end: number;
}

/** The `index`-th (from 0) of `count` equal parts. */
export function shardOf(index: number, count: number): Shard {
  const size = 2 ** 32 / count;
  return { index, count, first: Math.ceil(index * size), end: Math.ceil((index + 1) * size) };
}

export function isInShard(shard: Shard, prefix: number): boolean {
  return prefix >= shard.first && prefix < shard.end;
}

/** Work of the sweep in the order of ids, then what can wait. */
function orderOf(node: CrawlNode): number {
  return node.open ? node.prefix : node.prefix + 2 ** 32;
}

/** The share of the shard below which everything is done is kept by counting what is open in each of so many parts. */
const PARTS = 1024;

/**
 * A sweep goes through the shard from its first id to its last: the lowest id that may be asked comes first, so what is found behind the
 * cursor is caught up with at once, and what lies ahead is taken while the cursor waits for answers.
 */
export class Frontier {
  readonly shard: Shard;
  readonly #ready = new MinHeap<CrawlNode>();
  readonly #waiting = new MinHeap<CrawlNode>();
  /** Nodes with open work by part of the shard, and nodes seen in it. */
  readonly #open = new Int32Array(PARTS);
  readonly #seen = new Int32Array(PARTS);

  constructor(shard: Shard) {
    this.shard = shard;
  }

  get size(): number {
    return this.#ready.size + this.#waiting.size;
  }

  /** Forgets who waits; the caller plans everybody anew. */
  clear(): void {
    this.#ready.clear();
    this.#waiting.clear();
  }

  /** Forgets those who are not listed any more. */
  retain(isListed: (node: CrawlNode) => boolean): void {
    this.#ready.retain(isListed);
    this.#waiting.retain(isListed);
  }

  #part(node: CrawlNode): number {
    const { first, end } = this.shard;
    const part = Math.floor(((node.prefix - first) / (end - first)) * PARTS);
    return Math.min(PARTS - 1, Math.max(0, part));
  }

  /** A node was listed. */
  noteListed(node: CrawlNode): void {
    this.#seen[this.#part(node)]!++;
  }

  /** The node has work that belongs to this sweep: `open` 1 when it begins, -1 when it ends. */
  noteOpen(node: CrawlNode, open: 1 | -1): void {
    this.#open[this.#part(node)]! += open;
  }

  /** The node is to be asked at `atMs`. Queued again for an earlier time, its older place is stepped over. */
  add(node: CrawlNode, atMs: number, now: number): void {
    node.queued = true;
    node.queuedMs = Math.ceil(atMs);
    if (atMs <= now) this.#ready.push(node, orderOf(node));
    else this.#waiting.push(node, node.queuedMs);
  }

  /** The next that may be asked; the caller asks it or adds it again. */
  next(now: number): CrawlNode | undefined {
    while (this.#waiting.nextKey <= now) {
      const node = this.#waiting.pop()!;
      this.#ready.push(node, orderOf(node));
    }
    for (let node = this.#ready.pop(); node; node = this.#ready.pop()) {
      if (!node.queued) continue;
      node.queued = false;
      return node;
    }
    return undefined;
  }

  /** When somebody may be asked: 0 when at once. */
  get deadline(): number {
    return this.#ready.size > 0 ? 0 : this.#waiting.nextKey;
  }

  /** The share of the shard's inhabited parts in which nothing is open, ppm. */
  get coveragePpm(): number {
    let inhabited = 0;
    let done = 0;
    for (let part = 0; part < PARTS; part++) {
      if (this.#seen[part] === 0) continue;
      inhabited++;
      if (this.#open[part]! <= 0) done++;
    }
    return inhabited === 0 ? 0 : Math.floor((done / inhabited) * 1_000_000);
  }
}
