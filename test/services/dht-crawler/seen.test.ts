// Infohashes met: new, known, confirmed by a second party; bounded by generations.
import { SeenInfohashes } from '@swarmscope/dht-crawler/seen.ts';
import { randomBytes, seededRandom } from '@swarmscope/runtime/random.ts';
import { describe, expect, test } from 'vitest';

const random = seededRandom(3);
const KEY = [0x03020100, 0x07060504] as const;
const ids = (count: number) => Array.from({ length: count }, () => randomBytes(random, 20));

describe('SeenInfohashes', () => {
  test('the second independent party confirms, the same one does not, and only once', () => {
    const seen = new SeenInfohashes(100, KEY);
    const [id] = ids(1);
    expect(seen.note(id!, 0, 7)).toBe('new');
    expect(seen.note(id!, 0, 7)).toBe('known');
    expect(seen.isConfirmed(id!, 0)).toBe(false);
    expect(seen.note(id!, 0, 8)).toBe('confirmed');
    expect(seen.note(id!, 0, 9)).toBe('known');
    expect([seen.isConfirmed(id!, 0), seen.partyOf(id!, 0), seen.total, seen.confirmed]).toEqual([true, 7, 1, 1]);
  });

  test('who only asks is no party: it neither counts first nor confirms', () => {
    const seen = new SeenInfohashes(100, KEY);
    const [id] = ids(1);
    expect(seen.note(id!, 0, 0)).toBe('new');
    expect([seen.total, seen.askedFor]).toEqual([0, 1]);
    expect(seen.note(id!, 0, 5)).toBe('known');
    expect(seen.note(id!, 0, 0)).toBe('known');
    expect([seen.total, seen.askedFor, seen.confirmed]).toEqual([1, 0, 0]);
    expect(seen.note(id!, 0, 6)).toBe('confirmed');
  });

  test('infohashes are read at their offset, and those that share a prefix are told apart', () => {
    const seen = new SeenInfohashes(100, KEY);
    const bytes = new Uint8Array(60).fill(1);
    bytes[39] = 2;
    expect([0, 20, 40].map((at) => seen.note(bytes, at, 1))).toEqual(['new', 'new', 'known']);
  });

  test('it grows to its capacity and forgets the oldest beyond it, never the latest half', () => {
    const seen = new SeenInfohashes(100_000, KEY);
    const all = ids(150_000);
    expect(all.filter((id) => seen.note(id, 0, 1) !== 'new')).toEqual([]);
    expect(seen.total).toBe(150_000);
    expect(all.slice(-50_000).filter((id) => seen.note(id, 0, 1) !== 'known')).toEqual([]);
    expect(seen.partyOf(all[0]!, 0)).toBe(0);
  });

  test('confirmation survives the change of generations when it is met again', () => {
    const seen = new SeenInfohashes(20, KEY);
    const [kept, ...others] = ids(40);
    seen.note(kept!, 0, 1);
    seen.note(kept!, 0, 2);
    for (const id of others) {
      seen.note(id, 0, 1);
      expect(seen.note(kept!, 0, 3)).toBe('known');
    }
    expect(seen.isConfirmed(kept!, 0)).toBe(true);
  });
});
