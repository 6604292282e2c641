// Addresses as text and bytes: canonical spellings, what is none, and the system's own parser as the oracle.
import { isIP } from 'node:net';
import {
  addressHost,
  addressNumber,
  addressPrefix,
  canonicalAddress,
  formatV4,
  formatV6,
  parseAddress,
} from '@swarmscope/bittorrent/address.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const RUNS = { numRuns: 1_000, seed: 20_261_124 };

describe('canonical text', () => {
  test.each([
    ['1.2.3.4', '1.2.3.4'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'], // one group alone is not shortened
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'], // the longest run
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'], // the first of equals
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['::ffff:0102:0304', '1.2.3.4'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ])('%s is %s', (text, canonical) => expect(canonicalAddress(text)).toBe(canonical));

  test.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4 ',
    '1..2.3',
    '.1.2.3.4',
    '1.2.3.',
    '0x1.2.3.4',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '12345::',
    'g::',
    '::1.2.3',
    '::1.2.3.4:5',
    'fe80::1%eth0',
    '[::1]',
    `${'0'.repeat(50)}::`,
    'localhost',
  ])('%j is none', (text) => expect(canonicalAddress(text)).toBeUndefined());

  test('any bytes, both ways, in the spelling that the system reads', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.nat({ max: 0xffff }), (bytes, zeros) => {
        for (let i = 0; i < 16; i++) if (zeros & (1 << i)) bytes[i] = 0;
        expect(isIP(formatV6(bytes))).toBe(6);
        expect(parseAddress(formatV6(bytes))).toEqual(bytes);
        expect(new URL(`http://[${formatV6(bytes)}]/`).hostname).toBe(`[${formatV6(bytes)}]`);
        expect(parseAddress(formatV4(bytes, 3))).toEqual(bytes.slice(3, 7));
      }),
      RUNS,
    );
  });

  test('any text is an address exactly when the system says so', () => {
    const character = fc.constantFrom(...'0123456789abcdefF:.:.:.%[]g ');
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 24 }), (text) => {
        expect(canonicalAddress(text) !== undefined, text).toBe(isIP(text) !== 0 && !text.includes('%'));
      }),
      { ...RUNS, numRuns: 20_000 },
    );
  });
});

test('numbers for tables', () => {
  expect(addressNumber('0.0.0.1')).toBe(1);
  expect(addressNumber('255.255.255.255')).toBe(0xffffffff);
  expect(addressNumber('::1')).toBe(-1);
});

test('prefixes and hosts', () => {
  expect(addressPrefix('1.2.3.4')).toBe('1.2.3.0/24');
  expect(addressPrefix('2001:db8:1:2:3::4')).toBe('2001:db8:1::/48');
  expect(addressPrefix('junk')).toBe('junk');
  expect(addressHost('1.2.3.4')).toBe('1.2.3.4');
  expect(addressHost('2001:db8:1:2:3::4')).toBe('2001:db8:1:2::/64');
  expect(addressHost('a:junk')).toBe('a:junk');
});
