// The report of the benchmark: medians of paired rounds, goals in both directions, and the shape other tools read.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { alone, compared, spread, table } from './bench/figure.ts';

const quiet = () => vi.spyOn(process.stderr, 'write').mockReturnValue(true);

describe('figures', () => {
  test('spread: median, least, most', () => {
    expect(spread([3, 1, 2])).toEqual({ median: 2, low: 1, high: 3 });
    expect(spread([4, 1, 2, 3])).toEqual({ median: 2.5, low: 1, high: 4 });
  });

  test('a ratio is the median of paired rounds, not the ratio of medians', () => {
    quiet();
    const figure = compared({ name: 'x', unit: '1/s', goal: 2 }, [10, 40, 90], [10, 20, 30]);
    expect(figure).toEqual({
      name: 'x',
      unit: '1/s',
      value: 40,
      baseline: 20,
      ratio: 2,
      goal: 2,
      direction: 'min',
      ok: true,
    });
    expect(compared({ name: 'x', unit: '1/s', goal: 2.1 }, [10, 40, 90], [10, 20, 30]).ok).toBe(false);
  });

  test('a goal may be a most; without a baseline it is the value’s; without a goal all is well', () => {
    quiet();
    expect(alone({ name: 'rss', unit: 'MiB', goal: 300, direction: 'max' }, [290, 280])).toMatchObject({
      value: 285,
      baseline: null,
      ratio: null,
      ok: true,
    });
    expect(alone({ name: 'rss', unit: 'MiB', goal: 280, direction: 'max' }, [290]).ok).toBe(false);
    expect(alone({ name: 'rss', unit: 'MiB' }, [290])).toMatchObject({ goal: null, ok: true });
  });

  test('the table says NO where a goal is missed', () => {
    quiet();
    const lines = table([alone({ name: 'rss', unit: 'MiB', goal: 280, direction: 'max' }, [12_290])]).split('\n');
    expect(lines[0]).toMatch(/^name +value +unit +baseline +ratio +goal +ok$/);
    expect(lines[1]).toMatch(/^rss +12 290 +MiB +- +- +<= 280 +NO$/);
  });
});

describe('the command', () => {
  const run = (...args: string[]) =>
    promisify(execFile)(process.execPath, [join(import.meta.dirname, 'bench/main.ts'), ...args]).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );

  test('lists what there is, and says when there is no such thing', async () => {
    const list = await run('--list');
    expect(list.code).toBe(0);
    for (const name of ['bencode', 'krpc', 'dht_issue', 'dht_answer', 'peer_handshake', 'verify', 'bus_to_store'])
      expect(list.stdout).toMatch(new RegExp(`^${name}( \\(only by name\\))?: \\S`, 'm'));
    const wrong = await run('teapot', '--json');
    expect([wrong.code, wrong.stdout]).toEqual([2, '']);
    expect(wrong.stderr).toMatch(/^There is no benchmark "teapot"; there are: /);
  });
});
