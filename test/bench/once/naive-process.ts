// The control: a consumer as one would write it first, with batches inserted and then committed, without intents and without tokens that repeat.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { openKafkaBus } from '@swarmscope/bus/kafka.ts';
import { lineWriter } from '@swarmscope/events/table.ts';
import { openHttp } from '@swarmscope/store/http.ts';
import { rejectedLine } from '@swarmscope/store/rejected.ts';
import { StoreError } from '@swarmscope/store/store.ts';
import { TABLES } from './events.ts';

const env = process.env;
const store = openHttp({ url: env['SWARMSCOPE_CLICKHOUSE_URL']! });
const bus = await openKafkaBus({
  brokers: [env['SWARMSCOPE_KAFKA_BROKERS']!],
  clientId: 'naive',
  prefix: env['SWARMSCOPE_KAFKA_TOPIC_PREFIX']!,
  partitions: Number(env['SWARMSCOPE_KAFKA_PARTITIONS']),
  sessionTimeoutMs: Number(env['SWARMSCOPE_INGEST_SESSION_MS']),
});

async function insert(table: Parameters<typeof store.insert>[0], lines: string[]): Promise<void> {
  for (;;) {
    try {
      return await store.insert(table, lines, randomUUID());
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      await sleep(500);
    }
  }
}

const consumption = await bus.consume({ group: 'naive', topics: TABLES, maxWaitMs: 1_000 }, async (batch) => {
  const { topic, partition } = batch;
  const write = lineWriter(topic);
  await insert(
    topic,
    batch.records.map(({ value, offset }) => write(value, partition, offset)),
  );
  await insert(
    'rejected',
    batch.rejected.map((record) => rejectedLine({ ts: record.timestamp, topic, partition, ...record })),
  );
});
process.once('SIGTERM', async () => {
  await consumption.stop();
  await bus.close();
  process.exit(0);
});
