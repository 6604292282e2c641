// History, status and replay on a real embedded store.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Topic } from '@swarmscope/events/definitions.ts';
import { type Event, encodeEvent, makeEvent } from '@swarmscope/events/event.ts';
import { rowWriter } from '@swarmscope/events/table.ts';
import { openEmbedded } from '@swarmscope/store/embedded.ts';
import { rejectedLine } from '@swarmscope/store/rejected.ts';
import type { Store } from '@swarmscope/store/store.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { storeHistory } from '../../../services/cli/src/history.ts';
import { replayAll } from '../../../services/cli/src/replay.ts';
import { readStatus } from '../../../services/cli/src/status.ts';
import { STAMP as EARLIER, hashOf, keyOf, probed, watched } from '../../support/events.ts';

/** Rows older than their table's retention would be dropped by the store at once. */
const STAMP = { ...EARLIER, ts: Date.now() };

let directory: string;
let store: Store;
let offset = 0;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'swarmscope-store-'));
  store = await openEmbedded({ directory });
  await store.migrate();
});
afterAll(async () => {
  await store?.close();
  rmSync(directory, { recursive: true, force: true });
});

async function insert(...events: Event[]): Promise<void> {
  for (const event of events) {
    offset += 1;
    const line = rowWriter(event.topic)({ ...event, _partition: 0, _offset: String(offset) });
    await store.insert(event.topic, [line], `test-${offset}`);
  }
}

async function historyOf(...topics: Topic[]): Promise<Event[]> {
  const events: Event[] = [];
  for await (const event of storeHistory(store)(topics)) events.push(event);
  return events;
}

test('the newest event of each key comes back exactly as it was published, oldest first', async () => {
  const state = makeEvent(
    'probe_state',
    {
      swarm_id: hashOf(1),
      next_due: STAMP.ts + 60_123,
      last_outcome: 'settled',
      backoff_s: 60,
      censuses: 3,
      key_epoch: 7,
      scores: [{ peer_key: keyOf(4), challenges_passed: 2, challenges_failed: 0, challenges_silent: 1 }],
      scores_total: 1,
    },
    STAMP,
  );
  const full = { ...watched(2, 1, STAMP.ts + 5), info_hash: hashOf(2), info_hash_v2: 'cd'.repeat(32), name: 'é“x' };
  await insert(watched(1, 1, STAMP.ts), watched(1, 0, STAMP.ts + 10), full, state);
  expect(await historyOf('torrent_watched')).toEqual([full, watched(1, 0, STAMP.ts + 10)]);
  expect(await historyOf('probe_state')).toEqual([state]);
});

test('status tells a fresh service from a late one and from none', async () => {
  expect(await readStatus(store, null)).toMatchObject({ ok: false, services: [], rejected: 0 });
  const report = (instance: string, agoMs: number) =>
    makeEvent(
      'service_sampled',
      { service: 'ingest', counters: { rows: 1 }, lag: 0, build: '0' },
      { ...STAMP, instance_id: instance, ts: Date.now() - agoMs },
    );
  await insert(report('a', 1_000));
  expect(await readStatus(store, null)).toMatchObject({ ok: true, services: [{ service: 'ingest', instance: 'a', ok: true }] });
  await insert(report('b', 600_000));
  const late = await readStatus(store, null);
  expect(late.ok).toBe(false);
  expect(late.services.map(({ instance, ok }) => [instance, ok])).toEqual([
    ['a', true],
    ['b', false],
  ]);
});

test('a rejected record that is an event now is stored once, however often it is replayed', async () => {
  const good = Buffer.from(encodeEvent(probed(77, {}, STAMP.ts)));
  const cut = probed(78, {}, STAMP.ts);
  const rejected = (bytes: Uint8Array, position: bigint, size = bytes.length) =>
    rejectedLine({
      ts: STAMP.ts,
      topic: 'peer_probed',
      reason: 'unknown_version',
      detail: 'test',
      bytes,
      size,
      partition: 3,
      offset: position,
    });
  const lines = [
    rejected(good, 1n),
    rejected(Buffer.from('{"topic":'), 2n),
    rejected(Buffer.from(encodeEvent(cut)), 3n, 100_000),
  ];
  await store.insert('rejected', lines, 'rejected-test');
  const counts = { records: 3, replayed: 1, already: 0, still_rejected: 1, cut: 1 };
  expect(await replayAll(store, undefined, true)).toEqual(counts);
  expect(await replayAll(store, 'swarm_sampled', false)).toMatchObject({ records: 0 });
  expect(await replayAll(store, 'peer_probed', false)).toEqual(counts);
  expect(await replayAll(store, undefined, false)).toEqual({ ...counts, replayed: 0, already: 1 });
  const sql = 'SELECT count() AS rows FROM peer_probed WHERE _partition = 3';
  expect(await store.query(sql)).toEqual([{ rows: 1 }]);
});
