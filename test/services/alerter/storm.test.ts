// The prober loses its own network while it watches two hundred torrents: no alert about any of them, one that it is blind, and silence again when it sees.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Evaluation } from '@swarmscope/alerter/evaluation.ts';
import type { Notice } from '@swarmscope/alerter/notice.ts';
import { noticeLine } from '@swarmscope/alerter/notice.ts';
import { ALERT_RULES } from '@swarmscope/dashboards/definitions/alerts.ts';
import { zeroCounts } from '@swarmscope/events/enums.ts';
import { type Event, type EventOf, makeEvent } from '@swarmscope/events/event.ts';
import { openEmbedded } from '@swarmscope/store/embedded.ts';
import type { Store } from '@swarmscope/store/store.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { insertEvents } from '../../dashboards/support/seed.ts';

const NETWORK = 'lab';
const TORRENTS = 200;
const MINUTE = 60_000;
/** A quarter of an hour begins here, as does each five minutes. */
const START = 4_000_000_500_000;
const EVERY = 10 * MINUTE;
/** In the middle of five minutes: some were still seen in them. */
const DARK = START + 62 * MINUTE;
const BACK = DARK + 90 * MINUTE;
const END = BACK + 50 * MINUTE;

const swarmOf = (n: number) => n.toString(16).padStart(4, '0').repeat(10);
const stamp = (ts: number) => ({ ts, instance_id: 'prober-1', network: NETWORK });
const isDark = (ts: number) => ts >= DARK && ts < BACK;

function watched(n: number): Event {
  const objectives = { min_proved_seeders: 1, min_trackers_up: 1 };
  const columns = { swarm_id: swarmOf(n), name: `Harbour ${n}`, set: 1 as const, labels: {}, objectives, verify: 1 as const };
  return makeEvent(
    'torrent_watched',
    { ...columns, announce: 1 as const, prefixes_excluded: [], maintenance: [] },
    stamp(START - MINUTE),
  );
}

/** What one look at a torrent brings: a census, its tracker's answer, and two peers dialled. */
function look(n: number, ts: number): Event[] {
  const dark = isDark(ts);
  const swarm_id = swarmOf(n);
  const census: EventOf<'swarm_sampled'> = makeEvent(
    'swarm_sampled',
    {
      swarm_id,
      census_id: (ts + n).toString(16).padStart(16, '0'),
      window_s: 60,
      ...zeroCounts(),
      proved: dark ? 0 : 2,
      unreachable: dark ? 2 : 0,
      endpoints_known: 2,
      endpoints_tried: 2,
      reached: dark ? 0 : 2,
      sources: [],
      completable: dark ? 0 : 1,
      availability: [],
      availability_histogram: [],
      files_at_risk: dark ? [{ index: 0, copies_min: 0 }] : [],
      own_announces: 0,
    },
    stamp(ts),
  );
  const tracker = {
    swarm_id,
    tracker: 'udp://tracker.example:6969',
    url_hash: '00000000000000aa',
    action: 'announce' as const,
    outcome: dark ? ('timeout' as const) : ('ok' as const),
  };
  const peer = {
    swarm_id,
    peer_key: n.toString(16).padStart(16, '0'),
    address_key: n.toString(16).padStart(16, '0'),
    key_epoch: 7,
    ip_prefix: '198.51.100.0/24',
    family: 4 as const,
    direction: 'out' as const,
    transport: 'tcp' as const,
    encryption: 'none' as const,
    holepunch: 0 as const,
    outcome: dark ? ('timeout' as const) : ('handshaken' as const),
    extensions: [],
    challenges_asked: 0,
    challenges_passed: 0,
    challenges_failed: 0,
    challenges_silent: 0,
    bytes_down: '0',
    bytes_up: '0',
    verdict: dark ? ('unreachable' as const) : ('proved' as const),
    duration_ms: 5_000,
  };
  return [census, makeEvent('tracker_scraped', tracker, stamp(ts)), makeEvent('peer_probed', peer, stamp(ts))];
}

function life(): Event[] {
  const events: Event[] = Array.from({ length: TORRENTS }, (_, n) => watched(n));
  // Torrents take their turns evenly.
  for (let n = 0; n < TORRENTS; n += 1)
    for (let ts = START + Math.floor((n * EVERY) / TORRENTS); ts < END; ts += EVERY) events.push(...look(n, ts));
  // The services themselves go on.
  for (let ts = START; ts < END; ts += MINUTE / 2)
    events.push(makeEvent('service_sampled', { service: 'swarm-prober', counters: {}, lag: null, build: '0.1.0' }, stamp(ts)));
  return events;
}

let directory: string;
let store: Store;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'swarmscope-storm-'));
  store = await openEmbedded({ directory });
  await store.migrate();
  await insertEvents(store, life());
}, 120_000);

afterAll(async () => {
  await store?.close();
  rmSync(directory, { recursive: true, force: true });
});

test('two hundred watched torrents in the dark: exactly one alert, and it says blind', { timeout: 120_000 }, async () => {
  const notices: Notice[] = [];
  const evaluation = new Evaluation(
    store,
    { instanceId: 'alerter-1', network: NETWORK },
    {
      publish: () => {},
      notify: (notice) => notices.push(notice),
      failed: (rule, why) => expect.fail(`${rule}: ${why}`),
    },
  );
  await evaluation.resume(ALERT_RULES, DARK - 10 * MINUTE);
  const at = async (ms: number) => evaluation.round(ms);
  const told = () => notices.map(noticeLine);
  for (const ms of [DARK - MINUTE]) await at(ms);
  expect(told()).toEqual([]);
  // Often at first, where five minutes are half dark; then until two censuses of every torrent are old.
  for (const minutes of [9, 15, 21, 27, 60, 89]) await at(DARK + minutes * MINUTE);
  expect(told()).toEqual(['prober_blind firing: The prober of lab reaches nobody: torrents are not judged until it does.']);
  expect(evaluation.firing).toBe(1);
  for (const minutes of [6, 20, 45]) await at(BACK + minutes * MINUTE);
  expect(notices.map(({ rule, alerts }) => [rule.uid, alerts.length, alerts[0]!.state])).toEqual([
    ['prober_blind', 1, 'firing'],
    ['prober_blind', 1, 'resolved'],
  ]);
});
