// What nodes say by BEP 33, joined: honest ones that hold most, or each a part; liars with full, random, padded and shared filters among them.
import { addToFilter, emptyFilter } from '@swarmscope/bittorrent/dht/bloom.ts';
import { FilterPoll, FilterTally } from '@swarmscope/bittorrent/dht/filter-poll.ts';
import { bloomOf } from '@swarmscope/lab/sim/bloom.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { describe, expect, test } from 'vitest';

const random = seededRandom(33);

function addresses(count: number): string[] {
  return Array.from({ length: count }, () => [5, 0, 0, 0].map((first) => first || 1 + Math.floor(random() * 254)).join('.'));
}

/** Filters of `holders` nodes, each of which has each of the peers with this probability. */
function held(peers: readonly string[], holders: number, share = 0.9): Uint8Array[] {
  return Array.from({ length: holders }, () => bloomOf(peers.filter(() => random() < share)));
}

function tallyOf(seeds: readonly Uint8Array[], downloaders: readonly Uint8Array[] = seeds.map(emptyFilter)) {
  const poll = new FilterPoll();
  for (const [i, filter] of seeds.entries()) poll.add(`10.0.0.${i}:1`, { seeds: filter, downloaders: downloaders[i]! });
  return poll.tally()!;
}

/** Every bit with this probability. */
function noise(density: number): Uint8Array {
  const filter = emptyFilter();
  for (let bit = 0; bit < 2_048; bit++) if (random() < density) filter[bit >> 3]! |= 1 << (bit & 7);
  return filter;
}

describe('honest nodes', () => {
  test('eight that hold most of 300: all of them, within the bounds', () => {
    const { seeds, nodes, refused } = tallyOf(held(addresses(300), 8));
    const { estimate, low, high } = seeds.bounds();
    expect([nodes, refused, seeds.isWhole]).toEqual([8, 0, true]);
    expect(low).toBeLessThanOrEqual(300);
    expect(high).toBeGreaterThanOrEqual(300);
    expect(Math.abs(estimate - 300)).toBeLessThan(15);
  });

  test('two kinds, and sixteen nodes of which the farther half holds nothing', () => {
    const [seeds, others] = [addresses(3), addresses(40)];
    const empty = Array.from({ length: 8 }, emptyFilter);
    const tally = tallyOf([...held(seeds, 8), ...empty], [...held(others, 8), ...empty]);
    expect(tally.seeds.bounds()).toEqual({ estimate: 3, low: 3, high: 3 });
    const { low, high } = tally.downloaders.bounds();
    expect([low <= 40, high! >= 40, tally.nodes]).toEqual([true, true, 16]);
  });

  test('that hold each another part of a large swarm: all bits count, and there is no high bound', () => {
    const peers = addresses(5_000);
    const { seeds, refused } = tallyOf(held(peers, 8, 0.1));
    const { estimate, low, high } = seeds.bounds();
    expect([refused, high]).toEqual([0, undefined]);
    // Some 57 % of the peers are held by any of the eight.
    expect(estimate).toBeGreaterThan(2_500);
    expect(low).toBeLessThan(estimate);
    expect(estimate).toBeLessThan(3_300);
  });

  test.each([
    [0.9, 0.93, 1],
    [0.6, 0.93, 0.9],
    [0.4, 0.88, 0.3],
  ])(
    'each has an address with probability %f: the truth is within the bounds in %f of swarms at least',
    (share, least, bounded) => {
      const sizes = Array.from({ length: 120 }, (_, i) => [4, 40, 200][i % 3]!);
      const all = sizes.map((size) => ({ size, ...tallyOf(held(addresses(size), 8, share)).seeds.bounds() }));
      const inside = all.filter(({ size, low, high }) => low <= size && size <= (high ?? size));
      expect(inside.length / all.length).toBeGreaterThanOrEqual(least);
      expect(all.filter(({ high }) => high !== undefined).length / all.length).toBeGreaterThanOrEqual(bounded);
    },
  );

  test('fewer than four say what there may be, and nothing of what there is not', () => {
    const peers = Array.from({ length: 20 }, (_, i) => `5.0.0.${i}`);
    expect(tallyOf([bloomOf(peers)]).seeds.bounds()).toEqual({ estimate: 20, low: 0, high: undefined });
    expect(tallyOf([bloomOf(peers), bloomOf(peers)]).seeds.bounds()).toEqual({ estimate: 20, low: 20, high: undefined });
  });

  test('that know nobody: zero', () => {
    expect(tallyOf(Array.from({ length: 8 }, emptyFilter)).seeds.bounds()).toEqual({ estimate: 0, low: 0, high: 0 });
    expect(new FilterPoll().tally()).toBeUndefined();
  });

  test('our own address is not counted', () => {
    const { seeds } = tallyOf(held(addresses(10), 8, 1));
    expect(seeds.bounds(1)).toEqual({ estimate: 9, low: 9, high: 9 });
  });
});

