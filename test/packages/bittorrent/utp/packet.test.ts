// uTP packets: vectors both ways, truncated everywhere, hostile extensions, sequence numbers around the circle.
import { fromHex, toHex } from '@swarmscope/bittorrent/hex.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import { decodePacket, encodePacket, looksLikeUtp, type Packet, seqDistance } from '@swarmscope/bittorrent/utp/packet.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const none = new Uint8Array(0);
const packet = (fields: Partial<Packet>): Packet => ({
  type: 'data',
  connectionId: 0x1234,
  timestampUs: 0x01020304,
  differenceUs: 0xa0b0c0d0,
  window: 0x00100000,
  seq: 0xfffe,
  ack: 0x0001,
  sack: undefined,
  payload: none,
  ...fields,
});

const VECTORS: [string, Packet, string][] = [
  ['data', packet({ payload: Uint8Array.of(1, 2, 3) }), '0100123401020304a0b0c0d000100000fffe0001010203'],
  ['fin', packet({ type: 'fin' }), '1100123401020304a0b0c0d000100000fffe0001'],
  ['state', packet({ type: 'state' }), '2100123401020304a0b0c0d000100000fffe0001'],
  ['reset', packet({ type: 'reset' }), '3100123401020304a0b0c0d000100000fffe0001'],
  ['syn', packet({ type: 'syn', timestampUs: 0, differenceUs: 0 }), '41001234000000000000000000100000fffe0001'],
  [
    'state with a selective ack',
    packet({ type: 'state', sack: Uint8Array.of(0x05, 0, 0, 0x80) }),
    '2101123401020304a0b0c0d000100000fffe0001000405000080',
  ],
];

describe('vectors', () => {
  test.each(VECTORS)('%s', (_name, value, hex) => {
    expect(toHex(encodePacket(value))).toBe(hex);
    expect(decodePacket(fromHex(hex)!)).toEqual(value);
    expect(looksLikeUtp(fromHex(hex)!)).toBe(true);
  });

  test.each(VECTORS)('%s, cut in its header or extension', (_name, value, hex) => {
    const bytes = fromHex(hex)!;
    for (let length = 0; length < bytes.length - value.payload.length; length++)
      expect(decodePacket(bytes.subarray(0, length))).toBeInstanceOf(Malformed);
  });

  test.each([
    ['another version', '0000123401020304a0b0c0d000100000fffe0001', 'bad_field'],
    ['an unknown type', '5100123401020304a0b0c0d000100000fffe0001', 'bad_field'],
    ['a selective ack of no length', '2101123401020304a0b0c0d000100000fffe00010000', 'bad_length'],
    ['a selective ack of odd length', '2101123401020304a0b0c0d000100000fffe0001000301020304', 'bad_length'],
    ['extensions without end', `2102123401020304a0b0c0d000100000fffe0001${'0200'.repeat(20)}`, 'too_many_items'],
    ['an extension longer than the packet', '2102123401020304a0b0c0d000100000fffe000100ff00', 'truncated'],
  ])('%s', (_name, hex, reason) => {
    expect(decodePacket(fromHex(hex)!)).toMatchObject({ reason });
  });

  test('KRPC is none', () => {
    expect(looksLikeUtp(new TextEncoder().encode('d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe'))).toBe(false);
  });

  test('an unknown extension is stepped over', () => {
    const decoded = decodePacket(fromHex('0102123401020304a0b0c0d000100000fffe000100020101ff')!);
    expect(decoded).toMatchObject({ type: 'data', payload: Uint8Array.of(0xff), sack: undefined });
  });
});

test('any bytes: a packet or Malformed, and what is decoded encodes to what decodes the same', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.integer({ min: 0, max: 5 }), (bytes, type) => {
      if (bytes.length > 0) bytes[0] = (type << 4) | 1;
      const decoded = decodePacket(bytes);
      if (decoded instanceof Malformed) return;
      expect(decodePacket(encodePacket(decoded))).toEqual(decoded);
    }),
    { seed: 29, numRuns: 2_000 },
  );
});

test('distances around the circle', () => {
  expect(seqDistance(0xffff, 0)).toBe(1);
  expect(seqDistance(0, 0xffff)).toBe(-1);
  expect(seqDistance(5, 5)).toBe(0);
  expect(seqDistance(0, 0x7fff)).toBe(0x7fff);
  expect(seqDistance(0, 0x8000)).toBe(-0x8000);
});
