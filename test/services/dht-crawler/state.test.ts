// The crawl's state over a restart: written whole, read back, set aside when corrupt; a sweep goes on where it was left.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KeptState, readState, writeState } from '@swarmscope/dht-crawler/state.ts';
import { silentLog } from '@swarmscope/runtime/log.ts';
import { randomBytes, seededRandom } from '@swarmscope/runtime/random.ts';
import { afterAll, describe, expect, test } from 'vitest';

const random = seededRandom(4);
const id = () => randomBytes(random, 20);
const directory = mkdtempSync(join(tmpdir(), 'swarmscope-state-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function logOf(): { warnings: string[]; log: typeof silentLog } {
  const warnings: string[] = [];
  return { warnings, log: { ...silentLog, warn: (_, message) => void warnings.push(message) } };
}

const state: KeptState = {
  4: {
    id: id(),
    table: [{ id: id(), endpoint: { address: '5.6.7.8', port: 6881 } }],
    sweep: { number: 3, startedMs: 1_700_000_000_000 },
    nodes: [
      { id: id(), endpoint: { address: '5.6.7.8', port: 6881 }, done: true, lookAtMs: 1_700_000_500_000 },
      { id: id(), endpoint: { address: '5.6.7.9', port: 1 }, done: false, lookAtMs: 1_700_000_000_000 },
    ],
  },
  6: {
    id: id(),
    table: [],
    sweep: { number: 0, startedMs: 0 },
    nodes: [{ id: id(), endpoint: { address: '2a00::1', port: 2 }, done: true, lookAtMs: 5 }],
  },
};

describe('state file', () => {
  test('what is written is read', () => {
    const path = join(directory, 'a.json');
    writeState(path, state);
    const { warnings, log } = logOf();
    expect(readState(path, log)).toEqual(state);
    expect(warnings).toEqual([]);
  });

  test('none is no warning', () => {
    const { warnings, log } = logOf();
    expect(readState(join(directory, 'none.json'), log)).toEqual({});
    expect(warnings).toEqual([]);
  });

  test.each([
    ['cut in the middle', (text: string) => text.slice(0, 200)],
    ['of another version', (text: string) => text.replace('"version":1', '"version":9')],
    ['with an id that is none', (text: string) => text.replace(/"id":"[0-9a-f]{40}"/, '"id":"zz"')],
    ['empty', () => ''],
    ['of another kind', () => '[1,2]'],
  ])('a file %s is set aside with a warning, and the crawl begins anew', (_, damage) => {
    const path = join(directory, 'b.json');
    writeState(path, state);
    const damaged = damage(readFileSync(path, 'utf8'));
    writeFileSync(path, damaged);
    const { warnings, log } = logOf();
    expect(readState(path, log)).toEqual({});
    expect(warnings).toHaveLength(1);
    expect(existsSync(path)).toBe(false);
    expect(readFileSync(`${path}.corrupt`, 'utf8')).toBe(damaged);
  });
});
