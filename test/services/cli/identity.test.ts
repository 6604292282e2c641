// Node ids: the same after a restart, new where the file is unreadable, none on disk without a data directory.
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openIdentity } from '../../../services/cli/src/identity.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'swarmscope-identity-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const id = (byte: number) => new Uint8Array(20).fill(byte);

test('stays over restarts, one per family, readable by its owner alone', () => {
  const first = openIdentity(directory);
  expect(first.nodeId(4)).toBeUndefined();
  expect(first.keep(4, id(1))).toEqual(id(1));
  first.keep(6, id(2));
  const second = openIdentity(directory);
  expect(second.nodeId(4)).toEqual(id(1));
  expect(second.nodeId(6)).toEqual(id(2));
  expect(statSync(join(directory, 'identity.json')).mode & 0o777).toBe(0o600);
});

test.each(['', '{', '[]', '{"v4":"00"}', '{"v4":7}', 'null'])('a file with %j counts as absent', (text) => {
  writeFileSync(join(directory, 'identity.json'), text);
  expect(openIdentity(directory).nodeId(4)).toBeUndefined();
});

test('without a directory nothing is written', () => {
  const identity = openIdentity(undefined);
  identity.keep(4, id(1));
  expect(identity.nodeId(4)).toEqual(id(1));
  expect(readdirSync(directory)).toEqual([]);
});
