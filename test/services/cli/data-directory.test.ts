// The data directory: one process holds it, others find that process, and what a dead one left behind is no hindrance.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findRunning, holdDirectory, openDirectory } from '../../../services/cli/src/data-directory.ts';
import { Failure } from '../../../services/cli/src/failure.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'swarmscope-data-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** The file as another process would have left it; the parent of this process lives. */
function leave(pid: number, fields: { process_start?: string | null } = {}): void {
  writeFileSync(
    join(directory, 'run.json'),
    JSON.stringify({ pid, command: 'up', url: 'http://127.0.0.1:8080', metrics: null, started_ms: 0, ...fields }),
  );
}

test('holds, tells its address, releases', () => {
  const held = holdDirectory(directory, 'up', 1);
  held.update({ url: 'http://127.0.0.1:1' });
  expect(JSON.parse(readFileSync(join(directory, 'run.json'), 'utf8'))).toEqual({
    pid: process.pid,
    process_start: existsSync('/proc/self/stat') ? expect.stringMatching(/^\d+$/) : null,
    command: 'up',
    url: 'http://127.0.0.1:1',
    metrics: null,
    started_ms: 1,
  });
  held.release();
  expect(findRunning(directory)).toBeUndefined();
});

test('a living process keeps others out, in one sentence that names it', () => {
  leave(process.ppid);
  expect(findRunning(directory)?.url).toBe('http://127.0.0.1:8080');
  expect(() => holdDirectory(directory, 'demo', 1)).toThrow(
    new RegExp(`in use by \`swarmscope up\` \\(process ${process.ppid}\\)`),
  );
});

test.runIf(existsSync('/proc/self/stat'))('a living process that has the number of a dead one keeps nobody out', () => {
  const stat = readFileSync(`/proc/${process.ppid}/stat`, 'latin1');
  const start = stat.replace(/^.*\) /s, '').split(' ')[19]!;
  leave(process.ppid, { process_start: start });
  expect(findRunning(directory)?.pid).toBe(process.ppid);
  leave(process.ppid, { process_start: `${start}0` });
  expect(findRunning(directory)).toBeUndefined();
  leave(process.ppid, { process_start: null });
  expect(findRunning(directory)?.pid).toBe(process.ppid);
});

test('what a dead process or a cut write left is ignored', () => {
  leave(2 ** 22 + 1);
  expect(findRunning(directory)).toBeUndefined();
  writeFileSync(join(directory, 'run.json'), '{"pid": 1');
  expect(findRunning(directory)).toBeUndefined();
  holdDirectory(directory, 'up', 1).release();
});

test('a path that is no directory is one sentence', () => {
  const file = join(directory, 'file');
  writeFileSync(file, '');
  expect(() => openDirectory(join(file, 'below'))).toThrow(Failure);
});
