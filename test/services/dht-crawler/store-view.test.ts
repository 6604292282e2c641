// How many different infohashes a node has shown, counted within bounds.

import { Fields } from '@swarmscope/bittorrent/krpc/fields.ts';
import { CrawlNode } from '@swarmscope/dht-crawler/nodes.ts';
import { forgetShown, hidesSome, noteShown, TRACKED_MAX } from '@swarmscope/dht-crawler/store-view.ts';
import { nextVisit, planLook } from '@swarmscope/dht-crawler/visits.ts';
import { randomBytes, seededRandom } from '@swarmscope/runtime/random.ts';
import { expect, test } from 'vitest';

const random = seededRandom(6);
const store = randomBytes(random, 20 * 2_000);

function show(node: CrawlNode, first: number, count: number): Fields {
  const view = Object.assign(new Fields(), { bytes: store, samplesAt: 20 * first, samplesCount: count });
  noteShown(node, view);
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
  expect([huge.shownKeys, hidesSome(huge)]).toEqual([undefined, false]);
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
  expect([node.settled, node.shownKeys, nextVisit(node)?.atMs]).toEqual([true, undefined, 120_000]);
  forgetShown(node);
  expect(node.distinct).toBe(0);
});
