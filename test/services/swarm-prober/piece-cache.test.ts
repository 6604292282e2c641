// The cache of verified pieces: its bound, what goes first, and memory that is used again.
import { Challenge } from '@swarmscope/bittorrent/peer/challenge.ts';
import { PieceCache } from '@swarmscope/swarm-prober/piece-cache.ts';
import { expect, test } from 'vitest';

const piece = (byte: number, bytes = 400) => new Uint8Array(bytes).fill(byte);

test('the least recently used piece goes when the bytes are used up', () => {
  const cache = new PieceCache(1_000);
  const source = cache.source('a');
  expect([cache.put('a', 0, piece(0)), cache.put('a', 1, piece(1)), cache.put('a', 1, piece(1))]).toEqual([true, true, false]);
  source.read(0);
  expect(cache.put('b', 7, piece(7))).toBe(true);
  expect([source.has(0), source.has(1), source.size, cache.source('b').size, cache.bytes]).toEqual([true, false, 1, 1, 800]);
  expect(cache.put('a', 2, piece(2, 1_001))).toBe(false);
});

test('memory of what was dropped, or was here already, is given once to a piece of that length', () => {
  const cache = new PieceCache(1_000);
  const source = cache.source('a');
  const [first, again] = [piece(0), piece(0)];
  cache.put('a', 0, first);
  expect(source.spare!(400)).toBeUndefined();
  cache.put('a', 0, again);
  expect([source.spare!(399), source.spare!(400), source.spare!(400)]).toEqual([undefined, again, undefined]);
  for (const index of [1, 2]) cache.put('a', index, piece(index));
  expect(source.has(0)).toBe(false);
  expect(source.spare!(400)).toBe(first);
  expect(source.read(1)).toEqual(piece(1));
});

test('no more than some MiB are spare', () => {
  const cache = new PieceCache(1);
  const source = cache.source('a');
  for (let i = 0; i < 5; i++) cache.put('a', i, piece(i, 2 << 20));
  const spare = Array.from({ length: 5 }, () => source.spare!(2 << 20));
  expect(spare.filter((each) => each !== undefined)).toHaveLength(4);
});

test('a challenge overwrites all of the memory that it is given', () => {
  const times = { timeoutMs: 1_000, retryMs: 1_000 };
  const used = piece(0xee, 20_000);
  const challenge = new Challenge({ piece: 0, begin: 0, bytes: 20_000 }, times, (bytes) => (bytes === 20_000 ? used : undefined));
  expect(challenge.requests(8, 0)).toHaveLength(2);
  expect(challenge.take(16_384, piece(2, 3_616), 0)).toBe('taken');
  expect(challenge.take(0, piece(1, 16_384), 0)).toBe('whole');
  expect(challenge.data).toBe(used);
  expect([...new Set(challenge.data.subarray(0, 16_384)), ...new Set(challenge.data.subarray(16_384))]).toEqual([1, 2]);
});
