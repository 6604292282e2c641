// The built-in page as a service: an HTTP server that shows the boards of dashboards/definitions from a store, and hands the rest to the ClickHouse front.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '@swarmscope/runtime/clock.ts';
import type { HistogramOf, Metrics } from '@swarmscope/runtime/metrics.ts';
import type { Service } from '@swarmscope/runtime/service.ts';
import { type Store, StoreError } from '@swarmscope/store/store.ts';
import { type Answer, fileAnswer, sentence } from './answer.ts';
import { Asker } from './asker.ts';
import { BadRequest } from './choices.ts';
import { adoptCredentials, type Front } from './front.ts';
import { Guard, HEADERS, type Refusal } from './guard.ts';
import { readStaticFiles, type StaticFile } from './static.ts';
import { Views } from './views.ts';

/** What the page writes to its log. */
export interface WebLog {
  info(values: object, message: string): void;
  warn(values: object, message: string): void;
}

export interface WebOptions {
  readonly store: Store;
  /** Port 0 takes a free one. */
  readonly listen: { readonly address: string; readonly port: number };
  /** When the port is taken: try so many next ones. */
  readonly portsToTry?: number;
  readonly log: WebLog;
  readonly clock: Clock;
  /** Needed where the address is not loopback. */
  readonly password?: string;
  readonly hosts?: readonly string[];
  readonly metrics?: Metrics;
  /** The ClickHouse HTTP interface on the same port: what it takes is answered by it, behind the same guard. */
  readonly front?: Front;
}

export interface RunningWeb extends Service {
  readonly url: string;
}

/** Upper bounds of the time to an answer, in seconds: a board should be there within two. */
const ANSWER_SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15];

/** Requests in flight get this long at the end. */
const STOP_MS = 2_000;
const REQUEST_TIMEOUT_MS = 30_000;
const CONNECTIONS_MAX = 256;

/** Starts the page. Throws when the port is taken (EADDRINUSE) or a password is missing. */
export async function startWeb(options: WebOptions): Promise<RunningWeb> {
  const page = new Page(options);
  const server = createServer((request, response) => page.serve(request, response));
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.maxConnections = CONNECTIONS_MAX;
  await listen(server, options);
  const { address, port, family } = server.address() as AddressInfo;
  const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  const failed = new Promise<never>((_resolve, reject) => server.once('error', reject));
  failed.catch(() => {});
  // Not under the name `url`: logs remove fields of that name, since passkeys live in some.
  options.log.info({ page: url }, 'The page is there.');
  return { name: 'web', url, failed, stop: () => close(server) };
}

async function listen(server: Server, { listen: { address, port }, portsToTry = 0 }: WebOptions): Promise<void> {
  for (let tried = 0; ; tried += 1) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port === 0 ? 0 : port + tried, address, () => {
          server.off('error', reject);
          resolve();
        });
      });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || tried >= portsToTry) throw error;
    }
  }
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), STOP_MS);
  await closed;
  clearTimeout(timer);
}

class Page {
  readonly #options: WebOptions;
  readonly #guard: Guard;
  readonly #views: Views;
  readonly #files: ReadonlyMap<string, StaticFile>;
  readonly #seconds: HistogramOf | undefined;

  constructor(options: WebOptions) {
    const {
      store,
      clock,
      listen: { address },
      password,
      hosts,
    } = options;
    this.#options = options;
    this.#guard = new Guard({ address, ...(password !== undefined && { password }), ...(hosts && { hosts }) }, () => clock.now());
    this.#views = new Views(new Asker(store, () => clock.now()), () => Math.floor(clock.wall() / 1_000));
    this.#files = readStaticFiles();
    this.#seconds = options.metrics?.histogram('web_answer_seconds', 'Time to an answer of the page.', ANSWER_SECONDS, [
      'kind',
      'status',
    ]);
  }

  serve(request: IncomingMessage, response: ServerResponse): void {
    if (this.#options.front) adoptCredentials(request);
    const refusal = this.#guard.check(request);
    if (refusal) write(response, refusalOf(refusal));
    else if (this.#options.front?.takes(request)) this.#options.front.handle(request, response);
    else if (request.method !== 'GET' && request.method !== 'HEAD')
      write(response, sentence(405, 'This page is only read.', { Allow: 'GET, HEAD' }));
    else void this.#timed(request).then((answer) => write(response, answer, request.method === 'HEAD'));
  }

  /** What is measured is the time to the answer, by what was asked and how it ended. */
  async #timed(request: IncomingMessage): Promise<Answer> {
    const { clock } = this.#options;
    const from = clock.now();
    const answer = await this.#answer(request);
    const kind = request.url?.startsWith('/api/') ? 'result' : /^\/(page|vendor)\//.test(request.url ?? '') ? 'file' : 'document';
    this.#seconds?.observe((clock.now() - from) / 1_000, { kind, status: String(answer.status) });
    return answer;
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const url = URL.parse(request.url ?? '/', 'http://page');
    if (!url) return sentence(400, 'That is no address.');
    const file = this.#files.get(url.pathname);
    if (file) return fileAnswer(file, request.headers['if-none-match']);
    try {
      return await this.#views.answer(url.pathname, url.searchParams);
    } catch (error) {
      return this.#explain(error, url.pathname);
    }
  }

  #explain(error: unknown, path: string): Answer {
    if (error instanceof BadRequest) return sentence(400, error.message);
    this.#options.log.warn(
      { path, error: error instanceof Error ? error.message : String(error) },
      'A question of the page failed.',
    );
    if (!(error instanceof StoreError)) return sentence(500, 'The page could not answer; its log says why.');
    const isSlow = error.symbol === 'TIMEOUT_EXCEEDED' || error.symbol === 'TOO_MANY_SIMULTANEOUS_QUERIES';
    return sentence(
      503,
      isSlow ? 'The store is too busy to answer in time.' : 'The store could not answer; the log of the page says why.',
    );
  }
}

function refusalOf({ status, sentence: text }: Refusal): Answer {
  return sentence(status, text, status === 401 ? { 'WWW-Authenticate': 'Basic realm="Swarmscope", charset="UTF-8"' } : {});
}

function write(response: ServerResponse, { status, headers, body }: Answer, headOnly = false): void {
  const length = status === 304 ? {} : { 'Content-Length': Buffer.byteLength(body) };
  response.writeHead(status, { ...HEADERS, ...length, ...headers });
  response.end(headOnly ? undefined : body);
}
