// The page over HTTP with a real store: every board and panel, the search, what is refused, and that text from the store stays text.
import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { panelsOf } from '@swarmscope/dashboards/definitions/board.ts';
import { BOARDS, HOME } from '@swarmscope/dashboards/definitions/boards.ts';
import { makeEvent } from '@swarmscope/events/event.ts';
import { ManualClock } from '@swarmscope/runtime/clock.ts';
import { silentLog } from '@swarmscope/runtime/log.ts';
import { Metrics } from '@swarmscope/runtime/metrics.ts';
import { openEmbedded } from '@swarmscope/store/embedded.ts';
import type { Store } from '@swarmscope/store/store.ts';
import { type RunningWeb, startWeb } from '@swarmscope/web/service.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insertEvents, nameOf, SEED, seedEvents, swarmOf } from '../../dashboards/support/seed.ts';

const EVIL = `</script><img src=x onerror="alert('1')">&amp;`;
const evilSwarm = 'e'.repeat(40);
const directory = mkdtempSync(join(tmpdir(), 'swarmscope-web-'));
const clock = new ManualClock(0, SEED.endMs);
let store: Store;
let web: RunningWeb;

beforeAll(async () => {
  store = await openEmbedded({ directory });
  await store.migrate();
  const stamp = { ts: SEED.endMs - 1_000, instance_id: 'test', network: SEED.network };
  const evil = makeEvent(
    'torrent_watched',
    {
      swarm_id: evilSwarm,
      name: EVIL,
      set: 1,
      labels: { [EVIL]: EVIL },
      objectives: {},
      verify: 1,
      announce: 1,
      prefixes_excluded: [],
      maintenance: [],
    },
    stamp,
  );
  await insertEvents(store, [...seedEvents(), evil]);
  web = await startWeb({ store, listen: { address: '127.0.0.1', port: 0 }, log: silentLog, clock });
});

afterAll(async () => {
  await web?.stop();
  await store?.close();
  rmSync(directory, { recursive: true, force: true });
});

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

function ask(path: string, options: { method?: string; headers?: Record<string, string>; url?: string } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = httpRequest(
      `${options.url ?? web.url}${path}`,
      { method: options.method ?? 'GET', headers: options.headers ?? {} },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }));
      },
    );
    call.on('error', reject);
    call.end();
  });
}

const dataOf = (text: string) =>
  JSON.parse(/<script type="application\/json" id="view">(.*?)<\/script>/s.exec(text)![1]!) as Record<string, never>;

