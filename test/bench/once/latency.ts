// How soon rows can be asked for: the store is asked again and again which rows it has that it had not before, each with the time of its publish().
import { setTimeout as sleep } from 'node:timers/promises';
import { openHttp } from '@swarmscope/store/http.ts';
import { TABLES } from './events.ts';
import { type OnceWorld, PARTITIONS } from './world.ts';

export interface Latencies {
  /** Milliseconds. */
  readonly p50: number;
  readonly p95: number;
  readonly most: number;
  /** Events per second that were published. */
  readonly rate: number;
}

const ASK_MS = 100;
/** Until the first rows are there everything starts: not counted. */
const WARM_MS = 10_000;
const SQL = TABLES.map(
  (table) => `SELECT '${table}' AS t, _partition AS p, toUnixTimestamp64Milli(ts) AS at, count() AS n FROM ${table}
    WHERE ts > fromUnixTimestamp64Milli({since:Int64}) GROUP BY p, ts`,
).join(' UNION ALL ');

interface Fresh {
  readonly t: string;
  readonly p: number;
  readonly at: number;
  readonly n: number;
}

export async function latencies(world: OnceWorld, events: number): Promise<Latencies> {
  const store = openHttp({ url: world.storeUrl });
  // Events of one partition become rows in order: what is older than the newest of the slowest partition is not asked for again.
  const newest = new Map<string, number>();
  const seen = new Map<string, number>();
  const found: { ms: number; n: number }[] = [];
  let first: { at: number; published: number } | undefined;
  let last = { at: 0, published: 0 };
  let since = Date.now();
  let stored = 0;
  while (stored < events) {
    const rows = await store.query<Fresh>(SQL, { since });
    const now = Date.now();
    for (const { t, p, at, n } of rows) {
      const place = `${t}/${p}`;
      const fresh = n - (seen.get(`${place}/${at}`) ?? 0);
      if (fresh === 0) continue;
      seen.set(`${place}/${at}`, n);
      newest.set(place, Math.max(newest.get(place) ?? 0, at));
      stored += fresh;
      if (first && now - first.at > WARM_MS) found.push({ ms: now - at, n: fresh });
    }
    if (rows.length > 0) first ??= { at: now, published: world.published.published };
    if (!world.published.flushed) last = { at: now, published: world.published.published };
    if (newest.size === TABLES.length * PARTITIONS) since = Math.min(...newest.values()) - 1;
    if (world.published.flushed && now - last.at > 60_000) break;
    await sleep(ASK_MS);
  }
  await store.close();
  const rate = (last.published - first!.published) / ((last.at - first!.at) / 1_000);
  return { p50: quantile(found, 0.5), p95: quantile(found, 0.95), most: quantile(found, 1), rate };
}

function quantile(found: readonly { ms: number; n: number }[], share: number): number {
  const sorted = found.toSorted((a, b) => a.ms - b.ms);
  const wanted = sorted.reduce((sum, { n }) => sum + n, 0) * share;
  let seen = 0;
  for (const { ms, n } of sorted) {
    seen += n;
    if (seen >= wanted) return ms;
  }
  return sorted.at(-1)?.ms ?? 0;
}
