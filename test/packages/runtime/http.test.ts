// The guarded GET against real servers on loopback: answers, redirects, what is refused before a packet leaves, bombs, silence.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import { type HttpOptions, httpGet } from '@swarmscope/runtime/http.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const lab = new AddressPolicy({ labNetworks: ['127.0.0.1/32'], optOut: [] });
const open = new AddressPolicy({ labNetworks: [], optOut: [] });
const requests: string[] = [];
let server: Server;
let raw: TcpServer;
let base: string;
let rawBase: string;

const HANDLERS: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
  '/plain': (request, response) =>
    response.writeHead(200, { 'x-asked': String(request.headers['accept-encoding']) }).end('hello'),
  '/gzip': (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('hello')),
  '/bomb': (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(8_000_000))),
  '/notgzip': (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('hello'),
  '/strange': (_request, response) => response.writeHead(200, { 'content-encoding': 'br' }).end('hello'),
  '/long': (_request, response) => response.writeHead(200).end(Buffer.alloc(10_001)),
  '/missing': (_request, response) => response.writeHead(404).end('no'),
  '/silent': () => {},
  '/drip': (_request, response) => void response.writeHead(200).write('x'),
  '/cut': (_request, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('x');
    setImmediate(() => response.socket?.resetAndDestroy());
  },
  '/range': (request, response) => {
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')!;
    const body = 'abcdefghij'.slice(Number(first), Number(last) + 1);
    response.writeHead(206, { 'content-range': `bytes ${first}-${last}/10` }).end(body);
  },
  '/hop': (request, response) => {
    const left = Number(new URL(request.url!, base).searchParams.get('n'));
    response.writeHead(302, { location: left > 1 ? `/hop?n=${left - 1}` : '/plain' }).end();
  },
  '/inward': (_request, response) => response.writeHead(301, { location: base.replace('127.0.0.1', '127.0.0.2') }).end(),
  '/metadata': (_request, response) => response.writeHead(307, { location: 'http://169.254.169.254/latest' }).end(),
  '/file': (_request, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
};

const listening = (listener: Server | TcpServer) =>
  new Promise<number>((resolve) => listener.listen(0, '127.0.0.1', () => resolve((listener.address() as { port: number }).port)));

beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(request.url!);
    HANDLERS[request.url!.split('?')[0]!]?.(request, response);
  });
  base = `http://127.0.0.1:${await listening(server)}`;
  raw = createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.end('SSH-2.0-x\r\n\r\n');
  });
  rawBase = `http://127.0.0.1:${await listening(raw)}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  raw.close();
});

const get = (path: string, options: Partial<HttpOptions> = {}) =>
  httpGet(path.includes(':') ? path : base + path, { policy: lab, timeoutMs: 5_000, maxBytes: 10_000, ...options });
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe('answers', () => {
  test('plain and compressed', async () => {
    const plain = await get('/plain');
    expect(plain).toMatchObject({ ok: true, status: 200, redirects: 0, headers: { 'x-asked': 'gzip' } });
    expect(plain.ok && text(plain.body)).toBe('hello');
    const gzip = await get('/gzip');
    expect(gzip.ok && text(gzip.body)).toBe('hello');
  });

  test('a status is an answer', async () => {
    expect(await get('/missing')).toMatchObject({ ok: true, status: 404 });
  });

  test('a range, uncompressed', async () => {
    const part = await get('/range', { range: { first: 2, last: 4 } });
    expect(part).toMatchObject({ ok: true, status: 206, headers: { 'content-range': 'bytes 2-4/10' } });
    expect(part.ok && text(part.body)).toBe('cde');
  });

  test('headers of the caller', async () => {
    expect(await get('/plain', { headers: { 'accept-encoding': 'none', 'user-agent': 'x' } })).toMatchObject({
      headers: { 'x-asked': 'none' },
    });
  });

  test('redirects are followed, three at most', async () => {
    expect(await get('/hop?n=3')).toMatchObject({ ok: true, status: 200, redirects: 3 });
    expect(await get('/hop?n=4')).toEqual({ ok: false, outcome: 'malformed', detail: 'too_many_redirects' });
    expect(await get('/hop?n=1', { maxRedirects: 0 })).toMatchObject({ detail: 'too_many_redirects' });
  });
});

describe('whom it does not talk to', () => {
  const refused = { ok: false, outcome: 'unreachable_net', detail: 'not_admitted' };

  test('private addresses, written as such, in other spellings, or by name; nothing is sent', async () => {
    requests.length = 0;
    const { port } = new URL(base);
    for (const host of ['127.0.0.1', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]', '[::1]', 'localhost', '0'])
      expect(await get(`http://${host}:${port}/plain`, { policy: open }), host).toEqual(refused);
    expect(requests).toEqual([]);
  });

  test('redirects inwards, also when the operator named the first host', async () => {
    for (const path of ['/inward', '/metadata']) {
      expect(await get(path)).toEqual(refused);
      expect(await get(path, { policy: open, operatorNamed: true })).toEqual(refused);
    }
    expect(await get('/file')).toEqual({ ok: false, outcome: 'malformed', detail: 'bad_url' });
  });

  test('a host that the operator named is exempt, and so are its own redirects', async () => {
    expect(await get('/hop?n=1', { policy: open, operatorNamed: true })).toMatchObject({ ok: true, status: 200 });
  });

  test.each(['ftp://127.0.0.1/x:', 'http:', 'nonsense:', 'http://'])('%s', async (url) => {
    expect(await get(url)).toEqual({ ok: false, outcome: 'malformed', detail: 'bad_url' });
  });
});

describe('remote faults are values', () => {
  test.each([
    ['/bomb', 'malformed', 'too_large'],
    ['/long', 'malformed', 'too_large'],
    ['/notgzip', 'malformed', 'bad_encoding'],
    ['/strange', 'malformed', 'bad_encoding'],
    ['/cut', 'reset', ''],
  ])('%s', async (path, outcome, detail) => {
    expect(await get(path)).toEqual({ ok: false, outcome, detail });
  });

  test.each(['/silent', '/drip'])('%s: the time is over', async (path) => {
    expect(await get(path, { timeoutMs: 30 })).toEqual({ ok: false, outcome: 'timeout', detail: '' });
  });

  test('the caller gave up', async () => {
    expect(await get('/silent', { signal: AbortSignal.abort() })).toEqual({ ok: false, outcome: 'timeout', detail: 'aborted' });
  });

  test('no HTTP, no TLS, nobody there', async () => {
    expect(await get(`${rawBase}/`)).toEqual({ ok: false, outcome: 'malformed', detail: 'bad_message' });
    expect(await get(base.replace('http:', 'https:'))).toMatchObject({ ok: false, outcome: 'tls' });
    const gone = createTcpServer();
    const port = await listening(gone);
    await new Promise((resolve) => gone.close(resolve));
    expect(await get(`http://127.0.0.1:${port}/`)).toEqual({ ok: false, outcome: 'refused', detail: '' });
  });
});
