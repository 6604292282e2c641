// Availability, size and the bounded stores: figures from fields, against counting by hand.
import { Bitfield } from '@swarmscope/bittorrent/peer/bitfield.ts';
import { Copies } from '@swarmscope/swarm-prober/availability.ts';
import { Peer } from '@swarmscope/swarm-prober/peer.ts';
import { ByteBudget, PieceCache } from '@swarmscope/swarm-prober/piece-cache.ts';
import { Schedule } from '@swarmscope/swarm-prober/schedule.ts';
import { Scores } from '@swarmscope/swarm-prober/scores.ts';
import { LAB_TIMES } from '@swarmscope/swarm-prober/settings.ts';
import { cellsOf, estimateSize } from '@swarmscope/swarm-prober/size.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

function field(bits: readonly boolean[]): Bitfield {
  const result = new Bitfield(bits.length);
  for (const [i, bit] of bits.entries()) if (bit) result.set(i);
  return result;
}

describe('availability', () => {
  test('counts copies, the rarest, the files at risk', () => {
    const copies = new Copies(6);
    copies.addWhole();
    copies.addField(field([true, true, false, false, true, true]));
    copies.addField(field([true, false, false, true, true, true]));
    const files = [
      { first: 0, last: 1 },
      { first: 1, last: 2 },
      { first: 3, last: 5 },
      { first: 4, last: 3 },
    ];
    expect(copies.summary(files)).toEqual({
      ranges: [3, 2, 1, 2, 3, 3],
      histogram: [0, 1, 2, 3],
      copiesMin: 1,
      distributedPermille: 1833,
      completable: true,
      filesAtRisk: [{ index: 1, copies_min: 1 }],
      filesAtRiskTotal: 1,
    });
  });

  test('of nothing is nothing', () => {
    expect(new Copies(0).summary([])).toMatchObject({ ranges: [], histogram: [], copiesMin: 0, completable: false });
    expect(new Copies(3).summary([{ first: 0, last: 2 }])).toMatchObject({
      copiesMin: 0,
      completable: false,
      filesAtRiskTotal: 1,
    });
  });

  test('equals counting by hand, and no range hides a missing piece', () => {
    const swarm = fc
      .integer({ min: 1, max: 600 })
      .chain((pieces) => fc.array(fc.array(fc.boolean(), { minLength: pieces, maxLength: pieces }), { maxLength: 5 }));
    fc.assert(
      fc.property(swarm, (peers) => {
        const total = peers[0]?.length ?? 3;
        const copies = new Copies(total);
        for (const bits of peers) copies.addField(field(bits));
        const byHand = Array.from({ length: total }, (_, i) => peers.filter((bits) => bits[i]).length);
        const summary = copies.summary([]);
        expect(summary.copiesMin).toBe(Math.min(...byHand));
        expect(Math.min(...summary.ranges)).toBe(Math.min(...byHand));
        expect(summary.ranges.length).toBe(Math.min(total, 256));
        expect(summary.histogram.reduce((sum, count) => sum + count, 0)).toBe(total);
        expect(summary.completable).toBe(byHand.every((count) => count > 0));
      }),
      { seed: 5, numRuns: 100 },
    );
  });
});

