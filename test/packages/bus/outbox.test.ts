// What waits for a remote log: classes of pressure, order, room, and the spool that takes the rest.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Outbox } from '@swarmscope/bus/outbox.ts';
import { readSpool, removeSpool, writeSpool } from '@swarmscope/bus/spool.ts';
import { encodeEvent } from '@swarmscope/events/event.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { probed, sighting, watched } from '../../support/events.ts';

describe('outbox', () => {
  test('letters leave in order, and only when the log has them', () => {
    const outbox = new Outbox({ sightingsMax: 100, measureBytesMax: 1e6 });
    for (let i = 0; i < 5; i += 1) outbox.put(probed(i));
    const head = outbox.head(3, 1e6);
    expect(head.map((letter) => letter.key)).toEqual(head.map((letter) => JSON.parse(letter.value).swarm_id));
    expect(head).toHaveLength(3);
    expect(outbox.head(3, 1e6)).toEqual(head);
    outbox.sent(3);
    expect(outbox.length).toBe(2);
    expect(outbox.head(10, 1)).toHaveLength(1);
  });

  test('sightings are sampled down, then given up; measurements never', () => {
    const outbox = new Outbox({ sightingsMax: 100, measureBytesMax: 1e6 });
    const outcomes = Array.from({ length: 500 }, (_, i) => outbox.put(sighting(i)));
    expect(outcomes.filter((outcome) => outcome === 'queued')).toHaveLength(100);
    expect(outcomes.slice(0, 50)).not.toContain('dropped');
    expect(outcomes.slice(60, 75)).toContain('dropped');
    expect(outbox.put(probed(1))).toBe('queued');
    expect(outbox.counters).toEqual({ published: 101, dropped: 400 });
    outbox.sent(101);
    expect(outbox.put(sighting(1))).toBe('queued');
  });

  test('room is there again when the log has taken enough', async () => {
    const outbox = new Outbox({ sightingsMax: 100, measureBytesMax: 1_000 });
    let entered = false;
    while (outbox.hasRoom()) outbox.put(watched(1, 1));
    const room = outbox.room().then(() => {
      entered = true;
    });
    await Promise.resolve();
    expect(entered).toBe(false);
    outbox.sent(outbox.length);
    await room;
    expect(entered).toBe(true);
  });

  test('empty says so, in time or not', async () => {
    const outbox = new Outbox({ sightingsMax: 100, measureBytesMax: 1_000 });
    expect(await outbox.empty(1)).toBe(true);
    outbox.put(probed(1));
    expect(await outbox.empty(1)).toBe(false);
    const emptied = outbox.empty(10_000);
    outbox.sent(1);
    expect(await emptied).toBe(true);
  });

  test('a value longer than a record may be is cut, so that readers reject it and the log need not', () => {
    const outbox = new Outbox({ sightingsMax: 100, measureBytesMax: 1e9 });
    outbox.put({ ...probed(1), client: 'x'.repeat(2_000_000) });
    expect(outbox.head(1, 1)[0]!.value).toHaveLength(256 * 1024 + 1);
  });
});

describe('spool', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'spool-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  test('what is written is read by the next start; a cut line is counted', () => {
    const path = join(directory, 'spool.ndjson');
    expect(readSpool(path)).toEqual({ events: [], rejected: 0 });
    const events = [probed(1), watched(2, 1), sighting(3)];
    expect(writeSpool(path, events.slice(0, 2).map(encodeEvent))).toBe(2);
    expect(writeSpool(path, [encodeEvent(events[2]!), encodeEvent(probed(4)).slice(0, 40)])).toBe(2);
    expect(readSpool(path)).toEqual({ events, rejected: 1 });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    removeSpool(path);
    removeSpool(path);
    expect(readSpool(path).events).toEqual([]);
  });

  test('nothing to write makes no file', () => {
    const path = join(directory, 'spool.ndjson');
    expect(writeSpool(path, [])).toBe(0);
    expect(() => statSync(path)).toThrow('ENOENT');
  });
});
