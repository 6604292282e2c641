// Bencoding against its vector tables in both directions, every truncation, its limits, and the `bencode` package as oracle.
import { decode, decodePrefix, dictRange, type Encodable, encode, Scanner } from '@swarmscope/bittorrent/bencode.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import bencode from 'bencode';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BENCODE_REFUSED, BENCODE_VALUES } from '../../vectors/bencode.ts';

const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const latin1 = (of: Uint8Array) => Array.from(of, (byte) => String.fromCharCode(byte)).join('');
const reasonOf = (result: unknown) => (result instanceof Malformed ? result.reason : undefined);

describe('vectors', () => {
  test.each(BENCODE_VALUES)('$text', ({ text, value, encodes }) => {
    expect(decode(bytes(text))).toEqual(value);
    expect(latin1(encode(value))).toBe(encodes ?? text);
    expect(decodePrefix(bytes(`${text}rest`))).toEqual({ value, end: text.length });
    const scanner = new Scanner(bytes(text));
    expect(scanner.skip()).toBe(true);
    expect(scanner.at).toBe(text.length);
  });

  test.each(BENCODE_REFUSED.map((entry) => ({ name: entry.name ?? entry.text.slice(0, 40), ...entry })))(
    'refused: $name',
    ({ text, reason }) => {
      expect(reasonOf(decode(bytes(text)))).toBe(reason);
    },
  );

  test('every truncation of every value is refused as truncated, at the end', () => {
    for (const { text } of BENCODE_VALUES)
      for (let length = 0; length < text.length; length++) {
        const result = decode(bytes(text.slice(0, length)));
        expect(reasonOf(result), text.slice(0, length)).toBe('truncated');
      }
  });

  test('what is refused whole is refused by the scanner too, unless only its value is wrong or only whole messages count', () => {
    for (const { text, reason } of BENCODE_REFUSED) {
      if (reason === 'trailing_bytes' || reason === 'duplicate_key' || /^i9\d+e$/.test(text)) continue;
      const scanner = new Scanner(bytes(text));
      expect(scanner.skip(), text.slice(0, 40)).toBe(false);
      expect(scanner.reason).toBe(reason);
    }
  });
});

describe('limits', () => {
  test("depth, items and bytes are the caller's", () => {
    const limits = { depth: 2, items: 5, bytes: 30 };
    expect(decode(bytes('lli1eee'), limits)).toEqual([[1]]);
    expect(reasonOf(decode(bytes('llleee'), limits))).toBe('too_deep');
    expect(reasonOf(decode(bytes('li1ei1ei1ei1ei1ee'), limits))).toBe('too_many_items');
    expect(reasonOf(decode(bytes('25:0123456789012345678901234567'), limits))).toBe('too_long');
  });

  test('a string is a view, so nothing is allocated by a length that was only claimed', () => {
    const input = bytes('l4:spame');
    const [view] = decode(input) as Uint8Array[];
    expect(view!.buffer).toBe(input.buffer);
  });
});

describe('ranges of a top-level key', () => {
  test('the exact bytes of the value, whatever stands around it', () => {
    const input = bytes('d1:ai1e4:infod1:xi1e4:infoi2ee1:zle');
    const wellFormed = bytes('d1:ai1e4:infod1:xi1e4:infoi2ee1:zlee');
    expect(reasonOf(dictRange(input, 'info'))).toBe('truncated');
    const range = dictRange(wellFormed, 'info') as { start: number; end: number };
    expect(latin1(wellFormed.subarray(range.start, range.end))).toBe('d1:xi1e4:infoi2ee');
    expect(dictRange(wellFormed, 'none')).toBeUndefined();
    expect(reasonOf(dictRange(bytes('d4:infoi1e4:infoi2ee'), 'info'))).toBe('duplicate_key');
    expect(reasonOf(dictRange(bytes('le'), 'info'))).toBe('bad_type');
    expect(reasonOf(dictRange(bytes('dei'), 'info'))).toBe('trailing_bytes');
  });
});

describe('the bencode package as oracle', () => {
  const key = fc.string({ unit: 'grapheme-ascii', maxLength: 8 }).filter((name) => name !== '__proto__');
  const { value } = fc.letrec<{ value: Encodable; list: Encodable[]; dictionary: Record<string, Encodable> }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      fc.maxSafeInteger(),
      fc.uint8Array({ maxLength: 40 }),
      tie('list'),
      tie('dictionary'),
    ),
    list: fc.array(tie('value'), { maxLength: 5 }),
    dictionary: fc.dictionary(key, tie('value'), { maxKeys: 5, noNullPrototype: true }),
  }));

  test('both encode the same, and each decodes what the other encoded', () => {
    fc.assert(
      fc.property(value, (encodable) => {
        const ours = encode(encodable);
        expect(latin1(ours)).toBe(latin1(bencode.encode(encodable)));
        const decoded = decode(ours);
        expect(decoded).not.toBeInstanceOf(Malformed);
        expect(latin1(encode(decoded as Encodable))).toBe(latin1(ours));
        expect(latin1(bencode.encode(bencode.decode(ours)))).toBe(latin1(ours));
      }),
      { seed: 7, numRuns: 500 },
    );
  });

  test('integers beyond 2^53 are encoded from bigint, and a number that is not exact is refused', () => {
    expect(latin1(encode(2n ** 64n))).toBe('i18446744073709551616e');
    expect(() => encode(2 ** 53)).toThrow('not an exact integer');
    expect(() => encode(new Map([['\u0100', 1]]))).toThrow('no byte');
  });

  test('what was encoded stays as it is when something else is, short or longer than the desk', () => {
    const long = 'x'.repeat(10_000);
    const first = encode({ b: 1, a: long });
    const second = encode('y'.repeat(100));
    expect(Buffer.from(first).toString()).toBe(`d1:a10000:${long}1:bi1ee`);
    expect(Buffer.from(second).toString()).toBe(`100:${'y'.repeat(100)}`);
  });
});
