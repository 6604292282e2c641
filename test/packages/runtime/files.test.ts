// Files that are whole or absent.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFileAtomic, writeFileAtomic } from '@swarmscope/runtime/files.ts';
import { expect, test } from 'vitest';

test('a file is replaced whole, created once, and nothing else is left in its directory', () => {
  const directory = mkdtempSync(join(tmpdir(), 'files-'));
  const path = join(directory, 'state');
  try {
    writeFileAtomic(path, 'one', 0o600);
    writeFileAtomic(path, new TextEncoder().encode('two'), 0o600);
    expect(createFileAtomic(path, 'three')).toBe(false);
    expect(readFileSync(path, 'utf8')).toBe('two');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(createFileAtomic(`${path}2`, 'four')).toBe(true);
    expect(readdirSync(directory).sort()).toEqual(['state', 'state2']);
    expect(() => writeFileAtomic(join(directory, 'no', 'where'), 'x')).toThrow('ENOENT');
  } finally {
    rmSync(directory, { recursive: true });
  }
});
