// The takedown list: what a line means, what is on it, what a name finds out, and a file that changes or breaks while it is followed.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@swarmscope/runtime/config.ts';
import { silentLog } from '@swarmscope/runtime/log.ts';
import { EMPTY_TAKEDOWN, followTakedown, parseTakedown, Takedown } from '@swarmscope/runtime/takedown.ts';
import { afterAll, describe, expect, test } from 'vitest';

const [A, B, C] = ['a', 'b', 'c'].map((digit) => digit.repeat(40)) as [string, string, string];
const sha256 = (infoHash: string) => createHash('sha256').update(infoHash, 'hex').digest('hex');
const directory = mkdtempSync(join(tmpdir(), 'swarmscope-takedown-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function listOf(text: string): Takedown {
  const takedown = new Takedown();
  takedown.replace(parseTakedown(text));
  return takedown;
}

describe('lines', () => {
  test('infohashes, hashes of them, names, networks, comments', () => {
    const text = `# asked for by X\r\n\n ${A.toUpperCase()} \n${B}${'0'.repeat(24)}\nhashed ${sha256(C)}\nname  Some *  Title\nnetwork 203.0.113.0/24\n`;
    expect(parseTakedown(text)).toEqual({
      infoHashes: [A, B],
      hashed: [sha256(C)],
      names: ['Some * Title'],
      networks: ['203.0.113.0/24'],
    });
    expect(parseTakedown('')).toEqual(EMPTY_TAKEDOWN);
  });

  test.each(['abc', `${A}0`, `infohash ${A}`, `hashed ${A}`, 'name', 'name ***', 'network here', `${A} ${B}`])(
    '%j is none, and the sentence names the line',
    (line) => {
      expect(() => parseTakedown(`# first\n${line}\n`)).toThrow(ConfigError);
      expect(() => parseTakedown(`# first\n${line}\n`)).toThrow(/^Line 2 of the takedown list is no entry/);
    },
  );
});

describe('what is on it', () => {
  test('an infohash in any of its forms; nothing when it is empty', () => {
    const takedown = listOf(`${A}\nhashed ${sha256(B)}`);
    expect([A, `${A}${'1'.repeat(24)}`, B, C].map((infoHash) => takedown.has(infoHash))).toEqual([true, true, true, false]);
    expect(takedown.hasBytes(Buffer.from(B, 'hex'))).toBe(true);
    expect(takedown.hasBytes(Buffer.from(C, 'hex'))).toBe(false);
    expect([new Takedown().isEmpty, new Takedown().has(A), new Takedown().meets([A], 'x')]).toEqual([true, false, false]);
  });

  test.each([
    ['Whole Name', 'whole name', true],
    ['Whole Name', 'The Whole Name', false],
    ['*secret*', 'A SECRET thing', true],
    ['secret*', 'a secret', false],
    ['*.iso', 'x.ISO', true],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['a*bc*c', 'abc', false],
    ['a*bc*c', 'abcc', true],
    ['a.c', 'abc', false],
    ['100%*', '100% sure', true],
  ])('the pattern %j and the name %j: %j', (pattern, name, isMet) => {
    expect(listOf(`name ${pattern}`).meets([A], name)).toBe(isMet);
  });

  test('a pattern made to be slow is not', () => {
    const takedown = listOf(`name ${'*a'.repeat(400)}*b`);
    expect(takedown.meets([A], 'a'.repeat(100_000))).toBe(false);
  });

  test('all infohashes of a torrent that is met are on it from then on, until the list changes', () => {
    const takedown = listOf(`name *secret*\n${C}`);
    const changes: string[] = [];
    takedown.listen((change) => changes.push(change));
    expect(takedown.has(A)).toBe(false);
    expect(takedown.meets([A, `${B}${'0'.repeat(24)}`], 'my secret')).toBe(true);
    expect([takedown.has(A), takedown.has(B)]).toEqual([true, true]);
    expect(takedown.infoHashes().sort()).toEqual([A, B, C]);
    expect(takedown.meets([A, B], 'my secret')).toBe(true);
    expect(changes).toEqual(['found']);
    takedown.replace(parseTakedown(C));
    expect([takedown.has(A), changes]).toEqual([false, ['found', 'list']]);
  });
});

describe('a file that is followed', () => {
  test('is read again when it changes; one that cannot be read leaves the last good list', () => {
    const path = join(directory, 'list.txt');
    writeFileSync(path, `${A}\n`);
    const warnings: string[] = [];
    let changed = () => {};
    const log = { ...silentLog, warn: (_: object, message: string) => void warnings.push(message) };
    const { takedown } = followTakedown(path, log, (_, onChange) => {
      changed = onChange;
      return () => {};
    });
    expect([takedown.has(A), takedown.has(B)]).toEqual([true, false]);
    writeFileSync(path, `${B}\n`);
    changed();
    expect([takedown.has(A), takedown.has(B)]).toEqual([false, true]);
    writeFileSync(path, `${C}\nhalf a li`);
    changed();
    expect([takedown.has(B), takedown.has(C), warnings.length]).toEqual([true, false, 1]);
    rmSync(path);
    changed();
    expect([takedown.has(B), warnings.length]).toEqual([true, 2]);
  });

  test('one that is not there at the start is a sentence; none is an empty list', () => {
    expect(() => followTakedown(join(directory, 'none.txt'), silentLog)).toThrow(ConfigError);
    expect(followTakedown(undefined, silentLog).takedown.isEmpty).toBe(true);
  });
});
