// The shortcut of each column says yes only to what zod accepts, and to every such value that JSON can carry.
import { COMMON_COLUMNS } from '@swarmscope/events/definition.ts';
import { definitions, TOPICS } from '@swarmscope/events/definitions.ts';
import { parseEvent, Rejection } from '@swarmscope/events/event.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { probed } from '../../support/events.ts';

const NUMBERS = [0, -0, 1, 2, 4, 5, 6, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 9_999_999_999_999, 1e13, 2 ** 53, -1, 0.5];
const TEXTS = ['', '0', '00', '01', '18446744073709551615', '18446744073709551616', '-1', '1e3', 'sample', 'proved', 'tcp', 'v4'];
const HEX = [8, 16, 40, 64].flatMap((digits) => ['a'.repeat(digits), 'A'.repeat(digits), `${'0'.repeat(digits)}\n`]);
const LONG = [16, 64, 128, 256, 320, 1_024, 4_096].flatMap((length) => ['x'.repeat(length), 'x'.repeat(length + 1)]);
const plain = [...NUMBERS, ...TEXTS, ...HEX, ...LONG, '\ud800', '\u{1f600}', null, true, Number.NaN, Number.POSITIVE_INFINITY];
const nested = [
  [],
  ...plain.map((value) => [value]),
  Array(300).fill(1),
  Array(300).fill('x'),
  {},
  { a: 1 },
  { a: 'x' },
  { a: null },
  { ['n'.repeat(129)]: 1 },
  Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`n${i}`, i])),
  [{ index: 1, copies_min: 0 }],
  [{ index: 1, copies_min: 0, more: 0 }],
  [{ index: 1 }],
  [{ source: 'dht', count: null, low: 1, high: 2, failed: 0 }],
  [{ path: 'a', size_bytes: '1', merkle_root: null }],
  [{ path: 'a', size_bytes: '-1', merkle_root: null }],
];
const odd = [undefined, new Map(), new Date(0), [undefined], Object.create({ a: 1 }), new (class Own {})(), 1n];

describe('every column', () => {
  const columns = TOPICS.flatMap((topic) =>
    Object.entries({ ...COMMON_COLUMNS, ...definitions[topic].columns }).map(([name, column]) => ({ topic, name, column })),
  );

  test('its shortcut agrees with zod about what JSON can carry, and is never the milder', () => {
    for (const { topic, name, column } of columns) {
      for (const value of [...plain, ...nested])
        expect(column.is(value), `${topic}.${name}: ${JSON.stringify(value)}`).toBe(column.zod.safeParse(value).success);
      for (const value of odd) if (column.is(value)) expect(column.zod.safeParse(value).success, `${topic}.${name}`).toBe(true);
    }
  });

  test('the same for any JSON', () => {
    const distinct = [...new Map(columns.map((each) => [`${each.column.clickhouse} ${each.column.unit}`, each])).values()];
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        for (const { column } of distinct) expect(column.is(value)).toBe(column.zod.safeParse(value).success);
      }),
      { seed: 11, numRuns: 100 },
    );
  });
});

test('what an event inherits is none of its columns, and its own __proto__ is one too many', () => {
  const event = probed(1);
  expect(parseEvent('peer_probed', event)).toBe(event);
  expect(parseEvent('peer_probed', { ...event, client: undefined })).toBeInstanceOf(Rejection);
  const { client: _, ...rest } = event;
  expect(parseEvent('peer_probed', Object.assign(Object.create({ client: null }), rest, { other: 1 }))).toBeInstanceOf(Rejection);
  const json = JSON.stringify(event).replace('"client":null', '"__proto__":null');
  expect(parseEvent('peer_probed', JSON.parse(json))).toBeInstanceOf(Rejection);
});
