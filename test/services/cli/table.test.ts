// Tables, CSV and JSON: alignment, missing values, and names from strangers that must not act.
import { expect, test } from 'vitest';
import { columnsOf, formatCsv, formatRows, formatTable, printable } from '../../../services/cli/src/table.ts';

test('numbers go to the right, text to the left, missing is a dash and never 0', () => {
  const rows = [
    { name: 'a', peers: 3 },
    { name: 'long name', peers: null },
    { name: 'b', peers: 120 },
  ];
  expect(formatTable(rows).split('\n')).toEqual([
    'name       peers',
    '─────────  ─────',
    'a              3',
    'long name      –',
    'b            120',
  ]);
});

test('columns are the union of the keys in order of first appearance', () => {
  expect(columnsOf([{ b: 1 }, { a: 1, b: 2 }])).toEqual(['b', 'a']);
});

test('control characters and direction marks become visible dots', () => {
  expect(printable('a\u001b[31mb\u202ec\n')).toBe('a·[31mb·c·');
});

test('long cells are cut', () => {
  expect(
    formatTable([{ name: 'x'.repeat(100) }], ['name'], 10)
      .split('\n')
      .at(-1),
  ).toBe(`${'x'.repeat(9)}…`);
});

test('CSV quotes by RFC 4180, keeps null empty and disarms formulas, but not numbers', () => {
  const rows = [{ name: 'a,"b"\r\nc', peers: null, formula: '=1+1', delta: -3 }];
  expect(formatCsv(rows)).toBe('name,peers,formula,delta\r\n"a,""b""\r\nc",,\'=1+1,-3\r\n');
});

test('no rows are said in a table, empty in JSON, a head in CSV when the columns are known', () => {
  expect(formatRows([], 'table')).toBe('(no rows)\n');
  expect(JSON.parse(formatRows([], 'json'))).toEqual([]);
  expect(formatRows([], 'csv', ['a', 'b'])).toBe('a,b\r\n');
});

test('objects and arrays are JSON in a cell', () => {
  expect(formatCsv([{ list: [1, 2] }])).toBe('list\r\n"[1,2]"\r\n');
});
