// What was measured, read back from the store by SQL: nothing that a process remembers counts.
import { type Counts, VERDICTS } from '@swarmscope/events/enums.ts';
import type { Parameters, Store } from '@swarmscope/store/store.ts';
import type { DhtFigures, Measured } from './comparison.ts';

/** Which rows count: a directory that is kept also holds earlier runs. */
export interface MeasuredRun {
  readonly network: string;
  /** Epoch milliseconds. */
  readonly sinceMs: number;
}

/** The newest finished census of a swarm, and when it ran (epoch milliseconds). */
export interface MeasuredCensus extends Measured {
  fromMs: number;
  toMs: number;
}

type CensusRow = Counts & { swarm_id: string; to_ms: number; window_s: number; completable: number | null };

const IN_RUN = 'network = {network:String} AND ts >= fromUnixTimestamp64Milli({since:Int64})';

const CENSUS_SQL = `SELECT lower(hex(s.swarm_id)) AS swarm_id, toUnixTimestamp64Milli(s.ts) AS to_ms, s.window_s AS window_s, ${VERDICTS.join(', ')}, completable
  FROM swarm_sampled AS s WHERE ${IN_RUN} ORDER BY s.ts DESC LIMIT 1 BY s.swarm_id`;

const DHT_SQL = `SELECT
  (SELECT uniqExact(node_key) FROM dht_node_seen WHERE verdict = 'ok' AND ${IN_RUN}) AS nodes,
  (SELECT uniqExact(info_hash) FROM infohash_sighted WHERE way != 'watch' AND ${IN_RUN}) AS infohashes`;

function parametersOf({ network, sinceMs }: MeasuredRun): Parameters {
  return { network, since: Math.floor(sinceMs) };
}

/** By swarm id. `window_s` is in whole seconds: the begin is rounded to the safe side. */
export async function readCensuses(store: Pick<Store, 'query'>, run: MeasuredRun): Promise<Map<string, MeasuredCensus>> {
  const rows = await store.query<CensusRow>(CENSUS_SQL, parametersOf(run));
  return new Map(
    rows.map((row) => [
      row.swarm_id,
      {
        counts: Object.fromEntries(VERDICTS.map((verdict) => [verdict, Number(row[verdict])])) as Counts,
        completable: row.completable === null ? null : Number(row.completable) === 1,
        fromMs: Number(row.to_ms) - (row.window_s + 1) * 1_000,
        toMs: Number(row.to_ms),
      },
    ]),
  );
}

export async function readDht(store: Pick<Store, 'query'>, run: MeasuredRun): Promise<DhtFigures> {
  const [row] = await store.query<DhtFigures>(DHT_SQL, parametersOf(run));
  return { nodes: Number(row?.nodes ?? 0), infohashes: Number(row?.infohashes ?? 0) };
}

/** Swarms whose newest census had no source that answered: nothing is known of them yet, and they are asked for again. */
export async function countUnheard(store: Pick<Store, 'query'>, run: MeasuredRun): Promise<number> {
  const newest = `SELECT sources FROM swarm_sampled WHERE ${IN_RUN} ORDER BY ts DESC LIMIT 1 BY swarm_id`;
  const [row] = await store.query<{ swarms: number }>(
    `SELECT count() AS swarms FROM (${newest}) WHERE NOT arrayExists(each -> each.failed = 0, sources)`,
    parametersOf(run),
  );
  return Number(row?.swarms ?? 0);
}
