// BEP 33: the filter of the BEP bit by bit, its estimate, and the error it says it has.
import {
  addToFilter,
  boundFilter,
  countBits,
  emptyFilter,
  estimateFilter,
  isSaturated,
  joinFilter,
  mayHold,
} from '@swarmscope/bittorrent/dht/bloom.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { describe, expect, test } from 'vitest';

const BEP_33 = `
F6C3F5EAA07FFD91BDE89F777F26FB2BFF37BDB8FB2BBAA2FD3DDDE7BACFFF75EE7CCBAEFE5EEDB1FBFAFF67F6ABFF5E43DDBCA3FD9B9FFDF4FFD3E9DFF12D1BDF59DB53DBE9FA5B
7FF3B8FDFCDE1AFB8BEDD7BE2F3EE71EBBBFE93BCDEEFE148246C2BC5DBFF7E7EFDCF24FD8DC7ADFFD8FFFDFDDFFF7A4BBEEDF5CB95CE81FC7FCFF1FF4FFFFDFE5F7FDCBB7FD79B3
FA1FC77BFE07FFF905B7B7FFC7FEFEFFE0B8370BB0CD3F5B7F2BD93FEB4386CFDD6F7FD5BFAF2E9EBFFFFEECD67ADBF7C67F17EFD5D75EBA6FFEBA7FFF47A91EB1BFBB53E8ABFB57
62ABE8FF237279BFEFBFEEF5FFC5FEBFDFE5ADFFADFEE1FB737FFFFBFD9F6AEFFEEE76B6FD8F72EF`.replaceAll('\n', '');

test('the test vector of the BEP', () => {
  const filter = emptyFilter();
  for (let i = 0; i < 256; i++) addToFilter(filter, `192.0.2.${i}`);
  for (let i = 0; i < 0x3e8; i++) addToFilter(filter, `2001:db8::${i.toString(16)}`);
  expect(toHex(filter).toUpperCase()).toBe(BEP_33);
  expect(estimateFilter(filter)).toBeCloseTo(1224.9308, 3);
});

test('no address is 0, a full filter is the largest that can be said', () => {
  expect(estimateFilter(emptyFilter())).toBe(0);
  expect(estimateFilter(new Uint8Array(256).fill(255))).toBeGreaterThan(7_000);
  const filter = emptyFilter();
  addToFilter(filter, 'no address');
  expect(estimateFilter(filter)).toBe(0);
});

test('the union of what several saw counts each address once', () => {
  const random = seededRandom(3);
  const all = Array.from({ length: 1_000 }, () => `5.${[0, 0, 0].map(() => Math.floor(random() * 256)).join('.')}`);
  const joined = emptyFilter();
  for (let node = 0; node < 8; node++) {
    const filter = emptyFilter();
    for (const address of all) if (random() < 0.7) addToFilter(filter, address);
    joinFilter(joined, filter);
  }
  expect(Math.abs(estimateFilter(joined) - new Set(all).size) / 1_000).toBeLessThan(0.08);
});

test('addresses are found in it again; others hardly ever', () => {
  const filter = emptyFilter();
  for (let i = 0; i < 100; i++) addToFilter(filter, `5.0.0.${i}`);
  for (let i = 0; i < 100; i++) expect(mayHold(filter, `5.0.0.${i}`)).toBe(true);
  const wrong = Array.from({ length: 1_000 }, (_, i) => `6.0.${i >> 8}.${i & 255}`).filter((each) => mayHold(filter, each));
  expect(wrong.length).toBeLessThan(30);
  expect([mayHold(filter, 'no address'), countBits(emptyFilter())]).toEqual([false, 0]);
});

describe('bounds', () => {
  test('simulated sizes 0 to 3 000: the truth is within them in at least 93 % of each size, and the estimate has no bias', () => {
    const random = seededRandom(95);
    for (const size of [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 3_000]) {
      const trials = size > 500 ? 300 : 600;
      let inside = 0;
      let sum = 0;
      for (let trial = 0; trial < trials; trial++) {
        const filter = emptyFilter();
        // Two random bits are what the SHA-1 of an address gives.
        for (let i = 0; i < 2 * size; i++) {
          const bit = Math.floor(random() * 2_048);
          filter[bit >> 3]! |= 1 << (bit & 7);
        }
        const { low, high } = boundFilter(filter);
        if (low <= size && size <= high!) inside++;
        sum += estimateFilter(filter);
      }
      expect.soft(inside / trials, `coverage of ${size}`).toBeGreaterThanOrEqual(0.93);
      expect.soft(Math.abs(sum / trials - size), `bias of ${size}`).toBeLessThanOrEqual(0.01 + 0.005 * size);
    }
  });

  test('few addresses are known exactly, many within some percent, a saturated filter has no high bound', () => {
    const filter = emptyFilter();
    expect(boundFilter(filter)).toEqual({ estimate: 0, low: 0, high: 0 });
    addToFilter(filter, '5.0.0.1');
    expect(boundFilter(filter)).toEqual({ estimate: 1, low: 1, high: 1 });
    expect(boundFilter(new Uint8Array(256).fill(255))).toMatchObject({
      low: expect.toSatisfy((low) => low > 3_000),
      high: undefined,
    });
    expect([isSaturated(filter), isSaturated(new Uint8Array(256).fill(255))]).toEqual([false, true]);
  });
});
