// The ClickHouse HTTP interface as others use it: plain requests, the official client, errors, compression, passwords, host names, limits.
import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { ManualClock } from '@swarmscope/runtime/clock.ts';
import { type EmbeddedStore, openEmbedded } from '@swarmscope/store/embedded.ts';
import { type RunningFront, startFront } from '@swarmscope/web/front.ts';
import { frame } from '@swarmscope/web/front-blocks.ts';
import { cityHash128 } from '@swarmscope/web/front-city.ts';
import { helloBlock } from '@swarmscope/web/front-native.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { linesOf } from '../../contract/store-lines.ts';
import { probed } from '../../support/events.ts';

const directory = mkdtempSync(join(tmpdir(), 'swarmscope-front-'));
const NOW = Math.floor(Date.now() / 3_600_000) * 3_600_000;
const warnings: string[] = [];
const log = { warn: (_: object, message: string) => void warnings.push(message) };
let store: EmbeddedStore;
let front: RunningFront;

beforeAll(async () => {
  store = await openEmbedded({ directory });
  await store.migrate();
  await store.insert(
    'peer_probed',
    linesOf(
      'peer_probed',
      Array.from({ length: 20 }, (_, i) => probed(i, {}, NOW)),
      1,
    ),
    'front-1',
  );
  front = await startFront({ store, log, clock: new ManualClock(), listen: { address: '127.0.0.1', port: 0 } });
});
afterAll(async () => {
  await front.close();
  await store.close();
  rmSync(directory, { recursive: true, force: true });
  expect(warnings).toEqual([]);
});

