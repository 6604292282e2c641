// The embedded store: ClickHouse itself in this process (chDB), through a pool of its sessions. Linux with glibc and macOS only.
import { mkdirSync } from 'node:fs';
import { totalmem } from 'node:os';
import { resolve } from 'node:path';
import type { Topic } from '@swarmscope/events/definitions.ts';
import type { ChdbResult, Session } from 'chdb';
import { type Erasure, eraseSwarms } from './erase.ts';
import { checkGuest } from './guard.ts';
import { GUEST_DEFAULTS, type GuestAnswer, type GuestQuery, type Guests, isStreamable, settingsOfGuest } from './guests.ts';
import { applyMigrations, type Commands, refreshViews } from './migrate.ts';
import { NoSlot, Slots } from './slots.ts';
import { columnsToInsert, insertSettings, parameterStatement, parameterTexts } from './statement.ts';
import { CODES, type MigrationReport, type Parameters, type QueryOptions, type Store, StoreError, type Table } from './store.ts';

export interface EmbeddedOptions {
  /** Where the data lies; made when absent. One process per directory, one directory per process at a time. */
  readonly directory: string;
  /** Days that raw rows are kept, where it is not the default; 0 is for ever. `migrate` applies it, also to tables that are there. */
  readonly retentionDays?: Partial<Record<Topic, number>>;
}

type Engine = typeof import('chdb');

const DATABASE = 'swarmscope';
/** Statements at the same time, by class: a slow question of a guest takes no place of ingest or of the boards. */
const PLACES = { write: 2, read: 4, guest: 4 } as const;
const QUEUE_MAX = { write: 1_000, read: 1_000, guest: 64 } as const;
/** The engine runs a statement on a thread of libuv's pool: all places, and some for files and names. */
const THREADS = 16;
const TIMEOUT_MS = 60_000;
/** The engine shares the memory of the machine with this process and others: a question takes a tenth of it at most, and goes to disk from half of that on. */
const MEMORY_BYTES = Math.floor(Math.min(2_000_000_000, totalmem() / 10));
const READ_SETTINGS = [
  `max_memory_usage = ${MEMORY_BYTES}`,
  `max_bytes_before_external_group_by = ${Math.floor(MEMORY_BYTES / 2)}`,
  `max_bytes_before_external_sort = ${Math.floor(MEMORY_BYTES / 2)}`,
  "session_timezone = 'UTC'",
].join(', ');
const WINDOW = 1_000;

// libuv reads it when its pool starts, with the first statement or file: main.ts should set it, this is for tests and scripts.
process.env['UV_THREADPOOL_SIZE'] ??= String(THREADS);

