// Rows of swarms that are on the takedown list, taken out of every table that names swarms, rollups included.
import type { Commands } from './migrate.ts';
import { onCluster, type Variant } from './migrations.ts';
import { quote } from './statement.ts';

/** What is to go: hex, lower case; infohashes of 20 bytes, or their SHA-256; whole names with `*` for any text. */
export interface Erasure {
  readonly infoHashes: readonly string[];
  readonly hashed: readonly string[];
  readonly names: readonly string[];
}

/** Columns that name a swarm by 20 bytes; a v2 infohash is looked at in its first 20. */
const NAMING = ['swarm_id', 'info_hash', 'info_hash_v1', 'info_hash_v2', 'alias_of'];
/** Of a list, in one statement: the engine reads 256 KiB of SQL. */
const AT_ONCE = 1_000;

/** Erases it all and answers from which tables: those that had such rows. Rows are gone when it resolves, not only hidden. */
export async function eraseSwarms(store: Commands, variant: Variant, erasure: Erasure): Promise<string[]> {
  const tables = await store.select<{ table: string; columns: string[] }>(
    `SELECT table, groupArray(name) AS columns FROM system.columns
     WHERE database = currentDatabase() AND name IN (${NAMING.map(quote).join(', ')})
       AND table IN (SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree')
     GROUP BY table ORDER BY table`,
  );
  const touched = new Set<string>();
  for (const part of parts(await withFound(store, tables, erasure)))
    for (const { table, columns } of tables) {
      const where = isOnAny(columns, part);
      const [counted] = await store.select<{ rows: number }>(`SELECT count() AS rows FROM ${table} WHERE ${where}`);
      if (!counted?.rows) continue;
      touched.add(table);
      await store.command(`ALTER TABLE ${table}${onCluster(variant)} DELETE WHERE ${where} SETTINGS mutations_sync = 2`);
    }
  return [...touched];
}

/** The list with every infohash of the torrents on it: those that have its names, and both names of a hybrid. */
async function withFound(
  store: Commands,
  tables: readonly { table: string; columns: string[] }[],
  { infoHashes, hashed, names }: Erasure,
): Promise<Omit<Erasure, 'names'>> {
  const resolved = tables.find(({ table }) => table === 'torrent_resolved');
  const all = new Set(infoHashes);
  if (!resolved) return { infoHashes: [...all], hashed };
  const byName = slices(names).map((some) => some.map((name) => `name ILIKE ${quote(likePattern(name))}`).join(' OR '));
  const byHash = parts({ infoHashes, hashed }).map((part) => isOnAny(resolved.columns, part));
  const named = resolved.columns.map((column) => `lower(hex(substring(${column}, 1, 20)))`).join(', ');
  for (const where of [...byName, ...byHash])
    for (const { names: found } of await store.select<{ names: (string | null)[] }>(
      `SELECT DISTINCT [${named}] AS names FROM torrent_resolved WHERE ${where}`,
    ))
      for (const name of found) if (name !== null) all.add(name);
  return { infoHashes: [...all], hashed };
}

/** `*` is `%`; what ClickHouse would read as a wildcard stands for itself. */
export function likePattern(name: string): string {
  return name.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%');
}

/** A column without a value is on no list. */
function isOnAny(columns: readonly string[], part: Omit<Erasure, 'names'>): string {
  return columns.map((column) => `ifNull(${isOn(`substring(${column}, 1, 20)`, part)}, 0)`).join(' OR ');
}

function isOn(bytes: string, { infoHashes, hashed }: Omit<Erasure, 'names'>): string {
  const among = (hex: readonly string[]) => hex.map((digits) => `unhex('${digits}')`).join(', ');
  return [
    ...(infoHashes.length > 0 ? [`${bytes} IN (${among(infoHashes)})`] : []),
    ...(hashed.length > 0 ? [`SHA256(${bytes}) IN (${among(hashed)})`] : []),
  ].join(' OR ');
}

function parts({ infoHashes, hashed }: Omit<Erasure, 'names'>): Omit<Erasure, 'names'>[] {
  return [
    ...slices(infoHashes).map((some) => ({ infoHashes: some, hashed: [] })),
    ...slices(hashed).map((some) => ({ infoHashes: [], hashed: some })),
  ];
}

function slices<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / AT_ONCE) }, (_, i) => items.slice(i * AT_ONCE, (i + 1) * AT_ONCE));
}
