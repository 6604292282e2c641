// Settings of ingest: what is needed, what has a default, how retention is written.
import { ingestConfig } from '@swarmscope/ingest/config.ts';
import { configReference, readConfig } from '@swarmscope/runtime/config.ts';
import { readRetention } from '@swarmscope/store/migrations.ts';
import { expect, test } from 'vitest';

const least = { SWARMSCOPE_CLICKHOUSE_URL: 'http://127.0.0.1:8123/swarmscope' };

test('only the store has to be named', () => {
  expect(() => readConfig(ingestConfig, {})).toThrow('SWARMSCOPE_CLICKHOUSE_URL');
  expect(readConfig(ingestConfig, least)).toMatchObject({ ingestRows: 5_000, ingestAgeMs: 2_000, retentionDays: [] });
});

test('retention by topic', () => {
  const { retentionDays } = readConfig(ingestConfig, {
    ...least,
    SWARMSCOPE_RETENTION_DAYS: 'peer_probed=60, infohash_sighted=0',
  });
  expect(readRetention(retentionDays)).toEqual({ peer_probed: 60, infohash_sighted: 0 });
  for (const wrong of ['peer_probed', 'peer_probed=x', 'nothing=3', 'toString=3'])
    expect(() => readConfig(ingestConfig, { ...least, SWARMSCOPE_RETENTION_DAYS: wrong }), wrong).toThrow('TOPIC=DAYS');
});

test('the reference keeps secrets', () => {
  expect(configReference(ingestConfig)).toContain('SWARMSCOPE_RETENTION_DAYS');
});