describe('size', () => {
  /** Two lists, the tracker's and the DHT's. */
  const two = (tracker: number, dht: number, both: number) => [0, tracker, dht, both, ...new Array<number>(12).fill(0)];

  test('a small swarm is enumerated; its high bound needs exhausted sources', () => {
    expect(estimateSize({ known: 7, exhausted: true, cells: two(3, 4, 0) })).toEqual({
      estimate: 7,
      low: 7,
      high: 7,
      method: 'enumerated',
    });
    expect(estimateSize({ known: 7, exhausted: false, cells: two(3, 4, 0) }).high).toBeUndefined();
  });

  test('a large one is estimated where sources overlap, or not at all', () => {
    const nothing = { estimate: undefined, low: 100, high: undefined, method: undefined };
    expect(estimateSize({ known: 100, exhausted: true, cells: two(100, 0, 0) })).toEqual(nothing);
    expect(estimateSize({ known: 100, exhausted: true, cells: two(60, 40, 0) })).toEqual(nothing);
    expect(estimateSize({ known: 100, exhausted: true, cells: new Array<number>(16).fill(0) })).toEqual(nothing);
  });

  test('two sources: near what Chapman says (199), rather higher, and with wider bounds, since nobody says how far they are independent', () => {
    const { estimate, low, high } = estimateSize({ known: 150, exhausted: true, cells: two(50, 50, 50) });
    expect(estimate).toBeGreaterThanOrEqual(196);
    expect(estimate).toBeLessThanOrEqual(210);
    expect(low).toBeGreaterThanOrEqual(170);
    expect(low).toBeLessThan(185);
    expect(high).toBeGreaterThan(220);
    expect(high).toBeLessThan(280);
  });

  test('a third source tells how the first two depend on each other', () => {
    // 1000 peers: 333 in both of the first lists, 167 in either alone, 333 in none; 40 % of each kind in the third.
    const dependent = [0, 100, 100, 200, 133, 67, 67, 133, ...new Array<number>(8).fill(0)];
    const { estimate, high } = estimateSize({ known: 800, exhausted: true, cells: dependent });
    const two800 = estimateSize({ known: 800, exhausted: true, cells: two(167, 167, 333) });
    expect(two800.estimate).toBe(800);
    expect(estimate).toBeGreaterThan(920);
    expect(high).toBeGreaterThanOrEqual(1000);
  });

  test('whoever was given by hand is known, and no draw; the estimate is never below what is known', () => {
    const cells = cellsOf([
      new Set(['given'] as const),
      new Set(['dht', 'tracker', 'given'] as const),
      new Set(['pex', 'inbound'] as const),
    ]);
    expect([cells[0], cells[3], cells[12], cells.length]).toEqual([1, 1, 1, 16]);
    expect(estimateSize({ known: 500, exhausted: true, cells: two(10, 10, 60) })).toMatchObject({
      estimate: 500,
      low: 500,
      high: 500,
    });
  });

  test('any counts give bounds in order, or none', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 3000 }), { minLength: 15, maxLength: 15 }), (counts) => {
        const known = counts.reduce((sum, count) => sum + count, 0);
        const { estimate, low, high, method } = estimateSize({ known, exhausted: false, cells: [0, ...counts] });
        if (method !== 'capture_recapture') return;
        expect(low).toBeGreaterThanOrEqual(known);
        expect(estimate).toBeGreaterThanOrEqual(low!);
        expect(high).toBeGreaterThanOrEqual(estimate!);
        expect(Number.isSafeInteger(high)).toBe(true);
      }),
      { seed: 8, numRuns: 100 },
    );
  });
});

