// The small parts of the crawl: heap, recent keys, frontier, roster, confirmations, client names.
import { clientOf } from '@swarmscope/dht-crawler/client.ts';
import { ConfirmQueue } from '@swarmscope/dht-crawler/confirm.ts';
import { Frontier, isInShard, shardOf } from '@swarmscope/dht-crawler/frontier.ts';
import { MinHeap } from '@swarmscope/dht-crawler/heap.ts';
import { CrawlNode, prefixOf, Roster } from '@swarmscope/dht-crawler/nodes.ts';
import { neighbourhoodBits, randomIdWithin } from '@swarmscope/dht-crawler/questions.ts';
import { hashText, keyOf, RecentKeys } from '@swarmscope/dht-crawler/recent.ts';
import { randomBytes, seededRandom } from '@swarmscope/runtime/random.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const random = seededRandom(8);
const idAt = (prefix: number) => {
  const id = randomBytes(random, 20);
  for (let i = 0; i < 4; i++) id[i] = (prefix >>> (24 - 8 * i)) & 0xff;
  return id;
};

test('the heap gives what it was given, smallest key first', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), (keys) => {
      const heap = new MinHeap<number>();
      for (const key of keys) heap.push(key, key);
      const out = [];
      while (heap.size > 0) {
        expect(heap.nextKey).toBe(Math.min(...keys.filter((key) => key >= heap.nextKey)));
        out.push(heap.pop());
      }
      expect(out).toEqual(keys.toSorted((a, b) => a - b));
      expect([heap.pop(), heap.nextKey]).toEqual([undefined, Number.POSITIVE_INFINITY]);
    }),
    { seed: 1, numRuns: 200 },
  );
});

describe('recent keys', () => {
  test('a key is new once an hour at most', () => {
    const recent = new RecentKeys(1_000);
    for (let now = 0; now < 86_400_000; now += 600_000) recent.isNew(now + 1, now);
    let told = 0;
    let last = Number.NEGATIVE_INFINITY;
    for (let now = 86_400_000; now < 200_000_000; now += 60_000)
      if (recent.isNew(1e12, now)) {
        expect(now - last).toBeGreaterThanOrEqual(3_600_000);
        last = now;
        told++;
      }
    expect(told).toBeGreaterThan(10);
  });

  test('different sightings have different keys', () => {
    const keys = new Set<number>();
    for (let i = 0; i < 200_000; i++) keys.add(keyOf(i, i >> 3, hashText(`10.0.${i & 255}.1 6881`)));
    expect(keys.size).toBe(200_000);
    expect(keys.has(0)).toBe(false);
  });
});

describe('shards and frontier', () => {
  test('shards cover the id space without a gap or an overlap', () => {
    for (const count of [1, 2, 3, 7, 64, 100]) {
      const shards = Array.from({ length: count }, (_, i) => shardOf(i, count));
      expect([shards[0]!.first, shards.at(-1)!.end]).toEqual([0, 2 ** 32]);
      for (let i = 1; i < count; i++) expect(shards[i]!.first).toBe(shards[i - 1]!.end);
      for (let i = 0; i < 200; i++) {
        const prefix = prefixOf(randomBytes(random, 20));
        expect(shards.filter((shard) => isInShard(shard, prefix))).toHaveLength(1);
      }
      const { first, end } = shards[count >> 1]!;
      expect(isInShard(shards[count >> 1]!, prefixOf(randomIdWithin(first, end, random)))).toBe(true);
    }
  });

  test('the lowest id that may be asked comes first; who must wait comes in his time', () => {
    const frontier = new Frontier(shardOf(0, 1));
    const nodes = [500, 100, 300, 200].map((prefix) => new CrawlNode(idAt(prefix), '10.0.0.1', prefix));
    frontier.add(nodes[0]!, 0, 10);
    frontier.add(nodes[1]!, 50, 10);
    frontier.add(nodes[2]!, 10, 10);
    expect(frontier.deadline).toBe(0);
    expect(frontier.next(10)).toBe(nodes[2]);
    expect(frontier.next(10)).toBe(nodes[0]);
    expect(frontier.next(10)).toBeUndefined();
    expect(frontier.deadline).toBe(50);
    frontier.add(nodes[3]!, 0, 20);
    expect(frontier.next(60)).toBe(nodes[1]);
    expect(frontier.next(60)).toBe(nodes[3]);
    nodes[0]!.open = true;
    frontier.add(nodes[1]!, 0, 60);
    frontier.add(nodes[0]!, 0, 60);
    expect(frontier.next(60), 'work of the sweep before what can wait').toBe(nodes[0]);
  });

  test('who is queued again for an earlier time comes once, then', () => {
    const frontier = new Frontier(shardOf(0, 1));
    const node = new CrawlNode(idAt(5), '10.0.0.1', 1);
    frontier.add(node, 100, 0);
    frontier.add(node, 20, 0);
    expect(frontier.next(19)).toBeUndefined();
    expect(frontier.next(20)).toBe(node);
    expect(frontier.next(200)).toBeUndefined();
    expect(frontier.size).toBe(0);
  });

  test('coverage is the share of inhabited parts that are done', () => {
    const frontier = new Frontier(shardOf(1, 2));
    expect(frontier.coveragePpm).toBe(0);
    const [low, high] = [0x80000001, 0xfffffff0].map((prefix) => new CrawlNode(idAt(prefix), '10.0.0.1', 1));
    for (const node of [low!, high!]) {
      frontier.noteListed(node);
      frontier.noteOpen(node, 1);
    }
    expect(frontier.coveragePpm).toBe(0);
    frontier.noteOpen(low!, -1);
    expect(frontier.coveragePpm).toBe(500_000);
    frontier.noteOpen(high!, -1);
    expect(frontier.coveragePpm).toBe(1_000_000);
  });
});

