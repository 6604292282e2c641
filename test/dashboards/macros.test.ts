// The macro expander: what each macro becomes, and that nothing unknown passes.
import { expandMacros, toGrafana, variablesIn } from '@swarmscope/dashboards/definitions/macros.ts';
import { describe, expect, test } from 'vitest';

const RANGE = { fromS: 100, toS: 200, intervalS: 60 };

describe('expandMacros', () => {
  test.each([
    ['$__timeFilter(ts)', "ts >= toDateTime(100, 'UTC') AND ts <= toDateTime(200, 'UTC')"],
    ['$__timeInterval(a.ts) AS t', 'toStartOfInterval(toDateTime(a.ts), INTERVAL 60 second) AS t'],
    ['n / $__interval_s', 'n / 60'],
    ['[$__fromTime, $__toTime]', "[toDateTime(100, 'UTC'), toDateTime(200, 'UTC')]"],
    ['SELECT {network:String}', 'SELECT {network:String}'],
  ])('%s', (sql, expected) => {
    expect(expandMacros(sql, RANGE)).toBe(expected);
  });

  test.each([
    '$__timeGroup(ts, 1m)',
    '$__conditionalAll(a = 1, $x)',
    '$__timeFilter',
    '$__timeFilter(ts; DROP TABLE x)',
    '$__interval_s(ts)',
    '$network',
    `$${'{network}'}`,
    "'costs $5'",
    '$__constructor',
  ])('fails on %s', (sql) => {
    expect(() => expandMacros(sql, RANGE)).toThrow(SyntaxError);
  });

  test.each([
    { fromS: 1.5, toS: 2, intervalS: 1 },
    { fromS: 1, toS: Number.NaN, intervalS: 1 },
    { fromS: 1, toS: 2, intervalS: 0 },
    { fromS: -1, toS: 2, intervalS: 1 },
  ])('refuses a range that is not whole seconds: %o', (range) => {
    expect(() => expandMacros('SELECT 1', range)).toThrow(RangeError);
  });
});

describe('variables', () => {
  const known = { network: 'String', swarm: 'String' };

  test('are listed once each', () => {
    expect(variablesIn('a = {network:String} AND b = {network:String} AND c = {swarm:String}', known)).toEqual([
      'network',
      'swarm',
    ]);
  });

  test.each(['{other:String}', '{network:UInt8}', '{network}', 'a } b', '{ network:String}', '{toString:String}'])(
    'fails on %s',
    (sql) => {
      expect(() => variablesIn(sql, known)).toThrow(SyntaxError);
    },
  );

  test('become quoted variables of Grafana', () => {
    expect(toGrafana('network = {network:String} AND $__timeFilter(ts)', known)).toBe(
      `network = $${'{network:singlequote}'} AND $__timeFilter(ts)`,
    );
    expect(() => toGrafana('a = {network:String} AND $__nope(ts)', known)).toThrow(SyntaxError);
  });
});
