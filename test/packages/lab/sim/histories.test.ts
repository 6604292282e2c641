// The lives of torrents against the measurements that they are made from, and the observer against the truth.
import { blindness, DEAD_AFTER_H, drawLife, type History, live, observe } from '@swarmscope/lab/sim/histories.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { beforeAll, describe, expect, test } from 'vitest';

const DAY_H = 24;
const HORIZON_H = 90 * DAY_H;

describe('four hundred torrents over ninety days', () => {
  let histories: History[];
  beforeAll(() => {
    const random = seededRandom(2010);
    histories = Array.from({ length: 400 }, () => live(drawLife(random), HORIZON_H, random));
  });

  const copiesAt = (history: History, atH: number) => history.copies.findLast((change) => change.atH <= atH)?.count ?? 0;

  test('some 38 % are without a complete copy after a month (Kaune et al. 2010)', () => {
    const without = histories.filter((history) => copiesAt(history, 30 * DAY_H) === 0).length / histories.length;
    expect(without).toBeGreaterThan(0.33);
    expect(without).toBeLessThan(0.43);
  });

  test('counts never fall below zero and end as they should: a death is thirty days of nothing', () => {
    for (const history of histories) {
      const least = [...history.copies, ...history.loading].reduce((min, { count }) => Math.min(min, count), 0);
      expect(least).toBe(0);
      if (history.diedH === undefined) continue;
      expect(copiesAt(history, history.diedH)).toBe(0);
      const after = history.copies.filter((change) => change.atH > history.diedH! && change.atH < history.diedH! + DEAD_AFTER_H);
      expect(after).toEqual([]);
    }
  });

  test('the same seed gives the same lives', () => {
    const [one, two] = [seededRandom(5), seededRandom(5)];
    expect(live(drawLife(one), HORIZON_H, one)).toEqual(live(drawLife(two), HORIZON_H, two));
  });

  test('an observer sees no more than there is, and nothing at all while blind', () => {
    const random = seededRandom(3);
    const blind = blindness(0.05, HORIZON_H, random);
    let blindSamples = 0;
    let samples = 0;
    for (const history of histories.slice(0, 100)) {
      for (const sample of observe(history, { everyH: 12, outages: 0.05, proves: 0.9 }, blind, random)) {
        samples++;
        expect(sample.proved + sample.claimed).toBeLessThanOrEqual(copiesAt(history, sample.atH));
        if (!blind(sample.atH)) continue;
        blindSamples++;
        expect(sample.reached).toBe(0);
      }
    }
    expect(blindSamples / samples).toBeGreaterThan(0.02);
    expect(blindSamples / samples).toBeLessThan(0.09);
  });
});
