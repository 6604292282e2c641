// What a first user sees: the demo runs, and its page shows in a browser what was measured, equal to SQL asked over the front on the same port.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missing, need, ROOT } from '../support/extras.ts';
import { type Running, start } from './support/command.ts';

const ARTIFACTS = join(ROOT, 'artifacts/page');

describe.skipIf(missing('chromium').length > 0)('the page of the demo', () => {
  let demo: Running;
  let browser: Browser;
  let url: string;

  beforeAll(async () => {
    mkdirSync(ARTIFACTS, { recursive: true });
    demo = start(['demo', '--port', '0'], 220_000);
    [, url] = (await demo.saw(/page: (http:\S+)/)) as unknown as [string, string];
    await demo.saw(/measured (equals true|differs)|Ctrl-C ends it/);
    browser = await chromium.launch({ executablePath: need('chromium'), chromiumSandbox: false });
  });

  afterAll(async () => {
    await browser?.close();
    demo?.child.kill('SIGINT');
    await demo?.ended;
  });

  async function ask<T>(sql: string): Promise<T[]> {
    const answer = await fetch(`${url}/?${new URLSearchParams({ query: `${sql} FORMAT JSONEachRow` })}`);
    const text = await answer.text();
    expect(answer.status, text).toBe(200);
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as T);
  }

  test('lists the torrents with the seeders that were proved', async () => {
    const page = await browser.newPage({ viewport: { width: 1_440, height: 4_000 } });
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(url);
    const rows = page.locator('#p-torrents tbody tr');
    await rows.first().waitFor();
    const torrents = await ask<{ name: string; proved: number }>(
      "SELECT name, proved FROM swarms WHERE name != '' ORDER BY name",
    );
    expect(torrents.length).toBeGreaterThanOrEqual(8);
    const cells = (await rows.all()).map(
      async (row) =>
        [await row.locator('td').first().textContent(), await row.locator('td[data-title="Proved"]').textContent()] as const,
    );
    const shown = new Map(await Promise.all(cells));
    for (const { name } of torrents) expect([...shown.keys()]).toContain(name);
    // Censuses go on while this is asked: the page catches up with the store at its next refresh.
    const harbour = rows.filter({ hasText: 'Harbour Lights' }).locator('td[data-title="Proved"]');
    const isEqual = async () =>
      (await harbour.textContent()) ===
      String((await ask<{ proved: number }>("SELECT proved FROM swarms WHERE name = 'Harbour Lights'"))[0]!.proved);
    await expect.poll(isEqual, { timeout: 90_000 }).toBe(true);
    expect(shown.get('Mirage')).toBe('0');
    expect(complaints).toEqual([]);
    await page.locator('body').screenshot({ path: join(ARTIFACTS, 'demo-home.png') });
    await page.close();
  });

  test('shows the liar of a torrent on its board', async () => {
    const page = await browser.newPage({ viewport: { width: 1_440, height: 4_000 } });
    await page.goto(`${url}/search?text=mirage`);
    await page.getByRole('link', { name: 'Mirage' }).click();
    await page.locator('#p-peers tbody tr', { hasText: 'liar_missing' }).waitFor();
    await page.locator('#p-whole [data-column="completable"] .value', { hasText: 'no' }).waitFor();
    await page.locator('body').screenshot({ path: join(ARTIFACTS, 'demo-torrent.png') });
    await page.close();
  });

  test('shows the whole DHT', async () => {
    const page = await browser.newPage({ viewport: { width: 1_440, height: 2_000 } });
    await page.goto(`${url}/boards/swarmscope-dht`);
    const nodes = page.locator('#p-now [data-column="nodes"] .value');
    await nodes.waitFor();
    expect(Number(await nodes.textContent())).toBeGreaterThanOrEqual(200);
    await page.close();
  });
});
