// Where a lane cuts: by rows, bytes and age; a range that was begun is cut exactly so again; an intent of another log is forgotten.
import type { Batch } from '@swarmscope/bus/bus.ts';
import { type Cut, decodeIntent, encodeIntent, Lane, tokenOf } from '@swarmscope/ingest/batch.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { probed } from '../../support/events.ts';

const LIMITS = { rows: 10, bytes: 100_000, ageMs: 1_000 };
const PLACE = { topic: 'peer_probed', partition: 3 } as const;

/** Records at these offsets; every seventh is no event. */
function batchOf(offsets: readonly bigint[]): Batch {
  const isBad = (offset: bigint) => offset % 7n === 6n;
  return {
    ...PLACE,
    records: offsets
      .filter((offset) => !isBad(offset))
      .map((offset) => ({ offset, timestamp: Number(offset) * 10, value: probed(Number(offset)) })),
    rejected: offsets.filter(isBad).map((offset) => ({
      offset,
      timestamp: Number(offset) * 10,
      reason: 'not_json',
      detail: '',
      bytes: Uint8Array.of(1, 2),
      size: 2,
    })),
  } as Batch;
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => BigInt(from + i));

function filled(offsets: readonly bigint[], start = offsets[0]!, metadata = ''): Lane {
  const lane = new Lane(PLACE, start, metadata, LIMITS);
  lane.add(batchOf(offsets), 0);
  return lane;
}

describe('where it cuts', () => {
  test('not before a limit is reached', () => {
    const lane = filled(range(0, 9));
    expect(lane.cut(999)).toBeUndefined();
    expect(lane.cut(1_000)).toMatchObject({ min: 0n, max: 8n, firstTimestamp: 0, lastTimestamp: 80 });
    expect(lane.cut(9_999)).toBeUndefined();
  });

  test('by rows, rejected ones counted', () => {
    const lane = filled(range(0, 25));
    const cuts = [lane.cut(0), lane.cut(0), lane.cut(0)];
    expect(cuts.map((cut) => cut && [cut.min, cut.max, cut.lines.length, cut.rejected.length])).toEqual([
      [0n, 9n, 9, 1],
      [10n, 19n, 9, 1],
      undefined,
    ]);
    expect(lane.cut(0, true)).toMatchObject({ min: 20n, max: 24n });
    expect(lane.bytes).toBe(0);
  });

  test('by bytes', () => {
    const lane = new Lane(PLACE, 0n, '', { ...LIMITS, bytes: 1_000 });
    lane.add(batchOf(range(0, 6)), 0);
    const cut = lane.cut(0)!;
    expect(cut.lines.length).toBeLessThan(6);
    expect(cut.bytes).toBeGreaterThanOrEqual(1_000);
  });

  test('a gap in the log belongs to the range after it', () => {
    const lane = filled([5n, 8n, 9n], 2n);
    expect(lane.cut(0, true)).toMatchObject({ min: 2n, max: 9n });
    lane.add(batchOf([20n]), 0);
    expect(lane.cut(0, true)).toMatchObject({ min: 10n, max: 20n });
  });
});

describe('a range that was begun', () => {
  test('is cut at its old end, beyond every limit, and not before it is whole', () => {
    const lane = new Lane(PLACE, 0n, encodeIntent({ max: 30n, firstTimestamp: 0 }), LIMITS);
    lane.add(batchOf(range(0, 20)), 0);
    expect(lane.cut(99_999, true)).toBeUndefined();
    lane.add(batchOf(range(20, 40)), 0);
    expect(lane.cut(0)).toMatchObject({ min: 0n, max: 30n });
    expect(lane.cut(0, true)).toMatchObject({ min: 31n, max: 39n });
  });

  test.each([
    ['other records stand there', 0n, { max: 30n, firstTimestamp: 1 }, range(0, 20)],
    ['the log begins after it', 0n, { max: 30n, firstTimestamp: 0 }, range(31, 40)],
    ['the log begins before it', 10n, { max: 30n, firstTimestamp: 100 }, range(0, 20)],
  ])('is forgotten when %s', (_, start, intent, offsets) => {
    const lane = new Lane(PLACE, start, encodeIntent(intent), LIMITS);
    lane.add(batchOf(offsets), 0);
    expect(lane.cut(0, true)).toMatchObject({ min: offsets[0] });
  });

  test('a log that is made anew while it is read: no range reaches across, and its offsets begin again', () => {
    const lane = filled(range(100, 105));
    const anew = batchOf(range(0, 4));
    lane.add({ ...anew, records: anew.records.map((record) => ({ ...record, timestamp: 5_000 })) } as Batch, 0);
    const cuts = [lane.cut(1_000), lane.cut(2_000), lane.cut(9_000)];
    expect(cuts.map((cut) => cut && [cut.min, cut.max, cut.lines.length + cut.rejected.length])).toEqual([
      [100n, 104n, 5],
      [0n, 3n, 4],
      undefined,
    ]);
    expect(lane.next).toBe(4n);
  });

  test('what was read before comes again (a log that lost its end): it is not taken twice, what is written since is', () => {
    const lane = filled(range(100, 105));
    lane.cut(1_000);
    lane.add(batchOf(range(98, 103)), 0);
    expect(lane.rows).toBe(0);
    const since = batchOf([103n]);
    lane.add({ ...since, records: since.records.map((record) => ({ ...record, timestamp: 5_000 })) } as Batch, 0);
    expect(lane.cut(9_000)).toMatchObject({ min: 103n, max: 103n, firstTimestamp: 5_000 });
  });

  test('metadata that is no intent is none', () => {
    for (const text of ['', 'intent', 'intent x 5', 'intent 5 -1', 'until 7']) expect(decodeIntent(text)).toBeUndefined();
    expect(decodeIntent(encodeIntent({ max: 2n ** 63n, firstTimestamp: 7 }))).toEqual({ max: 2n ** 63n, firstTimestamp: 7 });
  });
});

test('however batches come: ranges touch, every record is in one, and a second reader with the intent makes the same token and lines', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 17 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(sizes, sizes, (one, other) => {
      const total = one.reduce((sum, each) => sum + each, 0);
      const feed = (lane: Lane, steps: readonly number[], all: boolean): Cut[] => {
        const cuts: Cut[] = [];
        let at = 0;
        for (const step of [...steps, total]) {
          const end = Math.min(total, at + step);
          lane.add(batchOf(range(at, end)), 0);
          at = end;
          for (let cut = lane.cut(0, all && at === total); cut; cut = lane.cut(0, all && at === total)) cuts.push(cut);
        }
        return cuts;
      };
      const cuts = feed(new Lane(PLACE, 0n, '', LIMITS), one, true);
      expect(cuts[0]!.min).toBe(0n);
      expect(cuts.at(-1)!.max).toBe(BigInt(total - 1));
      for (const [i, cut] of cuts.slice(1).entries()) expect(cut.min).toBe(cuts[i]!.max + 1n);
      expect(cuts.reduce((sum, cut) => sum + cut.lines.length + cut.rejected.length, 0)).toBe(total);
      const first = cuts[0]!;
      const [again] = feed(new Lane(PLACE, first.min, encodeIntent(first), LIMITS), other, true);
      expect(again!.lines).toEqual(first.lines);
      expect(tokenOf('peer_probed', 'log', again!)).toBe(tokenOf('peer_probed', 'log', first));
    }),
    { seed: 11, numRuns: 100 },
  );
});
