// Estimates of the size of the DHT against simulated truth: unbiased, and the bounds hold as often as they say.
import { distanceShare, LOOKUPS_MIN, LookupDistances, markRecapture, medianRank } from '@swarmscope/dht-crawler/dht-size.ts';
import { randomBytes, seededRandom } from '@swarmscope/runtime/random.ts';
import { describe, expect, test } from 'vitest';

const K = 8;

/** Distances of the k closest of `nodes` random ids: order statistics by exponential spacings, exact for a large DHT. */
function closest(nodes: number, random: () => number): number[] {
  let at = 0;
  return Array.from({ length: K }, () => {
    at += -Math.log(1 - random()) / nodes;
    return at;
  });
}

describe('from the distances of lookups', () => {
  test('95 % bounds hold in 95 % of 600 simulated DHTs, and the estimate has no bias', () => {
    const random = seededRandom(20261124);
    let inside = 0;
    let ratio = 0;
    const runs = 600;
    for (let run = 0; run < runs; run++) {
      const nodes = Math.round(10 ** (3 + 4 * random()));
      const distances = new LookupDistances(K);
      const lookups = 20 + Math.floor(random() * 200);
      for (let i = 0; i < lookups; i++) distances.note(closest(nodes, random));
      const { size, low, high } = distances.estimate()!;
      if (low <= nodes && nodes <= high) inside++;
      ratio += size / nodes / runs;
    }
    // The coverage of order statistics is at least 95 %, and at most some points more since ranks are whole.
    expect(inside / runs).toBeGreaterThanOrEqual(0.93);
    expect(inside / runs).toBeLessThanOrEqual(0.99);
    expect(Math.abs(ratio - 1)).toBeLessThan(0.02);
  });

  test('real ids and XOR distances give the same', () => {
    const random = seededRandom(7);
    const ids = Array.from({ length: 3_000 }, () => randomBytes(random, 20));
    const distances = new LookupDistances(K);
    for (let i = 0; i < 100; i++) {
      const target = randomBytes(random, 20);
      distances.note(ids.map((id) => distanceShare(id, target)));
    }
    const { size, low, high } = distances.estimate()!;
    expect(low).toBeLessThan(3_000);
    expect(high).toBeGreaterThan(3_000);
    expect(Math.abs(size / 3_000 - 1)).toBeLessThan(0.15);
  });

  test('what a bad line hides is made up for', () => {
    const random = seededRandom(12);
    const distances = new LookupDistances(K);
    const loss = 0.2;
    for (let i = 0; i < 400; i++) {
      const found: number[] = [];
      for (let at = -Math.log(1 - random()); found.length < K; at += -Math.log(1 - random()))
        if (random() >= loss) found.push(at / 50_000);
      distances.note(found);
    }
    expect(distances.estimate()!.high).toBeLessThan(45_000);
    const { size, low, high } = distances.estimate(loss)!;
    expect(Math.abs(size / 50_000 - 1)).toBeLessThan(0.06);
    expect([low < 50_000, high > 50_000]).toEqual([true, true]);
  });

  test('sybils around a fifth of the targets do not move it beyond its bounds', () => {
    const random = seededRandom(11);
    const distances = new LookupDistances(K);
    for (let i = 0; i < 200; i++) distances.note(i % 5 === 0 ? closest(1e12, random) : closest(100_000, random));
    const { size } = distances.estimate()!;
    expect(size / 100_000).toBeGreaterThan(0.9);
    expect(size / 100_000).toBeLessThan(1.35);
  });

  test('too few lookups, or lookups that found too few, say nothing', () => {
    const distances = new LookupDistances(K);
    for (let i = 0; i < LOOKUPS_MIN - 1; i++) distances.note(closest(1_000, seededRandom(i)));
    distances.note([0.1, 0.2]);
    expect(distances.lookups).toBe(LOOKUPS_MIN - 1);
    expect(distances.estimate()).toBeUndefined();
  });
});

describe('median rank', () => {
  // From the table of Conover, Practical Nonparametric Statistics: exact 95 % intervals of a median.
  test.each([
    [9, 2],
    [10, 2],
    [20, 6],
    [25, 8],
    [100, 40],
  ])('%i draws: the %i-th from either end', (count, rank) => {
    expect(medianRank(count)).toBe(rank);
  });
});

describe('mark-recapture', () => {
  test('bounds hold as often as they say', () => {
    const random = seededRandom(3);
    let inside = 0;
    const runs = 400;
    for (let run = 0; run < runs; run++) {
      const nodes = 200 + Math.floor(random() * 5_000);
      const [p, q] = [0.2 + random() * 0.6, 0.2 + random() * 0.6];
      let [first, second, both] = [0, 0, 0];
      for (let i = 0; i < nodes; i++) {
        const [a, b] = [random() < p, random() < q];
        first += a ? 1 : 0;
        second += b ? 1 : 0;
        both += a && b ? 1 : 0;
      }
      const { low, high } = markRecapture(first, second, both)!;
      if (low <= nodes && nodes <= high) inside++;
    }
    expect(inside / runs).toBeGreaterThanOrEqual(0.93);
    expect(inside / runs).toBeLessThanOrEqual(0.98);
  });

  test('never below what was seen; silent when nothing was met twice; exact when everything was', () => {
    expect(markRecapture(10, 10, 0)).toBeUndefined();
    expect(markRecapture(10, 10, 10)).toEqual({ size: 10, low: 10, high: 10 });
    expect(markRecapture(100, 50, 10)!.low).toBeGreaterThanOrEqual(140);
  });
});
