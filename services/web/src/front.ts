// The ClickHouse HTTP interface of the embedded store: curl, @clickhouse/client, drivers and Grafana ask it as they ask a server.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '@swarmscope/runtime/clock.ts';
import type { Guests } from '@swarmscope/store/guests.ts';
import { StoreError } from '@swarmscope/store/store.ts';
import { ClientGone, sendBody, sendError, sendText } from './front-answer.ts';
import { helloBlock, isHello } from './front-native.ts';
import { type FrontRequest, headerOf, readRequest } from './front-request.ts';
import { Guard } from './guard.ts';

export interface FrontLog {
  warn(fields: object, message: string): void;
}

export interface FrontOptions {
  readonly store: Guests;
  readonly log: FrontLog;
  /** Statements that change something are run too. Only for a port of one's own. */
  readonly writable?: boolean;
}

/** What the page hands requests to. */
export interface Front {
  /** It is a request of ClickHouse's interface, and none of the page. */
  takes(request: IncomingMessage): boolean;
  handle(request: IncomingMessage, response: ServerResponse): void;
}

const STATEMENT_BYTES_MAX = 1024 * 1024;
const INSERT_BYTES_MAX = 256 * 1024 * 1024;
const CHANGING = /^\s*(INSERT|CREATE|ALTER|DROP|TRUNCATE|OPTIMIZE|RENAME|EXCHANGE|SYSTEM|DELETE|UPDATE|DETACH|ATTACH)\b/i;
/** Without a session there is nothing to set: clients send it as a habit. */
const HABIT = /^\s*(SET|USE)\s+\w+[^;]*;?\s*$/i;

/** The handler alone; who may ask is checked by whoever calls it (`adoptCredentials` helps). */
export function createFront(options: FrontOptions): Front {
  return {
    takes(request) {
      const url = urlOf(request);
      if (url.pathname === '/ping' || url.pathname === '/replicas_status') return true;
      return url.pathname === '/' && (request.method === 'POST' || url.searchParams.has('query'));
    },
    handle(request, response) {
      serve(options, request, response).catch((error: unknown) => fail(options, error, response));
    },
  };
}

/** ClickHouse clients give the password in headers or fields of their own: put where every other client puts it. */
export function adoptCredentials(request: IncomingMessage): void {
  const password = headerOf(request, 'x-clickhouse-key') ?? urlOf(request).searchParams.get('password');
  if (request.headers.authorization !== undefined || password === null) return;
  request.headers.authorization = `Basic ${Buffer.from(`default:${password}`).toString('base64')}`;
}

export interface StartFrontOptions extends FrontOptions {
  /** Port 0 takes a free one. */
  readonly listen: { readonly address: string; readonly port: number };
  /** Needed where the address is not loopback. */
  readonly password?: string;
  readonly clock: Pick<Clock, 'now'>;
}

export interface RunningFront {
  readonly url: string;
  close(): Promise<void>;
}

/** The front on a port of its own. */
export async function startFront(options: StartFrontOptions): Promise<RunningFront> {
  const { listen, password, clock } = options;
  const guard = new Guard({ address: listen.address, ...(password !== undefined && { password }) }, () => clock.now());
  const front = createFront(options);
  const server = createServer((request, response) => {
    adoptCredentials(request);
    const refusal = guard.check(request);
    if (refusal) return sendError(response, new StoreError(refusal.sentence, 516, 'AUTHENTICATION_FAILED'));
    if (front.takes(request)) return front.handle(request, response);
    sendText(response, 'Ok.\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen.port, listen.address, resolve);
  });
  const { address, port, family } = server.address() as AddressInfo;
  return { url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`, close: () => close(server) };
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function serve({ store, writable = false }: FrontOptions, http: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = urlOf(http);
  if (url.pathname !== '/') return sendText(response, 'Ok.\n');
  if (http.method !== 'POST' && http.method !== 'GET' && http.method !== 'HEAD')
    throw new StoreError(`The method ${http.method} is not used here.`, 48, 'NOT_IMPLEMENTED');
  const request = await readRequest(http, url, writable ? INSERT_BYTES_MAX : STATEMENT_BYTES_MAX);
  if (isHello(request.sql) && request.format === 'Native')
    return sendBody(http, response, request, 'Native', once(helloBlock(request.revision)));
  if (HABIT.test(request.sql)) return sendBody(http, response, request, request.format, once(new Uint8Array(0)));
  const isChange =
    writable && http.method === 'POST' && CHANGING.test(request.sql) && (request.settings['readonly'] ?? '0') === '0';
  if (isChange) {
    await store.tell(request.sql);
    return sendBody(http, response, request, request.format, once(new Uint8Array(0)));
  }
  const { format, body } = await store.ask(questionOf(request));
  await sendBody(http, response, request, format, body);
}

function questionOf({ sql, parameters, settings, format }: FrontRequest) {
  return { sql, parameters, settings, format };
}

function fail({ log }: FrontOptions, error: unknown, response: ServerResponse): void {
  if (error instanceof ClientGone || response.destroyed) response.destroy();
  else if (error instanceof StoreError) sendError(response, error);
  else {
    log.warn({ error: error instanceof Error ? error.message : String(error) }, 'A question over HTTP failed.');
    sendError(response, new StoreError('The front failed; its log says why.', 1002, 'UNKNOWN_EXCEPTION'));
  }
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

function urlOf(request: IncomingMessage): URL {
  return URL.parse(request.url ?? '/', 'http://front') ?? new URL('http://front/nothing');
}
