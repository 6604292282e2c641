// A lookup's bookkeeping against crowds, false names and silence.

import { compareDistance, randomId } from '@swarmscope/bittorrent/dht/distance.ts';
import type { Target } from '@swarmscope/bittorrent/dht/facts.ts';
import { Lookup, type Step } from '@swarmscope/bittorrent/dht/lookup.ts';
import type { Query } from '@swarmscope/bittorrent/krpc/message.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { expect, test } from 'vitest';

const random = seededRandom(31);
const target = randomId(random);
const near = (bits: number) => randomId(random, target, bits);
const hostOf = (endpoint: { address: string }) => endpoint.address;
const contact = (i: number, bits = 0) => ({ id: near(bits), address: `5.${i >> 8}.${i & 255}.1`, port: 6881 });
const isQuestion = (step: Step): step is { to: Target; query: Query } => step !== undefined && 'query' in step;

/** Asks all that the lookup wants asked at once; answers whom. */
function askAll(lookup: Lookup, now = 0): Target[] {
  const asked: Target[] = [];
  for (let step = lookup.next(now, () => now); isQuestion(step); step = lookup.next(now, () => now)) {
    lookup.sent(step.to, step.query, now);
    asked.push(step.to);
  }
  return asked;
}

const FIND: Query = { method: 'find_node', target };
const reply = (lookup: Lookup, to: Target) => lookup.replied(to, FIND, { ...to, id: to.id! }, undefined);

test('four at a time, nearest first; a slow one does not hold the others back', () => {
  const lookup = new Lookup(1, { target, kind: 'find_node' }, hostOf);
  const contacts = Array.from({ length: 12 }, (_, i) => contact(i, i));
  lookup.add(contacts);
  const expected = contacts.toSorted((a, b) => compareDistance(target, a.id, b.id));
  expect(askAll(lookup).map((to) => to.address)).toEqual(expected.slice(0, 4).map((to) => to.address));
  expect(askAll(lookup, 500)).toEqual([]);
  expect(askAll(lookup, 1_500)).toHaveLength(4);
});

test('it is over when the eight nearest have answered, and asks nobody behind them', () => {
  const lookup = new Lookup(1, { target, kind: 'find_node' }, hostOf);
  lookup.add(Array.from({ length: 8 }, (_, i) => contact(i, 20)));
  lookup.add(Array.from({ length: 8 }, (_, i) => contact(100 + i, 1)));
  for (let wave = askAll(lookup); wave.length > 0; wave = askAll(lookup)) for (const to of wave) reply(lookup, to);
  expect([lookup.asked, lookup.answered, lookup.isOver(lookup.next(0, () => 0))]).toEqual([8, 8, true]);
  expect(lookup.closest()).toHaveLength(8);
});

test('one answer adds at most sixteen; a network at most four; a host one, whatever ids it is given', () => {
  const lookup = new Lookup(1, { target, kind: 'find_node', maxNodes: 1_000 }, hostOf);
  lookup.add(Array.from({ length: 200 }, (_, i) => ({ ...contact(0, 100), address: `5.6.7.${i}` })));
  lookup.add(Array.from({ length: 16 }, (_, i) => ({ ...contact(0, 120), address: '9.9.9.9', port: 1 + i })));
  const asked: Target[] = [];
  for (let wave = askAll(lookup); wave.length > 0; wave = askAll(lookup))
    for (const to of wave) {
      asked.push(to);
      lookup.failed(to, false);
    }
  expect(asked.filter((to) => to.address.startsWith('5.6.7.'))).toHaveLength(4);
  expect(asked.filter((to) => to.address === '9.9.9.9')).toHaveLength(1);
});

test('a host that answers under another id was misnamed: its right name may still be asked', () => {
  const lookup = new Lookup(1, { target, kind: 'find_node' }, hostOf);
  lookup.add([{ ...contact(1, 100), port: 1 }]);
  lookup.failed(askAll(lookup)[0]!, true);
  lookup.add([{ ...contact(1, 3), port: 1 }]);
  expect(askAll(lookup)).toHaveLength(1);
});

test('no more than maxNodes are asked', () => {
  const lookup = new Lookup(1, { target, kind: 'find_node', maxNodes: 10 }, hostOf);
  for (let i = 0; i < 100; i += 10) lookup.add(Array.from({ length: 10 }, (_, j) => contact(i + j, i)));
  for (let wave = askAll(lookup); wave.length > 0; wave = askAll(lookup)) for (const to of wave) lookup.failed(to, false);
  expect(lookup.asked).toBe(10);
});

test('it waits for the pace of a host, and asks others meanwhile', () => {
  const lookup = new Lookup(1, { target, kind: 'find_node' }, hostOf);
  const [slow, quick] = [contact(1, 50), contact(2, 10)];
  lookup.add([slow, quick]);
  const readyAt = (endpoint: { address: string }) => (endpoint.address === slow.address ? 900 : 0);
  const step = lookup.next(0, readyAt);
  expect(isQuestion(step) && step.to.address).toBe(quick.address);
  if (isQuestion(step)) lookup.sent(step.to, step.query, 0);
  expect(lookup.next(0, readyAt)).toEqual({ waitMs: 900 });
});

test('scrape and announce go to the closest that answered, each once, after the walk', () => {
  const announce = { port: 5, seed: true, impliedPort: false };
  const lookup = new Lookup(1, { target, kind: 'get_peers', scrape: true, announce }, hostOf);
  lookup.add(Array.from({ length: 10 }, (_, i) => contact(i, i)));
  const later: string[] = [];
  for (let step = lookup.next(0, () => 0); isQuestion(step); step = lookup.next(0, () => 0)) {
    lookup.sent(step.to, step.query, 0);
    const { query, to } = step;
    if (query.method === 'announce_peer') later.push('announce');
    else if (query.method === 'get_peers' && query.scrape) later.push('scrape');
    else expect(later).toEqual([]);
    lookup.replied(to, query, { ...to, id: to.id! }, Uint8Array.of(1));
  }
  expect(later.filter((kind) => kind === 'scrape')).toHaveLength(10);
  expect(lookup.announcedTo).toBe(8);
});