describe.each([HOME, ...BOARDS])('$title', (board) => {
  const path = board === HOME ? '/' : `/boards/${board.uid}`;

  test('is a document with every panel, its sentence, and the default choices', async () => {
    const { status, text, headers } = await ask(path);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    for (const panel of panelsOf(board)) {
      expect(text).toContain(`data-panel="${panel.id}"`);
      expect(text).toContain(`<h2 id="p-${panel.id}-title">${panel.title}</h2>`);
    }
    expect(dataOf(text)['chosen']).toMatchObject({ values: { network: SEED.network } });
    expect(text).not.toMatch(/SELECT|<script>|onclick|style="/);
  });

  test.each(panelsOf(board))('panel $id answers its time range and a result', async (panel) => {
    const query = new URLSearchParams({ range: '24h', network: SEED.network, swarm: swarmOf(2) });
    const { status, text, headers } = await ask(`/api/${board.uid}/panels/${panel.id}?${query}`);
    expect([status, headers['content-type']]).toEqual([200, 'application/json']);
    const { range, result } = JSON.parse(text) as { range: object; result: { meta: { name: string }[]; data: unknown[] } };
    expect(range).toEqual({ fromS: SEED.endMs / 1_000 - 86_400, toS: SEED.endMs / 1_000, intervalS: 900 });
    expect(result.meta.map((column) => column.name)).toEqual(expect.arrayContaining(panel.columns.map((column) => column.name)));
  });
});

test('annotations answer by their id', async () => {
  for (const board of BOARDS)
    for (const { id } of board.annotations) {
      const { status, text } = await ask(`/api/${board.uid}/annotations/${id}?network=${SEED.network}&swarm=${swarmOf(2)}`);
      expect([
        status,
        (JSON.parse(text) as { result: { meta: { name: string }[] } }).result.meta.map((column) => column.name),
      ]).toEqual([200, ['time', 'title', 'text']]);
    }
});

test('a board of a torrent is named after it, and keeps a swarm that is not among the choices', async () => {
  const known = await ask(`/boards/swarmscope-torrent?swarm=${swarmOf(4)}`);
  expect(known.text).toContain(`<h1>${nameOf(4)}</h1>`);
  const unknown = await ask(`/boards/swarmscope-torrent?swarm=${'d'.repeat(40)}`);
  expect(unknown.text).toContain(`<option value="${'d'.repeat(40)}" selected>`);
});

test('the time range is that of all that is stored, unless the address names one', async () => {
  expect(dataOf((await ask('/')).text)['chosen']).toMatchObject({ range: '', address: '?network=lab' });
  const { range } = JSON.parse((await ask('/api/swarmscope-pipeline/panels/services?network=lab')).text) as { range: object };
  expect(range).toEqual({ fromS: SEED.endMs / 1_000 - 21_600, toS: SEED.endMs / 1_000, intervalS: 300 });
  expect(dataOf((await ask('/?range=6h')).text)['chosen']).toMatchObject({ range: '6h', address: '?range=6h&network=lab' });
});

describe('text of strangers', () => {
  test('stays text in every document', async () => {
    for (const path of [
      '/',
      `/boards/swarmscope-torrent?swarm=${evilSwarm}`,
      `/search?text=${encodeURIComponent(EVIL)}`,
      '/search?text=onerror',
      `/?network=${encodeURIComponent(EVIL)}`,
    ]) {
      const { text } = await ask(path);
      expect(text, path).not.toContain('<img src=x');
      expect(text.match(/<script/g)!.length, path).toBeLessThanOrEqual(3);
    }
  });

  test('in a variable is a value, never SQL', async () => {
    const network = `x' OR 1 = 1 UNION ALL SELECT '`;
    const { status, text } = await ask(`/api/swarmscope-overview/panels/states?${new URLSearchParams({ network })}`);
    expect(status).toBe(200);
    expect((JSON.parse(text) as { result: { data: unknown[] } }).result.data).toEqual([]);
  });
});

describe('search', () => {
  test('lists what has the words, with links that keep the network', async () => {
    const { status, text } = await ask('/search?text=film+scans');
    expect(status).toBe(200);
    expect(text).toContain(`href="/boards/swarmscope-torrent?network=lab&amp;swarm=${swarmOf(18)}"`);
  });

  test('leads straight to the torrent of a whole infohash', async () => {
    const { status, headers } = await ask(`/search?text=${swarmOf(3)}`);
    expect([status, headers['location']]).toEqual([303, `/boards/swarmscope-torrent?network=lab&swarm=${swarmOf(3)}`]);
  });

  test('says so when there is nothing, and what it needs', async () => {
    expect((await ask('/search?text=zzzz')).text).toContain('No torrent of this network has “zzzz”');
    expect((await ask('/search?text=a')).status).toBe(400);
  });
});

describe('what is refused', () => {
  test.each([
    ['/boards/nothing', 404],
    ['/boards/swarmscope-home', 404],
    ['/api/swarmscope-overview/panels/nothing', 404],
    ['/api/swarmscope-overview/panels/constructor', 404],
    ['/api/nothing/panels/states', 404],
    ['/api/swarmscope-overview/queries/states', 404],
    ['/api/swarmscope-overview/panels/states/more', 404],
    ['/page/../service.ts', 404],
    ['/page/%2e%2e/service.ts', 404],
    ['/page/main.ts', 404],
    ['/api/swarmscope-overview/panels/states?range=forever', 400],
    ['/?range=forever', 400],
    [`/?network=${'x'.repeat(300)}`, 400],
  ])('%s: %i', async (path, status) => {
    const answer = await ask(path);
    expect(answer.status).toBe(status);
    expect(answer.text).not.toContain('    at ');
  });

  test('everything but reading', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) expect((await ask('/', { method })).status).toBe(405);
    expect((await ask('/', { method: 'HEAD' })).text).toBe('');
  });

  test('another host name, and the requests of other sites', async () => {
    expect((await ask('/', { headers: { host: 'evil.example' } })).status).toBe(403);
    expect(
      (
        await ask('/api/swarmscope-overview/panels/states', {
          headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' },
        })
      ).status,
    ).toBe(403);
  });
});

