// The store on a ClickHouse server, over HTTP.
import { type ClickHouseClient, ClickHouseError, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import type { Topic } from '@swarmscope/events/definitions.ts';
import { type Erasure, eraseSwarms } from './erase.ts';
import { applyMigrations, type Commands, refreshViews } from './migrate.ts';
import { distributedLayer, SHOWN_TABLES, type Variant } from './migrations.ts';
import { type Account, roleStatements } from './roles.ts';
import { identifier, insertStatement, parameterTexts } from './statement.ts';
import { type MigrationReport, type Parameters, type QueryOptions, type Store, StoreError, type Table } from './store.ts';

export interface HttpOptions {
  /** `http://user:password@host:8123/database`; the database is made when absent, `default` without one. */
  readonly url: string;
  /** Name of the cluster: tables are replicated, and the database `..._all` shows all shards as one. */
  readonly cluster?: string;
  /** An insert without an answer is given up; the same token makes it safe to repeat. */
  readonly insertTimeoutMs?: number;
  /** Days that raw rows are kept, where it is not the default; 0 is for ever. `migrate` applies it, also to tables that are there. */
  readonly retentionDays?: Partial<Record<Topic, number>>;
}

const TIMEOUT_MS = 60_000;
const INSERT_TIMEOUT_MS = 120_000;
/** Above the engine's own limit: its answer is the better error. */
const GRACE_MS = 30_000;
const WINDOW = 10_000;
/** How much of the end of a stream is looked at for an error that came after its beginning. */
const TAIL_BYTES = 32 * 1024;

export interface ServerStore extends Store {
  /** Makes the roles of the database and these accounts; those that are there get their password anew. Needs an account that may do so. */
  grant(accounts: readonly Account[]): Promise<void>;
}

/** A store on a server. Nothing is asked yet: a server that does not answer shows with the first call. */
export function openHttp(options: HttpOptions): ServerStore {
  return new HttpStore(options);
}

class HttpStore implements ServerStore {
  readonly #client: ClickHouseClient;
  readonly #options: HttpOptions;

  constructor(options: HttpOptions) {
    this.#options = options;
    this.#client = clientOf(options.url);
  }

  async migrate(): Promise<MigrationReport> {
    await this.#makeDatabase();
    const { cluster } = this.#options;
    const report = await applyMigrations(this.#commands(), this.#variant());
    if (cluster !== undefined && report.applied.length > 0) await this.#distribute(cluster);
    return report;
  }

  async grant(accounts: readonly Account[]): Promise<void> {
    for (const sql of roleStatements(accounts, this.#database, this.#variant())) await this.#command(sql);
  }

  #variant(): Variant {
    const { cluster, retentionDays } = this.#options;
    return { window: WINDOW, ...(cluster && { cluster }), ...(retentionDays && { retentionDays }) };
  }

  #commands(): Commands {
    return { command: (sql) => this.#command(sql), select: (sql) => this.query(sql) };
  }

  async #distribute(cluster: string): Promise<void> {
    const tables = await this.query<{ name: string }>(SHOWN_TABLES);
    const names = tables.map(({ name }) => name);
    for (const sql of distributedLayer(this.#database, identifier(cluster), names)) await this.#command(sql);
  }

  insert(table: Table, lines: readonly string[], token: string): Promise<void> {
    if (lines.length === 0) return Promise.resolve();
    const { insertTimeoutMs = INSERT_TIMEOUT_MS } = this.#options;
    return this.#command(`${insertStatement(table, token)}\n${lines.join('\n')}`, AbortSignal.timeout(insertTimeoutMs));
  }

  async query<T>(sql: string, parameters: Parameters = {}, { timeoutMs = TIMEOUT_MS }: QueryOptions = {}): Promise<T[]> {
    const settings = {
      ...questionSettings(parameters, timeoutMs, 'JSONEachRow'),
      wait_end_of_query: 1,
      output_format_json_quote_64bit_integers: 0,
    };
    const stream = await this.#exec(sql, settings, timeoutMs);
    const chunks: Uint8Array[] = [];
    for await (const chunk of checked(stream)) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString().trimEnd();
    return text === '' ? [] : text.split('\n').map((line) => JSON.parse(line) as T);
  }

  async *stream(
    sql: string,
    parameters: Parameters,
    format: string,
    { timeoutMs = TIMEOUT_MS }: QueryOptions = {},
  ): AsyncIterable<Uint8Array> {
    yield* checked(await this.#exec(sql, questionSettings(parameters, timeoutMs, format), timeoutMs));
  }

  erase(swarms: Erasure): Promise<string[]> {
    return eraseSwarms(this.#commands(), this.#variant(), swarms);
  }

  refresh(): Promise<void> {
    return refreshViews(this.#commands());
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  get #database(): string {
    return identifier(new URL(this.#options.url).pathname.slice(1) || 'default');
  }

  async #makeDatabase(): Promise<void> {
    const database = this.#database;
    if (database === 'default') return;
    const url = new URL(this.#options.url);
    url.pathname = '';
    const client = clientOf(url.href);
    const { cluster } = this.#options;
    try {
      const onCluster = cluster === undefined ? '' : ` ON CLUSTER ${identifier(cluster)}`;
      await client.command({ query: `CREATE DATABASE IF NOT EXISTS ${database}${onCluster}` });
    } catch (error) {
      throw asStoreError(error);
    } finally {
      await client.close();
    }
  }

  async #command(query: string, signal?: AbortSignal): Promise<void> {
    try {
      await this.#client.command({
        query,
        clickhouse_settings: { wait_end_of_query: 1 },
        ...(signal && { abort_signal: signal }),
      });
    } catch (error) {
      throw asStoreError(error);
    }
  }

  async #exec(query: string, settings: Record<string, string | number>, timeoutMs: number): Promise<AsyncIterable<Uint8Array>> {
    try {
      const { stream } = await this.#client.exec({
        query,
        clickhouse_settings: settings,
        abort_signal: AbortSignal.timeout(timeoutMs + GRACE_MS),
      });
      return stream;
    } catch (error) {
      throw asStoreError(error);
    }
  }
}

function clientOf(url: string): ClickHouseClient {
  return createClient({
    url,
    application: 'swarmscope',
    request_timeout: 600_000,
    max_open_connections: 16,
    compression: { request: false, response: true },
    log: { level: ClickHouseLogLevel.OFF },
  });
}

/** Everything of a question travels in the address: parameters as `param_x`, the format, the limits. */
function questionSettings(parameters: Parameters, timeoutMs: number, format: string): Record<string, string | number> {
  const texts = Object.entries(parameterTexts(parameters)).map(([name, text]) => [`param_${identifier(name)}`, text]);
  return {
    ...Object.fromEntries(texts),
    default_format: format,
    max_execution_time: timeoutMs / 1_000,
    session_timezone: 'UTC',
    readonly: 2,
  };
}

/** A server says 200 before it is done: what went wrong later stands at the end of the body, and the connection may break. */
async function* checked(stream: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let tail = Buffer.alloc(0);
  let broken: unknown;
  try {
    for await (const chunk of stream) {
      tail = Buffer.concat([tail, chunk]).subarray(-TAIL_BYTES);
      yield chunk;
    }
  } catch (error) {
    broken = error;
  }
  const found = /__exception__\r?\n[\s\S]*?(Code: \d+\. DB::Exception: [\s\S]*)/.exec(tail.toString('latin1'));
  if (found) throw StoreError.fromText(found[1]!.replace(/\r?\n\d+ \w+\r?\n__exception__\s*$/, '').trim(), broken);
  if (broken !== undefined) throw asStoreError(broken);
}

function asStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  if (error instanceof ClickHouseError)
    return new StoreError(error.message.replace(/ \(version [^)]*\)/g, ''), Number(error.code), error.type ?? '', error);
  const message = error instanceof Error ? error.message : String(error);
  return new StoreError(`The ClickHouse server does not answer: ${message}`, 0, '', error);
}
