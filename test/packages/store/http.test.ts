// The HTTP store against servers that are away, silent, or fail halfway: always a StoreError, never a hang.
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openHttp } from '@swarmscope/store/http.ts';
import type { Store } from '@swarmscope/store/store.ts';
import { afterEach, expect, test } from 'vitest';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function against(listener: RequestListener): Promise<Store> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const store = openHttp({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/swarmscope`, insertTimeoutMs: 150 });
  closing.push(() => store.close());
  return store;
}

async function read(store: Store): Promise<string> {
  let text = '';
  for await (const chunk of store.stream('SELECT 1', {}, 'CSV')) text += Buffer.from(chunk).toString();
  return text;
}

test('a server that is away', async () => {
  const store = openHttp({ url: 'http://127.0.0.1:1' });
  closing.push(() => store.close());
  const attempts = [
    () => store.query('SELECT 1'),
    () => store.insert('peer_probed', ['[]'], 't'),
    () => store.migrate(),
    () => read(store),
  ];
  const away = { name: 'StoreError', code: 0, message: expect.stringContaining('does not answer') };
  for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject(away);
});

test('a server that says nothing: an insert is given up', async () => {
  const store = await against(() => {});
  await expect(store.insert('peer_probed', ['[]'], 't')).rejects.toMatchObject({ name: 'StoreError', code: 0 });
});

test('a server that says no: its code, its name, its sentence', async () => {
  const store = await against((_, response) => {
    response.writeHead(500, { 'X-ClickHouse-Exception-Code': '242' });
    response.end('Code: 242. DB::Exception: Table is in readonly mode. (TABLE_IS_READ_ONLY) (version 26.8.1.1)\n');
  });
  await expect(store.insert('peer_probed', ['[]'], 't')).rejects.toMatchObject({ code: 242, symbol: 'TABLE_IS_READ_ONLY' });
});

test.each([
  [
    'a block at the end',
    '1\n2\n\r\n__exception__\r\nabcdefghijklmnop\r\nCode: 241. DB::Exception: Memory limit exceeded. (MEMORY_LIMIT_EXCEEDED)\n75 abcdefghijklmnop\r\n__exception__\r\n',
    241,
  ],
  ['a connection that breaks', undefined, 0],
])('a server that fails halfway: %s', async (_, body, code) => {
  const store = await against((_request, response) => {
    response.writeHead(200, { 'X-ClickHouse-Exception-Tag': 'abcdefghijklmnop' });
    if (body !== undefined) response.end(body);
    else response.write('1\n', () => response.destroy());
  });
  await expect(read(store)).rejects.toMatchObject({ name: 'StoreError', code });
});

test('a statement and its parameters travel as ClickHouse wants them', async () => {
  const seen: { url: URL; body: string }[] = [];
  const store = await against((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      seen.push({ url: new URL(request.url!, 'http://x'), body });
      response.end('');
    });
  });
  await store.query('SELECT {a:String}', { a: "x\t'" }, { timeoutMs: 2_500 });
  await store.insert('infohash_sighted', ['[1]', '[2]'], 'token|1');
  const [question, insert] = seen;
  expect(Object.fromEntries(question!.url.searchParams)).toMatchObject({
    database: 'swarmscope',
    param_a: "x\\t'",
    default_format: 'JSONEachRow',
    max_execution_time: '2.5',
    readonly: '2',
  });
  expect(insert!.body).toMatch(
    /^INSERT INTO infohash_sighted \(.*\) SETTINGS .*insert_deduplication_token='token\|1'.* FORMAT JSONCompactEachRow\n\[1\]\n\[2\]$/,
  );
});
