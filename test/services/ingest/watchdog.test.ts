// Standing still is told from having nothing to do, from waiting for the store, and from waiting for the log.
import { Watchdog } from '@swarmscope/ingest/watchdog.ts';
import { expect, test } from 'vitest';

const MINUTE = 60_000;

/** What it says when it looks once a minute; `at` gives what it sees. */
function minutes(count: number, at: (minute: number) => { lag: number | undefined; done?: number; isRefused?: boolean }) {
  const watchdog = new Watchdog();
  const said = Array.from({ length: count }, (_, i) => watchdog.look(i * MINUTE, { done: 7, isRefused: false, ...at(i) }));
  return { said: said.filter((sentence) => sentence !== undefined), first: said.findIndex((sentence) => sentence !== undefined) };
}

test('nothing moves though something waits: after five minutes it says so', () => {
  const { said, first } = minutes(8, () => ({ lag: 12 }));
  expect(said[0]).toBe('Nothing was read or stored for 300 s though 12 records wait in the log.');
  expect(first).toBe(6);
});

test.each([
  ['nothing waits', () => ({ lag: 0 })],
  ['it moves', (minute: number) => ({ lag: 12, done: minute >> 2 })],
  ['the store refuses rows', () => ({ lag: 12, isRefused: true })],
  ['the log does not answer', () => ({ lag: undefined })],
  ['now and then nothing waits', (minute: number) => ({ lag: minute % 4 })],
])('%s: it is quiet', (_, at) => {
  expect(minutes(60, at).said).toEqual([]);
});

test('a log that does not answer for a minute is a trouble, until it does', () => {
  const watchdog = new Watchdog();
  const silent = { lag: undefined, done: 1, isRefused: false };
  watchdog.look(0, silent);
  watchdog.look(MINUTE, silent);
  expect(watchdog.trouble(MINUTE)).toBeUndefined();
  expect(watchdog.trouble(MINUTE + 5_000)).toBe('The log has not answered for 65 s.');
  watchdog.look(MINUTE + 6_000, { ...silent, lag: 3 });
  expect(watchdog.trouble(9 * MINUTE)).toBeUndefined();
});
