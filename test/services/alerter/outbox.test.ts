// Delivery: order kept, refusals retried with growing patience, the oldest given up at the bound; real webhooks and commands on loopback.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Notice } from '@swarmscope/alerter/notice.ts';
import { Outbox } from '@swarmscope/alerter/outbox.ts';
import { command, type Delivered, webhook } from '@swarmscope/alerter/receiver.ts';
import { ALERT_RULES } from '@swarmscope/dashboards/definitions/alerts.ts';
import { afterEach, describe, expect, test } from 'vitest';

const noticeOf = (n: number): Notice => ({
  rule: ALERT_RULES[0]!,
  alerts: [{ labels: { name: `torrent ${n}` }, value: n, state: 'firing', sinceMs: 0 }],
  atMs: n,
});

/** A receiver that answers what it is told to. */
function scripted(answers: boolean[]) {
  const got: number[] = [];
  const receiver = {
    name: 'scripted',
    async deliver(notice: Notice): Promise<Delivered> {
      got.push(notice.atMs);
      return answers.shift() ? { ok: true } : { ok: false, why: 'not now' };
    },
  };
  return { got, receiver };
}

function recording() {
  const log: string[] = [];
  return {
    log,
    events: {
      accepted: (notice: Notice) => log.push(`accepted ${notice.atMs}`),
      refused: (_name: string, why: string, retryMs: number) => log.push(`${why}, ${retryMs}`),
      lost: (notice: Notice) => log.push(`lost ${notice.atMs}`),
    },
  };
}

describe('an outbox', () => {
  test('keeps the order, waits longer after each refusal, begins anew after an acceptance', async () => {
    const { got, receiver } = scripted([false, false, true, true, false, true]);
    const { log, events } = recording();
    const outbox = new Outbox(receiver, events);
    outbox.add(noticeOf(1));
    outbox.add(noticeOf(2));
    for (const now of [0, 4_999, 5_000, 19_999, 20_000]) await outbox.deliver(now);
    expect(got).toEqual([1, 1, 1, 2]);
    expect(log).toEqual(['not now, 5000', 'not now, 15000', 'accepted 1', 'accepted 2']);
    outbox.add(noticeOf(3));
    await outbox.deliver(30_000);
    await outbox.deliver(35_000);
    expect(log.slice(4)).toEqual(['not now, 5000', 'accepted 3']);
    expect(outbox.waiting).toBe(0);
  });

  test('gives up the oldest at its bound, and says so', () => {
    const { log, events } = recording();
    const outbox = new Outbox(scripted([]).receiver, events);
    for (let i = 0; i < 1_002; i++) outbox.add(noticeOf(i));
    expect(outbox.waiting).toBe(1_000);
    expect(log).toEqual(['lost 0', 'lost 1']);
  });
});

describe('receivers', () => {
  const servers: ReturnType<typeof createServer>[] = []; // bound: one per test
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  async function hook(status: number, headers: Record<string, string> = {}): Promise<{ url: string; bodies: string[] }> {
    const bodies: string[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        bodies.push(body);
        response.writeHead(status, headers).end();
      });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret-path`, bodies };
  }

  const signal = new AbortController().signal;

  test('a webhook is posted the notice; its name does not show its path', async () => {
    const { url, bodies } = await hook(204);
    const receiver = webhook(url, 'json', undefined);
    expect(await receiver.deliver(noticeOf(7), signal)).toEqual({ ok: true });
    expect(JSON.parse(bodies[0]!)).toMatchObject({ rule: 'last_proved_seeder_gone', alerts: [{ value: 7 }] });
    expect(receiver.name).not.toContain('secret');
  });

  test.each([
    [500, {}],
    [302, { location: 'http://127.0.0.1:1/' }],
  ])('an answer of %i is a refusal', async (status, headers) => {
    const { url } = await hook(status, headers as Record<string, string>);
    expect(await webhook(url, 'slack', undefined).deliver(noticeOf(1), signal)).toEqual({
      ok: false,
      why: `it answered ${status}`,
    });
  });

  test('nobody there is a refusal', async () => {
    const { url } = await hook(200);
    servers[0]!.close();
    const outcome = await webhook(url, 'json', undefined).deliver(noticeOf(1), signal);
    expect(outcome).toEqual({ ok: false, why: 'it could not be reached (ECONNREFUSED)' });
  });

  test('a command reads the notice; its exit code decides; no shell reads its words', async () => {
    const checks = "process.exit(JSON.parse(require('fs').readFileSync(0, 'utf8')).alerts[0].value === 3 ? 0 : 4)";
    const receiver = command([process.execPath, '-e', checks], undefined);
    expect(await receiver.deliver(noticeOf(3), signal)).toEqual({ ok: true });
    expect(await receiver.deliver(noticeOf(5), signal)).toEqual({ ok: false, why: 'it ended with 4' });
    const absent = await command(['/nonexistent/program; true'], undefined).deliver(noticeOf(1), signal);
    expect(absent).toEqual({ ok: false, why: 'it could not be reached (ENOENT)' });
  });
});
