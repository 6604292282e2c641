// The running alerter: a webhook that refuses at first gets the notice, the event says so, the heartbeat comes, and a process that follows does not tell again.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startAlerter } from '@swarmscope/alerter/service.ts';
import { ALERT_RULES } from '@swarmscope/dashboards/definitions/alerts.ts';
import type { Event, EventOf } from '@swarmscope/events/event.ts';
import { silentLog } from '@swarmscope/runtime/log.ts';
import { StoreError } from '@swarmscope/store/store.ts';
import { afterEach, expect, test } from 'vitest';

const NOW = 1_764_000_000_000;
const rule = { ...ALERT_RULES.find((each) => each.uid === 'last_proved_seeder_gone')!, forS: 0, everyS: 1 };
const row = { network: 'lab', swarm: 'ab'.repeat(20), name: 'Harbour Lights', value: 0 };

const closing: (() => Promise<unknown> | unknown)[] = []; // bound: what one test opens
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A receiver that answers with these codes, then 200; `posts` are the bodies, each kept at once. */
async function receiver(...codes: number[]) {
  const posts: string[] = [];
  let wake = () => {};
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      posts.push(`${request.method} ${request.url} ${body}`);
      response.writeHead(codes.shift() ?? 200).end();
      wake();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  const until = async (found: () => boolean) => {
    while (!found())
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, posts, until };
}

/** A store that answers the rule with `rows`, and the question for earlier states from the events published so far. */
function world() {
  const events: EventOf<'alert_changed'>[] = [];
  let ms = NOW;
  let wake = () => {};
  let rows: (typeof row)[] = [row];
  const latest = () =>
    [...new Map(events.map((event) => [JSON.stringify(event.labels), event])).values()].map((event) => ({
      rule: event.rule,
      labels: event.labels,
      latest: [event.state, event.since, event.value, event.delivered],
    }));
  return {
    events,
    /** Kept when so many events were published. */
    async until(count: number) {
      while (events.length < count)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    },
    answer: (next: (typeof row)[]) => {
      rows = next;
    },
    store: { query: async (sql: string) => (sql.includes('FROM alert_changed') ? latest() : rows) as never[] },
    bus: {
      publish(event: Event) {
        if (event.topic === 'alert_changed') events.push(event);
        wake();
        return 'queued' as const;
      },
    },
    // Each look at the clock is half a minute later: retries become due without waiting for them.
    clock: {
      now: () => ms,
      wall: () => {
        ms += 30_000;
        return ms;
      },
    },
  };
}

test('refused at first, then delivered and recorded; told once; resolved; a heartbeat beside it', async () => {
  const [hook, heart] = [await receiver(503, 500), await receiver()];
  const { events, store, bus, clock, answer, until } = world();
  const settings = { alerts: 'embedded' as const, alertWebhook: `${hook.url}/in`, alertHeartbeat: `${heart.url}/beat` };
  const options = { bus, store, clock, log: silentLog, instanceId: 'a', network: 'lab', settings, everyMs: 1, rules: [rule] };
  const first = await startAlerter(options);
  closing.push(() => first.stop());
  await until(2);
  await heart.until(() => heart.posts.length >= 1);
  await first.stop();
  expect(events.slice(0, 2).map((event) => [event.state, event.delivered])).toEqual([
    ['firing', 0],
    ['firing', 1],
  ]);
  expect(hook.posts).toHaveLength(3);
  expect(hook.posts[2]).toContain('Harbour Lights (lab) has lost its last proved seeder.');
  expect(heart.posts[0]).toBe('GET /beat ');

  answer([{ ...row, value: 2 }]);
  const second = await startAlerter(options);
  closing.push(() => second.stop());
  await until(4);
  await second.stop();
  expect(hook.posts).toHaveLength(4);
  expect(JSON.parse(hook.posts[3]!.replace('POST /in ', ''))).toMatchObject({ alerts: [{ state: 'resolved' }] });
  expect(second.progress()).toMatchObject({ firing: 0, failures: 0 });
});

test('a store that does not answer for five minutes is a trouble, until it answers', async () => {
  const { store, bus, clock } = world();
  let isDown = false;
  let next = Promise.withResolvers<void>();
  const query = async (sql: string) => {
    if (!sql.includes('FROM alert_changed')) next.resolve();
    if (isDown) throw new StoreError('The ClickHouse server does not answer.');
    return store.query(sql);
  };
  const settings = { alerts: 'embedded' as const };
  const shared = { bus, store: { query }, clock, log: silentLog, instanceId: 'a', network: 'lab', settings, everyMs: 1 };
  const alerter = await startAlerter({ ...shared, rules: [rule] });
  closing.push(() => alerter.stop());
  /** So many times it was asked, and the answers were looked at. */
  const asked = async (times: number) => {
    for (let i = 0; i < times; i += 1) {
      next = Promise.withResolvers();
      await next.promise;
    }
  };
  await asked(2);
  expect(alerter.troubles()).toEqual([]);
  isDown = true;
  await asked(2);
  expect(alerter.troubles()).toEqual([]);
  // Each round is half a minute.
  await asked(12);
  expect(alerter.troubles()).toEqual([`Rules could not be evaluated for 5 minutes: ${rule.uid}.`]);
  isDown = false;
  await asked(2);
  expect(alerter.troubles()).toEqual([]);
});