test('every answer forbids what is not its own', async () => {
  for (const path of ['/', '/page/main.js', '/api/swarmscope-overview/panels/states', '/nothing']) {
    const { headers } = await ask(path);
    expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'; style-src 'self';");
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['referrer-policy']).toBe('no-referrer');
  }
});

test('files are kept by the browser until they change', async () => {
  const first = await ask('/vendor/uplot.js');
  expect([first.status, first.headers['content-type']]).toEqual([200, 'text/javascript; charset=utf-8']);
  const again = await ask('/vendor/uplot.js', { headers: { 'if-none-match': String(first.headers['etag']) } });
  expect([again.status, again.text]).toEqual([304, '']);
});

test('a password keeps everything shut', async () => {
  const shut = await startWeb({
    store,
    listen: { address: '127.0.0.1', port: 0 },
    log: silentLog,
    clock,
    password: 'open sesame',
  });
  try {
    for (const path of ['/', '/page/main.js', '/api/swarmscope-overview/panels/states']) {
      const { status, headers } = await ask(path, { url: shut.url });
      expect([status, headers['www-authenticate']]).toEqual([401, 'Basic realm="Swarmscope", charset="UTF-8"']);
    }
    const authorization = `Basic ${Buffer.from('me:open sesame').toString('base64')}`;
    expect((await ask('/', { url: shut.url, headers: { authorization } })).status).toBe(200);
  } finally {
    await shut.stop();
  }
});

test('the time to each answer is measured', async () => {
  const metrics = new Metrics({ processMetrics: false });
  const page = await startWeb({ store, listen: { address: '127.0.0.1', port: 0 }, log: silentLog, clock, metrics });
  try {
    for (const path of ['/', '/page/main.js', '/api/swarmscope-overview/panels/states', '/nothing'])
      await ask(path, { url: page.url });
    const text = await metrics.text();
    for (const labels of [
      'kind="document",status="200"',
      'kind="file",status="200"',
      'kind="result",status="200"',
      'kind="document",status="404"',
    ])
      expect(text).toContain(`swarmscope_web_answer_seconds_count{${labels}} 1`);
  } finally {
    await page.stop();
  }
});

test('a taken port: the next free one, or the error of the system', async () => {
  const port = Number(new URL(web.url).port);
  await expect(startWeb({ store, listen: { address: '127.0.0.1', port }, log: silentLog, clock })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
  const next = await startWeb({ store, listen: { address: '127.0.0.1', port }, portsToTry: 20, log: silentLog, clock });
  expect(Number(new URL(next.url).port)).toBeGreaterThan(port);
  await next.stop();
});

test('a front on the same port gets what is its own, behind the same guard', async () => {
  const front = {
    takes: (request: { url?: string | undefined }) => request.url === '/ping',
    handle: (_request: unknown, response: { end(text: string): void }) => response.end('Ok.\n'),
  };
  const both = await startWeb({ store, listen: { address: '127.0.0.1', port: 0 }, log: silentLog, clock, front });
  try {
    expect((await ask('/ping', { url: both.url })).text).toBe('Ok.\n');
    expect((await ask('/ping', { url: both.url, headers: { host: 'evil.example' } })).status).toBe(403);
    expect((await ask('/', { url: both.url })).text).toContain('<h1>Home</h1>');
  } finally {
    await both.stop();
  }
});

test('a store that fails is one sentence, without its error', async () => {
  const broken = {
    stream: () => {
      throw new Error('secret detail');
    },
  } as unknown as Store;
  const page = await startWeb({ store: broken, listen: { address: '127.0.0.1', port: 0 }, log: silentLog, clock });
  try {
    const { status, text } = await ask('/api/swarmscope-overview/panels/states', { url: page.url });
    expect([status, text]).toEqual([500, 'The page could not answer; its log says why.\n']);
  } finally {
    await page.stop();
  }
});
