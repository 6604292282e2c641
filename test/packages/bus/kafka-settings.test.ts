// What the environment says becomes what the bus is opened with; contradictions are one sentence.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kafkaPlace, SASL_MECHANISMS } from '@swarmscope/bus/kafka-settings.ts';
import { readConfig } from '@swarmscope/runtime/config.ts';
import { busSettings } from '@swarmscope/runtime/settings.ts';
import { expect, test } from 'vitest';
import { z } from 'zod';

const place = (env: Record<string, string>) => kafkaPlace(readConfig(z.object(busSettings), env));
const user = { SWARMSCOPE_KAFKA_USER: 'u', SWARMSCOPE_KAFKA_PASSWORD: 'p' };

test('plain connections by default', () => {
  expect(place({})).toEqual({ brokers: ['127.0.0.1:9092'], partitions: 12, replicas: 1 });
  expect(place({ SWARMSCOPE_KAFKA_TOPIC_PREFIX: 'x.' })).toMatchObject({ prefix: 'x.' });
});

test('TLS with the certificates of the system, or a file', () => {
  const directory = mkdtempSync(join(tmpdir(), 'kafka-settings-'));
  const file = join(directory, 'ca.pem');
  writeFileSync(file, 'PEM');
  expect(place({ SWARMSCOPE_KAFKA_TLS: '1' })).toMatchObject({ tls: {} });
  expect(place({ SWARMSCOPE_KAFKA_TLS: '1', SWARMSCOPE_KAFKA_CA_FILE: file })).toMatchObject({ tls: { ca: 'PEM' } });
  expect(() => place({ SWARMSCOPE_KAFKA_CA_FILE: file })).toThrow('without SWARMSCOPE_KAFKA_TLS');
  rmSync(directory, { recursive: true });
});

test.each(SASL_MECHANISMS)('SASL %s', (mechanism) => {
  const sasl = { mechanism, username: 'u', password: 'p' };
  expect(place({ SWARMSCOPE_KAFKA_SASL: mechanism, ...user })).toMatchObject({ sasl });
});

test('half of it is a mistake', () => {
  expect(() => place({ SWARMSCOPE_KAFKA_SASL: 'plain', SWARMSCOPE_KAFKA_USER: 'u' })).toThrow('needs SWARMSCOPE_KAFKA_USER and');
  expect(() => place(user)).toThrow('without SWARMSCOPE_KAFKA_SASL');
  expect(() => place({ SWARMSCOPE_KAFKA_SASL: 'gssapi' })).toThrow('one of none, plain');
});
