// Bitfields: exact lengths, zero spare bits, counts that follow every change, and what a peer showed before the number of pieces was known.
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import { Bitfield, countOnes } from '@swarmscope/bittorrent/peer/bitfield.ts';
import { MAX_PIECES, PeerPieces } from '@swarmscope/bittorrent/peer/pieces.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

describe('a bitfield', () => {
  test.each([
    ['too short', [0xff], 9, 'bad_length'],
    ['too long', [0xff, 0x80, 0], 9, 'bad_length'],
    ['a spare bit', [0xff, 0xc0], 9, 'bad_field'],
    ['something for no pieces', [0], 0, 'bad_length'],
  ] as const)('%s is refused', (_, bytes, length, reason) => {
    expect(Bitfield.fromBytes(Uint8Array.from(bytes), length)).toMatchObject({ reason });
  });

  test('is read and written the same, and counts as it changes', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 70 }), fc.array(fc.nat(69)), (bits, flips) => {
        const field = new Bitfield(bits.length);
        for (const [i, bit] of bits.entries()) if (bit) field.set(i);
        for (const flip of flips.filter((index) => index < bits.length)) {
          bits[flip] = !bits[flip];
          expect(bits[flip] ? field.set(flip) : field.clear(flip)).toBe(true);
        }
        expect(field.count).toBe(bits.filter(Boolean).length);
        expect(field.complete).toBe(bits.every(Boolean));
        expect(bits.map((_, i) => field.has(i))).toEqual(bits);
        expect(countOnes(field.toBytes())).toBe(field.count);
        const again = Bitfield.fromBytes(field.toBytes(), bits.length) as Bitfield;
        expect(bits.map((_, i) => again.has(i))).toEqual(bits);
      }),
      { seed: 3, numRuns: 300 },
    );
  });
});

describe('what a peer shows', () => {
  test('before the number of pieces is known: kept, and counted as soon as it is', () => {
    const pieces = new PeerPieces();
    expect(pieces.said).toBe(false);
    expect(pieces.showBits(Uint8Array.of(0xf0, 0x00))).toBeUndefined();
    expect(pieces.add(8)).toBe('new');
    expect(pieces.have).toBeUndefined();
    expect(pieces.know(9)).toBeUndefined();
    expect(pieces.have).toBe(5);
    expect(pieces.add(8)).toBe('known');
    expect(pieces.remove(8)).toBe('new');
    expect(pieces.have).toBe(4);
  });

  test('a bitfield that fits no such torrent is found out when the number is known', () => {
    const pieces = new PeerPieces();
    pieces.showBits(Uint8Array.of(0xff, 0xff));
    expect(pieces.know(9)).toEqual(new Malformed('bad_field', 1));
    const other = new PeerPieces();
    other.add(9);
    expect(other.know(9)).toEqual(new Malformed('out_of_range'));
    expect(other.add(MAX_PIECES)).toEqual(new Malformed('out_of_range'));
    expect(other.showBits(new Uint8Array(MAX_PIECES))).toEqual(new Malformed('too_long'));
  });

  test('have_all is a claim before and after; have_none is zero', () => {
    const all = new PeerPieces();
    all.show(true);
    expect([all.claimsAll, all.have]).toEqual([true, undefined]);
    all.know(9);
    expect([all.claimsAll, all.have]).toEqual([true, 9]);
    const none = new PeerPieces();
    none.show(false);
    expect([none.claimsAll, none.have]).toEqual([false, 0]);
  });

  test('a super-seeder reveals one more for each that was taken; a leecher that loads does not fit', () => {
    const pieces = new PeerPieces();
    pieces.know(100);
    pieces.show(false);
    expect(pieces.revealsOneByOne(0)).toBe(false);
    pieces.add(3);
    expect(pieces.revealsOneByOne(0)).toBe(true);
    for (let i = 10; i < 15; i++) pieces.add(i);
    expect(pieces.revealsOneByOne(0)).toBe(false);
    expect(pieces.revealsOneByOne(2)).toBe(true);
    const leecher = new PeerPieces();
    leecher.know(100);
    leecher.showBits(Uint8Array.from([0x80, ...new Uint8Array(12)]));
    leecher.add(50);
    expect(leecher.revealsOneByOne(0)).toBe(false);
  });
});
