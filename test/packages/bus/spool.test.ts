// The spool: what was written at the end of one process is what the next one reads.
import { appendFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSpool, removeSpool, writeSpool } from '@swarmscope/bus/spool.ts';
import { encodeEvent } from '@swarmscope/events/event.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { probed, sighting } from '../../support/events.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'swarmscope-spool-'));
  path = join(directory, 'spool.ndjson');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('keeps events whole and in order, over several ends, for its owner alone', () => {
  expect(readSpool(path)).toEqual({ events: [], rejected: 0 });
  expect(writeSpool(path, [sighting(1), probed(2)].map(encodeEvent))).toBe(2);
  expect(writeSpool(path, [sighting(3)].map(encodeEvent))).toBe(1);
  expect(readSpool(path)).toEqual({ events: [sighting(1), probed(2), sighting(3)], rejected: 0 });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  removeSpool(path);
  expect(readSpool(path).events).toEqual([]);
});

test('a line that was cut by a crash is counted, the others are kept', () => {
  writeSpool(path, [encodeEvent(sighting(1))]);
  appendFileSync(path, '{"topic":"peer_probed","ts":17');
  expect(readSpool(path)).toEqual({ events: [sighting(1)], rejected: 1 });
});

test('nothing to keep makes no file', () => {
  expect(writeSpool(path, [])).toBe(0);
  expect(() => statSync(path)).toThrow();
  expect(() => removeSpool(path)).not.toThrow();
});
