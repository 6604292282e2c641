// The spool: what was written at the end of one process is what the next one reads.
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readSpool, removeSpool, writeSpool } from '../../../services/cli/src/spool.ts';
import { probed, sighting } from '../../support/events.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'swarmscope-spool-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('keeps events whole and in order, over several ends', () => {
  expect(readSpool(directory)).toEqual([]);
  expect(writeSpool(directory, [sighting(1), probed(2)])).toBe(2);
  expect(writeSpool(directory, [sighting(3)])).toBe(1);
  expect(readSpool(directory)).toEqual([sighting(1), probed(2), sighting(3)]);
  removeSpool(directory);
  expect(readSpool(directory)).toEqual([]);
});

test('a line that was cut by a crash is left out, the others are not', () => {
  writeSpool(directory, [sighting(1)]);
  appendFileSync(join(directory, 'spool.ndjson'), '{"topic":"peer_probed","ts":17');
  expect(readSpool(directory)).toEqual([sighting(1)]);
});

test('nothing to keep makes no file', () => {
  expect(writeSpool(directory, [])).toBe(0);
  expect(() => removeSpool(directory)).not.toThrow();
});
