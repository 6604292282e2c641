// The torrents' alert rules on censuses, trackers and web seeds made by hand: each objective, lost files, and silence during maintenance.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ALERT_RULES } from '@swarmscope/dashboards/definitions/alerts.ts';
import { expandMacros } from '@swarmscope/dashboards/definitions/macros.ts';
import { type Objective, zeroCounts } from '@swarmscope/events/enums.ts';
import { type Event, makeEvent, type NewColumns } from '@swarmscope/events/event.ts';
import { openEmbedded } from '@swarmscope/store/embedded.ts';
import type { Store } from '@swarmscope/store/store.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insertEvents } from './support/seed.ts';

const NOW_S = 4_000_000_000;
const MINUTE = 60;
const directory = mkdtempSync(join(tmpdir(), 'swarmscope-alerts-'));
let store: Store;

const stamp = (agoS: number) => ({ ts: (NOW_S - agoS) * 1_000, instance_id: 'one', network: 'lab' });
const swarmOf = (n: number) => n.toString(16).padStart(2, '0').repeat(20);

function watched(
  n: number,
  objectives: Partial<Record<Objective, number>>,
  maintenance: [beginsS: number, endsS: number][] = [],
) {
  const columns = { set: 1, labels: {}, objectives, verify: 1, announce: 1, prefixes_excluded: [], name: `Number ${n}` } as const;
  const windows = maintenance.map(([begins_s, ends_s]) => ({ begins_s, ends_s }));
  return makeEvent(
    'torrent_watched',
    { swarm_id: swarmOf(n), ...columns, prefixes_excluded: [], maintenance: windows },
    stamp(86_400),
  );
}

function census(n: number, agoS: number, more: Partial<NewColumns<'swarm_sampled'>> = {}) {
  const columns = {
    swarm_id: swarmOf(n),
    census_id: (agoS * 256 + n).toString(16).padStart(16, '0'),
    window_s: 30,
    ...zeroCounts(),
    proved: 3,
    endpoints_known: 5,
    endpoints_tried: 5,
    reached: 5,
    sources: [],
    availability: [],
    availability_histogram: [],
    files_at_risk: [],
    completable: 1 as const,
    own_announces: 0,
  };
  return makeEvent('swarm_sampled', { ...columns, ...more }, stamp(agoS));
}

function scraped(n: number, tracker: number, agoS: number, outcome: 'ok' | 'timeout') {
  const url_hash = tracker.toString(16).padStart(16, '0');
  return makeEvent(
    'tracker_scraped',
    { swarm_id: swarmOf(n), tracker: `udp://t${tracker}.example:80`, url_hash, action: 'announce', outcome },
    stamp(agoS),
  );
}

function audited(n: number, agoS: number, outcome: 'ok' | 'corrupt') {
  const columns = {
    host: 'http://w.example',
    url_hash: 'ab'.repeat(8),
    pieces_checked: 4,
    pieces_passed: outcome === 'ok' ? 4 : 1,
  };
  return makeEvent('webseed_audited', { swarm_id: swarmOf(n), ...columns, outcome }, stamp(agoS));
}

function resolved(n: number) {
  const files = ['readme.txt', 'films/one.mkv', 'films/two.mkv'].map((path) => ({ path, size_bytes: '1000', merkle_root: null }));
  return makeEvent(
    'torrent_resolved',
    {
      swarm_id: swarmOf(n),
      info_hash: swarmOf(n),
      info_hash_v1: swarmOf(n),
      name: `Number ${n}`,
      size_bytes: '3000',
      piece_length_bytes: 1_000,
      pieces: 3,
      files,
      files_total: 3,
      private: 0,
      source: 'file',
    },
    stamp(80_000),
  );
}

const AGES = [90 * MINUTE, 60 * MINUTE, 30 * MINUTE, 5 * MINUTE];
const lost = (...indices: number[]) => ({
  completable: indices.length > 0 ? (0 as const) : (1 as const),
  files_at_risk: indices.map((index) => ({ index, copies_min: 0 })),
});

