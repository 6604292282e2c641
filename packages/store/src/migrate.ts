// Brings a store to the schema of this version: numbered steps, forward only, checksummed, safe to repeat after a crash.
import { setTimeout } from 'node:timers/promises';
import { onCluster, type Retention, readSteps, render, retentionOf, type Step, type Variant } from './migrations.ts';
import { quote } from './statement.ts';
import { type MigrationReport, StoreError } from './store.ts';

/** What a migration needs of a store: statements that change it, and rows. */
export interface Commands {
  command(sql: string): Promise<void>;
  select<T>(sql: string): Promise<T[]>;
}

interface Applied {
  version: number;
  step: number;
  checksum: string;
}

const LEDGER = `CREATE TABLE IF NOT EXISTS schema_migrations{on_cluster}
(
    version UInt32 COMMENT 'Number of the migration.',
    step UInt16 COMMENT 'Which of its statements.',
    name String COMMENT 'Name of the migration.',
    checksum String COMMENT 'Of the text that was run.',
    applied DateTime DEFAULT now() COMMENT 'When.'
)
ENGINE = {replicated}MergeTree
ORDER BY (version, step)
COMMENT 'Migrations that this store has had.'`;

/** Applies the steps that are missing. */
export async function applyMigrations(store: Commands, variant: Variant, steps = readSteps()): Promise<MigrationReport> {
  await store.command(render(LEDGER, variant));
  const applied = await store.select<Applied>('SELECT DISTINCT version, step, checksum FROM schema_migrations');
  checkHistory(applied, steps);
  const done = new Set(applied.map(({ version, step }) => `${version}/${step}`));
  const missing = steps.filter(({ version, step }) => !done.has(`${version}/${step}`));
  for (const step of missing) await apply(store, variant, step);
  await keepFor(store, variant);
  return { applied: [...new Set(missing.map(({ name }) => name))], version: steps.at(-1)?.version ?? 0 };
}

/** Retention may change at any time, also of tables that are there: parts beyond it go with the next merges. */
async function keepFor(store: Commands, variant: Variant): Promise<void> {
  const tables = await store.select<{ name: string; days: number }>(
    "SELECT name, toUInt32OrZero(extract(engine_full, 'TTL toDateTime[(]ts[)] [+] toIntervalDay[(]([0-9]+)[)]')) AS days FROM system.tables WHERE database = currentDatabase()",
  );
  const present = new Map(tables.map(({ name, days }) => [name, days]));
  for (const { topic, days } of retentionOf(variant)) await keepTable(store, variant, { topic, days }, present.get(topic) ?? 0);
}

async function keepTable(store: Commands, variant: Variant, { topic, days }: Retention, present: number): Promise<void> {
  if (days === present) return;
  const change = days === 0 ? 'REMOVE TTL' : `MODIFY TTL toDateTime(ts) + toIntervalDay(${days})`;
  await store.command(`ALTER TABLE ${topic}${onCluster(variant)} ${change}`);
}

async function apply(store: Commands, variant: Variant, { version, step, name, text, checksum }: Step): Promise<void> {
  try {
    await store.command(render(text, variant));
  } catch (error) {
    if (error instanceof StoreError)
      throw new StoreError(`Migration ${name}, step ${step}: ${error.message}`, error.code, error.symbol, error);
    throw error;
  }
  const values = `${version}, ${step}, ${quote(name)}, ${quote(checksum)}`;
  await store.command(`INSERT INTO schema_migrations (version, step, name, checksum) SELECT ${values}`);
}

/** A store with steps that this program does not know, or knows otherwise, is left alone. */
function checkHistory(applied: readonly Applied[], steps: readonly Step[]): void {
  const known = new Map(steps.map((step) => [`${step.version}/${step.step}`, step]));
  for (const { version, step, checksum } of applied) {
    const own = known.get(`${version}/${step}`);
    if (!own)
      throw new StoreError(
        `The store has migration ${version} (step ${step}), which this version of Swarmscope does not know: it is too old for this store.`,
      );
    if (own.checksum !== checksum)
      throw new StoreError(
        `Migration ${own.name} (step ${step}) is not the one that this store has had: applied migrations must not be edited.`,
      );
  }
}

/** Views that are recomputed in intervals: those of a row together, each row after those that it reads. */
const REFRESHED = [
  ['dying_view', 'stored_1h_view', 'overview_1h_view', 'forecast_retention_view'],
  ['forecast_cohorts_view'],
  ['forecast_view'],
  ['forecast_1d_view'],
] as const;

/** How often views are looked at until they are recomputed: each time costs a tenth of a second or a whole run of them. */
const LOOKS_MAX = 3_000;
const LOOK_MS = 100;

/** Recomputes them now, each from what was there when this was called. */
export async function refreshViews(store: Commands): Promise<void> {
  for (const views of REFRESHED) await refreshTogether(store, views);
}

/**
 * REFRESH only asks for a run, and WAIT answers at once when none has begun; one that is under way may have read before the newest rows
 * came. So it is asked for until a run succeeded that began later than now; the engine tells that in seconds.
 */
async function refreshTogether(store: Commands, views: readonly string[]): Promise<void> {
  const [now] = await store.select<{ s: number }>('SELECT toUnixTimestamp(now()) AS s');
  let waiting = views;
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    for (const ask of ['REFRESH', 'WAIT']) for (const view of waiting) await store.command(`SYSTEM ${ask} VIEW ${view}`);
    const found = await store.select<{ view: string; began: number; exception: string }>(
      `SELECT view, toUInt32(ifNull(toUnixTimestamp(last_success_time), 0)) AS began, exception FROM system.view_refreshes
       WHERE database = currentDatabase() AND view IN (${waiting.map(quote).join(', ')})`,
    );
    const failed = found.find(({ exception }) => exception !== '');
    if (failed) throw StoreError.fromText(failed.exception);
    const done = new Set(found.filter(({ began }) => began > now!.s).map(({ view }) => view));
    waiting = waiting.filter((view) => !done.has(view));
    if (waiting.length === 0) return;
    await setTimeout(LOOK_MS);
  }
  throw new StoreError(`${waiting.join(', ')}: not recomputed in time.`);
}
