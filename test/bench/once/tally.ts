// What came of a run: rows, distinct rows and the sums of every rollup of each table, beside what was published.
import { openHttp } from '@swarmscope/store/http.ts';
import { type Kind, kindOf, TABLES } from './events.ts';

/** How a table is counted: what tells its rows apart, and what each rollup adds up. */
const COUNTED: Record<Kind, { readonly identity: string; readonly rollups: Readonly<Record<string, string>> }> = {
  peer_probed: { identity: 'duration_ms', rollups: { peers_1h: 'probes', peers_1d: 'probes' } },
  infohash_sighted: { identity: 'info_hash', rollups: { infohash_1h: 'sightings', infohashes: 'samples' } },
  tracker_scraped: { identity: 'latency_ms', rollups: { trackers_1h: 'requests', claims_1h: 'answers' } },
  peer_sighted: { identity: 'peer_key', rollups: { sources_1h: 'sightings' } },
  dht_node_seen: { identity: 'node_key', rollups: { dht_1h: 'sightings', dht_1d: 'sightings' } },
  rejected: { identity: '(topic, _partition, _offset)', rollups: {} },
};
const KINDS: readonly Kind[] = [...TABLES, 'rejected'];

/** One line of the report: all of them are equal when every event is there once. */
export interface Count {
  readonly table: Kind;
  readonly produced: number;
  readonly rows: number;
  /** Distinct places in the log, and distinct events. */
  readonly places: number;
  readonly events: number;
  readonly rollups: Readonly<Record<string, number>>;
}

export async function tally(url: string, published: number): Promise<Count[]> {
  const store = openHttp({ url });
  const produced = new Map<Kind, number>();
  for (let n = 0; n < published; n += 1) produced.set(kindOf(n), (produced.get(kindOf(n)) ?? 0) + 1);
  const counts: Count[] = [];
  for (const table of KINDS) {
    const { identity, rollups } = COUNTED[table];
    const [row] = await store.query<Record<'rows' | 'places' | 'events', number>>(
      `SELECT count() AS rows, uniqExact(_partition, _offset${table === 'rejected' ? ', topic' : ''}) AS places, uniqExact(${identity}) AS events FROM ${table}`,
    );
    const sums: Record<string, number> = {};
    for (const [name, column] of Object.entries(rollups)) {
      const [sum] = await store.query<{ n: number }>(`SELECT sum(${column}) AS n FROM ${name}`);
      sums[name] = Number(sum!.n);
    }
    const { rows, places, events } = row!;
    counts.push({ table, produced: produced.get(table) ?? 0, rows: +rows, places: +places, events: +events, rollups: sums });
  }
  await store.close();
  return counts;
}

/** Rows stored by now; undefined while the store does not answer. */
export async function storedRows(url: string): Promise<number | undefined> {
  const store = openHttp({ url });
  const sql = `SELECT ${KINDS.map((table) => `(SELECT count() FROM ${table})`).join(' + ')} AS n`;
  try {
    const [row] = await store.query<{ n: number }>(sql, {}, { timeoutMs: 20_000 });
    return Number(row!.n);
  } catch {
    return undefined;
  } finally {
    await store.close();
  }
}

/** Events lost or doubled, in any table or rollup: the largest difference of each table, added up. */
export function errorsOf(counts: readonly Count[]): number {
  return counts.reduce((sum, { produced, rows, places, events, rollups }) => {
    const differences = [rows, places, events, ...Object.values(rollups)].map((count) => Math.abs(count - produced));
    return sum + Math.max(...differences);
  }, 0);
}
