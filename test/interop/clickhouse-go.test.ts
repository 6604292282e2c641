// clickhouse-go, the library inside Grafana's ClickHouse datasource, asks the HTTP front of the embedded store in the Native format.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemClock } from '@swarmscope/runtime/clock.ts';
import { type EmbeddedStore, openEmbedded } from '@swarmscope/store/embedded.ts';
import { type RunningFront, startFront } from '@swarmscope/web/front.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missing, need } from '../support/extras.ts';
import { endOfSeed, insertSeed } from '../support/seed.ts';

const run = promisify(execFile);

describe.skipIf(missing('go').length > 0)('clickhouse-go', () => {
  const directory = mkdtempSync(join(tmpdir(), 'swarmscope-go-'));
  const program = join(directory, 'ask');
  let store: EmbeddedStore;
  let front: RunningFront;

  beforeAll(async () => {
    const source = join(import.meta.dirname, 'clickhouse-go');
    const building = run(need('go'), ['build', '-o', program, '.'], { cwd: source, timeout: 230_000 });
    store = await openEmbedded({ directory: join(directory, 'store') });
    await store.migrate();
    await insertSeed(store, endOfSeed(Date.now()));
    const listen = { address: '127.0.0.1', port: 0 };
    front = await startFront({ store, log: console, clock: systemClock, listen, password: 'open sesame' });
    await building;
  });
  afterAll(async () => {
    await front?.close();
    await store?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  test('greeting, types, many blocks, parameters, errors, limits, gzip and its own frames', async () => {
    const { stdout } = await run(program, [new URL(front.url).host], { env: { FRONT_PASSWORD: 'open sesame' }, timeout: 60_000 });
    const answer = JSON.parse(stdout) as Record<string, unknown> & {
      swarms: { swarm: string; proved: number; completable: number }[];
    };
    expect(answer).toMatchObject({ many: 300_000, sum: (300_000 * 299_999) / 2, packed: 1_000, framed: 100_000 });
    expect(answer).toMatchObject({ refused: 164, syntax: 62, missing: 60, limit: 159 });
    expect(answer['rows']).toEqual([
      {
        u8: 7,
        i64: -5,
        s: 'text',
        none: null,
        some: 9,
        low: 'low',
        at: '2026-11-24T12:00:00Z',
        ms: '2026-11-24T12:00:00.123Z',
        list: [1, 2],
        named: { a: 1.5 },
        f: 2.5,
        b: true,
      },
    ]);
    const own = await store.query('SELECT swarm, proved, completable FROM swarms WHERE proved >= 1 ORDER BY swarm');
    expect(answer.swarms.map(({ swarm, proved, completable }) => ({ swarm, proved, completable }))).toEqual(own);
  });
});
