// The page over a store without a row (a process has one embedded store, hence a file of its own): empty boards, not errors.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { panelsOf } from '@swarmscope/dashboards/definitions/board.ts';
import { BOARDS, HOME } from '@swarmscope/dashboards/definitions/boards.ts';
import { systemClock } from '@swarmscope/runtime/clock.ts';
import { silentLog } from '@swarmscope/runtime/log.ts';
import { openEmbedded } from '@swarmscope/store/embedded.ts';
import type { Store } from '@swarmscope/store/store.ts';
import { type RunningWeb, startWeb } from '@swarmscope/web/service.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';

const directory = mkdtempSync(join(tmpdir(), 'swarmscope-web-empty-'));
let store: Store;
let web: RunningWeb;

beforeAll(async () => {
  store = await openEmbedded({ directory });
  await store.migrate();
  web = await startWeb({ store, listen: { address: '127.0.0.1', port: 0 }, log: silentLog, clock: systemClock });
});

afterAll(async () => {
  await web?.stop();
  await store?.close();
  rmSync(directory, { recursive: true, force: true });
});

test.each([HOME, ...BOARDS])('$title', async (board) => {
  const shell = await fetch(`${web.url}${board === HOME ? '/' : `/boards/${board.uid}`}`);
  expect([shell.status, await shell.text()]).toEqual([200, expect.stringContaining(`<h1>${board.title}</h1>`)]);
  for (const panel of panelsOf(board)) {
    const answer = await fetch(`${web.url}/api/${board.uid}/panels/${panel.id}`);
    expect(answer.status, panel.id).toBe(200);
    const { result } = (await answer.json()) as { result: { data: unknown[] } };
    // The audit names every table, empty or not.
    if (panel.id !== 'audit') expect(result.data, panel.id).toEqual([]);
  }
});

test('a search finds nothing', async () => {
  const answer = await fetch(`${web.url}/search?text=anything`);
  expect([answer.status, await answer.text()]).toEqual([
    200,
    expect.stringContaining('No torrent of this network has “anything”'),
  ]);
});
