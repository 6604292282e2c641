// The watch list of the demo: it is a watch list, it replaces itself, and never one that a person wrote.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { refuseForeignWatchlist, writeDemoWatchlist } from '../../../services/cli/src/demo-watchlist.ts';
import { loadWatchlist } from '../../../services/cli/src/watchlist.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'swarmscope-list-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('none, and its own, are no hindrance', () => {
  refuseForeignWatchlist(directory);
  const path = writeDemoWatchlist(directory, []);
  expect(loadWatchlist(path)).toMatchObject({ verify: 'all', announce: 'all' });
  refuseForeignWatchlist(directory);
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll('\n', '\r\n'));
  refuseForeignWatchlist(directory);
});

test.each(['', 'torrents: []\n', '# mine\ntorrents: []\n'])(
  'a list that begins with %j is refused, and left as it is',
  (text) => {
    const path = join(directory, 'watchlist.yaml');
    writeFileSync(path, text);
    expect(() => refuseForeignWatchlist(directory)).toThrow(/watchlist\.yaml is not the demo's .*--data$/);
    expect(readFileSync(path, 'utf8')).toBe(text);
  },
);

test('one that cannot be read is no reason to write over it', () => {
  mkdirSync(join(directory, 'watchlist.yaml'));
  expect(() => refuseForeignWatchlist(directory)).toThrow(/EISDIR/);
});