/** Opens the store; throws StoreError with one sentence where the engine does not exist or the directory is another process's. */
export async function openEmbedded(options: EmbeddedOptions): Promise<EmbeddedStore> {
  const engine = await loadEngine();
  const directory = resolve(options.directory);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const store = new EmbeddedStore(engine, { ...options, directory });
  try {
    await store.prepare();
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
}

async function loadEngine(): Promise<Engine> {
  try {
    const engine = (await import('chdb')) as Engine & { default?: Engine };
    return engine.Session ? engine : engine.default!;
  } catch (cause) {
    const message =
      `The embedded ClickHouse (chDB) does not exist for this system (${process.platform} ${process.arch}); ` +
      'run on Linux with glibc or on macOS, or run the separate services against a ClickHouse server (docs/operations.md).';
    throw new StoreError(message, 0, '', cause);
  }
}

export class EmbeddedStore implements Store, Guests {
  readonly #engine: Engine;
  readonly #options: EmbeddedOptions;
  readonly #writers: Session[] = []; // bound: PLACES.write
  readonly #slots = {
    write: new Slots(PLACES.write, QUEUE_MAX.write),
    read: new Slots(PLACES.read, QUEUE_MAX.read),
    guest: new Slots(PLACES.guest, QUEUE_MAX.guest),
  };
  #closed = false;

  constructor(engine: Engine, options: EmbeddedOptions) {
    this.#engine = engine;
    this.#options = options;
  }

  /**
   * Makes the database. chDB's `default` database shows every file of the machine as a table: it is replaced by an empty one, which
   * lasts as long as some session is open, unless somebody has put tables there.
   */
  async prepare(): Promise<void> {
    for (let i = 0; i < PLACES.write; i += 1) this.#writers.push(this.#open());
    const [session] = this.#writers as [Session];
    await run(session, `CREATE DATABASE IF NOT EXISTS ${DATABASE}`);
    const foreign = await run(session, "SELECT name FROM system.tables WHERE database = 'default' LIMIT 1");
    if (foreign.text() !== '')
      throw new StoreError(`${this.#options.directory} holds tables of somebody else (database "default").`);
    await run(session, 'DROP DATABASE default; CREATE DATABASE default ENGINE = Atomic');
    for (const writer of this.#writers) await run(writer, `USE ${DATABASE}`);
  }

  migrate(): Promise<MigrationReport> {
    const { retentionDays } = this.#options;
    return applyMigrations(this.#commands(), { window: WINDOW, ...(retentionDays && { retentionDays }) });
  }

  #commands(): Commands {
    return { command: (sql) => this.tell(sql), select: (sql) => this.query(sql) };
  }

  async insert(table: Table, lines: readonly string[], token: string): Promise<void> {
    if (lines.length === 0) return;
    const values = Buffer.from(lines.join('\n'));
    const columns = columnsToInsert(table);
    await this.#write(async (writer) => {
      await writer.insert({ table, values, columns, settings: insertSettings(token), format: 'JSONCompactEachRow' });
    });
  }

  async query<T>(sql: string, parameters: Parameters = {}, options: QueryOptions = {}): Promise<T[]> {
    const setup = readSetup(parameterTexts(parameters), options);
    return rowsOf<T>(await this.#read('read', setup, (session) => run(session, sql, 'JSONEachRow')));
  }

  async *stream(sql: string, parameters: Parameters, format: string, options: QueryOptions = {}): AsyncIterable<Uint8Array> {
    yield* this.#bytes('read', readSetup(parameterTexts(parameters), options), sql, format, isStreamable(format));
  }

  /** A question of a stranger: checked, read-only, with its own places. The body may still fail while it is read. */
  async ask(query: GuestQuery): Promise<GuestAnswer> {
    const setup = guestSetup(query);
    const checked = await this.#read('guest', setup, (session) =>
      checkGuest(query.sql, async (sql) => (await run(session, sql, 'TSVRaw')).text()),
    );
    const format = checked.format ?? query.format;
    const isPieces = checked.isSelect && isStreamable(format);
    return { format, body: this.#bytes('guest', setup, checked.sql, format, isPieces) };
  }

  tell(sql: string): Promise<void> {
    return this.#write(async (writer) => void (await run(writer, sql)));
  }

  erase(swarms: Erasure): Promise<string[]> {
    return eraseSwarms(this.#commands(), { window: WINDOW }, swarms);
  }

  refresh(): Promise<void> {
    return refreshViews(this.#commands());
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#engine.drainPending();
    for (const writer of this.#writers.splice(0)) writer.close();
    await this.#engine.drainPending();
  }

  /** Formats that can be cut anywhere between rows come as they are made, all others whole. */
  async *#bytes(
    place: 'read' | 'guest',
    setup: string,
    sql: string,
    format: string,
    isPieces: boolean,
  ): AsyncIterable<Uint8Array> {
    if (!isPieces) {
      yield (await this.#read(place, setup, (session) => run(session, sql, format))).bytes();
      return;
    }
    const release = await this.#take(place);
    const session = this.#open();
    try {
      await run(session, setup);
      for await (const chunk of session.queryStream(sql, { format })) yield chunk.raw();
    } catch (error) {
      throw asStoreError(error);
    } finally {
      session.close();
      release();
    }
  }

  /** A session of its own for each question (1 ms): nothing that is set for one is there for the next. */
  async #read<T>(place: 'read' | 'guest', setup: string, work: (session: Session) => Promise<T>): Promise<T> {
    const release = await this.#take(place);
    try {
      const session = this.#open();
      try {
        await run(session, setup);
        return await work(session);
      } finally {
        session.close();
      }
    } finally {
      release();
    }
  }

  async #write<T>(work: (writer: Session) => Promise<T>): Promise<T> {
    const release = await this.#take('write');
    const writer = this.#writers.pop();
    try {
      if (!writer) throw new StoreError('The store is closed.');
      return await work(writer);
    } catch (error) {
      throw asStoreError(error);
    } finally {
      if (writer) this.#writers.push(writer);
      release();
    }
  }

  /** Work that waited while the store was closed is refused, too: a session would open the engine again. */
  async #take(place: keyof typeof PLACES): Promise<() => void> {
    this.#refuseIfClosed();
    try {
      const release = await this.#slots[place].take();
      if (this.#closed) release();
      this.#refuseIfClosed();
      return release;
    } catch (error) {
      if (!(error instanceof NoSlot)) throw error;
      throw new StoreError(error.message, CODES.TOO_MANY_SIMULTANEOUS_QUERIES, 'TOO_MANY_SIMULTANEOUS_QUERIES', error);
    }
  }

  #refuseIfClosed(): void {
    if (this.#closed) throw new StoreError('The store is closed.');
  }

  #open(): Session {
    const { directory } = this.#options;
    try {
      return new this.#engine.Session(directory);
    } catch (cause) {
      throw new StoreError(
        `The store in ${directory} cannot be opened: it is in use by another process, or cannot be written.`,
        0,
        '',
        cause,
      );
    }
  }
}

function readSetup(texts: Readonly<Record<string, string>>, { timeoutMs = TIMEOUT_MS }: QueryOptions): string {
  const settings = `SET ${READ_SETTINGS}, max_execution_time = ${timeoutMs / 1_000}`;
  return [`USE ${DATABASE}`, parameterStatement(texts), settings, 'SET readonly = 2'].filter((each) => each !== '').join('; ');
}

/** After `readonly = 1` nothing can be set any more, also not inside the question. */
function guestSetup({ parameters, settings }: GuestQuery): string {
  const ours = `SET ${READ_SETTINGS}, ${GUEST_DEFAULTS}, max_execution_time = ${TIMEOUT_MS / 1_000}`;
  const parts = [`USE ${DATABASE}`, parameterStatement(parameters), ours].filter((each) => each !== '');
  return `${parts.join('; ')}${settingsOfGuest(settings)}; SET readonly = 1`;
}

async function run(session: Session, sql: string, format = 'JSONEachRow'): Promise<ChdbResult> {
  try {
    return await session.queryAsync(sql, { format });
  } catch (error) {
    throw asStoreError(error);
  }
}

function rowsOf<T>(result: ChdbResult): T[] {
  const text = result.text().trimEnd();
  return text === '' ? [] : text.split('\n').map((line) => JSON.parse(line) as T);
}

function asStoreError(error: unknown): unknown {
  if (error instanceof StoreError || !(error instanceof Error) || !('code' in error)) return error;
  return StoreError.fromText(error.message, error);
}
