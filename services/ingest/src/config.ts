// Settings of ingest as a process of its own, between Kafka and a ClickHouse server.
import { integer, listOf, text } from '@swarmscope/runtime/config.ts';
import { busSettings, processSettings, takedownSettings } from '@swarmscope/runtime/settings.ts';
import { isRetention } from '@swarmscope/store/migrations.ts';
import { z } from 'zod';

export const ingestConfig = z.object({
  ...processSettings,
  ...busSettings,
  ...takedownSettings,
  clickhouseUrl: text('ClickHouse server: http://user:password@host:8123/database.', { secret: true }),
  clickhouseCluster: text('Name of the ClickHouse cluster, where there is one: tables are replicated.').optional(),
  ingestGroup: text(
    'Consumer group. Another name reads the log from its beginning: into an empty database, everything is rebuilt as far back as the log reaches.',
  ).default('ingest'),
  ingestSessionMs: integer(
    'An ingest that is silent for so long is given up by the others, in milliseconds; longer than any stall that is none.',
    1_000,
    300_000,
  ).default(10_000),
  retentionDays: listOf(
    'How long raw rows of a topic are kept, where not as docs/schema.md says; 0 is for ever.',
    'TOPIC=DAYS',
    isRetention,
  ).default([]),
  ingestRows: integer('Rows of one partition that are inserted together, at most.', 1, 500_000).default(5_000),
  ingestBytes: integer('The same in bytes of their text.', 1_024, 268_435_456).default(4_194_304),
  ingestAgeMs: integer('How long a row waits for others of its partition, in milliseconds.', 10, 60_000).default(2_000),
  ingestMemoryBytes: integer(
    'Bytes of rows that may wait for the store in all; then no more are read.',
    1_048_576,
    8_589_934_592,
  ).default(67_108_864),
});
