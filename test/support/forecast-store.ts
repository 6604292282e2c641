// The forecast of a store at any time: the SQL that its views refresh with, as the store itself tells it, with another clock; and fleets of made-up torrents to run it on.
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import type { Seen } from '@swarmscope/lab/sim/sightings.ts';
import { type EmbeddedStore, openEmbedded } from '@swarmscope/store/embedded.ts';

const HOUR_MS = 3_600_000;
/** The made-up years lie ahead: what is older than the retention would be dropped. */
const FLEET_START_MS = Date.UTC(2030, 0, 1);

const instant = (ms: number) => `toDateTime(${Math.floor(ms / 1_000)}, 'UTC')`;

/** Fills the table of a refreshed view as the view would at `atMs`: its rows are replaced, or added where the view appends. The view itself rests from then on. */
export async function refreshAt(store: EmbeddedStore, table: string, atMs: number): Promise<void> {
  const [view] = await store.query<{ sql: string; appends: number }>(
    "SELECT as_select AS sql, position(create_table_query, ' APPEND ') > 0 AS appends FROM system.tables WHERE database = currentDatabase() AND name = {view:String}",
    { view: `${table}_view` },
  );
  if (!view) throw new Error(`There is no view ${table}_view.`);
  await store.tell(`SYSTEM STOP VIEW ${table}_view`);
  const columns = await store.query<{ name: string }>(`DESCRIBE (${view.sql})`);
  if (!view.appends) await store.tell(`TRUNCATE TABLE ${table}`);
  await store.tell(
    `INSERT INTO ${table} (${columns.map(({ name }) => name).join(', ')}) ${view.sql.replaceAll("now('UTC')", instant(atMs))}`,
  );
}

const ROLLUPS = ['copies_1d', 'looks_1d'] as const;
const LOADED_AHEAD_DAYS = 20;
export const FORECAST_TABLES = ['forecast', 'forecast_1d'] as const;
const LEARNED_TABLES = ['forecast_retention', 'forecast_cohorts'] as const;

export interface ForecastRow {
  readonly torrent: number;
  readonly copies: number;
  readonly p1: number;
  readonly p7: number;
  readonly p7_low: number;
  readonly p7_high: number;
  readonly p30: number;
  readonly p7_steady: number;
}

/** A store of its own in a temporary directory. */
export class ForecastStore {
  readonly store: EmbeddedStore;
  readonly #directory: string;
  #loadedDays = 0;

  private constructor(store: EmbeddedStore, directory: string) {
    this.store = store;
    this.#directory = directory;
  }

  static async open(): Promise<ForecastStore> {
    const directory = mkdtempSync(join(tmpdir(), 'swarmscope-forecast-'));
    const store = await openEmbedded({ directory });
    await store.migrate();
    await store.refresh();
    return new ForecastStore(store, directory);
  }

  /** Everything that was seen of torrents, numbered in order; \`advance\` brings it into the rollups, as the rows of \`peer_probed\` and \`swarm_sampled\` would have come there. */
  async stage(seen: Iterable<Seen>): Promise<void> {
    const [copies, looks] = [join(this.#directory, 'copies.csv'), join(this.#directory, 'looks.csv')];
    const [copiesFile, looksFile] = [createWriteStream(copies), createWriteStream(looks)];
    const second = (atH: number) => Math.floor((FLEET_START_MS + atH * HOUR_MS) / 1_000);
    const epochDay = FLEET_START_MS / (24 * HOUR_MS);
    let torrent = 0;
    for (const { places, looks: days } of seen) {
      for (const { place, day, firstH, lastH, proved, claims } of places)
        copiesFile.write(
          `${torrent},10.${place >> 8}.${place & 255}.0/24,${epochDay + day},${second(firstH)},${second(lastH)},${proved},${claims}\n`,
        );
      for (const { day, looks: n, lastH, leechers } of days)
        looksFile.write(`${torrent},${epochDay + day},${n},${second(lastH)},${leechers}\n`);
      torrent += 1;
    }
    await Promise.all([copiesFile, looksFile].map((file) => finished(file.end())));
    const id = "'lab' AS network, toFixedString(leftPad(toString(t), 20, '0'), 20) AS swarm_id";
    for (const table of ROLLUPS)
      await this.store.tell(
        `CREATE OR REPLACE TABLE staged_${table} ENGINE = MergeTree ORDER BY day AS SELECT * FROM ${table} LIMIT 0`,
      );
    this.#loadedDays = 0;
    await this.store.tell(`INSERT INTO staged_copies_1d SELECT ${id}, ip_prefix, toDate(day), first_seen, last_seen, proved, claims
      FROM file('${copies}', 'CSV', 't UInt32, ip_prefix String, day UInt16, first_seen DateTime(\\'UTC\\'), last_seen DateTime(\\'UTC\\'), proved UInt64, claims UInt64')`);
    await this.store.tell(`INSERT INTO staged_looks_1d SELECT ${id}, toDate(day), looks, last_look, leechers
      FROM file('${looks}', 'CSV', 't UInt32, day UInt16, looks UInt64, last_look DateTime(\\'UTC\\'), leechers UInt64')`);
  }

  /** Everything of the days up to \`atH\`, and some more: forecasts know not to look ahead. */
  async advance(atH: number): Promise<void> {
    const days = Math.ceil(atH / 24);
    if (days <= this.#loadedDays) return;
    const first = FLEET_START_MS / (24 * HOUR_MS);
    const [from, to] = [first + this.#loadedDays, first + days + LOADED_AHEAD_DAYS];
    for (const table of ROLLUPS)
      await this.store.tell(
        `INSERT INTO ${table} SELECT * FROM staged_${table} WHERE day >= toDate(${from}) AND day < toDate(${to})`,
      );
    this.#loadedDays = days + LOADED_AHEAD_DAYS;
  }

  /** Learns from what is loaded, at the end of `atH`. */
  async learn(atH: number): Promise<void> {
    await this.advance(atH);
    for (const table of LEARNED_TABLES) await refreshAt(this.store, table, FLEET_START_MS + atH * HOUR_MS);
  }

  /** Forgets torrents and forecasts, but not what was learned. */
  async forget(): Promise<void> {
    for (const table of [...ROLLUPS, ...FORECAST_TABLES]) await this.store.tell(`TRUNCATE TABLE ${table}`);
  }

  /** The forecasts at a time, which must not lie before that of the call before. */
  async forecast(atH: number): Promise<ForecastRow[]> {
    await this.advance(atH);
    for (const table of FORECAST_TABLES) await refreshAt(this.store, table, FLEET_START_MS + atH * HOUR_MS);
    return this.store.query<ForecastRow>(
      'SELECT toUInt32(toString(swarm_id)) AS torrent, copies, p1, p7, p7_low, p7_high, p30, p7_steady FROM forecast ORDER BY torrent',
    );
  }

  async close(): Promise<void> {
    await this.store.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
