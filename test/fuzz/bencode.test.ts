// Whatever bytes are bencoding or not, the decoders say so by value; what they accept encodes to something that decodes the same.
import { decode, decodePrefix, dictRange, encode, Scanner } from '@swarmscope/bittorrent/bencode.ts';
import { MALFORMED_REASONS, Malformed } from '@swarmscope/bittorrent/malformed.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BENCODE_REFUSED, BENCODE_VALUES } from '../vectors/bencode.ts';
import { mutated } from './mutation.ts';

const RUNS = {
  numRuns: Number(process.env['SWARMSCOPE_FUZZ_RUNS'] ?? 5_000),
  seed: Number(process.env['SWARMSCOPE_FUZZ_SEED'] ?? 20_261_124),
};
const inputs = [...BENCODE_VALUES, ...BENCODE_REFUSED]
  .filter(({ text }) => text.length < 2_000)
  .map(({ text }) => Uint8Array.from(text, (character) => character.charCodeAt(0)));

test('decode, decodePrefix, dictRange and skip agree, and never throw', () => {
  fc.assert(
    fc.property(mutated(inputs), (bytes) => {
      const value = decode(bytes);
      const prefix = decodePrefix(bytes);
      const range = dictRange(bytes, 'spam');
      if (value instanceof Malformed) expect(MALFORMED_REASONS).toContain(value.reason);
      else {
        expect(prefix).toEqual({ value, end: bytes.length });
        const again = decode(encode(value));
        expect(again).toEqual(value);
        const scanner = new Scanner(bytes);
        expect(scanner.skip()).toBe(true);
        if (value instanceof Map) expect(range === undefined).toBe(!value.has('spam'));
      }
    }),
    RUNS,
  );
});
