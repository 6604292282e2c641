// Endpoints as text, as keys and in compact form (BEP 5, 7, 23, 32).
import {
  compactSize,
  decodeCompact,
  decodeCompactList,
  encodeCompact,
  endpointKey,
  family,
  formatEndpoint,
  parseEndpoint,
} from '@swarmscope/bittorrent/endpoint.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import { describe, expect, test } from 'vitest';

const FOUR = { address: '1.2.3.4', port: 6881 };
const SIX = { address: '2001:db8::1', port: 80 };

describe('text', () => {
  test.each([
    ['1.2.3.4:6881', FOUR],
    ['[2001:db8::1]:80', SIX],
    ['[2001:DB8:0::1]:80', SIX],
    ['[::ffff:1.2.3.4]:6881', FOUR],
    ['1.2.3.4:0', { ...FOUR, port: 0 }],
    ['1.2.3.4:65535', { ...FOUR, port: 65_535 }],
  ])('%s', (text, endpoint) => {
    expect(parseEndpoint(text)).toEqual(endpoint);
    expect(parseEndpoint(formatEndpoint(endpoint))).toEqual(endpoint);
  });

  test.each([
    '',
    '1.2.3.4',
    '1.2.3.4:',
    '1.2.3.4:65536',
    '1.2.3.4:01',
    '1.2.3.4:-1',
    '::1:80',
    '[1.2.3.4]:80',
    '[::1]',
    'host:80',
    ':80',
    '1.2.3.4:80 ',
  ])('%j is none', (text) => expect(parseEndpoint(text)).toBeUndefined());

  test('keys are equal when address and port are', () => {
    expect(endpointKey(FOUR)).toBe('1.2.3.4:6881');
    expect(endpointKey({ ...SIX })).toBe(endpointKey(SIX));
    expect(endpointKey({ ...SIX, port: 81 })).not.toBe(endpointKey(SIX));
  });
});

describe('compact form', () => {
  test.each([
    [FOUR, 4, '010203041ae1'],
    [SIX, 6, '20010db80000000000000000000000010050'],
  ] as const)('of %j', (endpoint, of, hex) => {
    expect(family(endpoint)).toBe(of);
    expect(toHex(encodeCompact(endpoint))).toBe(hex);
    expect(decodeCompact(Buffer.from(`ff${hex}`, 'hex'), 1, of)).toEqual(endpoint);
    expect(compactSize(of)).toBe(hex.length / 2);
  });

  test('a v4-mapped address in 18 bytes is IPv4', () => {
    expect(decodeCompact(Buffer.from('00000000000000000000ffff010203041ae1', 'hex'), 0, 6)).toEqual(FOUR);
  });

  test('lists leave a rest out', () => {
    const bytes = Buffer.from('010203041ae1010203041ae10102', 'hex');
    expect(decodeCompactList(bytes, 4)).toEqual([FOUR, FOUR]);
    expect(decodeCompactList(bytes, 6)).toEqual([]);
  });

  test('what is no address breaks an invariant', () => {
    expect(() => encodeCompact({ address: 'host', port: 1 })).toThrow();
  });
});
