// The built-in page over five million swarm samples, in a real Chromium: how long until a view is drawn, and what it costs the store.
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { BOARDS, TORRENT_UID } from '@swarmscope/dashboards/definitions/boards.ts';
import { systemClock } from '@swarmscope/runtime/clock.ts';
import { silentLog } from '@swarmscope/runtime/log.ts';
import { type EmbeddedStore, openEmbedded } from '@swarmscope/store/embedded.ts';
import { startWeb } from '@swarmscope/web/service.ts';
import { type Browser, chromium } from 'playwright-core';
import { need } from '../support/extras.ts';
import type { Entry } from './entry.ts';
import { alone, type Figure, note } from './figure.ts';
import { cpuSeconds } from './measure.ts';
import { seedSamples } from './page/seed.ts';
import { NETWORK } from './store/seed.ts';

const FIRST_MAX_S = 1;
const BOARD_MAX_S = 2;
const SAMPLES = Number(process.env['BENCH_ROWS'] ?? 5_000_000);
const LOADS = Number(process.env['BENCH_RUNS'] ?? 9);
/** A directory that is kept, and used again. */
const KEPT = process.env['BENCH_DIRECTORY'];
const DRAWN_MS = 60_000;
/** The watch list, and all else that a desktop shows of the landing page. */
const FIRST_HEIGHT = 900;
/** Every panel of a board is in sight at once: the page asks for nothing later. */
const WHOLE_HEIGHT = 6_000;

interface View {
  readonly name: string;
  readonly height: number;
  readonly goal: number;
  /** Address, with a torrent to look at. */
  path(swarm: string): string;
  /** Panels that have to be drawn, as a selector. */
  readonly panels: string;
}

const FIRST: View = {
  name: 'page_first_view',
  height: FIRST_HEIGHT,
  goal: FIRST_MAX_S,
  path: () => '/',
  panels: '#p-summary, #p-entries',
};

const VIEWS: readonly View[] = [
  FIRST,
  { ...FIRST, name: 'page_home_whole', height: WHOLE_HEIGHT, goal: BOARD_MAX_S, panels: 'section[data-panel]' },
  ...BOARDS.map(({ uid }) => ({
    name: uid.replace('swarmscope-', 'page_').replace('-', '_'),
    height: WHOLE_HEIGHT,
    goal: BOARD_MAX_S,
    path: (swarm: string) => `/boards/${uid}?network=${NETWORK}${uid === TORRENT_UID ? `&swarm=${swarm}` : ''}`,
    panels: 'section[data-panel]',
  })),
];

export const page: readonly Entry[] = [
  {
    name: 'page',
    title: 'the built-in page in Chromium over five million swarm samples (BENCH_ROWS): first view and every board, until drawn',
    isHeavy: true,
    run: async () => {
      const directory = KEPT ?? mkdtempSync(join(tmpdir(), 'swarmscope-bench-'));
      const store = await openEmbedded({ directory });
      try {
        await store.migrate();
        return await measure(store, await seedSamples(store, directory, SAMPLES));
      } finally {
        await store.close();
        if (KEPT === undefined) rmSync(directory, { recursive: true, force: true });
      }
    },
  },
];

async function measure(store: EmbeddedStore, endMs: number): Promise<Figure[]> {
  const [{ samples } = { samples: 0 }] = await store.query<{ samples: number }>('SELECT count() AS samples FROM swarm_sampled');
  note(`${samples} swarm samples; load of the machine ${loadavg()[0]!.toFixed(1)}`);
  const swarms = await store.query<{ swarm: string }>(
    `SELECT lower(hex(swarm_id)) AS swarm FROM swarm_latest ORDER BY cityHash64(swarm_id) LIMIT ${LOADS}`,
  );
  const clock = { now: () => systemClock.now(), wall: () => endMs };
  const web = await startWeb({ store, listen: { address: '127.0.0.1', port: 0 }, log: silentLog, clock });
  const browser = await chromium.launch({ executablePath: need('chromium'), chromiumSandbox: false });
  const seen = VIEWS.map(() => ({ wall: [] as number[], cpu: [] as number[] }));
  try {
    // In turns, so that no view is served what the page kept for a second; the first turn warms the browser.
    for (let turn = -1; turn < LOADS; turn += 1)
      for (const [i, view] of VIEWS.entries()) {
        const before = cpuSeconds();
        const wall = await open(browser, view, web.url + view.path(swarms[Math.max(0, turn)]!.swarm));
        if (turn < 0) continue;
        seen[i]!.wall.push(wall);
        seen[i]!.cpu.push(cpuSeconds() - before);
      }
  } finally {
    await browser.close();
    await web.stop();
  }
  note(`load of the machine at the end ${loadavg()[0]!.toFixed(1)}`);
  return VIEWS.flatMap(({ name, goal }, i) => figuresOf(name, goal, seen[i]!));
}

/** Seconds from the navigation to the moment when the panels named are drawn, in a browser that has nothing of the page yet. */
async function open(browser: Browser, { height, panels }: View, url: string): Promise<number> {
  // The page forbids evaluated text, which is how this one looks into it.
  const context = await browser.newContext({ viewport: { width: 1_440, height }, bypassCSP: true });
  try {
    const tab = await context.newPage();
    await tab.goto(url, { timeout: DRAWN_MS });
    const drawn = await tab.waitForFunction(`(${DRAWN})(${JSON.stringify(panels)})`, undefined, {
      timeout: DRAWN_MS,
      polling: 'raf',
    });
    const times = (await drawn.jsonValue()) as { s: number; last: string };
    if (process.env['BENCH_VERBOSE']) note(`${url.replace(/^.*?\/\/[^/]*/, '')}: ${JSON.stringify(times)}`);
    return times.s;
  } finally {
    await context.close();
  }
}

/** Runs in the browser: false until all are drawn, then when that was, and which answer came last. */
const DRAWN = `(panels) => {
  if ([...document.querySelectorAll(panels)].some((each) => each.getAttribute('aria-busy') !== 'false')) return false;
  const asked = performance.getEntriesByType('resource').filter(({ name }) => name.includes('/api/'));
  const took = asked.map(({ name, responseEnd, startTime }) => [new URL(name).pathname.split('/').at(-1), Math.round(responseEnd - startTime)]);
  const html = Math.round(performance.getEntriesByType('navigation')[0].responseEnd);
  return { s: performance.now() / 1000, html, took: took.sort((a, b) => b[1] - a[1]) };
}`;

function figuresOf(name: string, goal: number, { wall, cpu }: { wall: number[]; cpu: number[] }): Figure[] {
  const p95 = wall.toSorted((a, b) => a - b)[Math.ceil(0.95 * wall.length) - 1]!;
  return [
    alone({ name, unit: 's', goal, direction: 'max' }, wall),
    alone({ name: `${name}_p95`, unit: 's' }, [p95]),
    alone({ name: `${name}_cpu`, unit: 'CPU s' }, cpu),
  ];
}
