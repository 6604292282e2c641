// The numbered SQL files under migrations/, read and rendered: one text for a local store, a single server and a cluster.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { EventDefinition } from '@swarmscope/events/definition.ts';
import { definitions, isTopic, TOPICS, type Topic } from '@swarmscope/events/definitions.ts';

/** What differs between stores. */
export interface Variant {
  /** Name of the cluster; without it tables are local. */
  readonly cluster?: string;
  /** Days that raw rows of a topic are kept, where it is not the default of its definition; 0 is for ever. */
  readonly retentionDays?: Partial<Record<Topic, number>>;
  /** How many of the newest blocks each table remembers, to drop those that come again. */
  readonly window: number;
}

/** One statement of a migration. `text` is the template, which the checksum is made of. */
export interface Step {
  readonly version: number;
  readonly step: number;
  readonly name: string;
  readonly text: string;
  readonly checksum: string;
}

const DIRECTORY = new URL('../migrations/', import.meta.url);
/** A retried insert is recognised for a week. */
const REPLICATED_WINDOW_S = 604_800;

/** All steps, in order. */
export function readSteps(directory: URL = DIRECTORY): Step[] {
  return readdirSync(directory)
    .filter((file) => /^\d{4}_\w+\.sql$/.test(file))
    .sort()
    .flatMap((file) => stepsOf(file, readFileSync(new URL(file, directory), 'utf8')));
}

/** The statements of one file: each ends with a semicolon at the end of a line; lines that begin with -- are comments. */
export function stepsOf(file: string, text: string): Step[] {
  const version = Number(file.slice(0, 4));
  const name = file.replace(/\.sql$/, '');
  return text
    .replace(/^\s*--.*$/gm, '')
    .split(/;[ \t]*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')
    .map((statement, i) => ({ version, step: i + 1, name, text: statement, checksum: checksumOf(statement) }));
}

function checksumOf(statement: string): string {
  return createHash('sha256').update(statement.replace(/\s+/g, ' ')).digest('hex').slice(0, 16);
}

/** Fills in what differs: `{on_cluster}`, `{replicated}`, `{window}`, `{ttl:topic}`. An unknown placeholder is a broken invariant. */
export function render(text: string, variant: Variant): string {
  return text.replace(/\{(\w+)(?::(\w+))?\}/g, (whole, name: string, argument: string | undefined) => {
    if (name === 'on_cluster') return onCluster(variant);
    if (name === 'replicated') return variant.cluster === undefined ? '' : 'Replicated';
    if (name === 'window') return windowSettings(variant);
    if (name === 'ttl' && argument !== undefined && isTopic(argument)) return ttlClause(argument, variant);
    throw new Error(`A migration has the unknown placeholder ${whole}.`);
  });
}

function windowSettings({ cluster, window }: Variant): string {
  if (cluster === undefined) return `non_replicated_deduplication_window = ${window}`;
  return `replicated_deduplication_window = ${window}, replicated_deduplication_window_seconds = ${REPLICATED_WINDOW_S}`;
}

function ttlClause(topic: Topic, variant: Variant): string {
  const days = daysOf(topic, variant);
  return days === 0 ? '' : `TTL toDateTime(ts) + toIntervalDay(${days})\n`;
}

function daysOf(topic: Topic, { retentionDays }: Variant): number {
  return retentionDays?.[topic] ?? (definitions[topic] as EventDefinition).retentionDays;
}

/** How long raw rows of a topic are kept; 0 is for ever. */
export interface Retention {
  readonly topic: Topic;
  readonly days: number;
}

const ENTRY = /^(\w+)=(\d{1,5})$/;

/** One `TOPIC=DAYS` of a setting. */
export function isRetention(entry: string): boolean {
  return isTopic(ENTRY.exec(entry)?.[1] ?? '');
}

/** Entries that `isRetention` admits, as options of a store. */
export function readRetention(entries: readonly string[]): Partial<Record<Topic, number>> {
  return Object.fromEntries(entries.map((entry) => ENTRY.exec(entry)!).map(([, topic, days]) => [topic, Number(days)]));
}

export function retentionOf(variant: Variant): Retention[] {
  return TOPICS.map((topic) => ({ topic, days: daysOf(topic, variant) }));
}

export function onCluster({ cluster }: Variant): string {
  return cluster === undefined ? '' : ` ON CLUSTER '${cluster}'`;
}

/** Tables and views that a cluster shows as one: not those that only feed others, nor the ledger. */
export const SHOWN_TABLES = `SELECT name FROM system.tables
WHERE database = currentDatabase() AND engine != 'MaterializedView' AND name != 'schema_migrations' AND name NOT LIKE '.%'
ORDER BY name`;

/**
 * The layer that boards and people read in a cluster: a database `..._all` with one Distributed table over each table or view of every shard.
 * It holds no rows, and is made anew after each migration. Rows are inserted below it, into the tables of one shard.
 */
export function distributedLayer(database: string, cluster: string, tables: readonly string[]): string[] {
  const onCluster = `ON CLUSTER '${cluster}'`;
  return [
    `CREATE DATABASE IF NOT EXISTS ${database}_all ${onCluster}`,
    ...tables.map(
      (table) =>
        `CREATE OR REPLACE TABLE ${database}_all.${table} ${onCluster} AS ${database}.${table} ENGINE = Distributed('${cluster}', '${database}', '${table}')`,
    ),
  ];
}
