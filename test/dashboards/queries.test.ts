// Every query of the boards, their variables, annotations, alerts and the search runs on the embedded store: columns, types, rows, primary key.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ALERT_RULES } from '@swarmscope/dashboards/definitions/alerts.ts';
import { type Panel, panelsOf, resultColumns } from '@swarmscope/dashboards/definitions/board.ts';
import { BOARDS, variableTypes } from '@swarmscope/dashboards/definitions/boards.ts';
import { expandMacros, variablesIn } from '@swarmscope/dashboards/definitions/macros.ts';
import { EXTENT, SEARCH } from '@swarmscope/dashboards/definitions/search.ts';
import { rowWriter } from '@swarmscope/events/table.ts';
import { type EmbeddedStore, openEmbedded } from '@swarmscope/store/embedded.ts';
import { rejectedLine } from '@swarmscope/store/rejected.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FORECAST_TABLES, refreshAt } from '../support/forecast-store.ts';
import { insertEvents, nameOf, SEED, seedEvents, swarmOf } from './support/seed.ts';
import { darkEvents } from './support/seed-dark.ts';

const endS = SEED.endMs / 1_000;
const RANGE = { fromS: endS - 86_400, toS: endS, intervalS: 900 };
const MONTH = { fromS: endS - 2_592_000, toS: endS, intervalS: 21_600 };
const YEAR = { fromS: endS - 31_536_000, toS: endS, intervalS: 604_800 };
const WEEK = { fromS: endS - 604_800, toS: endS, intervalS: 3_600 };
const directory = mkdtempSync(join(tmpdir(), 'swarmscope-boards-'));
let store: EmbeddedStore;

beforeAll(async () => {
  store = await openEmbedded({ directory });
  await store.migrate();
  await insertEvents(store, seedEvents());
  await store.refresh();
  for (const table of FORECAST_TABLES) await refreshAt(store, table, SEED.endMs);
});

