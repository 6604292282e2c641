// The spool: what was written at the end of one process is what the next one reads.
import { appendFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Outbox } from '@swarmscope/bus/outbox.ts';
import { readSpool, removeSpool, reopenSpool, writeSpool } from '@swarmscope/bus/spool.ts';
import { type Event, encodeEvent } from '@swarmscope/events/event.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { probed, sighting } from '../../support/events.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'swarmscope-spool-'));
  path = join(directory, 'spool.ndjson');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('keeps events whole and in order, over several ends, for its owner alone', () => {
  expect(readSpool(path)).toEqual({ events: [], rejected: 0 });
  expect(writeSpool(path, [sighting(1), probed(2)].map(encodeEvent))).toBe(2);
  expect(writeSpool(path, [sighting(3)].map(encodeEvent))).toBe(1);
  expect(readSpool(path)).toEqual({ events: [sighting(1), probed(2), sighting(3)], rejected: 0 });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  removeSpool(path);
  expect(readSpool(path).events).toEqual([]);
});

test('a line that was cut by a crash is counted, the others are kept', () => {
  writeSpool(path, [encodeEvent(sighting(1))]);
  appendFileSync(path, '{"topic":"peer_probed","ts":17');
  expect(readSpool(path)).toEqual({ events: [sighting(1)], rejected: 1 });
});

test('nothing to keep makes no file', () => {
  expect(writeSpool(path, [])).toBe(0);
  expect(() => statSync(path)).toThrow();
  expect(() => removeSpool(path)).not.toThrow();
});

/** A bus as the Kafka bus is one to the spool: an outbox whose log takes nothing until `take`. */
function busOf(sightingsMax: number) {
  const outbox = new Outbox({ sightingsMax, measureBytesMax: 1e6 });
  const handed: string[] = [];
  return {
    handed,
    publish: (event: Event) => outbox.put(event),
    flush: () => outbox.empty(Number.POSITIVE_INFINITY),
    unsent: () => outbox.lines(),
    /** The log takes over all that waits; kept when whoever waited for that went on. */
    async take() {
      handed.push(...outbox.lines());
      outbox.sent(outbox.length);
      await new Promise(setImmediate);
    },
  };
}

test('a log that is away from start to end: nothing is doubled, nothing is lost, however often', () => {
  writeSpool(path, [sighting(1), probed(2)].map(encodeEvent));
  for (let start = 1; start <= 3; start += 1) {
    const bus = busOf(100);
    const close = reopenSpool(bus, path);
    bus.publish(probed(10 + start));
    expect(close()).toBe(2 + start);
    expect(readSpool(path).events).toEqual([sighting(1), probed(2), ...[11, 12, 13].slice(0, start).map((n) => probed(n))]);
  }
});

test('the file goes when the log has what it held, not before; what comes later is spooled alone', async () => {
  writeSpool(path, [encodeEvent(probed(1))]);
  const bus = busOf(100);
  const close = reopenSpool(bus, path);
  expect(readSpool(path).events).toEqual([probed(1)]);
  await bus.take();
  expect(() => statSync(path)).toThrow('ENOENT');
  bus.publish(probed(2));
  expect(close()).toBe(1);
  expect(readSpool(path).events).toEqual([probed(2)]);
});

test('more sightings than the bus holds wait in the spool instead of being sampled down', async () => {
  const events = Array.from({ length: 50 }, (_, n) => sighting(n));
  writeSpool(path, events.map(encodeEvent));
  const away = busOf(8);
  expect(reopenSpool(away, path)()).toBe(50);
  expect(readSpool(path).events).toEqual(events);
  const bus = busOf(8);
  const close = reopenSpool(bus, path);
  while (bus.handed.length < 50) await bus.take();
  expect(bus.handed).toEqual(events.map(encodeEvent));
  expect(close()).toBe(0);
  expect(() => statSync(path)).toThrow('ENOENT');
});