describe('roster', () => {
  const hostOf = (endpoint: { address: string }) => endpoint.address;

  test('it is bounded in all and per host, and says what it refused', () => {
    const roster = new Roster(10, hostOf);
    for (let port = 1; port <= 6; port++) roster.list(idAt(port), { address: '10.0.0.1', port });
    expect([roster.size, roster.refused]).toEqual([4, 2]);
    for (let i = 0; i < 20; i++) roster.list(idAt(i), { address: `10.0.1.${i}`, port: 1 });
    expect([roster.size, roster.isFull]).toEqual([10, true]);
    roster.drop(roster.at({ address: '10.0.0.1', port: 1 })!);
    expect(roster.list(idAt(9), { address: '10.0.0.1', port: 9 })).toBeDefined();
  });

  test('near finds the nearest zones first, and follows a change of id', () => {
    const roster = new Roster(100, hostOf);
    const nodes = [0x00000000, 0x10000000, 0x80000000, 0xf0000000].map((prefix, i) =>
      roster.list(idAt(prefix), { address: `10.0.0.${i}`, port: 1 }),
    );
    expect(roster.near(idAt(0x80000000), 1, () => true)).toEqual([nodes[2]]);
    expect(roster.near(idAt(0x80000000), 2, () => true)).toEqual([nodes[2], nodes[3]]);
    roster.rename(nodes[2]!, idAt(0x00000001));
    expect(roster.near(idAt(0x80000000), 1, () => true)).toEqual([nodes[3]]);
    expect(roster.near(idAt(0), 9, (node) => node !== nodes[0])).toHaveLength(3);
  });
});

test('confirmations come due in order, and the oldest gives way', () => {
  const queue = new ConfirmQueue(3);
  for (let i = 0; i < 5; i++) queue.push(new Uint8Array(20).fill(i), 0, 100 + i, i);
  expect([queue.size, queue.skipped, queue.nextMs]).toEqual([3, 2, 102]);
  expect(queue.take(101)).toBeUndefined();
  expect(queue.take(103)).toMatchObject({ infoHash: new Uint8Array(20).fill(2), tries: 2 });
  expect(queue.take(103)).toMatchObject({ tries: 3 });
  expect(queue.take(103)).toBeUndefined();
});

test('a neighbourhood is the branch of about eight nodes', () => {
  expect([1, 8, 40, 50_000].map(neighbourhoodBits)).toEqual([0, 0, 2, 12]);
});

test('clients are named by their letters', () => {
  const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
  expect(clientOf(bytes('LT\x02\x01'))).toBe('libtorrent 2.1');
  expect(clientOf(bytes('ZZ'))).toBe('ZZ');
  expect(clientOf(bytes('\0\0\0\0'))).toBeNull();
});
