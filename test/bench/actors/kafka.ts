// Events from a real Kafka broker into the embedded store: by ingest, and its two halves bare (kafkajs that only reads, inserts of the same rows).
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openKafkaBus } from '@swarmscope/bus/kafka.ts';
import { rowWriter } from '@swarmscope/events/table.ts';
import { INGEST_GROUP, LIMITS, startIngest } from '@swarmscope/ingest/service.ts';
import { systemClock } from '@swarmscope/runtime/clock.ts';
import { silentLog } from '@swarmscope/runtime/log.ts';
import { openEmbedded } from '@swarmscope/store/embedded.ts';
import type { Store } from '@swarmscope/store/store.ts';
import kafkajs, { type Kafka } from 'kafkajs';
import { probed } from '../../support/events.ts';
import { startBroker } from '../../support/kafka/broker.ts';
import type { Actor } from '../actor.ts';
import { cpuSeconds } from '../measure.ts';

const PREFIX = 'bench.';
const PARTITIONS = 4;

/** Events per CPU second (all threads of this process, the broker is another) of each round. */
export interface KafkaRates {
  readonly ours: number[];
  readonly consume: number[];
  readonly insert: number[];
}

export async function kafkaToStore({ rounds, events }: { rounds: number; events: number }): Promise<Actor> {
  const broker = await startBroker();
  const directory = mkdtempSync(join(tmpdir(), 'swarmscope-bench-'));
  const store = await openEmbedded({ directory });
  try {
    await store.migrate();
    await produce(broker.address, events);
    const kafka = new kafkajs.Kafka({ brokers: [broker.address], logLevel: kafkajs.logLevel.NOTHING });
    const rates: KafkaRates = { ours: [], consume: [], insert: [] };
    await ingested(kafka, broker.address, store, events);
    for (let round = 0; round < rounds; round += 1) {
      rates.ours.push(await ingested(kafka, broker.address, store, events));
      rates.consume.push(await consumedBare(kafka, events));
      rates.insert.push(await insertedBare(store, events));
    }
    return { ready: rates, count: () => 0 };
  } finally {
    await store.close();
    await broker.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

const openBus = (address: string) =>
  openKafkaBus({ brokers: [address], clientId: 'bench', prefix: PREFIX, partitions: PARTITIONS });

async function produce(address: string, events: number): Promise<void> {
  const bus = await openBus(address);
  for (let i = 0; i < events; i += 1) {
    await bus.room();
    bus.publish(probed(i % 20_000, { duration_ms: i }, Date.now()));
  }
  await bus.flush();
  await bus.close();
}

/** From the oldest record: the group is new each time, and so are the tokens. */
async function ingested(kafka: Kafka, address: string, store: Store, events: number): Promise<number> {
  const round = randomUUID();
  const bus = await openBus(address);
  const start = cpuSeconds();
  const fresh = {
    insert: (...[table, lines, token]: Parameters<Store['insert']>) => store.insert(table, lines, `${round} ${token}`),
  };
  const ingest = await startIngest({ bus, store: fresh, clock: systemClock, log: silentLog });
  while (ingest.progress().rows < events) await sleep(5);
  const seconds = cpuSeconds() - start;
  await ingest.stop();
  await bus.close();
  const admin = kafka.admin();
  await admin.connect();
  await admin.deleteGroups([`${PREFIX}${INGEST_GROUP}`]);
  await admin.disconnect();
  return events / seconds;
}

/** kafkajs and nothing else: batches are counted and forgotten. */
async function consumedBare(kafka: Kafka, events: number): Promise<number> {
  const start = cpuSeconds();
  const consumer = kafka.consumer({ groupId: `bare-${randomUUID()}`, maxWaitTimeInMs: 250 });
  await consumer.connect();
  await consumer.subscribe({ topics: [`${PREFIX}peer_probed`], fromBeginning: true });
  let count = 0;
  const all = Promise.withResolvers<void>();
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch }) => {
      count += batch.messages.length;
      if (count >= events) all.resolve();
    },
  });
  await all.promise;
  const seconds = cpuSeconds() - start;
  await consumer.disconnect();
  return events / seconds;
}

async function insertedBare(store: Store, events: number): Promise<number> {
  const write = rowWriter('peer_probed');
  const lines = Array.from({ length: events }, (_, i) =>
    write({ ...probed(i % 20_000, { duration_ms: i }, Date.now()), _partition: 0, _offset: String(i) }),
  );
  const start = cpuSeconds();
  for (let i = 0; i < lines.length; i += LIMITS.rows)
    await store.insert('peer_probed', lines.slice(i, i + LIMITS.rows), `bare ${randomUUID()}`);
  return events / (cpuSeconds() - start);
}