describe('the piece cache', () => {
  test('holds so many bytes, drops what was not read longest, and knows each swarm its own', () => {
    const cache = new PieceCache(100);
    const [a, b] = [cache.source('a'), cache.source('b')];
    for (const piece of [1, 2]) cache.put('a', piece, new Uint8Array(40));
    expect([a.read(1)?.length, a.read(9), b.size]).toEqual([40, undefined, 0]);
    expect(cache.put('b', 1, new Uint8Array(40))).toBe(true);
    expect([cache.bytes, [...a.indices()], [...b.indices()]]).toEqual([80, [1], [1]]);
    expect([cache.put('b', 1, new Uint8Array(40)), cache.put('b', 2, new Uint8Array(101))]).toEqual([false, false]);
  });

  test('a byte budget refills with time and saves no more than its burst', () => {
    const budget = new ByteBudget(1000);
    expect([budget.take(1000, 0), budget.take(1, 0), budget.take(500, 500), budget.take(1, 500)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect([budget.take(1001, 1e9), budget.take(1000, 1e9)]).toEqual([false, true]);
  });
});

describe('the schedule', () => {
  const times = { ...LAB_TIMES, watchedIntervalMs: 100, metIntervalMs: 1000, backoffMinMs: 500, backoffMaxMs: 5000 };

  test('watched first; met ones in order; none twice', () => {
    const schedule = new Schedule(10, times);
    schedule.add('a', false, 0);
    schedule.add('b', false, 1);
    schedule.add('w', true, 5);
    expect([schedule.take(5)?.id, schedule.take(5)?.id, schedule.take(5)?.id, schedule.take(5)]).toEqual([
      'w',
      'a',
      'b',
      undefined,
    ]);
    schedule.add('a', false, 6);
    expect([schedule.size, schedule.next(), schedule.fresh]).toEqual([3, Number.POSITIVE_INFINITY, 3]);
  });

  test('is bounded for the met, never for the watched', () => {
    const schedule = new Schedule(1, times);
    expect([schedule.add('a', false, 0)?.id, schedule.add('b', false, 0), schedule.add('w', true, 0)?.id]).toEqual([
      'a',
      undefined,
      'w',
    ]);
    expect(schedule.refused).toBe(1);
  });

  test('comes back after its interval; where nobody was, ever later', () => {
    const schedule = new Schedule(10, times);
    const met = schedule.add('m', false, 0)!;
    const distances = [0, 0, 0, 0, 0, 1].map((reached) => {
      schedule.take(schedule.next());
      return schedule.done(met, reached, 0);
    });
    expect(distances).toEqual([1000, 1000, 2000, 4000, 5000, 1000]);
    const watched = schedule.add('w', true, 0)!;
    schedule.take(0);
    expect(schedule.done(watched, 0, 0)).toBe(100);
  });

  test('has no time while its census is under way, even when it becomes watched', () => {
    const schedule = new Schedule(10, times);
    schedule.add('m', false, 0);
    const entry = schedule.take(0)!;
    schedule.add('m', true, 10);
    expect([entry.watched, schedule.next()]).toEqual([true, Number.POSITIVE_INFINITY]);
    expect([schedule.done(entry, 1, 20), schedule.next(), schedule.fresh]).toEqual([100, 120, 0]);
  });

  test('becomes watched and not watched again', () => {
    const schedule = new Schedule(10, times);
    schedule.add('m', false, 0, 9000);
    schedule.add('m', true, 10);
    expect(schedule.next()).toBe(10);
    schedule.unwatch('m');
    expect([schedule.take(9)?.id, schedule.take(10)?.id]).toEqual([undefined, 'm']);
    schedule.remove('m');
    expect(schedule.size).toBe(0);
  });
});

describe('scores', () => {
  const naming = (epoch: number) => ({
    epoch,
    peerKey: ({ address }: { address: string }) => address.padStart(16, '0'),
    addressKey: (address: string) => address,
  });
  const peer = (passed: number, rejected = 0) => {
    const one = new Peer({ address: '1', port: 1 });
    Object.assign(one.challenges, { asked: passed + rejected, passed, rejected });
    return one;
  };

  test('add up over visits, come back from state, and end with the epoch', () => {
    const scores = new Scores();
    scores.load('s', 3, [{ peer_key: '1'.padStart(16, '0'), challenges_passed: 5, challenges_failed: 0, challenges_silent: 1 }]);
    scores.add('s', [peer(2, 1)], naming(3));
    expect(scores.of('s')).toEqual([
      { peer_key: '1'.padStart(16, '0'), challenges_passed: 7, challenges_failed: 1, challenges_silent: 1 },
    ]);
    scores.add('s', [peer(1)], naming(4));
    expect(scores.of('s')).toMatchObject([{ challenges_passed: 1, challenges_silent: 0 }]);
  });
});
