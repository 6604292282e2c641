// Events as NDJSON: `{"topic": ..., ...columns}` a line, the file replaced, a bad path told at once.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openEventSink } from '../../../services/cli/src/events-file.ts';
import { hashOf, probed, sighting } from '../../support/events.ts';
import { recorder } from './recorder.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'swarmscope-events-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('writes a line per event, in place of what was there', () => {
  const file = join(directory, 'events.ndjson');
  writeFileSync(file, 'older and much longer than what comes now'.repeat(100));
  const sink = openEventSink(file, recorder());
  sink.write([sighting(1), probed(2)]);
  sink.write([]);
  sink.write([sighting(3)]);
  sink.close();
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  expect(sink.lines).toBe(3);
  expect(lines.map((line) => (JSON.parse(line) as { topic: string }).topic)).toEqual([
    'infohash_sighted',
    'peer_probed',
    'infohash_sighted',
  ]);
  expect(JSON.parse(lines[0]!)).toMatchObject({ info_hash: hashOf(1), way: 'sample', confirmed: 0 });
});

test('without a file, standard output', () => {
  const terminal = recorder();
  openEventSink(undefined, terminal).write([sighting(1)]);
  expect(terminal.printed).toMatch(/^\{"topic":"infohash_sighted",.*\}\n$/);
});

test('a path that cannot be written is one sentence', () => {
  expect(() => openEventSink(join(directory, 'none', 'events'), recorder())).toThrow(/cannot write .*: no such file/);
});
