// The bus contract on the Kafka bus, against a real broker.
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import type { Batch, Position } from '@swarmscope/bus/bus.ts';
import { openKafkaBus } from '@swarmscope/bus/kafka.ts';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { probed } from '../support/events.ts';
import { missing } from '../support/extras.ts';
import { type Broker, startBroker } from '../support/kafka/broker.ts';
import { busContract } from './bus-suite.ts';

/** A group notices a member that died, or that joins, within a second or so. */
const SESSION_MS = 3_000;
const MEMBER = new URL('../support/kafka/member.ts', import.meta.url);

describe.skipIf(missing('kafka').length > 0)('Kafka', () => {
  let broker: Broker;
  beforeAll(async () => {
    broker = await startBroker();
  });
  afterAll(() => broker?.stop());

  // Topics of its own for each test: an empty log.
  const open = (prefix = `${randomUUID().slice(0, 8)}.`) =>
    openKafkaBus({ brokers: [broker.address], clientId: 'contract', prefix, partitions: 4, sessionTimeoutMs: SESSION_MS });

  test('a broker that stalls, dies and comes back: every event once, in order of its key; what could not be handed over is left for the spool', async () => {
    const bus = await open();
    const leaving = await open();
    const seen = new Map<string, number[]>();
    let count = 0;
    const consumption = await bus.consume({ group: 'g', topics: ['peer_probed'] }, async (batch) => {
      for (const { value } of batch.records) {
        seen.set(value.swarm_id, [...(seen.get(value.swarm_id) ?? []), value.duration_ms]);
        count += 1;
      }
    });
    let next = 0;
    const publishing = setInterval(() => {
      for (let i = 0; i < 20; i += 1) bus.publish(probed(next % 5, { duration_ms: next++ }));
    }, 10);
    const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    try {
      await after(300);
      broker.stall();
      await after(500);
      broker.resume();
      await after(300);
      await broker.kill();
      const event = probed(9);
      leaving.publish(event);
      await leaving.close(100);
      expect([...leaving.unsent()].map((line) => JSON.parse(line))).toEqual([event]);
      await broker.restart();
      await after(300);
    } finally {
      clearInterval(publishing);
    }
    expect(await bus.flush(30_000)).toBe(true);
    await vi.waitFor(() => expect(count).toBeGreaterThanOrEqual(next), { timeout: 30_000, interval: 50 });
    for (const [key, values] of seen) {
      // A batch in hand when the broker died may come again to the reader; the log itself has each event once.
      const unique = [...new Set(values)];
      expect(unique).toEqual(Array.from({ length: unique.length }, (_, i) => Number.parseInt(key, 16) + 5 * i));
    }
    expect([...seen.values()].reduce((sum, values) => sum + new Set(values).size, 0)).toBe(next);
    await consumption.stop();
    await bus.close();
  });

  test('another process on the same topics: partitions and positions are the log’s', async () => {
    const prefix = `${randomUUID().slice(0, 8)}.`;
    const [one, other] = [await open(prefix), await open(prefix)];
    const values: number[] = [];
    const first = await one.consume({ group: 'g', topics: ['peer_probed'] }, async (batch) => {
      values.push(...batch.records.map((record) => record.value.duration_ms));
    });
    for (let i = 0; i < 10; i += 1) other.publish(probed(i, { duration_ms: i }));
    await vi.waitFor(() => expect(values).toHaveLength(10), { timeout: 20_000, interval: 20 });
    await first.stop();
    for (let i = 10; i < 20; i += 1) one.publish(probed(i, { duration_ms: i }));
    const second = await other.consume({ group: 'g', topics: ['peer_probed'] }, async (batch) => {
      values.push(...batch.records.map((record) => record.value.duration_ms));
    });
    await vi.waitFor(() => expect(values).toHaveLength(20), { timeout: 20_000, interval: 20 });
    expect(new Set(values).size).toBe(20);
    expect(one.logId).toBe(other.logId);
    await second.stop();
    await Promise.all([one.close(), other.close()]);
  });

  test('who was given up for dead cannot commit when it wakes: its positions are those of whoever took over', async () => {
    const prefix = `${randomUUID().slice(0, 8)}.`;
    const bus = await open(prefix);
    const child = fork(MEMBER, [broker.address, prefix, 'z', String(SESSION_MS)]);
    const answers: { batch?: number; commit?: string }[] = [];
    child.on('message', (message) => answers.push(message as (typeof answers)[number]));
    const until = (check: () => void) => vi.waitFor(check, { timeout: 30_000, interval: 20 });
    try {
      await until(() => expect(answers).toHaveLength(1));
      bus.publish(probed(1));
      await until(() => expect(answers.at(-1)).toEqual({ batch: 1 }));
      child.kill('SIGSTOP');
      const positions: Position[] = [];
      const taken: Batch[] = [];
      const heir = await bus.read(
        { group: 'z', topics: ['peer_probed'], maxWaitMs: 0 },
        {
          assigned: (list) => void positions.push(...list),
          revoked: () => {},
          records: async (batch) => void taken.push(batch),
        },
      );
      await until(() => expect(taken).toHaveLength(1));
      const { topic, partition, records } = taken[0]!;
      expect(records).toHaveLength(1);
      await heir.commit([{ topic, partition, offset: records[0]!.offset + 1n, metadata: 'of the heir' }]);
      child.kill('SIGCONT');
      child.send('commit');
      await until(() => expect(answers.at(-1)).toEqual({ commit: 'lost' }));
      await heir.stop();
    } finally {
      child.kill('SIGKILL');
    }
    await bus.close();
  });

  test('a topic that is deleted and made anew is read from its beginning, and written to, by whoever had it open', async () => {
    const prefix = `${randomUUID().slice(0, 8)}.`;
    const bus = await open(prefix);
    const values: number[] = [];
    const consumption = await bus.consume({ group: 'g', topics: ['peer_probed'] }, async (batch) => {
      values.push(...batch.records.map((record) => record.value.duration_ms));
    });
    const until = (count: number) => vi.waitFor(() => expect(values).toHaveLength(count), { timeout: 60_000, interval: 50 });
    for (let i = 0; i < 40; i += 1) bus.publish(probed(i, { duration_ms: i }));
    await until(40);
    const admin = new kafkajs.Kafka({ brokers: [broker.address], logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [`${prefix}peer_probed`] });
    // Whoever opens the bus makes what is missing.
    const other = await vi.waitFor(() => open(prefix), { timeout: 30_000, interval: 500 });
    for (let i = 40; i < 200; i += 1) other.publish(probed(i, { duration_ms: i }));
    expect(await other.flush(30_000)).toBe(true);
    await until(200);
    for (let i = 200; i < 220; i += 1) bus.publish(probed(i, { duration_ms: i }));
    expect(await bus.flush(60_000)).toBe(true);
    await until(220);
    expect(values.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 220 }, (_, i) => i));
    await consumption.stop();
    await admin.disconnect();
    await Promise.all([bus.close(), other.close()]);
  });

  test('a consumer that kafkajs gives up, because a request met its broker between two connections, runs again', async () => {
    const bus = await open();
    const values = new Set<number>();
    const consumption = await bus.consume({ group: 'g', topics: ['peer_probed'], maxWaitMs: 0 }, async (batch) => {
      for (const { value } of batch.records) values.add(value.duration_ms);
    });
    const publish = (from: number) => {
      for (let i = from; i < from + 10; i += 1) bus.publish(probed(i, { duration_ms: i }));
    };
    publish(0);
    await vi.waitFor(() => expect(values.size).toBe(10), { timeout: 30_000, interval: 20 });
    const group = createRequire(import.meta.url)('kafkajs/src/consumer/consumerGroup.js').prototype;
    const { fetch } = group;
    let gaveUp = 0;
    group.fetch = async () => {
      group.fetch = fetch;
      gaveUp += 1;
      throw new Error('Broker not connected');
    };
    await vi.waitFor(() => expect(gaveUp).toBe(1), { timeout: 30_000, interval: 20 });
    publish(10);
    await vi.waitFor(() => expect(values.size).toBe(20), { timeout: 30_000, interval: 20 });
    await consumption.stop();
    await bus.close();
  });

  busContract(open);
});
