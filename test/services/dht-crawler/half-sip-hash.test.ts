// HalfSipHash-2-4 against the vectors of its authors: key 00 01 .. 07, input 00 01 .. of growing length.

import { toHex } from '@swarmscope/bittorrent/hex.ts';
import { HalfSipHash } from '@swarmscope/dht-crawler/half-sip-hash.ts';
import { expect, test } from 'vitest';

const VECTORS: Readonly<Record<number, string>> = {
  0: '218d1f59b9b83cc8',
  1: 'be552412f8387315',
  2: '064f39ef7c50eb57',
  3: 'ce0f1a45f7060679',
  4: 'd5e78a175be52ea1',
  7: 'ff202728b07bc684',
  8: 'edfee820bce4858c',
  63: '2ea63c71bf326087',
};

test('the vectors of the reference', () => {
  const hash = new HalfSipHash([0x03020100, 0x07060504]);
  const input = Uint8Array.from({ length: 70 }, (_, i) => i - 3);
  const found = Object.keys(VECTORS).map((length) => {
    hash.digest(input, 3, Number(length));
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setUint32(0, hash.low, true);
    new DataView(bytes.buffer).setUint32(4, hash.high, true);
    return [length, toHex(bytes)];
  });
  expect(Object.fromEntries(found)).toEqual(VECTORS);
});
