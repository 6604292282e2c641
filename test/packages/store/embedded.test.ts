// The embedded store over its life: rows outlive a close, one process per directory, places of different work, migrations that were tampered with.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedStore, openEmbedded } from '@swarmscope/store/embedded.ts';
import { applyMigrations, type Commands } from '@swarmscope/store/migrate.ts';
import { readSteps, render, stepsOf } from '@swarmscope/store/migrations.ts';
import { rawTables } from '@swarmscope/store/raw-tables.ts';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { linesOf } from '../../contract/store-lines.ts';
import { probed } from '../../support/events.ts';

const directory = mkdtempSync(join(tmpdir(), 'swarmscope-embedded-'));
const NOW = Math.floor(Date.now() / 3_600_000) * 3_600_000;
let store: EmbeddedStore | undefined;

afterEach(async () => {
  await store?.close();
  store = undefined;
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const SLOW = 'SELECT count() FROM numbers(1000000000000) WHERE cityHash64(number) % 7 = 1 SETTINGS max_threads = 1';

describe('life', { timeout: 240_000 }, () => {
  test('rows outlive a close, and the token of the last insert is still known', async () => {
    store = await openEmbedded({ directory: join(directory, 'life') });
    await store.migrate();
    const lines = linesOf('peer_probed', [probed(1, {}, NOW), probed(2, {}, NOW)], 1);
    await store.insert('peer_probed', lines, 'life-1');
    await store.close();
    store = await openEmbedded({ directory: join(directory, 'life') });
    expect((await store.migrate()).applied).toEqual([]);
    await store.insert('peer_probed', lines, 'life-1');
    expect(await store.query('SELECT count() AS n, (SELECT sum(probes) FROM peers_1d) AS rolled FROM peer_probed')).toEqual([
      { n: 2, rolled: 2 },
    ]);
  });

  test('a second process is refused with a sentence, and the first goes on', async () => {
    store = await openEmbedded({ directory: join(directory, 'life') });
    const program = join(import.meta.dirname, 'second-process.ts');
    const other = spawnSync(process.execPath, [program, join(directory, 'life')], { encoding: 'utf8', timeout: 60_000 });
    expect(other.stdout).toMatch(/StoreError: .*in use/);
    expect(await store.query('SELECT 1 AS x')).toEqual([{ x: 1 }]);
  });

  test('close waits for what runs and refuses what waits', async () => {
    store = await openEmbedded({ directory: join(directory, 'life') });
    const questions = Array.from({ length: 12 }, (_, i) => store!.query(`SELECT ${i} AS x, sleepEachRow(0.2) AS s`));
    const outcomes = Promise.allSettled(questions);
    await new Promise((resolve) => setImmediate(resolve));
    await store.close();
    const kinds = (await outcomes).map((each) =>
      each.status === 'fulfilled' ? 'answered' : String((each.reason as Error).message),
    );
    expect(new Set(kinds)).toEqual(new Set(['answered', 'The store is closed.']));
    await expect(store.query('SELECT 1')).rejects.toThrow('closed');
  });

  test('after close everything is refused', async () => {
    store = await openEmbedded({ directory: join(directory, 'life') });
    await store.close();
    await expect(store.query('SELECT 1')).rejects.toThrow('closed');
    await expect(store.insert('peer_probed', ['[]'], 'x')).rejects.toThrow('closed');
  });
});

describe('retention', { timeout: 240_000 }, () => {
  test('follows the settings of each start, also for tables that are there', async () => {
    const place = join(directory, 'retention');
    const daysOf = async (retentionDays: { peer_probed?: number; torrent_watched?: number }) => {
      const opened = await openEmbedded({ directory: place, retentionDays });
      try {
        await opened.migrate();
        const sql =
          "SELECT name, toUInt32OrZero(extract(engine_full, 'TTL .*toIntervalDay[(]([0-9]+)[)]')) AS days FROM system.tables WHERE name IN ('peer_probed', 'torrent_watched') ORDER BY name";
        return (await opened.query<{ days: number }>(sql)).map(({ days }) => days);
      } finally {
        await opened.close();
      }
    };
    expect(await daysOf({})).toEqual([30, 0]);
    expect(await daysOf({ peer_probed: 3, torrent_watched: 400 })).toEqual([3, 400]);
    expect(await daysOf({ peer_probed: 0 })).toEqual([0, 0]);
  });
});

describe('places', { timeout: 240_000 }, () => {
  test('slow questions of guests hold up neither inserts nor our own questions', async () => {
    store = await openEmbedded({ directory: join(directory, 'places') });
    await store.migrate();
    const ask = async (sql: string) => {
      const { body } = await store!.ask({ sql, parameters: {}, settings: { max_execution_time: '2' }, format: 'CSV' });
      for await (const _ of body);
    };
    let ended = 0;
    const slow = Array.from({ length: 12 }, () =>
      ask(SLOW.replace(' SETTINGS max_threads = 1', '')).catch(() => {
        ended += 1;
      }),
    );
    await store.insert('peer_probed', linesOf('peer_probed', [probed(1, {}, NOW)], 1), 'places-1');
    expect(await store.query('SELECT count() AS n FROM peer_probed')).toEqual([{ n: 1 }]);
    expect(ended).toBeLessThan(12);
    await Promise.all(slow);
    expect(ended).toBe(12);
  });

  test('beyond its queue a guest is refused at once', async () => {
    store = await openEmbedded({ directory: join(directory, 'places') });
    const ask = () => store!.ask({ sql: 'SELECT 1', parameters: {}, settings: {}, format: 'CSV' });
    const outcomes = await Promise.allSettled(Array.from({ length: 100 }, ask));
    const refused = outcomes.filter((each) => each.status === 'rejected');
    expect(refused).toHaveLength(100 - 4 - 64);
    expect(refused[0]!.reason).toMatchObject({ code: 202 });
  });
});

describe('migrations', () => {
  test('0001_events.sql is made from the definitions', () => {
    const file = new URL('../../../packages/store/migrations/0001_events.sql', import.meta.url);
    expect(readFileSync(file, 'utf8'), 'run: node packages/store/src/raw-tables.ts').toBe(rawTables());
  });

  test('a store that is newer, or has had another text, is left alone', async () => {
    const steps = stepsOf('0001_a.sql', 'SELECT 1;\nSELECT 2;\n');
    const run: string[] = [];
    const withHistory = (history: object[]): Commands => ({
      async command(sql) {
        run.push(sql);
      },
      async select<T>(sql: string) {
        return (sql.includes('schema_migrations') ? history : []) as T[];
      },
    });
    const [one, two] = steps.map(({ version, step, checksum }) => ({ version, step, checksum }));
    await applyMigrations(withHistory([one!]), { window: 1 }, steps);
    expect(run.filter((sql) => /^SELECT \d/.test(sql))).toEqual(['SELECT 2']);
    await expect(applyMigrations(withHistory([one!, two!, { ...two!, version: 9 }]), { window: 1 }, steps)).rejects.toThrow(
      'too old',
    );
    await expect(applyMigrations(withHistory([{ ...one!, checksum: 'x' }]), { window: 1 }, steps)).rejects.toThrow(
      'must not be edited',
    );
  });

  test('in a cluster everything is replicated, with a window of a week', () => {
    const all = readSteps().map(({ text }) =>
      render(text, { cluster: 'main', window: 5, retentionDays: { peer_probed: 0, infohash_sighted: 3 } }),
    );
    for (const text of all.filter((each) => each.startsWith('CREATE'))) expect(text).toContain("ON CLUSTER 'main'");
    // What each replica recomputes for itself is no replicated table.
    const recomputed = /EXISTS (dying|forecast|forecast_retention|forecast_cohorts)\b/;
    for (const text of all.filter((each) => /ENGINE = \w*MergeTree/.test(each) && !recomputed.test(each)))
      expect(text).toMatch(
        /ENGINE = Replicated[\s\S]*replicated_deduplication_window = 5, replicated_deduplication_window_seconds = 604800/,
      );
    expect(all.find((each) => each.includes('EXISTS peer_probed '))).not.toContain('TTL');
    expect(all.find((each) => each.includes('EXISTS infohash_sighted '))).toContain('toIntervalDay(3)');
    expect(() => render('{nothing}', { window: 1 })).toThrow('placeholder');
  });
});
