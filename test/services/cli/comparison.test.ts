// Measured against true: what counts as equal, and how a difference is told.
import { type Counts, zeroCounts } from '@swarmscope/events/enums.ts';
import { describe, expect, test } from 'vitest';
import {
  compareDht,
  compareTorrent,
  comparisonRows,
  explainDifferences,
  makeReport,
  type True,
} from '../../../services/cli/src/comparison.ts';

const counts = (some: Partial<Counts>): Counts => ({ ...zeroCounts(), ...some });
const exactly = (some: Partial<Counts>, completable = true): True => ({
  least: counts(some),
  most: counts(some),
  completable: [completable],
});
const HASH = 'ab'.repeat(20);
const dht = compareDht({ nodes: 200, infohashes: 8 }, { nodes: 200, infohashes: 8 });

describe('a torrent is equal', () => {
  test('when every verdict and completable agree', () => {
    const measured = { counts: counts({ proved: 2, leecher: 1 }), completable: true };
    expect(compareTorrent(HASH, 'a', measured, exactly({ proved: 2, leecher: 1 })).equal).toBe(true);
  });

  test('when a moving peer was counted as what it was at some time of the census', () => {
    const truth = { least: counts({ leecher: 1 }), most: counts({ leecher: 2, proved: 1 }), completable: [false, true] };
    const measured = { counts: counts({ leecher: 1, proved: 1 }), completable: false };
    expect(compareTorrent(HASH, 'a', measured, truth).equal).toBe(true);
  });

  test.each([
    ['a verdict differs', { counts: counts({ proved: 1, claimed: 1 }), completable: true }],
    ['completable differs', { counts: counts({ proved: 2 }), completable: false }],
    ['completable is unknown', { counts: counts({ proved: 2 }), completable: null }],
    ['there is no census', null],
  ])('not when %s', (_, measured) => {
    expect(compareTorrent(HASH, 'a', measured, exactly({ proved: 2 })).equal).toBe(false);
  });
});

describe('the report', () => {
  test('is equal only when all of it is, and there is something', () => {
    const good = compareTorrent(HASH, 'a', { counts: counts({}), completable: true }, exactly({}));
    expect(makeReport([good], dht, 1.234)).toMatchObject({ equal: true, seconds: 1.2 });
    expect(makeReport([], dht, 1).equal).toBe(false);
    expect(makeReport([good], compareDht({ nodes: 199, infohashes: 8 }, { nodes: 200, infohashes: 8 }), 1).equal).toBe(false);
    expect(makeReport([good], compareDht({ nodes: 200, infohashes: 9 }, { nodes: 200, infohashes: 8 }), 1).equal).toBe(false);
  });

  test('has two rows a torrent, and names what differs', () => {
    const torrent = compareTorrent(
      HASH,
      'liar',
      { counts: counts({ proved: 1, liar_missing: 1 }), completable: true },
      { least: counts({ liar_corrupt: 1, leecher: 1 }), most: counts({ liar_corrupt: 1, leecher: 2 }), completable: [false] },
    );
    const report = makeReport([torrent, compareTorrent(HASH, 'lost', null, exactly({}))], dht, 1);
    expect(comparisonRows(report)[0]).toMatchObject({ torrent: 'liar', proved: 1, liars: 1, completable: 'yes', equal: '✗' });
    expect(comparisonRows(report)[1]).toMatchObject({ torrent: 'abababababab', liars: 1, leechers: '1-2', completable: 'no' });
    expect(explainDifferences(report)).toEqual([
      'liar: liar_corrupt 0 instead of 1, liar_missing 1 instead of 0, proved 1 instead of 0, leecher 0 instead of 1 to 2, completable yes instead of no',
      'lost: no census was finished',
    ]);
  });
});
