// Compressed bodies of ClickHouse's clients: read as ch-go (the codec of clickhouse-go) wrote them, and refused when they are hostile.
import { frame } from '@swarmscope/web/front-blocks.ts';
import { cityHash128 } from '@swarmscope/web/front-city.ts';
import { unframe } from '@swarmscope/web/front-unframe.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const MAX = 10_000;
const TEXT = `SELECT '${'abcabcabd'.repeat(40)}${'x'.repeat(300)}' AS s, 'Ünïcode' AS u`;
/** TEXT as ch-go 0.61.5 packs it. */
const LZ4 = '5zaTCKcvc6OaDWYHwIT8B4JAAAAAtAIAAP8CU0VMRUNUICdhYmNhYmNhYmQJAP9NH3gBAP8Z8AknIEFTIHMsICfDnG7Dr2NvZGUnIEFTIHU=';
const ZSTD =
  'ZGm5eYOox04GZqqBR1wsX5BKAAAAtAIAACi1L/1EALQBlQEAVAJTRUxFQ1QgJ2FiY2R4JyBBUyBzLCAnw5xuw69jb2RlJyBBUyB1AwAoOFW4WNRVcF74QESu';

const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));
const textOf = (result: ReturnType<typeof unframe>) => (typeof result === 'string' ? result : Buffer.from(result).toString());

/** A frame that says of itself what it likes, with a checksum that fits. */
function sealed(packed: readonly number[], plainBytes: number, method = 0x82): Uint8Array {
  const out = frame(Uint8Array.from(packed));
  const view = new DataView(out.buffer);
  out[16] = method;
  view.setUint32(21, plainBytes, true);
  const [low, high] = cityHash128(out.subarray(16));
  view.setBigUint64(0, low, true);
  view.setBigUint64(8, high, true);
  return out;
}

test('frames of another implementation, several in one body, and none', () => {
  expect(textOf(unframe(bytesOf(LZ4), MAX))).toBe(TEXT);
  const both = Buffer.concat([frame(Buffer.from('SELECT ')), frame(new Uint8Array(0)), bytesOf(LZ4)]);
  expect(textOf(unframe(both, MAX))).toBe(`SELECT ${TEXT}`);
  expect(textOf(unframe(new Uint8Array(0), MAX))).toBe('');
});

test('literals and matches: overlapping ones, lengths that go on in bytes', () => {
  const a = 97;
  expect(textOf(unframe(sealed([0x10, a, 1, 0, 0x00], 5), MAX))).toBe('aaaaa');
  expect(textOf(unframe(sealed([0x2f, a, 98, 2, 0, 0, 0x10, 99], 22), MAX))).toBe(`${'ab'.repeat(10)}ac`);
  expect(textOf(unframe(sealed([0xf0, 1, ...Array(16).fill(a)], 16), MAX))).toBe('a'.repeat(16));
});

describe('hostile frames', () => {
  const a = 97;
  test.each([
    ['more than the bound, in what the head says', sealed([0x10, a], 10_001), 'too large'],
    ['four gigabytes', sealed([0x10, a], 0xffff_ffff), 'too large'],
    ['many that are too much together', Buffer.concat(Array(11).fill(sealed([0x10, a], 1_000))), 'too large'],
    ['a byte changed', bytesOf(LZ4).map((byte, i) => (i === 40 ? byte ^ 1 : byte)), 'checksum'],
    ['a method that is not read here', bytesOf(ZSTD), 'method'],
    ['cut short', bytesOf(LZ4).subarray(0, 50), 'malformed'],
    ['a head cut short', bytesOf(LZ4).subarray(0, 20), 'malformed'],
    ['a length below that of a head', frame(Buffer.from('x')).map((byte, i) => (i === 17 ? 3 : byte)), 'malformed'],
    ['plain bytes of another length than it says', sealed([a], 2, 0x02), 'malformed'],
    ['a match before the beginning', sealed([0x10, a, 2, 0, 0x00], 5), 'malformed'],
    ['a match at distance 0', sealed([0x10, a, 0, 0, 0x00], 5), 'malformed'],
    ['a match beyond what it says', sealed([0x1f, a, 1, 0, 255, 255, 0, 0x00], 5), 'malformed'],
    ['literals beyond the end', sealed([0xf0, 255, 255, a], 600), 'malformed'],
    ['a length without an end', sealed([0xf0, 255, 255, 255], 600), 'malformed'],
    ['fewer bytes than it says', sealed([0x10, a], 5), 'malformed'],
    ['nothing, where something was said', sealed([], 5), 'malformed'],
    ['a distance cut short', sealed([0x10, a, 1], 5), 'malformed'],
  ])('%s', (_, body, why) => expect(unframe(body, MAX)).toBe(why));

  test('any bytes in a sealed frame are read within the bound, or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(300), (packed, plainBytes) => {
        const result = unframe(sealed([...packed], plainBytes), 200);
        if (typeof result === 'string') expect(['too large', 'malformed']).toContain(result);
        else expect(result).toHaveLength(plainBytes);
      }),
      { seed: 7, numRuns: 2_000 },
    );
  });
});
