// The scripts of the page that need no browser: types, figures as people read them, gaps and sums of charts.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../../../support/tree.ts';

const page = join(ROOT, 'services/web/src/page');
const load = <T>(name: string) => import(pathToFileURL(join(page, name)).href) as Promise<T>;

interface Format {
  figure(value: number | null, unit: string): string;
  secondsOf(value: unknown): number | null;
  ago(seconds: number, nowS: number): string;
  toneOf(column: object, value: number | null): string;
}
interface Series {
  seriesOf(panel: object, frame: object): { times: number[]; series: { title: string; values: (number | null)[] }[] };
  stacked(series: { values: (number | null)[] }[]): (number | null)[][];
}

const { figure, secondsOf, ago, toneOf } = await load<Format>('format.js');
const { seriesOf, stacked } = await load<Series>('series.js');

test('the scripts type-check', () => {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  expect(() => execFileSync(process.execPath, [tsc, '-p', page], { stdio: 'pipe' })).not.toThrow();
});

describe('figures', () => {
  test.each([
    [null, 'count', 'unknown'],
    [0, 'count', '0'],
    [1_234_567, 'count', '1,234,567'],
    [0.5, 'copies', '0.50'],
    [1_536, 'bytes', '1.5 KiB'],
    [99.96, 'percent', '100 %'],
    [0.123, 'per_second', '0.12/s'],
    [12.34, 'per_second', '12.3/s'],
    [90, 's', '2 min'],
    [0, 'yes_no', 'no'],
    [1, 'yes_no', 'yes'],
  ] as const)('%s %s is %s', (value, unit, text) => {
    expect(figure(value, unit)).toBe(text);
  });

  test('times of the store are UTC', () => {
    expect(secondsOf('1970-01-01 00:01:00')).toBe(60);
    expect(secondsOf('1970-01-01 00:01:00.500')).toBe(60.5);
    expect(secondsOf(null)).toBeNull();
    expect(ago(100, 103)).toBe('just now');
    expect(ago(100, 160 + 3_600)).toBe('1 h ago');
  });

  test('steps give the tone of the last one reached; unknown is grey', () => {
    const column = {
      steps: [
        { from: null, tone: 'bad' },
        { from: 1, tone: 'warn' },
        { from: 2, tone: 'good' },
      ],
    };
    expect([0, 1, 1.9, 5, null].map((value) => toneOf(column, value))).toEqual(['bad', 'warn', 'warn', 'good', 'unknown']);
    expect(toneOf({ tone: 'leecher' }, 3)).toBe('leecher');
  });
});

describe('series', () => {
  const at = (s: number) => new Date(s * 1_000).toISOString().replace('T', ' ').slice(0, 19);
  const range = { fromS: 0, toS: 1_000, intervalS: 10 };

  test('a long silence breaks the line, a short one does not', () => {
    const panel = {
      kind: 'timeseries',
      draw: 'line',
      columns: [
        { name: 'time', unit: 'time' },
        { name: 'n', title: 'N', unit: 'count' },
      ],
    };
    const rows = [0, 10, 20, 40, 100, 110].map((s) => [at(s), s]);
    const { times, series } = seriesOf(panel, { range, names: ['time', 'n'], rows });
    expect(times).toEqual([0, 10, 20, 40, 70, 100, 110]);
    expect(series[0]!.values).toEqual([0, 10, 20, 40, null, 100, 110]);
  });

  test('one series per word; beyond twelve they are one', () => {
    const panel = {
      kind: 'timeseries',
      draw: 'line',
      columns: [
        { name: 'time', unit: 'time' },
        { name: 'w', unit: 'word' },
        { name: 'n', unit: 'count' },
      ],
    };
    const rows = Array.from({ length: 15 }, (_, i) => [at(0), `word ${i}`, i]);
    const { series } = seriesOf(panel, { range, names: ['time', 'w', 'n'], rows });
    expect(series.map((each) => each.title)).toEqual([...Array.from({ length: 12 }, (_, i) => `word ${i}`), 'others']);
    expect(series.at(-1)!.values).toEqual([12 + 13 + 14]);
  });

  test('sums stand on each other; where nothing was measured there is nothing', () => {
    expect(stacked([{ values: [1, null, null] }, { values: [2, 5, null] }])).toEqual([
      [1, 0, null],
      [3, 5, null],
    ]);
  });
});
