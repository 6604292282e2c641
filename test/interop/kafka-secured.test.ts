// A real Kafka broker that lets in only who comes by TLS and says who it is: SASL PLAIN and SCRAM, from the settings of the environment.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openKafkaBus } from '@swarmscope/bus/kafka.ts';
import { kafkaPlace } from '@swarmscope/bus/kafka-settings.ts';
import { readConfig } from '@swarmscope/runtime/config.ts';
import { busSettings } from '@swarmscope/runtime/settings.ts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { probed } from '../support/events.ts';
import { missing } from '../support/extras.ts';
import { BROKER_USER, type Broker, startBroker } from '../support/kafka/broker.ts';

describe.skipIf(missing('kafka').length > 0)('a secured broker', () => {
  const directory = mkdtempSync(join(tmpdir(), 'kafka-secured-'));
  const caFile = join(directory, 'ca.pem');
  let broker: Broker;
  beforeAll(async () => {
    broker = await startBroker({ isSecured: true });
    writeFileSync(caFile, broker.ca!);
  });
  afterAll(async () => {
    await broker?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const open = (sasl: string, more: Record<string, string> = {}) => {
    const env = {
      SWARMSCOPE_KAFKA_BROKERS: broker.address,
      SWARMSCOPE_KAFKA_TOPIC_PREFIX: `${sasl}.`,
      SWARMSCOPE_KAFKA_PARTITIONS: '2',
      SWARMSCOPE_KAFKA_TLS: 'on',
      SWARMSCOPE_KAFKA_CA_FILE: caFile,
      SWARMSCOPE_KAFKA_SASL: sasl,
      SWARMSCOPE_KAFKA_USER: BROKER_USER.username,
      SWARMSCOPE_KAFKA_PASSWORD: BROKER_USER.password,
      ...more,
    };
    return openKafkaBus({ ...kafkaPlace(readConfig(z.object(busSettings), env)), clientId: 'secured' });
  };

  test.each(['plain', 'scram-sha-512'])('events go in and come out by %s', async (sasl) => {
    const bus = await open(sasl);
    const seen: number[] = [];
    const consumption = await bus.consume({ group: 'g', topics: ['peer_probed'], maxWaitMs: 0 }, async (batch) => {
      seen.push(...batch.records.map((record) => record.value.duration_ms));
    });
    for (let i = 0; i < 20; i += 1) bus.publish(probed(i, { duration_ms: i }));
    expect(await bus.flush(30_000)).toBe(true);
    await vi.waitFor(() => expect(new Set(seen).size).toBe(20), { timeout: 30_000, interval: 50 });
    await consumption.stop();
    await bus.close();
  });

  test('a wrong password is refused, and said so', async () => {
    await expect(open('plain', { SWARMSCOPE_KAFKA_PASSWORD: 'guessed' })).rejects.toThrow(/[Aa]uthentication failed/);
  });
});
