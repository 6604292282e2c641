// The alerter's process where Grafana is the owner of the alerts: it asks nobody, tells nobody, is well for who looks after it, and ends when asked.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../../support/extras.ts';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

test('owned by Grafana it only answers /healthz and /metrics', { timeout: 60_000 }, async () => {
  const port = await freePort();
  const child = spawn(process.execPath, [join(ROOT, 'services/alerter/src/main.ts')], {
    env: {
      PATH: process.env['PATH'],
      SWARMSCOPE_ALERTS: 'grafana',
      SWARMSCOPE_METRICS_LISTEN: `127.0.0.1:${port}`,
      // Nobody is there: it must not ask.
      SWARMSCOPE_CLICKHOUSE_URL: 'http://127.0.0.1:1/swarmscope',
      SWARMSCOPE_KAFKA_BROKERS: '127.0.0.1:1',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'exit');
  let log = '';
  child.stderr.on('data', (chunk) => {
    log += chunk;
  });
  try {
    while (!log.includes('Grafana delivers the alerts')) await Promise.race([once(child.stderr, 'data'), ended]);
    let answer: Response | undefined;
    while (!answer && child.exitCode === null) answer = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined);
    expect([answer?.status, await answer?.json()], log).toEqual([200, { status: 'ok', reasons: [] }]);
    expect(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).toContain('swarmscope_nodejs_version_info');
  } finally {
    child.kill('SIGTERM');
  }
  expect(await ended).toEqual([0, null]);
});
