// Hex text and back, over all byte values.
import { equalBytes, fromHex, toHex } from '@swarmscope/bittorrent/hex.ts';
import { expect, test } from 'vitest';

const ALL = Uint8Array.from({ length: 256 }, (_, i) => i);

test('every byte, both ways', () => {
  expect(toHex(ALL)).toBe(Buffer.from(ALL).toString('hex'));
  expect(fromHex(toHex(ALL))).toEqual(ALL);
  expect(fromHex(toHex(ALL).toUpperCase())).toEqual(ALL);
  expect(fromHex('')).toEqual(new Uint8Array(0));
});

test('text of any length', () => {
  const bytes = Uint8Array.from({ length: 5_000 }, (_, i) => (i * 37) & 255);
  for (const length of [1, 20, 1_024, 1_025, 5_000])
    expect(toHex(bytes.subarray(0, length))).toBe(Buffer.from(bytes).toString('hex', 0, length));
});

test.each(['0', '0g', 'g0', '0x', ' 0', '0\u0660', '@0', '`0', '/0', ':0', 'G0'])('%j is no hex', (text) => {
  expect(fromHex(text)).toBeUndefined();
});

test('equality looks at length and every byte', () => {
  expect(equalBytes(ALL, ALL.slice())).toBe(true);
  expect(equalBytes(ALL, ALL.slice(1))).toBe(false);
  for (let i = 0; i < ALL.length; i++) expect(equalBytes(ALL, ALL.with(i, ALL[i]! ^ 1))).toBe(false);
});
