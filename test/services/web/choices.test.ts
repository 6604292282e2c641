// What an address may say: time ranges, values of variables, and what is chosen when it says nothing.
import { BadRequest, RANGES, readRange, readValues, wholeRange } from '@swarmscope/web/choices.ts';
import { describe, expect, test } from 'vitest';

const NOW = 1_700_000_000;

describe('readRange', () => {
  test.each(RANGES)('%s has at most 120 buckets, and at least 40', (name, seconds) => {
    const range = readRange(new URLSearchParams({ range: name }), NOW);
    expect(range).toMatchObject({ fromS: NOW - seconds, toS: NOW });
    expect(seconds / range!.intervalS).toBeLessThanOrEqual(120);
    expect(seconds / range!.intervalS).toBeGreaterThanOrEqual(40);
  });

  test('may end at another moment than now', () => {
    expect(readRange(new URLSearchParams({ range: '1h', to: '7200' }), NOW)).toMatchObject({ fromS: 3_600, toS: 7_200 });
    expect(readRange(new URLSearchParams({ range: '24h', to: '60' }), NOW)).toMatchObject({ fromS: 0, toS: 60 });
  });

  test.each([
    { range: '25h' },
    { range: '1h); DROP' },
    { range: '1h', to: '-1' },
    { range: '1h', to: '1e9' },
    { range: '1h', to: '99999999999' },
  ])('refuses %o', (query) => {
    expect(() => readRange(new URLSearchParams(query), NOW)).toThrow(BadRequest);
  });
});

test('without a range nothing is said', () => {
  expect(readRange(new URLSearchParams({ to: '60' }), NOW)).toBeUndefined();
});

test.each([
  [null, '24h', 86_400],
  [NOW - 10, '24h', 60],
  [NOW - 600, '24h', 605],
  [NOW - 800_000, '24h', 86_400],
  [NOW - 800_000, '365d', 800_005],
  [NOW + 60, '24h', 60],
] as const)('with the oldest figure at %s a board of %s shows %i s', (first, longest, seconds) => {
  expect(wholeRange(first, NOW, longest)).toMatchObject({ fromS: NOW - seconds, toS: NOW });
});

describe('readValues', () => {
  test('takes text as it is, and nothing for what is not there', () => {
    expect(readValues(new URLSearchParams({ network: "a'b\\" }), ['network', 'swarm'])).toEqual({ network: "a'b\\", swarm: '' });
  });

  test.each(['x'.repeat(257), 'a\0b'])('refuses %j', (network) => {
    expect(() => readValues(new URLSearchParams({ network }), ['network'])).toThrow(BadRequest);
  });
});
