// A store rebuilt from the log, through the real ingest into the real engine: events of every topic, cut otherwise the second time, says the same row by row.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryBus } from '@swarmscope/bus/memory.ts';
import { TOPICS } from '@swarmscope/events/definitions.ts';
import { type Event, makeEvent } from '@swarmscope/events/event.ts';
import { startIngest } from '@swarmscope/ingest/service.ts';
import { systemClock } from '@swarmscope/runtime/clock.ts';
import { openEmbedded } from '@swarmscope/store/embedded.ts';
import { expect, test } from 'vitest';
import { hashOf, keyOf, probed, STAMP } from '../../support/events.ts';
import { digestOfRollups } from '../../support/rollups.ts';
import { endOfSeed, seedEvents } from '../../support/seed.ts';
import { DAY_MS } from '../../support/seed-swarms.ts';

const PIECE = 5_000;
const quiet = { info() {}, warn() {} };
const LOG = { logId: 'rebuilt', firstOffset: 7n, partitions: 2 };
const END_MS = endOfSeed(Date.now());

/** The log: every second event of five days and all rare ones of a month, a prober's state, and a record now and then that is no event. */
const RARE = new Set<string>(['torrent_resolved', 'torrent_watched', 'alert_changed', 'webseed_audited']);
const state = makeEvent(
  'probe_state',
  {
    swarm_id: hashOf(1),
    next_due: END_MS,
    last_outcome: 'settled',
    backoff_s: 60,
    censuses: 3,
    key_epoch: 7,
    scores: [{ peer_key: keyOf(4), challenges_passed: 2, challenges_failed: 0, challenges_silent: 1 }],
    scores_total: 1,
  },
  { ...STAMP, ts: END_MS - 1_000 },
);
const month = [...seedEvents(END_MS)].filter(
  (event, i) => (i % 2 === 0 && event.ts >= END_MS - 5 * DAY_MS) || RARE.has(event.topic),
);
const refused = month.filter((_, i) => i % 500 === 499).map((_, i) => ({ ...probed(i, {}, END_MS - 1_000), family: 5 as 4 }));
const events: Event[] = [...month, state, ...refused];

/** Reads the whole log into an empty store under `group`, and says what the store then says. */
async function readInto(group: string, rows: number) {
  const directory = mkdtempSync(join(tmpdir(), 'swarmscope-rebuild-'));
  const store = await openEmbedded({ directory, retentionDays: Object.fromEntries(TOPICS.map((topic) => [topic, 0])) });
  try {
    await store.migrate();
    const bus = new MemoryBus(LOG);
    const limits = { rows, bytes: 4_000_000, ageMs: 20 };
    const ingest = await startIngest({ bus, store, group, clock: systemClock, log: quiet, limits });
    for (let i = 0; i < events.length; i += PIECE) {
      for (const event of events.slice(i, i + PIECE)) expect(bus.publish(event)).toBe('queued');
      expect(await bus.flush(60_000)).toBe(true);
    }
    const { rows: stored, rejected } = ingest.progress();
    await ingest.stop();
    const raw: Record<string, string> = {};
    for (const table of [...TOPICS, 'rejected']) {
      // When a record was rejected is when the log took it; a log in memory is written anew.
      const columns = table === 'rejected' ? 'topic, reason, detail, bytes, size, _partition, _offset' : '*';
      const sql = `SELECT concat(toString(count()), ' ', toString(sum(cityHash64(toString(tuple(${columns})))))) AS digest FROM ${table}`;
      raw[table] = (await store.query<{ digest: string }>(sql))[0]!.digest;
    }
    return { stored, rejected, raw, rollups: await digestOfRollups(store) };
  } finally {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

test('another group reads the log from its beginning into an empty store: raw rows and rollups are the same', async () => {
  const first = await readInto('ingest', 1_000);
  expect(events.length).toBeGreaterThan(2_500);
  expect(first.stored + first.rejected).toBe(events.length);
  expect(first.rejected).toBe(refused.length);
  for (const [table, digest] of Object.entries(first.raw)) expect(digest, table).not.toMatch(/^0 /);
  expect(Object.keys(first.rollups).length).toBeGreaterThan(12);
  for (const [table, digest] of Object.entries(first.rollups)) expect(digest, table).not.toMatch(/^0 /);
  expect(await readInto('rebuild', 300)).toEqual(first);
}, 120_000);
