// The peer wire against its vector table: both directions, split at every byte; and the lengths that a framer refuses before it allocates.
import { fromHex, toHex } from '@swarmscope/bittorrent/hex.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import { Framer } from '@swarmscope/bittorrent/peer/framer.ts';
import { decodeMessage, encodeMessage, frameLimit, MAX_FRAME_BYTES, type Message } from '@swarmscope/bittorrent/peer/messages.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PEER_VECTORS } from '../../../vectors/peer.ts';

const bytesOf = (hex: string) => fromHex(hex)!;

/** Decodes what a framer cuts out of chunks; copies, since frames are views. */
function read(chunks: readonly Uint8Array[]): (Message | string)[] {
  const framer = new Framer();
  const messages: (Message | string)[] = [];
  for (const chunk of chunks) {
    const wrong = framer.push(chunk, (frame) => {
      const message = decodeMessage(frame.slice());
      messages.push(message instanceof Malformed ? message.reason : message);
      return true;
    });
    if (wrong) return [...messages, `stream: ${wrong.reason}`];
  }
  return messages;
}

describe('the vector table', () => {
  test.each(PEER_VECTORS.filter((vector) => vector.message))('$name', ({ hex, message }) => {
    expect(read([bytesOf(hex)])).toEqual([message]);
    expect(toHex(encodeMessage(message!))).toBe(hex);
  });

  test.each(PEER_VECTORS.filter((vector) => vector.refused))('$name is refused', ({ hex, refused }) => {
    expect(read([bytesOf(hex)])).toEqual([refused === 'too_long' ? 'stream: too_long' : refused]);
  });

  test('all of it in one stream, split at every byte', () => {
    const vectors = PEER_VECTORS.filter((vector) => vector.refused !== 'too_long');
    const stream = bytesOf(vectors.map((vector) => vector.hex).join(''));
    const expected = vectors.map((vector) => vector.message ?? vector.refused);
    expect(read([stream])).toEqual(expected);
    expect(read([...stream].map((byte) => Uint8Array.of(byte)))).toEqual(expected);
    for (let at = 1; at < stream.length; at++) expect(read([stream.subarray(0, at), stream.subarray(at)])).toEqual(expected);
  });
});

describe('the framer', () => {
  test('refuses 2^31 and more without holding a byte for it', () => {
    for (const hex of ['80000000', 'ffffffff', '7fffffff']) {
      const framer = new Framer();
      expect(framer.push(bytesOf(hex), () => true)).toEqual(new Malformed('too_long'));
      expect(framer.heldBytes).toBe(0);
    }
  });

  test('refuses a length that its own type never has, at the first byte of the body', () => {
    const framer = new Framer();
    expect(framer.push(bytesOf('0000ffff'), () => true)).toBeUndefined();
    expect(framer.push(bytesOf('04'), () => true)).toEqual(new Malformed('too_long'));
  });

  test('holds in proportion to what has come, not to what is promised', () => {
    const framer = new Framer();
    framer.push(bytesOf('0004000105'), () => true);
    framer.push(new Uint8Array(2000), () => true);
    expect(frameLimit(5)).toBeLessThanOrEqual(MAX_FRAME_BYTES);
    expect(framer.heldBytes).toBeLessThanOrEqual(4096);
  });

  test('drops the rest when the taker has had enough', () => {
    const framer = new Framer();
    const taken: number[] = [];
    framer.push(bytesOf('0000000101000000010000000001 02'.replaceAll(' ', '')), (frame) => taken.push(frame[0]!) < 1);
    expect(taken).toEqual([1]);
  });

  test('any bytes in any fragments: the same result as in one piece, no throw', () => {
    const chunks = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 });
    fc.assert(
      fc.property(chunks, (parts) => {
        const whole = Uint8Array.from(parts.flatMap((part) => [...part]));
        expect(read(parts)).toEqual(read([whole]));
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});

describe('every message that can be said', () => {
  const u32 = fc.integer({ min: 0, max: 0xffffffff });
  const body = fc.uint8Array({ maxLength: 300 });
  const message = fc.oneof<fc.Arbitrary<Message>[]>(
    fc.record({ type: fc.constantFrom('have', 'suggest', 'allowed_fast'), index: u32 }),
    fc.record({ type: fc.constantFrom('request', 'cancel', 'reject'), index: u32, begin: u32, length: u32 }),
    fc.record({ type: fc.constant('piece'), index: u32, begin: u32, block: body }),
    fc.record({ type: fc.constant('bitfield'), bits: body }),
    fc.record({ type: fc.constant('extended'), id: fc.integer({ min: 0, max: 255 }), payload: body }),
    fc.record({ type: fc.constant('port'), port: fc.integer({ min: 0, max: 65_535 }) }),
  );

  test('is read back as it was said', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 5 }), (messages) => {
        expect(read(messages.map(encodeMessage))).toEqual(messages);
      }),
      { seed: 2, numRuns: 500 },
    );
  });
});
