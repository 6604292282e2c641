// The small HTTP server by which a process is watched: /metrics for Prometheus, /healthz for whoever restarts it.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { HostPort } from './config.ts';
import type { Metrics } from './metrics.ts';

/** Reasons why the process is not well, each one sentence; none: it is. */
export type Health = () => readonly string[];

export interface WatchServer {
  readonly local: HostPort;
  close(): Promise<void>;
}

const REQUEST_MS = 10_000;
const HEADERS_MAX = 32;

/** Rejects with the system's error (EADDRINUSE). */
export async function serveWatch(listen: HostPort, metrics: Metrics, health: Health): Promise<WatchServer> {
  const options = { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, maxHeaderSize: 8 * 1024 };
  const server = createServer(options, (request, response) => {
    void answer(request, response, metrics, health);
  });
  server.maxHeadersCount = HEADERS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen.port, listen.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { address, port } = server.address() as { address: string; port: number };
  return {
    local: { host: address, port },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, metrics: Metrics, health: Health): Promise<void> {
  const path = request.url?.split('?')[0];
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end();
  } else if (path === '/metrics') {
    const text = await metrics.text();
    response.writeHead(200, { 'content-type': metrics.contentType }).end(text);
  } else if (path === '/healthz') {
    const reasons = health();
    const body = JSON.stringify({ status: reasons.length === 0 ? 'ok' : 'failing', reasons });
    response.writeHead(reasons.length === 0 ? 200 : 503, { 'content-type': 'application/json' }).end(`${body}\n`);
  } else {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('Here are /metrics and /healthz.\n');
  }
}