function post(sql: string, fields: Record<string, string> = {}, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${front.url}/?${new URLSearchParams(fields)}`, { method: 'POST', body: sql, headers });
}

describe('plain requests', () => {
  test('ping and its like', async () => {
    for (const path of ['/ping', '/replicas_status', '/']) expect(await (await fetch(front.url + path)).text()).toBe('Ok.\n');
  });

  test('a statement in the address, in the body, or begun in the one and ended in the other', async () => {
    expect(await (await fetch(`${front.url}/?query=SELECT%201`)).text()).toBe('1\n');
    expect(await (await post('SELECT 2')).text()).toBe('2\n');
    expect(await (await post('+ 4', { query: 'SELECT 3' })).text()).toBe('7\n');
  });

  test('headers as a server gives them', async () => {
    const answer = await post('SELECT count() AS n FROM peer_probed', {
      default_format: 'JSONEachRow',
      query_id: 'mine-1',
      database: 'default',
    });
    expect(await answer.text()).toBe('{"n":20}\n');
    expect(answer.headers.get('x-clickhouse-query-id')).toBe('mine-1');
    expect(answer.headers.get('x-clickhouse-format')).toBe('JSONEachRow');
    expect(answer.headers.get('x-clickhouse-timezone')).toBe('UTC');
    expect(answer.headers.get('content-type')).toContain('application/x-ndjson');
    expect(JSON.parse(answer.headers.get('x-clickhouse-summary')!)).toHaveProperty('read_rows');
    const json = await post('SELECT 1 AS n FORMAT JSON');
    expect(json.headers.get('content-type')).toContain('application/json');
    expect(await json.json()).toMatchObject({ meta: [{ name: 'n', type: 'UInt8' }], data: [{ n: 1 }], rows: 1 });
  });

  test('parameters and settings', async () => {
    expect(await (await post('SELECT {a:String}, {n:UInt8}', { param_a: 'x y', param_n: '5' })).text()).toBe('x y\t5\n');
    expect(await (await post("SELECT getSetting('max_execution_time')", { max_execution_time: '3' })).text()).toBe('3\n');
    expect((await post('SELECT 1', { no_such_setting: '1' })).status).toBe(404);
  });

  test('errors have a code, a status and ClickHouse sentence', async () => {
    const cases = [
      ['SELEC 1', 400, '62', 'SYNTAX_ERROR'],
      ['SELECT * FROM nowhere', 404, '60', 'UNKNOWN_TABLE'],
      ['SELECT throwIf(1)', 500, '395', 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO'],
      ['INSERT INTO rejected (topic) VALUES (1)', 500, '164', 'READONLY'],
      ["SELECT * FROM file('/etc/passwd')", 403, '497', 'ACCESS_DENIED'],
      ['SELECT {x:UInt8}', 400, '456', 'UNKNOWN_QUERY_PARAMETER'],
    ] as const;
    for (const [sql, status, code, symbol] of cases) {
      const answer = await post(sql);
      expect([answer.status, answer.headers.get('x-clickhouse-exception-code')], sql).toEqual([status, code]);
      expect(await answer.text()).toMatch(new RegExp(`^Code: ${code}\\. DB::Exception: .*\\(${symbol}\\)\\n$`, 's'));
    }
    expect((await post('SELECT 1', { database: 'nosuch' })).status).toBe(404);
    expect((await fetch(front.url, { method: 'DELETE' })).status).toBe(200);
  });

  test('gzip in and out', async () => {
    const answer = await fetch(`${front.url}/?enable_http_compression=1`, {
      method: 'POST',
      body: gzipSync('SELECT number FROM numbers(5000)'),
      headers: { 'Content-Encoding': 'gzip', 'Accept-Encoding': 'gzip' },
    });
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    expect((await answer.text()).split('\n')).toHaveLength(5_001);
    const raw = await new Promise<Buffer>((resolve, reject) => {
      const sent = httpRequest(
        `${front.url}/?enable_http_compression=1&query=SELECT%201`,
        { headers: { 'Accept-Encoding': 'gzip' } },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk) => chunks.push(chunk));
          incoming.on('end', () => resolve(Buffer.concat(chunks)));
        },
      );
      sent.on('error', reject);
      sent.end();
    });
    expect(gunzipSync(raw).toString()).toBe('1\n');
    const bad = await fetch(front.url, { method: 'POST', body: 'SELECT 1', headers: { 'Content-Encoding': 'gzip' } });
    expect(bad.status).toBe(500);
    const bomb = await fetch(front.url, {
      method: 'POST',
      body: gzipSync(Buffer.alloc(8_000_000, 32)),
      headers: { 'Content-Encoding': 'gzip' },
    });
    expect(bomb.status).toBe(413);
    expect((await post(`SELECT '${'x'.repeat(1_100_000)}'`)).status).toBe(413);
  });

  test('an error after the first rows stands at the end, behind the tag of the header', async () => {
    const answer = await post('SELECT throwIf(number = 2000000) FROM numbers(3000000)', { max_threads: '1' });
    expect(answer.status).toBe(200);
    const tag = answer.headers.get('x-clickhouse-exception-tag')!;
    const text = await answer.text();
    expect(text.slice(-600)).toMatch(
      new RegExp(`__exception__\\r\\n${tag}\\r\\nCode: 395\\. .*\\n\\d+ ${tag}\\r\\n__exception__\\r\\n$`, 's'),
    );
    expect((await post('SELECT throwIf(number = 2000000) FROM numbers(3000000)', { wait_end_of_query: '1' })).status).toBe(500);
  });

  test('a client that leaves holds nothing up', async () => {
    for (let i = 0; i < 10; i += 1) {
      const controller = new AbortController();
      const answer = await fetch(`${front.url}/`, {
        method: 'POST',
        body: 'SELECT number FROM numbers(50000000)',
        signal: controller.signal,
      });
      await answer.body!.getReader().read();
      controller.abort();
    }
    expect(await (await post('SELECT 1')).text()).toBe('1\n');
  });

  test('statements that clients send as a habit are done at once', async () => {
    for (const sql of ['SET max_threads = 1', 'USE default']) expect((await post(sql)).status).toBe(200);
  });
});

describe('the official client', () => {
  test('ping, query in its formats, parameters, streams, errors', async () => {
    const client = createClient({ url: front.url, compression: { response: true }, log: { level: ClickHouseLogLevel.OFF } });
    try {
      expect(await client.ping()).toEqual({ success: true });
      const rows = await client.query({
        query: 'SELECT count() AS n, {name:String} AS name FROM peer_probed',
        query_params: { name: "it's" },
        format: 'JSONEachRow',
      });
      expect(await rows.json()).toEqual([{ n: 20, name: "it's" }]);
      const json = await client.query({ query: 'SELECT toUInt64(1) AS n', format: 'JSON' });
      expect(await json.json()).toMatchObject({ data: [{ n: expect.anything() }] });
      let count = 0;
      const stream = (await client.query({ query: 'SELECT number FROM numbers(100000)', format: 'JSONCompactEachRow' })).stream();
      for await (const part of stream) count += part.length;
      expect(count).toBe(100_000);
      await expect(client.query({ query: 'SELEC', format: 'JSON' })).rejects.toMatchObject({ code: '62' });
      await expect(client.command({ query: 'DROP TABLE peer_probed' })).rejects.toMatchObject({ code: '164' });
    } finally {
      await client.close();
    }
  });
});

describe('who may ask', () => {
  /** fetch sets Host by itself; a page that rebinds its name does not. */
  function statusFor(url: string, headers: Record<string, string>): Promise<number> {
    return new Promise((resolve, reject) => {
      const sent = httpRequest(`${url}/?query=SELECT%201`, { headers }, (incoming) => {
        incoming.resume();
        resolve(incoming.statusCode!);
      });
      sent.on('error', reject);
      sent.end();
    });
  }

  test('no other host name, no other site', async () => {
    expect(await statusFor(front.url, { Host: 'localhost' })).toBe(200);
    expect(await statusFor(front.url, { Host: 'evil.example' })).toBe(403);
    expect(await statusFor(front.url, { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'cors' })).toBe(403);
  });

  test('a password in each of the ways clients have', async () => {
    const locked = await startFront({
      store,
      log,
      clock: new ManualClock(),
      listen: { address: '127.0.0.1', port: 0 },
      password: 'open sesame',
    });
    try {
      const ask = (search: string, headers: Record<string, string> = {}) =>
        fetch(`${locked.url}/?query=SELECT%201${search}`, { headers });
      const refused = await ask('');
      expect(refused.headers.get('x-clickhouse-exception-code')).toBe('516');
      expect(await refused.text()).toContain('AUTHENTICATION_FAILED');
      expect((await ask('&user=default&password=open%20sesame')).status).toBe(200);
      expect((await ask('', { 'X-ClickHouse-User': 'default', 'X-ClickHouse-Key': 'open sesame' })).status).toBe(200);
      expect((await ask('', { Authorization: `Basic ${btoa('default:open sesame')}` })).status).toBe(200);
      expect((await ask('', { Authorization: `Basic ${btoa('default:wrong')}` })).status).toBe(403);
      const client = createClient({ url: locked.url, username: 'default', password: 'open sesame' });
      expect(await (await client.query({ query: 'SELECT 1 AS x', format: 'JSONEachRow' })).json()).toEqual([{ x: 1 }]);
      await client.close();
    } finally {
      await locked.close();
    }
  });

  test('beyond loopback only with a password', async () => {
    await expect(startFront({ store, log, clock: new ManualClock(), listen: { address: '0.0.0.0', port: 0 } })).rejects.toThrow(
      'password',
    );
  });
});

test('the greeting of clickhouse-go is a block of its own revision', () => {
  expect(Buffer.from(helloBlock(0)).toString('hex')).toMatch(/^0401/);
  expect(Buffer.from(helloBlock(54_460)).toString('hex')).toMatch(/^010002ffffffff000401/);
});

describe('frames of ClickHouse', () => {
  // Made with github.com/go-faster/city, which is what clickhouse-go checks with: byte i of n is 131 i + 7 n.
  test.each([
    [0, '3cb540c392e51e293df09dfc64c09a2b'],
    [1, '05ab4744478b1cba8be55b379cce0e40'],
    [5, '07659391e7bbfa7b72a5d0191f647958'],
    [9, 'e17dd1b05e175c2cb8e26b30597756a7'],
    [16, '4d03289cac1fae88437b3d98a6a12b63'],
    [17, '0fc4e069465e3fbece9e792c2c1354ae'],
    [33, '6b17efc007cdc302ac43b3147a816d0c'],
    [100, '20001a27e75cad12bcab1a5c7761b1c0'],
    [127, '797efcf6a14a52fd88f2d8cf3e6ee9cd'],
    [128, '9ca1222d26d695238c06019c6c83002b'],
    [143, 'f9db5e525848c6c76b5f333c2f821b98'],
    [144, '948533d1c3be8005805147163002463e'],
    [145, 'c8cbd88ce10703f1df464b8bf85f6d07'],
    [255, '7e9cbef66014875d3be9400010de0cd2'],
    [256, '0e642e914cf8354b4d70f22bd7057fbd'],
    [300, '631698a52969b9b1d6cf4d4cd3bc4e8c'],
    [699, '27e688e8474712327a29de52e05d4991'],
  ])('hash of %i bytes', (length, hash) => {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 131 + length * 7) & 255);
    const [low, high] = cityHash128(bytes);
    expect(high.toString(16).padStart(16, '0') + low.toString(16).padStart(16, '0')).toBe(hash);
  });

  test('a statement in frames is read, one in none of them refused with a code of ClickHouse', async () => {
    const send = (body: Uint8Array) => fetch(`${front.url}/?decompress=1`, { method: 'POST', body: Buffer.from(body) });
    const framed = await send(Buffer.concat([frame(Buffer.from('SELECT 40 ')), frame(Buffer.from('+ 2'))]));
    expect(await framed.text()).toBe('42\n');
    const changed = frame(Buffer.from('SELECT 1')).map((byte, i) => (i === 30 ? byte ^ 1 : byte));
    for (const [body, code] of [
      [Buffer.from('SELECT 1'), '271'],
      [changed, '40'],
    ] as const)
      expect((await send(body)).headers.get('x-clickhouse-exception-code')).toBe(code);
    // Guests write nothing this way either.
    expect((await send(frame(Buffer.from('INSERT INTO rejected (topic) VALUES (1)')))).status).toBe(500);
  });

  test('a frame has its lengths, and all of the answer is in frames', async () => {
    const bytes = Buffer.from(frame(Buffer.from('1\n')));
    expect([bytes[16], bytes.readUInt32LE(17), bytes.readUInt32LE(21), bytes.subarray(25).toString()]).toEqual([2, 11, 2, '1\n']);
    const answer = Buffer.from(await (await post('SELECT number FROM numbers(200000)', { compress: '1' })).arrayBuffer());
    let text = '';
    for (let at = 0; at < answer.length; ) {
      const size = answer.readUInt32LE(at + 21);
      text += answer.subarray(at + 25, at + 25 + size).toString();
      at += 25 + size;
    }
    expect(text.split('\n')).toHaveLength(200_001);
  });
});