function events(): Event[] {
  const missed = { proved: 3, proved_outside: 0 };
  return [
    // 1: its own seeders alone; two trackers of which one has been away for two questions; a web seed that sends rubbish.
    watched(1, { min_proved_seeders: 3, min_proved_outside: 1, min_trackers_up: 2, min_web_seeds_intact: 1 }),
    ...AGES.map((ago) => census(1, ago, missed)),
    ...AGES.map((ago) => scraped(1, 1, ago, 'ok')),
    ...AGES.map((ago) => scraped(1, 2, ago, ago > 45 * MINUTE ? 'ok' : 'timeout')),
    ...AGES.map((ago) => audited(1, ago, ago > 45 * MINUTE ? 'ok' : 'corrupt')),
    // 2: the same promises, kept: one bad answer is not two.
    watched(2, { min_proved_seeders: 3, min_proved_outside: 1, min_trackers_up: 2, min_web_seeds_intact: 1 }),
    ...AGES.map((ago) => census(2, ago, { proved_outside: ago > 10 * MINUTE ? 1 : 0 })),
    ...AGES.flatMap((ago) => [scraped(2, 1, ago, 'ok'), scraped(2, 3, ago, ago > 10 * MINUTE ? 'ok' : 'timeout')]),
    ...AGES.map((ago) => audited(2, ago, ago > 10 * MINUTE ? 'ok' : 'corrupt')),
    // 3: promises of what was never measured, or once only.
    watched(3, { min_proved_outside: 1, min_trackers_up: 1, min_web_seeds_intact: 1 }),
    census(3, 30 * MINUTE, { proved_outside: 0 }),
    ...AGES.map((ago) => census(3, ago + 1)),
    scraped(3, 4, 5 * MINUTE, 'timeout'),
    // 4: file 0 was always lost, 1 is lost since two censuses, 2 since one.
    watched(4, {}),
    resolved(4),
    ...AGES.map((ago) => census(4, ago, lost(0, ...(ago < 45 * MINUTE ? [1] : []), ...(ago < 10 * MINUTE ? [2] : [])))),
    // Nobody watches 99; it shows that the observer sees, all the time.
    ...Array.from({ length: 24 }, (_, i) => census(99, i * 5 * MINUTE)),
    // 5: all of it missed, under maintenance until half an hour after now.
    watched(5, { min_proved_seeders: 9 }, [
      [NOW_S - 900, NOW_S + 1_800],
      [NOW_S + 90_000, NOW_S + 91_000],
    ]),
    ...AGES.map((ago) => census(5, ago, { ...lost(...(ago < 45 * MINUTE ? [1] : [])), proved: ago < 45 * MINUTE ? 0 : 1 })),
  ];
}

beforeAll(async () => {
  store = await openEmbedded({ directory });
  await store.migrate();
  await insertEvents(store, events());
});
afterAll(async () => {
  await store?.close();
  rmSync(directory, { recursive: true, force: true });
});

async function firing(uid: string, toS = NOW_S) {
  const rule = ALERT_RULES.find((each) => each.uid === uid)!;
  const sql = expandMacros(rule.sql, { fromS: toS - rule.windowS, toS, intervalS: rule.everyS });
  const rows = await store.query<{ value: number; swarm: string; objective?: string; file?: string }>(sql);
  const { when, figure } = rule.fires;
  return rows.filter(({ value }) => (when === 'at_most' ? value <= figure : value >= figure));
}

test('docs/watching.md names every rule, its severity and its time', () => {
  const text = readFileSync(new URL('../../docs/watching.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| `(\w+)` \| (page|ticket) \| (\d+ min|at once) \|/gm)].map((row) => row.slice(1, 4));
  const time = (forS: number) => (forS === 0 ? 'at once' : `${forS / 60} min`);
  expect(rows).toEqual(ALERT_RULES.map(({ uid, severity, forS }) => [uid, severity, time(forS)]));
});

describe('objectives', () => {
  test('each is told of by its name, with how much is missing; what one measurement alone says, or none, is not', async () => {
    const rows = (await firing('objective_missed')).map(({ swarm, objective, value }) => [swarm, objective, value]);
    expect(rows).toHaveLength(3);
    expect(rows).toEqual(
      expect.arrayContaining([
        [swarmOf(1), 'min_proved_outside', 1],
        [swarmOf(1), 'min_trackers_up', 1],
        [swarmOf(1), 'min_web_seeds_intact', 1],
      ]),
    );
  });

  test('a tracker that nobody has asked for a day counts for nothing, and against nothing', async () => {
    const rows = await firing('objective_missed', NOW_S + 90_000);
    expect(rows.map(({ objective }) => objective)).not.toContain('min_trackers_up');
  });
});

test('a lost file is told of by its path: neither one that was never whole, nor one that one census alone misses', async () => {
  expect(await firing('file_not_completable')).toEqual([
    { network: 'lab', swarm: swarmOf(4), name: 'Number 4', file: 'films/one.mkv', value: 0 },
  ]);
});

test('under maintenance nothing is said; when the window is over, it is', async () => {
  const about = async (toS: number) => {
    const rules = ['last_proved_seeder_gone', 'not_completable', 'file_not_completable', 'objective_missed'];
    const rows = await Promise.all(rules.map((uid) => firing(uid, toS)));
    return rules.filter((_, i) => rows[i]!.some(({ swarm }) => swarm === swarmOf(5)));
  };
  expect(await about(NOW_S)).toEqual([]);
  expect(await about(NOW_S + 1_801)).toEqual([
    'last_proved_seeder_gone',
    'not_completable',
    'file_not_completable',
    'objective_missed',
  ]);
});