describe('liars', () => {
  const peers = addresses(50);

  test.each([
    ['full filters', () => [0, 1, 2].map(() => new Uint8Array(256).fill(255)), 3],
    ['nearly full filters', () => [0, 1, 2].map(() => noise(0.985)), 3],
    ['random filters of any size', () => [0.05, 0.1, 0.3, 0.6, 0.8, 0.9].map(noise), 6],
    ['as many invented peers as there are', () => Array.from({ length: 6 }, () => bloomOf(addresses(50))), 6],
  ])('with %s move nothing', (_, lies, count) => {
    for (let turn = 0; turn < 20; turn++) {
      const { seeds, nodes, refused } = tallyOf([...held(peers, 8), ...lies()]);
      const { estimate, low, high } = seeds.bounds();
      expect([nodes, refused]).toEqual([8, count]);
      expect([low <= 50, high! >= 50]).toEqual([true, true]);
      expect(Math.abs(estimate - 50)).toBeLessThanOrEqual(3);
    }
  });

  test('that pad the truth are not told from who met newcomers: their additions need a second witness', () => {
    const padded = bloomOf([...peers, ...addresses(100)]);
    const { seeds, refused } = tallyOf([...held(peers, 8), padded]);
    const { estimate, low, high } = seeds.bounds();
    expect([refused, low <= 50, high! >= 150]).toEqual([0, true, true]);
    expect(Math.abs(estimate - 50)).toBeLessThanOrEqual(4);
  });

  test('that agree with each other are found out while they are few: two among eight, not three', () => {
    const invented = bloomOf(addresses(200));
    const join = (count: number) => tallyOf([...held(peers, 8), ...Array.from({ length: count }, () => invented.slice())]);
    expect(join(2).refused).toBe(2);
    expect(Math.abs(join(2).seeds.bounds().estimate - 50)).toBeLessThanOrEqual(3);
    expect(join(3).seeds.bounds().estimate).toBeGreaterThan(200);
  });

  test('one full filter among empty ones, and one that is all alone', () => {
    const empty = Array.from({ length: 7 }, emptyFilter);
    expect(tallyOf([...empty, new Uint8Array(256).fill(255)])).toMatchObject({ nodes: 7, refused: 1 });
    expect(tallyOf([...empty, new Uint8Array(256).fill(255)]).seeds.bounds()).toEqual({ estimate: 0, low: 0, high: 0 });
    expect(tallyOf([...empty, noise(0.5)])).toMatchObject({ nodes: 7, refused: 1 });
    // A few addresses that one node alone knows may be newcomers: they are told, from zero on.
    expect(tallyOf([...empty, bloomOf(addresses(3))]).seeds.bounds()).toEqual({ estimate: 3, low: 0, high: undefined });
  });
});

test('two families and two names of a hybrid count each address once', () => {
  const [both, v4, v6] = [addresses(10), addresses(20), Array.from({ length: 15 }, (_, i) => `2001:db8::${i + 1}`)];
  const tally = new FilterTally();
  for (const peers of [[...both, ...v4], [...both], v6]) tally.join(tallyOf(held(peers, 8, 1)));
  expect([tally.nodes, tally.seeds.isWhole]).toEqual([24, true]);
  const { estimate, low, high } = tally.seeds.bounds();
  expect([Math.abs(estimate - 45) <= 2, high! - low < 6]).toEqual([true, true]);
});

test('a node counts once, and no more nodes than there is room for', () => {
  const poll = new FilterPoll();
  const filter = emptyFilter();
  addToFilter(filter, '5.5.5.5');
  for (let i = 0; i < 200; i++) poll.add(`10.0.${i % 100}.1:1`, { seeds: filter, downloaders: emptyFilter() });
  expect(poll.tally()!.nodes).toBe(48);
});
