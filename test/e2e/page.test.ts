// The built-in page in a real headless Chromium: every board without a complaint, its figures equal to the SQL, usable by keyboard and on a phone.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Board, type Panel, panelsOf } from '@swarmscope/dashboards/definitions/board.ts';
import { BOARDS, HOME, variableTypes } from '@swarmscope/dashboards/definitions/boards.ts';
import { expandMacros, variablesIn } from '@swarmscope/dashboards/definitions/macros.ts';
import { ManualClock } from '@swarmscope/runtime/clock.ts';
import { silentLog } from '@swarmscope/runtime/log.ts';
import { openEmbedded } from '@swarmscope/store/embedded.ts';
import type { Store } from '@swarmscope/store/store.ts';
import { type RunningWeb, startWeb } from '@swarmscope/web/service.ts';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insertEvents, nameOf, SEED, seedEvents, swarmOf } from '../dashboards/support/seed.ts';
import { missing, need, ROOT } from '../support/extras.ts';

const ARTIFACTS = join(ROOT, 'artifacts/page');
const DYING = swarmOf(2);
const PANEL_MS = 90_000;
const format = (await import(pathToFileURL(join(ROOT, 'services/web/src/page/format.js')).href)) as {
  figure(value: number | null, unit: string): string;
};

describe.skipIf(missing('chromium').length > 0)('the page', () => {
  const directory = mkdtempSync(join(tmpdir(), 'swarmscope-page-'));
  let store: Store;
  let web: RunningWeb;
  let browser: Browser;
  /** What a browser complained of since the last look. */
  const complaints: string[] = [];

  beforeAll(async () => {
    mkdirSync(ARTIFACTS, { recursive: true });
    store = await openEmbedded({ directory });
    await store.migrate();
    await insertEvents(store, seedEvents());
    const clock = new ManualClock(0, SEED.endMs);
    web = await startWeb({ store, listen: { address: '127.0.0.1', port: 0 }, log: silentLog, clock });
    browser = await chromium.launch({ executablePath: need('chromium'), chromiumSandbox: false });
  });

  afterAll(async () => {
    await browser?.close();
    await web?.stop();
    await store?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  async function open(path: string, width = 1_440, colorScheme: 'dark' | 'light' = 'dark'): Promise<Page> {
    complaints.length = 0;
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme, locale: 'en-GB', timezoneId: 'UTC' });
    page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
    page.on('requestfailed', (request) => {
      // A reader who goes on leaves questions unanswered.
      const error = request.failure()?.errorText ?? '';
      if (error !== 'net::ERR_ABORTED') complaints.push(`failed: ${request.url()} ${error}`);
    });
    page.on('response', (response) => response.status() >= 400 && complaints.push(`${response.status()}: ${response.url()}`));
    page.on('request', (request) => request.url().startsWith(web.url) || complaints.push(`leaves the page: ${request.url()}`));
    await page.goto(`${web.url}${path}`);
    return page;
  }

  /** Makes the window as high as the document, so that every panel is in sight, and waits until all are drawn. */
  async function drawAll(page: Page): Promise<void> {
    const { width } = page.viewportSize()!;
    const height = await page.evaluate(
      () =>
        (globalThis as unknown as { document: { documentElement: { scrollHeight: number } } }).document.documentElement
          .scrollHeight,
    );
    await page.setViewportSize({ width, height: Math.min(height + 2_000, 12_000) });
    for (const section of await page.locator('section[data-panel]').all()) {
      // Panels that were drawn meanwhile may have pushed it out of sight again.
      await section.scrollIntoViewIfNeeded();
      await section.locator('xpath=self::*[@aria-busy="false"]').waitFor({ timeout: PANEL_MS });
    }
  }

  async function rowsOf(board: Board, panel: Panel): Promise<Record<string, unknown>[]> {
    const types = variableTypes(board);
    const values: Record<string, string> = { network: SEED.network, swarm: DYING };
    const seconds = board.range === '6h' ? 21_600 : 86_400;
    const range = { fromS: SEED.endMs / 1_000 - seconds, toS: SEED.endMs / 1_000, intervalS: seconds === 21_600 ? 300 : 900 };
    return store.query(
      expandMacros(panel.sql, range),
      Object.fromEntries(variablesIn(panel.sql, types).map((name) => [name, values[name]!])),
    );
  }

  const addressOf = (board: Board) => (board === HOME ? '/' : `/boards/${board.uid}?swarm=${DYING}`);

  describe.each([HOME, ...BOARDS])('$title', (board) => {
    test('opens without a complaint; every panel is drawn or says why it is empty', async () => {
      const page = await open(addressOf(board));
      await drawAll(page);
      for (const panel of panelsOf(board)) {
        const section = page.locator(`#p-${panel.id}`);
        expect(await section.getAttribute('class'), panel.id).not.toContain('stale');
        const rows = await rowsOf(board, panel);
        const drawn = { stat: 'dl', timeseries: 'canvas', table: 'tbody tr', bars: '.bar', heatmap: 'canvas' }[panel.kind];
        if (rows.length > 0) expect(await section.locator(drawn).count(), panel.id).toBeGreaterThan(0);
        else expect(await section.locator('.note').textContent(), panel.id).toBe(panel.empty);
      }
      expect(complaints).toEqual([]);
      await page.locator('body').screenshot({ path: join(ARTIFACTS, `${board.uid}-dark.png`) });
      await page.close();
    });

    test('shows the figures of its SQL', async () => {
      const page = await open(addressOf(board));
      await drawAll(page);
      for (const panel of panelsOf(board)) {
        const rows = await rowsOf(board, panel);
        const section = page.locator(`#p-${panel.id}`);
        if (rows.length === 0) expect(await section.textContent()).toContain(panel.empty);
        else if (panel.kind === 'stat') {
          for (const column of panel.columns) {
            const shown = await section.locator(`[data-column="${column.name}"] .value`).textContent();
            expect(shown, `${panel.id} ${column.name}`).toBe(format.figure(numberOf(rows[0]![column.name]), column.unit));
          }
        }
        if (panel.kind === 'bars')
          expect(await section.locator('.bar .figure').allTextContents()).toEqual(
            rows.map((row) => format.figure(numberOf(row[panel.columns[1]!.name]), panel.columns[1]!.unit)),
          );
        if (panel.kind === 'table') await expectCells(page, panel, rows);
      }
      await page.close();
    });

    test('fits a phone: nothing stands out to the side', async () => {
      const page = await open(addressOf(board), 375, 'light');
      await drawAll(page);
      const width = await page.evaluate(
        () =>
          (globalThis as unknown as { document: { documentElement: { scrollWidth: number } } }).document.documentElement
            .scrollWidth,
      );
      expect(width).toBeLessThanOrEqual(375);
      // A row is a card, and what it is about has a line of its own.
      for (const cell of await page.locator('tbody tr:first-child td:first-child').all())
        expect((await cell.boundingBox())!.width).toBeGreaterThan(250);
      expect(complaints).toEqual([]);
      await page.locator('body').screenshot({ path: join(ARTIFACTS, `${board.uid}-phone.png`) });
      await page.close();
    });
  });

  async function expectCells(page: Page, panel: Panel, rows: Record<string, unknown>[]): Promise<void> {
    const shown = page.locator(`#p-${panel.id} tbody tr`);
    expect(await shown.count(), panel.id).toBe(Math.min(rows.length, 15));
    for (const [i, row] of rows.slice(0, 3).entries()) {
      const cells = await shown.nth(i).locator('td').allTextContents();
      for (const [j, column] of panel.columns.entries()) {
        const value = row[column.name];
        if (column.unit === 'time') continue;
        const isFigure = column.unit !== 'word' && column.unit !== 'hex';
        const text =
          value === null || value === '' ? '–' : isFigure ? format.figure(numberOf(value), column.unit) : String(value);
        expect(cells[j], `${panel.id} ${column.name}`).toMatch(
          new RegExp(`^${text.replace(/[.*+?^$()[\]{}|\\]/g, '\\$&')}( [\\d.,]+–[\\d.,]+)?$`),
        );
      }
    }
  }

  test('leads from a watched torrent to its board, and back to the boards with the same network', async () => {
    const page = await open('/');
    await page
      .locator('#p-entries a', { hasText: nameOf(2)! })
      .first()
      .click();
    await page.locator('h1', { hasText: nameOf(2)! }).waitFor();
    expect(new URL(page.url()).searchParams.get('swarm')).toBe(DYING);
    await page.locator('nav a', { hasText: 'Swarm overview' }).click();
    await page.locator('h1', { hasText: 'Swarm overview' }).waitFor();
    expect(new URL(page.url()).searchParams.get('network')).toBe(SEED.network);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('finds a torrent by its name, and by its infohash', async () => {
    const page = await open('/');
    await page.getByRole('searchbox', { name: 'Find a torrent by name or infohash' }).fill('choir');
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Choir parts (2)' }).waitFor();
    await page.getByRole('searchbox', { name: 'Find a torrent by name or infohash' }).fill(swarmOf(5));
    await page.keyboard.press('Enter');
    await page.locator('h1', { hasText: nameOf(5)! }).waitFor();
    await page.close();
  });

  test('sorts and filters a table by keyboard, and keeps the focus', async () => {
    const page = await open('/boards/swarmscope-overview');
    await drawAll(page);
    const table = page.locator('#p-torrents');
    await table.getByRole('button', { name: 'Leechers' }).focus();
    await page.keyboard.press('Enter');
    expect(await table.locator('th[data-column="leechers"]').getAttribute('aria-sort')).toBe('descending');
    const leechers = (await table.locator('td[data-title="Leechers"]').allTextContents()).map(Number);
    expect(leechers).toEqual([...leechers].sort((a, b) => b - a));
    await page.keyboard.press('Enter');
    expect(await table.locator('th[data-column="leechers"]').getAttribute('aria-sort')).toBe('ascending');
    await table.getByRole('searchbox', { name: 'Filter: Torrents measured' }).fill('choir');
    expect(await table.locator('tbody tr').count()).toBe(2);
    await table.getByRole('searchbox').fill('');
    await table.getByRole('button', { name: 'Show all 24' }).click();
    expect(await table.locator('tbody tr').count()).toBe(24);
    await page.close();
  });

  test('changes between dark and light, and remembers', async () => {
    const page = await open('/boards/swarmscope-torrent');
    await drawAll(page);
    const theme = () => page.locator('html').getAttribute('data-theme');
    expect(await theme()).toBe('dark');
    await page.getByRole('button', { name: 'Change between dark and light' }).click();
    expect(await theme()).toBe('light');
    await page.locator('body').screenshot({ path: join(ARTIFACTS, 'swarmscope-torrent-light.png') });
    await page.reload();
    expect(await theme()).toBe('light');
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('says what it shows to those who do not see it', async () => {
    const page = await open(`/boards/swarmscope-torrent?swarm=${DYING}`);
    await drawAll(page);
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').textContent()).toBe('Skip to the figures');
    for (const name of ['banner', 'navigation', 'main', 'search'] as const)
      expect(await page.getByRole(name).count(), name).toBeGreaterThan(0);
    const unnamed = page.locator(
      'button:not([aria-label]):empty, input:not([aria-label]):not([type=hidden]), select:not(label select)',
    );
    expect(await unnamed.count()).toBe(0);
    const chart = await page.locator('#p-classes .plot').getAttribute('aria-label');
    expect(chart).toMatch(/^Peers by class\. At .*: Proved 0, Claimed 0, .*Leecher 3, Liar 0\.$/);
    const heat = await page.locator('#p-availability canvas').getAttribute('aria-label');
    expect(heat).toMatch(/no copy of the ranges from 062 %, 065 %\.$/);
    expect(await page.locator('#p-peers caption').textContent()).toBe('Peers');
    await page.close();
  });

  test('goes on when the store does not answer, and says so', async () => {
    const page = await open('/boards/swarmscope-overview');
    await drawAll(page);
    await page.route('**/api/**', (route) => route.fulfill({ status: 503, body: 'The store is too busy to answer in time.\n' }));
    await page.locator('#state', { hasText: 'The store is too busy' }).waitFor({ timeout: 60_000 });
    expect(await page.locator('#p-states .value').first().textContent()).toBe('24');
    expect(await page.locator('#p-states').getAttribute('class')).toContain('stale');
    await page.close();
  });
});

function numberOf(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value);
}
