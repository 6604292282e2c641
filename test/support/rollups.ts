// What the rollups of a store say, as one number each: two stores that were filled from the same log say the same.
import type { Store } from '@swarmscope/store/store.ts';

/** By rollup its rows (merged) and a hash of everything in them, states of aggregates by what they come to. */
export async function digestOfRollups(store: Pick<Store, 'query'>): Promise<Record<string, string>> {
  const tables = await store.query<{ name: string; columns: string[]; types: string[] }>(
    `SELECT table AS name, groupArray(c.name) AS columns, groupArray(c.type) AS types FROM system.columns AS c
     WHERE database = currentDatabase() AND table IN (SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%AggregatingMergeTree')
     GROUP BY table ORDER BY table`,
  );
  const digests: Record<string, string> = {};
  for (const { name, columns, types } of tables) {
    const values = columns.map((column, i) =>
      types[i]!.startsWith('AggregateFunction') ? `finalizeAggregation(${column})` : column,
    );
    const [row] = await store.query<{ digest: string }>(
      `SELECT concat(toString(count()), ' ', toString(sum(cityHash64(toString(tuple(${values.join(', ')})))))) AS digest FROM ${name} FINAL`,
    );
    digests[name] = row!.digest;
  }
  return digests;
}
