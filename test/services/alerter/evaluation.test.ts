// The alerter on a real store: the last proved seeder leaves, the alert waits, fires, survives a restart, and is resolved; a store that fails changes nothing.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Evaluation } from '@swarmscope/alerter/evaluation.ts';
import type { Notice } from '@swarmscope/alerter/notice.ts';
import { ALERT_RULES } from '@swarmscope/dashboards/definitions/alerts.ts';
import { zeroCounts } from '@swarmscope/events/enums.ts';
import { type Event, type EventOf, makeEvent } from '@swarmscope/events/event.ts';
import { openEmbedded } from '@swarmscope/store/embedded.ts';
import { type Store, StoreError } from '@swarmscope/store/store.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { insertEvents } from '../../dashboards/support/seed.ts';

const NETWORK = 'lab';
const MINUTE = 60_000;
const START = 4_000_000_000_000;
const rule = ALERT_RULES.filter((each) => each.uid === 'last_proved_seeder_gone');
const swarm = 'ab'.repeat(20);

function census(proved: number, ts: number): EventOf<'swarm_sampled'> {
  const columns = {
    swarm_id: swarm,
    census_id: ts.toString(16).padStart(16, '0'),
    window_s: 30,
    ...zeroCounts(),
    proved,
    leecher: 2,
    endpoints_known: proved + 2,
    endpoints_tried: proved + 2,
    reached: proved + 2,
    sources: [],
    availability: [],
    availability_histogram: [],
    files_at_risk: [],
    own_announces: 0,
  };
  return makeEvent('swarm_sampled', columns, { ts, instance_id: 'prober-1', network: NETWORK });
}

/** Only what somebody watches is told of. */
const watched = makeEvent(
  'torrent_watched',
  { swarm_id: swarm, set: 1, labels: {}, objectives: {}, verify: 1, announce: 1, prefixes_excluded: [], maintenance: [] },
  { ts: START - 90 * MINUTE, instance_id: 'cli-1', network: NETWORK },
);

let directory: string;
let store: Store;
let inserted = 0;

/** Each call is a block of its own: the token of `insertEvents` names topic and position. */
async function insert(events: readonly Event[]): Promise<void> {
  const tagged: Pick<Store, 'insert'> = { insert: (table, lines, token) => store.insert(table, lines, `${token}|${inserted++}`) };
  await insertEvents(tagged as Store, events);
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'swarmscope-alerter-'));
  store = await openEmbedded({ directory });
  await store.migrate();
});
afterAll(async () => {
  await store?.close();
  rmSync(directory, { recursive: true, force: true });
});

function alerter(source: Pick<Store, 'query'> = store) {
  const events: EventOf<'alert_changed'>[] = [];
  const notices: Notice[] = [];
  const failures: string[] = [];
  const evaluation = new Evaluation(
    source,
    { instanceId: 'alerter-1', network: NETWORK },
    {
      publish: (event) => void events.push(event),
      notify: (notice) => void notices.push(notice),
      failed: (name) => void failures.push(name),
    },
  );
  return { evaluation, events, notices, failures };
}

const told = (notices: readonly Notice[]) => notices.flatMap((notice) => notice.alerts.map((alert) => alert.state));

test('a swarm loses its last proved seeder: pending, firing after its time, told again after a restart that lost the delivery, resolved', async () => {
  await insert([watched, census(2, START - 60 * MINUTE), census(0, START - 30 * MINUTE), census(0, START - MINUTE)]);
  const first = alerter();
  await first.evaluation.resume(rule, START);
  for (let minute = 0; minute <= 6; minute++) expect(await first.evaluation.round(START + minute * MINUTE)).toBe(true);
  expect(first.events.map((event) => [event.state, event.delivered])).toEqual([
    ['pending', 0],
    ['firing', 0],
  ]);
  expect(told(first.notices)).toEqual(['firing']);
  expect(first.events[1]).toMatchObject({ labels: { network: NETWORK, swarm }, since: START, value: 0 });
  await insert(first.events);

  const second = alerter();
  const restart = START + 10 * MINUTE;
  await second.evaluation.resume(rule, restart);
  expect(told(second.notices)).toEqual(['firing']);
  second.evaluation.delivered(second.notices[0]!, restart);
  expect(await second.evaluation.round(restart)).toBe(true);
  expect(second.events.map((event) => [event.state, event.delivered])).toEqual([['firing', 1]]);
  await insert(second.events);

  await insert([census(3, START + 11 * MINUTE), census(3, START + 12 * MINUTE)]);
  const third = alerter();
  await third.evaluation.resume(rule, START + 13 * MINUTE);
  expect(third.notices).toEqual([]);
  expect(third.evaluation.firing).toBe(1);
  for (let minute = 13; minute <= 15; minute++) await third.evaluation.round(START + minute * MINUTE);
  expect(told(third.notices)).toEqual(['resolved']);
  expect(third.evaluation.firing).toBe(0);
});

test('a store that cannot answer changes nothing and is counted', async () => {
  const broken = {
    query: async () => {
      throw new StoreError('not now', 159, 'TIMEOUT_EXCEEDED');
    },
  };
  const { evaluation, failures, events } = alerter(broken);
  await expect(evaluation.resume(rule, START)).rejects.toBeInstanceOf(StoreError);
  const resumed = alerter({ query: async () => [] });
  await resumed.evaluation.resume(rule, START);
  expect(await resumed.evaluation.round(START)).toBe(true);
  expect(events).toEqual([]);
  expect(failures).toEqual([]);
  let calls = 0;
  const flaky = alerter({
    query: async () => {
      if (calls++ === 0) return [];
      throw new StoreError('not now');
    },
  });
  await flaky.evaluation.resume(rule, START);
  expect(await flaky.evaluation.round(START)).toBe(false);
  expect(flaky.failures).toEqual(['last_proved_seeder_gone']);
  expect(flaky.evaluation.counters).toEqual({ evaluations: 1, failures: 1, changes: 0 });
});