afterAll(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

interface Result {
  meta: { name: string; type: string }[];
  data: unknown[][];
}

/** Runs a query as the page does; the swarm is the dying one. */
async function run(
  sql: string,
  types: Readonly<Record<string, string>>,
  values: Record<string, string> = {},
  range = RANGE,
): Promise<Result> {
  const all: Record<string, string> = { network: SEED.network, swarm: swarmOf(2), ...values };
  const parameters = Object.fromEntries(variablesIn(sql, types).map((name) => [name, all[name]!]));
  let text = '';
  for await (const bytes of store.stream(expandMacros(sql, range), parameters, 'JSONCompact'))
    text += Buffer.from(bytes).toString();
  return JSON.parse(text) as Result;
}

const objects = ({ meta, data }: Result) => data.map((row) => Object.fromEntries(meta.map(({ name }, i) => [name, row[i]])));

/** Types that a reader of results (the page, the plugin of Grafana) takes as they are; everything else is mangled or refused by one of them. */
const PLAIN =
  /^(LowCardinality\()?(Nullable\()?(U?Int(8|16|32|64)|Float(32|64)|String|DateTime\('UTC'\)|DateTime64\(3, 'UTC'\))\)*$/;
const isNumber = (type: string) => /Int|Float/.test(type);
const isTime = (type: string) => /DateTime/.test(type);

/** Panels that are empty for the torrent shown, because nothing is wrong with it, or by their nature. */
const EMPTY_HERE = new Set(['web_seeds', 'rejected']);

function expectTypes(panel: Panel, { meta }: Result): void {
  const types = new Map(meta.map(({ name, type }) => [name, type]));
  for (const { type, name } of meta) expect(type, name).toMatch(PLAIN);
  for (const column of panel.columns) {
    const type = types.get(column.name)!;
    if (column.unit === 'time') expect(isTime(type), column.name).toBe(true);
    else if (column.unit === 'word' || column.unit === 'hex') expect(type).toContain('String');
    else expect(isNumber(type), `${column.name}: ${type}`).toBe(true);
    for (const bound of column.bounds ?? []) expect(isNumber(types.get(bound)!), bound).toBe(true);
  }
  if (panel.kind === 'timeseries' || panel.kind === 'heatmap') {
    expect(meta[0]!.name).toBe('time');
    expect(meta[0]!.type).not.toContain('Nullable');
  }
}

describe.each(BOARDS)('$title', (board) => {
  const types = variableTypes(board);

  test.each(panelsOf(board))('panel $id answers the columns it declares', async (panel) => {
    const result = await run(panel.sql, types);
    expect(new Set(result.meta.map(({ name }) => name))).toEqual(resultColumns(panel));
    expectTypes(panel, result);
    if (!EMPTY_HERE.has(panel.id)) expect(result.data.length).toBeGreaterThan(0);
    if (panel.kind === 'stat') expect(result.data.length).toBe(1);
    for (const column of panel.columns)
      for (const row of objects(result))
        if (column.words && panel.kind === 'table' && board.uid !== 'swarmscope-torrent')
          expect(Object.keys(column.words)).toContain(row[column.name]);
  });

  test.each(panelsOf(board))('panel $id answers the same columns for a month and a year, from rollups', async (panel) => {
    for (const range of [MONTH, YEAR]) expectTypes(panel, await run(panel.sql, types, {}, range));
  });

  test.each(panelsOf(board))('panel $id is empty, not wrong, in an empty network', async (panel) => {
    const result = await run(panel.sql, types, { network: 'nowhere' });
    const hasRows = ['audit', 'identity', 'alerts', 'rejected'].includes(panel.id);
    expect(result.data.length === 0 || hasRows).toBe(true);
  });

  test.each(board.variables)('variable $name answers value and text', async (variable) => {
    const { meta, data } = await run(variable.sql, types);
    expect(meta.map(({ name, type }) => `${name} ${/String/.exec(type)?.[0]}`)).toEqual(['value String', 'text String']);
    expect(data.length).toBeGreaterThan(0);
  });

  test.each(board.annotations)('annotation $name answers time, title, text', async (annotation) => {
    const { meta, data } = await run(annotation.sql, types);
    expect(meta.map(({ name }) => name)).toEqual(['time', 'title', 'text']);
    expect(isTime(meta[0]!.type)).toBe(true);
    expect(data.length).toBeGreaterThan(0);
  });
});

describe('figures', () => {
  const figures = async (uid: string, id: string, values: Record<string, string> = {}, range = RANGE) => {
    const board = BOARDS.find((each) => each.uid === `swarmscope-${uid}`)!;
    const panel = panelsOf(board).find((each) => each.id === id)!;
    return objects(await run(panel.sql, variableTypes(board), values, range));
  };

  test('the tiles of the overview add up to the torrents measured', async () => {
    const [states] = await figures('overview', 'states');
    expect(states).toEqual({ torrents: 24, proved: 14, claimed_only: 2, seedless: 2, dead: 4, silent: 2 });
  });

  test('a range that ends in the past shows the state of then, not of now', async () => {
    const then = { ...RANGE, toS: endS - 43_200 };
    const [states] = await figures('overview', 'states', {}, then);
    // At noon the torrents that return are away, and the dying ones still alive.
    expect(states).toMatchObject({ torrents: 24, proved: 14, dead: 4 });
    const [dying] = await figures('torrent', 'now', {}, then);
    expect(dying).toMatchObject({ proved: 1 });
    const sources = await figures('torrent', 'sources', {}, then);
    expect(sources.map((row) => [row['source'], row['answer']])).toEqual([
      ['dht', 'answered'],
      ['pex', 'answered'],
      ['seeds that DHT nodes keep', 'answered'],
      ['tracker', 'failed'],
    ]);
  });

  test('hours and days add up like single censuses', async () => {
    const hourly = await figures('overview', 'turns', {}, { ...RANGE, intervalS: 3_600 });
    const sum = (rows: Record<string, unknown>[], name: string) => rows.reduce((total, row) => total + (row[name] as number), 0);
    expect([sum(hourly, 'born'), sum(hourly, 'lost'), sum(hourly, 'returned')]).toEqual([24, 4, 2]);
    const daily = await figures('torrent', 'classes', { swarm: swarmOf(0) }, YEAR);
    expect(daily.map((row) => [Number(row['n_proved']) >= 6, row['n_claimed']])).toEqual([[true, 2]]);
  });

  test('a torrent at one moment is counted in one state: the sum over states never exceeds the torrents', async () => {
    const rows = await figures('overview', 'states_over_time');
    for (const { time, ...counts } of rows)
      expect(
        Object.values(counts as Record<string, number>).reduce((sum, n) => sum + n),
        String(time),
      ).toBeLessThanOrEqual(24);
    expect(rows.at(-1)).toMatchObject({ proved: 14, claimed_only: 2, seedless: 2, dead: 4 });
  });

  test('births, deaths and returns are the turns of the made-up lives', async () => {
    const rows = await figures('overview', 'turns');
    const sum = (name: string) => rows.reduce((total, row) => total + (row[name] as number), 0);
    expect([sum('born'), sum('lost'), sum('returned')]).toEqual([24, 4, 2]);
  });

  test('what was not measured is unknown, not zero', async () => {
    const entries = await figures('watch-list', 'entries');
    const unmeasured = entries.find((row) => row['swarm'] === swarmOf(SEED.torrents));
    expect(unmeasured).toMatchObject({ objective: 'not measured', proved: null, claims: null, copies: null, seen: null });
    expect(entries[0]).toMatchObject({ swarm: swarmOf(2), objective: 'missed', proved: 0, wanted: 2 });
    const [silent] = await figures('torrent', 'whole', { swarm: swarmOf(8) });
    expect(silent).toEqual({
      completable: null,
      completable_outside: null,
      copies: null,
      size_estimate: null,
      size_low: null,
      size_high: null,
    });
  });

  test('rates are by the time measured: the last bucket, which is not over, is no fall', async () => {
    const rows = await figures('dht', 'traffic', {}, { ...RANGE, intervalS: 3_600 });
    const asked = rows.map((row) => row['asked'] as number);
    expect(Math.min(...asked)).toBeGreaterThan(0.8 * Math.max(...asked));
  });

  test('a tracker that did not answer has no figures', async () => {
    const rows = await figures('torrent', 'trackers');
    expect(rows.map((row) => [row['tracker'], row['outcome'], row['seeders']])).toEqual([
      ['http://dead.example:80', 'timeout', null],
      ['udp://tracker.example:6969', 'ok', 3],
    ]);
  });

  test('availability is cut into at most 32 ranges, and a hole is seen', async () => {
    const rows = await figures('torrent', 'availability');
    const last = rows.filter((row) => row['time'] === rows.at(-1)!['time']);
    expect(last.length).toBe(32);
    expect(last.filter((row) => row['copies'] === 0).map((row) => row['bucket'])).toEqual(['062 %', '065 %']);
  });

  test('a swarm id that is none answers nothing', async () => {
    expect(await figures('torrent', 'identity', { swarm: "x' OR 1=1" })).toEqual([]);
    expect(await figures('torrent', 'now', { swarm: '' })).toEqual([]);
  });

  test('the audit finds a record that is there twice, and only that', async () => {
    const audit = async () => (await figures('pipeline', 'audit')).map((row) => [row['topic'], row['verdict'], row['twice']]);
    expect((await audit()).every(([, verdict]) => verdict === 'exact' || verdict === 'empty')).toBe(true);
    const again = seedEvents().filter((event) => event.topic === 'alert_changed');
    const lines = again.slice(0, 1).map((event) => rowWriter('alert_changed')({ ...event, _partition: 0, _offset: 0 }));
    await store.insert('alert_changed', lines, 'the same record under another token');
    expect((await audit())[0]).toEqual(['alert_changed', 'duplicates', 1]);
  });
});

test('the extent of what is stored', async () => {
  expect(objects(await run(EXTENT.sql, EXTENT.variables))).toEqual([{ first: endS - 86_400 }]);
});

describe('search', () => {
  const search = async (text: string) => objects(await run(SEARCH.sql, SEARCH.variables, { text }));

  test('by a word of the name, in any case', async () => {
    const rows = await search('FILM sc');
    expect(rows.map((row) => row['swarm'])).toEqual([swarmOf(18)]);
    expect(rows[0]).toMatchObject({ name: 'Film scans (2)', state: 'proved', proved: 2 });
  });

  test('by the beginning of the infohash, v1 and v2', async () => {
    expect((await search(swarmOf(8).slice(0, 12))).map((row) => row['swarm'])).toContain(swarmOf(8));
    expect((await search(`${swarmOf(5)}ababab`.toUpperCase())).map((row) => row['swarm'])).toEqual([swarmOf(5)]);
  });

  test('wildcards are letters', async () => {
    expect(await search('%')).toEqual([]);
    expect(await search("' OR ''='")).toEqual([]);
  });
});

describe.each(ALERT_RULES)('alert $uid', (rule) => {
  test('answers its labels and one figure that is never null', async () => {
    const { meta } = await run(rule.sql, {}, {}, WEEK);
    expect(meta.map(({ name }) => name)).toEqual([...rule.labels, 'value']);
    for (const { name, type } of meta)
      expect(type, name).toMatch(name === 'value' ? /^(UInt32|Float64)$/ : /^(LowCardinality\()?String\)?$/);
  });
});

test('what was not measured misses nothing; what is missed is said with what was promised', async () => {
  const board = BOARDS.find(({ uid }) => uid === 'swarmscope-watch-list')!;
  const panel = panelsOf(board).find(({ id }) => id === 'entries')!;
  const rows = objects(await run(panel.sql, variableTypes(board)));
  const of = (objective: string) => rows.filter((row) => row['objective'] === objective).map((row) => row['missing']);
  expect(of('missed')).toEqual(['min_proved_seeders 0 of 2']);
  expect([...of('not measured'), ...of('met'), ...of('no objective')].filter((missing) => missing !== '')).toEqual([]);
  expect(of('not measured')).toHaveLength(1);
});

describe('alerts fire for what they mean', () => {
  const firing = async (uid: string, range = WEEK) => {
    const rule = ALERT_RULES.find((each) => each.uid === uid)!;
    const rows = objects(await run(rule.sql, {}, {}, { ...range, fromS: range.toS - rule.windowS }));
    const { when, figure } = rule.fires;
    return rows.filter((row) => (when === 'at_most' ? (row['value'] as number) <= figure : (row['value'] as number) >= figure));
  };

  test('the last proved seeder: of the watched torrent that is dying, not of the silent, the seedless or the ones that came back', async () => {
    expect(await firing('last_proved_seeder_gone')).toEqual([{ network: 'lab', swarm: swarmOf(2), name: nameOf(2), value: 0 }]);
  });

  test('not before two censuses agree', async () => {
    // It dies at 0.85 of the day; censuses are 20 minutes apart.
    const diesS = endS - 86_400 * 0.15;
    expect(await firing('last_proved_seeder_gone', { ...WEEK, toS: Math.floor(diesS) + 1_200 })).toEqual([]);
    expect(await firing('last_proved_seeder_gone', { ...WEEK, toS: Math.floor(diesS) + 3_600 })).toHaveLength(1);
  });

  test('a torrent that lacks a piece', async () => {
    expect(await firing('not_completable')).toEqual([{ network: 'lab', swarm: swarmOf(2), name: nameOf(2), value: 0 }]);
  });

  test('an objective: the seeders that are missing', async () => {
    expect(await firing('objective_missed')).toEqual([
      { network: 'lab', swarm: swarmOf(2), name: nameOf(2), objective: 'min_proved_seeders', value: 2 },
    ]);
  });

  test('a copy that may be lost: of a watched torrent, from 10 % on, once the forecast of this network was taught', async () => {
    for (const [n, steady] of [
      [0, 0.31],
      [6, 0.09],
      [1, 0.9],
    ] as const)
      await store.tell(
        `INSERT INTO forecast (network, swarm_id, ts, seen, p7_steady) SELECT 'lab', unhex('${swarmOf(n)}'), toDateTime(${endS - 60}, 'UTC'), toDateTime(${endS - 60}, 'UTC'), ${steady}`,
      );
    await store.tell('TRUNCATE TABLE forecast_cohorts');
    expect(await firing('will_lose_last_copy')).toEqual([]);
    await store.tell("INSERT INTO forecast_cohorts (network, days, cases) VALUES ('public', 7, 5000), ('lab', 7, 999)");
    expect(await firing('will_lose_last_copy')).toEqual([]);
    await store.tell("INSERT INTO forecast_cohorts (network, days, cases) VALUES ('lab', 7, 1)");
    const rows = await firing('will_lose_last_copy');
    expect(rows).toContainEqual({ network: 'lab', swarm: swarmOf(0), name: nameOf(0), value: 31 });
    expect(rows.map((row) => row['swarm'])).not.toContain(swarmOf(1));
  });

  test('services that report are not silent; an hour later nothing arrives any more', async () => {
    expect(await firing('service_silent')).toEqual([]);
    expect(await firing('ingest_stalled')).toEqual([]);
    expect(await firing('ingest_stalled', { ...WEEK, toS: endS + 3_600 })).toEqual([{ value: 3_605 }]);
    expect(await firing('service_silent', { ...WEEK, toS: endS + 3_600 })).toEqual([]);
  });

  test('a prober that reaches nobody is blind, and then no torrent is judged; a prober that is silent is told as such', async () => {
    expect(await firing('prober_blind')).toEqual([]);
    await insertEvents(store, darkEvents(SEED.endMs), 1);
    expect(await firing('prober_blind')).toEqual([{ network: 'dark', value: 0 }]);
    for (const table of FORECAST_TABLES) await refreshAt(store, table, SEED.endMs);
    for (const uid of ['last_proved_seeder_gone', 'not_completable', 'objective_missed', 'will_lose_last_copy'])
      expect(
        (await firing(uid)).filter((row) => row['network'] === 'dark'),
        uid,
      ).toEqual([]);
    expect(await firing('service_silent')).toEqual([{ network: 'dark', service: 'swarm-prober', value: 595 }]);
  });

  test('records stored twice, and records that are no events', async () => {
    expect((await firing('audit_mismatch')).map((row) => row['topic'])).toEqual([]);
    const [event] = seedEvents().filter((each) => each.topic === 'swarm_sampled' && each.ts > SEED.endMs - 3_000_000);
    await store.insert(
      'swarm_sampled',
      [0, 0].map(() => rowWriter('swarm_sampled')({ ...event, _partition: 7, _offset: 1 })),
      'twice',
    );
    expect(await firing('audit_mismatch')).toEqual([{ topic: 'swarm_sampled', value: 1 }]);
    const rejected = {
      ts: SEED.endMs - 1_000,
      topic: 'peer_probed',
      reason: 'not_json',
      detail: 'No JSON.',
      bytes: Buffer.from('{'),
      size: 1,
      partition: 0,
      offset: 1n,
    };
    await store.insert('rejected', [rejectedLine(rejected)], 'rejected');
    expect(await firing('records_rejected')).toEqual([{ topic: 'peer_probed', reason: 'not_json', value: 1 }]);
  });
});

describe('primary key', () => {
  const torrent = BOARDS.find((board) => board.uid === 'swarmscope-torrent')!;
  test.each(panelsOf(torrent).filter((panel) => panel.id !== 'identity'))('panel $id reads its swarm only', async (panel) => {
    const { data } = await run(`EXPLAIN indexes = 1 ${panel.sql}`, variableTypes(torrent));
    const plan = data.map(([line]) => String(line)).join('\n');
    expect(plan).toMatch(/PrimaryKey[\s│]+Keys:[\s│]+(network[\s│]+)?swarm_id/);
  });
});
