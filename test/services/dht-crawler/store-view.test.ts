// How many different infohashes a node has shown, counted within bounds.

import { Fields } from '@swarmscope/bittorrent/krpc/fields.ts';
import { CrawlNode } from '@swarmscope/dht-crawler/nodes.ts';
import { hidesSome, ShownKeys, showsAll, TRACKED_MAX } from '@swarmscope/dht-crawler/store-view.ts';
import { nextVisit, planLook } from '@swarmscope/dht-crawler/visits.ts';
import { randomBytes, seededRandom } from '@swarmscope/runtime/random.ts';
import { expect, test } from 'vitest';

const random = seededRandom(6);
const shown = new ShownKeys();
const store = randomBytes(random, 20 * 2_000);

function show(node: CrawlNode, first: number, count: number, keys = shown): Fields {
  const view = Object.assign(new Fields(), { bytes: store, samplesAt: 20 * first, samplesCount: count });
  keys.note(node, view);
  return view;
}
const nodeOf = (num: number) =>
  Object.assign(new CrawlNode(new Uint8Array(20), '10.0.0.1', 1), { num, met: true, bep51: true, control: true });

test('each is counted once, and what is missing is known', () => {
  const node = nodeOf(50);
  show(node, 0, 20);
  show(node, 10, 20);
  expect([node.distinct, hidesSome(node)]).toEqual([30, true]);
  show(node, 30, 20);
  expect([node.distinct, hidesSome(node)]).toEqual([50, false]);
});

test('a store that grows is followed, a huge one is not', () => {
  const growing = nodeOf(20);
  show(growing, 0, 20);
  growing.num = 60;
  for (let first = 20; first < 60; first += 20) show(growing, first, 20);
  expect([growing.distinct, hidesSome(growing)]).toEqual([60, false]);
  const huge = nodeOf(TRACKED_MAX + 1);
  show(huge, 0, 20);
  expect([huge.shownAt, hidesSome(huge)]).toEqual([-1, false]);
  const lying = nodeOf(TRACKED_MAX);
  for (let first = 0; first < 1_980; first += 20) show(lying, first, 20);
  expect(lying.distinct).toBe(TRACKED_MAX);
});

test('a quiet node that hides some is looked at further, behind the work of the sweep; one that has shown all is left alone', () => {
  const node = nodeOf(50);
  for (let look = 0; look < 6; look++) {
    show(node, look % 2 === 0 ? 0 : 20, 20);
    planLook(node, 20, look < 2 ? 20 : 0, look, 40, 0);
  }
  expect(nextVisit(node)).toEqual({ visit: 'sample', atMs: 1_600, open: false });
  show(node, 30, 20);
  planLook(node, 20, 10, 99, 40, 0);
  expect([node.settled, showsAll(node), nextVisit(node)?.atMs]).toEqual([true, true, 120_000]);
  shown.forget(node);
  expect([node.distinct, showsAll(node)]).toEqual([0, false]);
});

test('when there is no room for what a node has shown, nothing is kept of it; what was let go makes room', () => {
  const keys = new ShownKeys(4);
  const [first, second, third] = [nodeOf(64), nodeOf(96), nodeOf(10)];
  for (let at = 0; at < 64; at += 16) show(first!, at, 16, keys);
  for (const [at, count] of [
    [100, 64],
    [164, 20],
  ] as const)
    show(second!, at, count, keys);
  expect(first!.distinct).toBe(64);
  expect([second!.shownAt, hidesSome(second!)]).toEqual([-1, false]);
  show(third!, 300, 10, keys);
  expect([third!.distinct, showsAll(third!)]).toEqual([10, true]);
  keys.forget(first!);
  for (let at = 100; at < 196; at += 16) show(second!, at, 16, keys);
  expect([second!.distinct, showsAll(second!)]).toEqual([96, true]);
  for (let at = 100; at < 196; at += 16) show(second!, at, 16, keys);
  expect([second!.distinct, third!.distinct]).toEqual([96, 10]);
});
