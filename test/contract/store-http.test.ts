// The store contract over HTTP: on our own front of an embedded store, and on a ClickHouse server when SWARMSCOPE_CLICKHOUSE_URL names one.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@swarmscope/runtime/clock.ts';
import { openEmbedded } from '@swarmscope/store/embedded.ts';
import { openHttp } from '@swarmscope/store/http.ts';
import { startFront } from '@swarmscope/web/front.ts';
import { afterAll, describe } from 'vitest';
import { storeContract } from './store-suite.ts';

describe('HTTP, our own front', () => {
  const directory = mkdtempSync(join(tmpdir(), 'swarmscope-store-http-'));
  const closing: (() => Promise<void>)[] = [];
  afterAll(async () => {
    for (const close of closing.reverse()) await close();
    rmSync(directory, { recursive: true, force: true });
  });
  storeContract(async () => {
    const embedded = await openEmbedded({ directory });
    const log = { warn: console.warn };
    const front = await startFront({
      store: embedded,
      log,
      clock: systemClock,
      listen: { address: '127.0.0.1', port: 0 },
      writable: true,
    });
    closing.push(
      () => embedded.close(),
      () => front.close(),
    );
    return openHttp({ url: front.url });
  });
});

const server = process.env['SWARMSCOPE_CLICKHOUSE_URL'];
describe.skipIf(server === undefined)('HTTP, a ClickHouse server', () => {
  storeContract(async () => {
    const url = new URL(server!);
    url.pathname = `/swarmscope_${randomUUID().replaceAll('-', '').slice(0, 12)}`;
    return openHttp({ url: url.href });
  });
});
