// The handshake of BEP 3: both directions, any fragmentation, feature bits, and streams that are none.
import { fromHex, toHex } from '@swarmscope/bittorrent/hex.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import {
  decodeFeatures,
  decodeHandshake,
  encodeFeatures,
  encodeHandshake,
  HandshakeBuffer,
} from '@swarmscope/bittorrent/peer/handshake.ts';
import { describe, expect, test } from 'vitest';

const HEX = `13426974546f7272656e742070726f746f636f6c0000000000100005${'aa'.repeat(20)}${'2d5357303130302d'}${'31'.repeat(12)}`;
const handshake = {
  reserved: Uint8Array.from([0, 0, 0, 0, 0, 0x10, 0, 5]),
  infoHash: new Uint8Array(20).fill(0xaa),
  peerId: new TextEncoder().encode('-SW0100-111111111111'),
};

describe('the handshake', () => {
  test('is 68 bytes, both ways', () => {
    expect(toHex(encodeHandshake(handshake))).toBe(HEX);
    expect(decodeHandshake(fromHex(HEX)!)).toEqual(handshake);
    expect(decodeHandshake(fromHex(`${HEX}00000000`)!)).toEqual(handshake);
  });

  test('split at every byte: the infohash at 48, the whole at 68', () => {
    const bytes = fromHex(HEX)!;
    for (let at = 0; at <= 68; at++) {
      const buffer = new HandshakeBuffer();
      expect(buffer.push(bytes.subarray(0, at))).toBe(at);
      expect(buffer.infoHash).toEqual(at >= 48 ? handshake.infoHash : undefined);
      expect(buffer.read()).toEqual(at === 68 ? handshake : new Malformed('truncated', at));
      expect(buffer.push(bytes.subarray(at))).toBe(68 - at);
      expect(buffer.push(Uint8Array.of(1))).toBe(0);
      expect(buffer.read()).toEqual(handshake);
    }
  });

  test.each([
    ['an HTTP request', '474554202f20'],
    ['another length', '1442'],
    ['a wrong last letter', `${HEX.slice(0, 38)}6d`],
  ])('%s is refused at its first wrong byte', (_, hex) => {
    expect(decodeHandshake(fromHex(hex)!)).toEqual(new Malformed('bad_field'));
  });

  test('features: every combination, both ways', () => {
    for (let bits = 0; bits < 16; bits++) {
      const features = { dht: (bits & 1) > 0, fast: (bits & 2) > 0, extended: (bits & 4) > 0, v2: (bits & 8) > 0 };
      expect(decodeFeatures(encodeFeatures(features))).toEqual(features);
    }
  });
});
