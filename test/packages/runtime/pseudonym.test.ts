// Pseudonyms: the same for all who share a seed, different each period, never going back; the seed's file.
import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '@swarmscope/runtime/clock.ts';
import { epochAt, PSEUDONYM_PERIOD_MS, Pseudonyms, ratchet } from '@swarmscope/runtime/pseudonym.ts';
import { openPseudonyms, parseSeed } from '@swarmscope/runtime/pseudonym-seed.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const key = new Uint8Array(32).fill(7);
const period = PSEUDONYM_PERIOD_MS;
const made: Pseudonyms[] = [];
const keep = (names: Pseudonyms) => {
  made.push(names);
  return names;
};
afterEach(() => {
  for (const names of made.splice(0)) names.stop();
});

describe('names', () => {
  const clock = new ManualClock(0, 3 * period + 5);
  const names = new Pseudonyms({ epoch: 3, key, clock });

  test('are the first 64 bits of HMAC-SHA-256 over the packed bytes', () => {
    const hmac = (...bytes: number[]) => createHmac('sha256', key).update(Uint8Array.from(bytes)).digest('hex').slice(0, 16);
    expect(names.addressKey('1.2.3.4')).toBe(hmac(1, 2, 3, 4));
    expect(names.peerKey({ address: '1.2.3.4', port: 0x1ae1 })).toBe(hmac(1, 2, 3, 4, 0x1a, 0xe1));
    expect(names.nodeKey(new Uint8Array(20).fill(9), '1.2.3.4')).toBe(hmac(...Array<number>(20).fill(9), 1, 2, 3, 4));
    expect(names.addressKey('2000::1')).toBe(hmac(0x20, ...Array<number>(14).fill(0), 1));
  });

  test('are the same in every service with that seed', () => {
    const seed = keep(new Pseudonyms({ epoch: 0, key, clock }));
    const late = keep(new Pseudonyms({ ...ratchet(ratchet(ratchet({ epoch: 0, key }))), clock }));
    expect(seed.epoch).toBe(3);
    expect(seed.addressKey('1.2.3.4')).toBe(late.addressKey('1.2.3.4'));
    expect(seed.addressKey('1.2.3.4')).not.toBe(names.addressKey('1.2.3.4'));
  });

  test('change when the period ends, and the earlier key is gone', () => {
    const moving = new ManualClock(0, 3 * period);
    const heard: number[] = [];
    const one = keep(new Pseudonyms({ epoch: 3, key, clock: moving, onRatchet: ({ epoch }) => heard.push(epoch) }));
    const before = one.addressKey('1.2.3.4');
    moving.advance(period - 1);
    one.advance();
    expect(one.addressKey('1.2.3.4')).toBe(before);
    moving.advance(1);
    one.advance();
    expect(one.epoch).toBe(4);
    expect(one.addressKey('1.2.3.4')).not.toBe(before);
    expect(heard).toEqual([4]);
  });

  test('a key from the future, or of the wrong size, is refused', () => {
    expect(() => new Pseudonyms({ epoch: 4, key, clock })).toThrow('is of epoch 4, but now is 3');
    expect(() => new Pseudonyms({ epoch: 3, key: key.subarray(1), clock })).toThrow('has 32 bytes, not 31');
  });
});

describe('seed', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pseudonym-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  test('a file is made once, for its owner alone, and shared by all who start later', () => {
    const path = join(directory, 'seed');
    const clock = new ManualClock(0, 9 * period);
    const first = keep(openPseudonyms({ path, clock }));
    const second = keep(openPseudonyms({ path, clock }));
    expect(second.addressKey('1.2.3.4')).toBe(first.addressKey('1.2.3.4'));
    expect(readFileSync(path, 'utf8')).toMatch(/^9:[0-9a-f]{64}\n$/);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('the file follows the ratchet, and an older process does not turn it back', () => {
    const path = join(directory, 'seed');
    const [early, late] = [new ManualClock(0, 9 * period), new ManualClock(0, 9 * period)];
    const slow = keep(openPseudonyms({ path, clock: early }));
    const fast = keep(openPseudonyms({ path, clock: late }));
    late.advance(2 * period);
    fast.advance();
    const written = readFileSync(path, 'utf8');
    expect(written).toMatch(/^11:/);
    early.advance(period);
    slow.advance();
    expect(readFileSync(path, 'utf8')).toBe(written);
    early.advance(period);
    slow.advance();
    expect(slow.addressKey('1.2.3.4')).toBe(fast.addressKey('1.2.3.4'));
  });

  test('a value is the key of epoch 0, or of the epoch it names', () => {
    const clock = new ManualClock(0, 2 * period);
    const hex = Buffer.from(key).toString('hex');
    const plain = keep(openPseudonyms({ value: hex, clock }));
    const named = keep(openPseudonyms({ value: `0:${hex}`, clock }));
    expect(plain.addressKey('1.2.3.4')).toBe(named.addressKey('1.2.3.4'));
    expect(plain.epoch).toBe(2);
  });

  test('neither: a key of this process alone', () => {
    const clock = new ManualClock();
    const [one, other] = [keep(openPseudonyms({ clock })), keep(openPseudonyms({ clock }))];
    expect(one.epoch).toBe(epochAt(clock.wall(), period));
    expect(one.addressKey('1.2.3.4')).not.toBe(other.addressKey('1.2.3.4'));
  });

  test('what is no seed is one sentence, and the file stays', () => {
    const path = join(directory, 'seed');
    writeFileSync(path, 'hunter2\n');
    expect(() => openPseudonyms({ path, clock: new ManualClock() })).toThrow('must be 64 hexadecimal digits, or EPOCH:DIGITS.');
    expect(readFileSync(path, 'utf8')).toBe('hunter2\n');
    expect(() => parseSeed('zz', 'It')).toThrow('It must be');
  });
});
