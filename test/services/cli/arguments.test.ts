// Values of flags: what is accepted, in which shape, and that nothing else is.
import { describe, expect, test } from 'vitest';
import {
  parseHostPort,
  readHostPorts,
  readNetworks,
  readPort,
  readSeconds,
  readShard,
  readTrackers,
} from '../../../services/cli/src/arguments.ts';

describe('HOST:PORT', () => {
  test.each([
    ['127.0.0.1:6881', { host: '127.0.0.1', port: 6881 }],
    ['[::1]:65535', { host: '::1', port: 65_535 }],
    ['[2001:DB8:0:0::1]:1', { host: '2001:db8::1', port: 1 }],
    ['router.example:6881', { host: 'router.example', port: 6881 }],
  ])('%s', (text, value) => expect(parseHostPort(text)).toEqual(value));

  test.each(['', ':1', 'host', 'host:', 'host:0', 'host:65536', '::1:1', '[::1]', '[zz]:1', 'a b:1', 'http://a:1'])(
    'not %j',
    (text) => expect(parseHostPort(text)).toBeUndefined(),
  );

  test('repeats', () => {
    expect(readHostPorts('b:2', readHostPorts('a:1', undefined))).toEqual([
      { host: 'a', port: 1 },
      { host: 'b', port: 2 },
    ]);
  });
});

test('networks are canonical and repeat', () => {
  expect(readNetworks('2001:DB8::/032', readNetworks('127.0.0.0/8', undefined))).toEqual(['127.0.0.0/8', '2001:db8::/32']);
  for (const wrong of ['127.0.0.0', '127.0.0.0/33', '::/129', 'x/8', '127.0.0.0/-1'])
    expect(() => readNetworks(wrong, undefined)).toThrow();
});

test('a shard is named from 1 and counted from 0', () => {
  expect(readShard('1/1')).toEqual({ index: 0, count: 1 });
  expect(readShard('3/4')).toEqual({ index: 2, count: 4 });
  for (const wrong of ['0/1', '2/1', '1/0', '1/257', 'a/b', '1', '1/2/3']) expect(() => readShard(wrong)).toThrow();
});

test('seconds and ports', () => {
  expect(readSeconds('1.5')).toBe(1.5);
  for (const wrong of ['0', '-1', '1e3', '', 'Infinity']) expect(() => readSeconds(wrong)).toThrow();
  expect(readPort('0')).toBe(0);
  for (const wrong of ['-1', '65536', 'x', '']) expect(() => readPort(wrong)).toThrow();
});

test('trackers are http, https or udp addresses', () => {
  expect(readTrackers('udp://t.example:1/announce', ['http://a/'])).toEqual(['http://a/', 'udp://t.example:1/announce']);
  for (const wrong of ['wss://a/', 'a', 'file:///x']) expect(() => readTrackers(wrong, undefined)).toThrow();
});
