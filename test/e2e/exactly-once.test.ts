// Kafka to ClickHouse with kills: a real broker, ingest as processes that are killed, a store that goes away and comes back; every event once, in the rollups too.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type KafkaBus, openKafkaBus } from '@swarmscope/bus/kafka.ts';
import { systemClock } from '@swarmscope/runtime/clock.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { type EmbeddedStore, openEmbedded } from '@swarmscope/store/embedded.ts';
import { openHttp } from '@swarmscope/store/http.ts';
import { type RunningFront, startFront } from '@swarmscope/web/front.ts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { probed, sighting } from '../support/events.ts';
import { missing } from '../support/extras.ts';
import { type Broker, startBroker } from '../support/kafka/broker.ts';
import { digestOfRollups } from '../support/rollups.ts';

const KILLS = 5;
const MAIN = join(import.meta.dirname, '../../services/ingest/src/main.ts');

describe.skipIf(missing('kafka').length > 0)('exactly once from the log onward', () => {
  const directory = mkdtempSync(join(tmpdir(), 'swarmscope-once-'));
  let broker: Broker;
  let store: EmbeddedStore;
  let front: RunningFront;
  let bus: KafkaBus;
  let ingest: ChildProcess | undefined;

  const openFront = (port: number) =>
    startFront({ store, log: console, clock: systemClock, listen: { address: '127.0.0.1', port }, writable: true });

  beforeAll(async () => {
    broker = await startBroker();
    store = await openEmbedded({ directory });
    front = await openFront(0);
    bus = await openKafkaBus({ brokers: [broker.address], clientId: 'producer', prefix: 'once.', partitions: 3 });
  });
  afterAll(async () => {
    ingest?.kill('SIGKILL');
    await bus?.close();
    await front?.close();
    await store?.close();
    await broker?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  function startProcess(more: Record<string, string> = {}): ChildProcess {
    const env = {
      ...process.env,
      SWARMSCOPE_KAFKA_BROKERS: broker.address,
      SWARMSCOPE_KAFKA_TOPIC_PREFIX: 'once.',
      SWARMSCOPE_KAFKA_PARTITIONS: '3',
      SWARMSCOPE_CLICKHOUSE_URL: front.url,
      SWARMSCOPE_INGEST_AGE_MS: '150',
      SWARMSCOPE_INGEST_SESSION_MS: '3000',
      SWARMSCOPE_METRICS_LISTEN: '127.0.0.1:0',
      ...more,
    };
    return spawn(process.execPath, [MAIN], {
      env,
      stdio: ['ignore', 'ignore', process.env['SWARMSCOPE_TEST_LOGS'] ? 'inherit' : 'ignore'],
    });
  }

  async function stored(): Promise<number> {
    const sql =
      'SELECT (SELECT count() FROM peer_probed) + (SELECT count() FROM infohash_sighted) + (SELECT count() FROM rejected) AS n';
    const [row] = await store.query<{ n: number }>(sql);
    return row!.n;
  }

  async function waitFor(condition: () => Promise<boolean>, ms: number): Promise<void> {
    const end = Date.now() + ms;
    while (!(await condition())) {
      if (Date.now() > end) throw new Error(`Not within ${ms} ms: ${await stored()} rows are stored.`);
      await sleep(100);
    }
  }

  test(`${KILLS} kills of ingest, a broker that stalls, a store that goes away, two at once`, async () => {
    const random = seededRandom(20_261_124);
    await store.migrate();
    let published = 0;
    const publish = () => {
      const n = published++;
      if (n % 50 === 49) bus.publish({ ...sighting(n), family: 5 as 4 });
      else bus.publish(n % 2 === 0 ? probed(n % 97, { duration_ms: n }, Date.now()) : sighting(n, {}, Date.now()));
    };
    const publishing = setInterval(() => {
      for (let i = 0; i < 20; i += 1) publish();
    }, 50);
    try {
      for (let life = 0; life < KILLS; life += 1) {
        ingest = startProcess();
        const before = await stored();
        await waitFor(async () => (await stored()) > before, 60_000);
        await sleep(random() * 1_500);
        if (life === 1) {
          broker.stall();
          await sleep(1_000);
          broker.resume();
        }
        if (life === 2) {
          const { port } = new URL(front.url);
          await front.close();
          await sleep(1_500);
          front = await openFront(Number(port));
          const during = await stored();
          await waitFor(async () => (await stored()) > during, 30_000);
        }
        ingest.kill('SIGKILL');
        await once(ingest, 'close');
      }
      // Two of them: partitions move to the second when it joins, and back when it is gone.
      ingest = startProcess();
      const alone = await stored();
      await waitFor(async () => (await stored()) > alone, 60_000);
      const second = startProcess();
      await sleep(4_000);
      second.kill(random() < 0.5 ? 'SIGKILL' : 'SIGTERM');
      await once(second, 'close');
      await sleep(1_000);
      ingest.kill('SIGKILL');
      await once(ingest, 'close');
    } finally {
      clearInterval(publishing);
    }
    expect(await bus.flush(30_000)).toBe(true);
    ingest = startProcess();
    await waitFor(async () => (await stored()) >= published, 90_000);
    ingest.kill('SIGTERM');
    const [code] = (await once(ingest, 'close')) as [number];
    expect(code).toBe(0);

    const [counts] = await store.query(`SELECT
      (SELECT count() FROM peer_probed) AS probes, (SELECT uniqExact(_partition, _offset) FROM peer_probed) AS probe_places, (SELECT uniqExact(duration_ms) FROM peer_probed) AS probe_events,
      (SELECT sum(probes) FROM peers_1h) AS probes_by_hour, (SELECT sum(probes) FROM peers_1d) AS probes_by_day,
      (SELECT count() FROM infohash_sighted) AS sightings, (SELECT uniqExact(info_hash) FROM infohash_sighted) AS sighting_events, (SELECT sum(sightings) FROM infohash_1h) AS sightings_by_hour,
      (SELECT sum(samples) FROM infohashes) AS ever, (SELECT count() FROM rejected) AS rejected, (SELECT uniqExact(_partition, _offset) FROM rejected) AS rejected_places`);
    const probes = Math.ceil(published / 2);
    const rejected = Math.floor(published / 50);
    const sightings = published - probes - rejected;
    expect(counts).toEqual({
      probes,
      probe_places: probes,
      probe_events: probes,
      probes_by_hour: probes,
      probes_by_day: probes,
      sightings,
      sighting_events: sightings,
      sightings_by_hour: sightings,
      ever: sightings,
      rejected,
      rejected_places: rejected,
    });
  });

  test('another group rebuilds an empty store from the log: the same rows, the same rollups', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'swarmscope-rebuilt-'));
    const process = fork(join(import.meta.dirname, '../support/store-process.ts'), [empty, '0']);
    try {
      const [{ url }] = (await once(process, 'message')) as [{ url: string }];
      const rebuilt = openHttp({ url });
      ingest = startProcess({ SWARMSCOPE_INGEST_GROUP: 'rebuild', SWARMSCOPE_CLICKHOUSE_URL: url });
      const before = await digestOfRollups(store);
      await vi.waitFor(async () => expect(await digestOfRollups(rebuilt)).toEqual(before), { timeout: 90_000, interval: 1_000 });
      expect(Object.keys(before).length).toBeGreaterThan(10);
      expect(before['peers_1h']).not.toMatch(/^0 /);
      await rebuilt.close();
    } finally {
      ingest?.kill('SIGKILL');
      process.kill('SIGKILL');
      rmSync(empty, { recursive: true, force: true });
    }
  });
});
