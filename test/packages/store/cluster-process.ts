// Run as a process by the cluster test: the schema of a cluster, created in an engine that has a keeper for tests; prints what came of it, and waits to be killed: the keeper for tests does not let go.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { distributedLayer, readSteps, render, SHOWN_TABLES } from '@swarmscope/store/migrations.ts';
import type * as Engine from 'chdb';

const { Session } = createRequire(import.meta.url)('chdb') as typeof Engine;
const directory = process.argv[2]!;
/** ON CLUSTER itself needs a server: what it would run on each host is run here. */
const here = (sql: string) => sql.replaceAll(/ ON CLUSTER 'main'/g, '');

mkdirSync(directory, { recursive: true });
const config = join(directory, 'config.xml');
writeFileSync(
  config,
  `<clickhouse>
  <zookeeper><implementation>testkeeper</implementation></zookeeper>
  <macros><shard>1</shard><replica>one</replica></macros>
  <default_replica_path>/clickhouse/tables/{database}/{table}/{shard}</default_replica_path><default_replica_name>{replica}</default_replica_name>
  <remote_servers><main><shard><replica><host>127.0.0.1</host><port>9000</port></replica></shard></main></remote_servers>
</clickhouse>`,
);
const session = new Session(join(directory, 'store'), { connectionArgs: [`--config-file=${config}`] });
const rows = async <T>(sql: string) =>
  (await session.queryAsync(sql, { format: 'JSONEachRow' }))
    .text()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);

await session.queryAsync('CREATE DATABASE swarmscope; USE swarmscope');
const parsed: string[] = [];
for (const { text } of readSteps()) {
  const sql = render(text, { cluster: 'main', window: 100 });
  // The engine in a process takes no rows into replicated tables, and waits for ever for a replica to take a change: neither is run here.
  if (sql.startsWith('INSERT')) continue;
  parsed.push(
    ...(
      await rows<{ sql: string }>(`SELECT formatQuerySingleLine('${sql.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}') AS sql`)
    ).map((row) => row.sql),
  );
  if (!sql.startsWith('ALTER')) await session.queryAsync(here(sql));
}
const shown = (await rows<{ name: string }>(SHOWN_TABLES)).map(({ name }) => name);
for (const sql of distributedLayer('swarmscope', 'main', shown)) await session.queryAsync(here(sql));
const engines = await rows<{ database: string; name: string; engine: string }>(
  "SELECT database, name, engine FROM system.tables WHERE database LIKE 'swarmscope%' AND name NOT LIKE '.%' ORDER BY database, name",
);
console.log(
  JSON.stringify({ engines, clustered: parsed.filter((sql) => sql.includes('ON CLUSTER main')).length, steps: parsed.length }),
);
