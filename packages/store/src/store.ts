// The store: where events end and questions are asked. Two implementations (embedded chDB, ClickHouse over HTTP), one contract suite.
import type { Topic } from '@swarmscope/events/definitions.ts';
import type { Erasure } from './erase.ts';

/** A table that rows are inserted into: one per topic, and what was no event. */
export type Table = Topic | 'rejected';

/** Value of a query parameter `{name:Type}`; a Date is sent with its milliseconds, null as NULL. */
export type ParameterValue = string | number | bigint | boolean | null | Date | readonly ParameterValue[];
export type Parameters = Readonly<Record<string, ParameterValue>>;

export interface QueryOptions {
  /** The engine gives up after this time (error TIMEOUT_EXCEEDED); default 60 s. */
  readonly timeoutMs?: number;
}

export interface MigrationReport {
  /** Names of the migrations that were applied now. */
  readonly applied: readonly string[];
  /** Number of the newest migration that the store has. */
  readonly version: number;
}

export interface Store {
  /** Brings the schema to this version: numbered steps, forward only, safe to repeat. Throws StoreError when the store is newer or a step was changed. */
  migrate(): Promise<MigrationReport>;
  /**
   * Inserts rows: JSONCompactEachRow lines in the order of `insertColumns(table)` (for `rejected`: `REJECTED_COLUMNS`), as one block.
   * Rows that were inserted before with the same token are dropped, in the rollups too; kept means durable.
   */
  insert(table: Table, lines: readonly string[], token: string): Promise<void>;
  /** Rows of a SELECT as objects, read-only. 64-bit integers are numbers: `toString()` in the SQL where more than 2^53 matters. Instants are text. */
  query<T = Record<string, unknown>>(sql: string, parameters?: Parameters, options?: QueryOptions): Promise<T[]>;
  /** The bytes of a SELECT in any output format of ClickHouse, read-only. */
  stream(sql: string, parameters: Parameters, format: string, options?: QueryOptions): AsyncIterable<Uint8Array>;
  /** Recomputes the views that are recomputed in intervals (the dying list), and waits for it. */
  refresh(): Promise<void>;
  /** Takes the rows of these swarms out of every table that names swarms; answers the tables that had some. They are gone when it resolves. */
  erase(swarms: Erasure): Promise<string[]>;
  /** Waits for what is running, then lets the store go. */
  close(): Promise<void>;
}

/** ClickHouse error codes that are told apart. */
export const CODES = {
  SYNTAX_ERROR: 62,
  UNKNOWN_DATABASE: 81,
  READONLY: 164,
  TIMEOUT_EXCEEDED: 159,
  TOO_MANY_SIMULTANEOUS_QUERIES: 202,
  ACCESS_DENIED: 497,
  UNKNOWN_QUERY_PARAMETER: 456,
  AUTHENTICATION_FAILED: 516,
} as const;

/** What went wrong, in a sentence: `code` is ClickHouse's, 0 when the store could not be reached at all; `symbol` its name, as READONLY. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: number;
  readonly symbol: string;
  constructor(message: string, code = 0, symbol = '', cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.symbol = symbol;
  }

  /** From an engine's text: "Code: 62. DB::Exception: Syntax error ... (SYNTAX_ERROR)". */
  static fromText(text: string, cause?: unknown): StoreError {
    const code = Number(/Code: (\d+)\./.exec(text)?.[1] ?? 0);
    const symbol = /\(([A-Z][A-Z0-9_]+)\)[^()]*$/.exec(text)?.[1] ?? '';
    const message = text
      .replace(/^(Code: \d+\. DB::Exception: )+/, '')
      .replace(/ \(version [^)]*\)/g, '')
      .replace(/(\.? ?\([A-Z][A-Z0-9_]+\)\.?\s*)+$/, '.');
    return new StoreError(message, code, symbol, cause);
  }

  /** ClickHouse's own way to say it. */
  get text(): string {
    return `Code: ${this.code}. DB::Exception: ${this.message}${this.symbol && ` (${this.symbol})`}`;
  }
}
