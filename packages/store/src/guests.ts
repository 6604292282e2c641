// Questions of strangers (the HTTP front): what they may set, which formats come as a stream.
import { identifier, quote } from './statement.ts';
import { CODES, StoreError } from './store.ts';

/** A statement as a client sent it. `parameters` are in ClickHouse's text form (as `param_x`); `format` holds where the SQL names none. */
export interface GuestQuery {
  readonly sql: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string>>;
  readonly format: string;
}

export interface GuestAnswer {
  readonly format: string;
  readonly body: AsyncIterable<Uint8Array>;
}

export interface Guests {
  /** Throws StoreError: what is refused, what the engine says, or too many at once. */
  ask(query: GuestQuery): Promise<GuestAnswer>;
}

/** Formats whose pieces, cut between rows, put one after the other, are the whole. Not those with a head, a tail or separators. */
const STREAMABLE = new Set([
  'TabSeparated',
  'TSV',
  'TabSeparatedRaw',
  'TSVRaw',
  'CSV',
  'JSONEachRow',
  'JSONLines',
  'NDJSON',
  'JSONCompactEachRow',
  'JSONStringsEachRow',
  'JSONCompactStringsEachRow',
  'RowBinary',
  'Native',
]);

export function isStreamable(format: string): boolean {
  return STREAMABLE.has(format);
}

const TIMEOUT_MAX_S = 300;
/** Settings that are ours, or meaningless here. Clients send them as a habit; they are left out without a word. */
const IGNORED =
  /^(readonly|allow_ddl|allow_introspection_functions|max_memory_usage\w*|max_bytes_before_external_\w+|send_progress_in_http_headers|http_headers_progress_interval_ms|wait_end_of_query|cancel_http_readonly_queries_on_client_close|enable_http_compression|http_zlib_compression_level|session_\w+|user_files_\w+|async_insert|wait_for_async_insert|insert_\w+|log_\w+)$/;

/** `; SET a = '1'` for what a guest set, to be run where readonly = 2 holds already. */
export function settingsOfGuest(settings: Readonly<Record<string, string>>): string {
  const entries = Object.entries(settings).filter(([name]) => !IGNORED.test(name));
  if (entries.length === 0) return '';
  const texts = entries.map(
    ([name, value]) => `${nameOf(name)} = ${quote(name === 'max_execution_time' ? bounded(value) : value)}`,
  );
  return `; SET ${texts.join(', ')}`;
}

function nameOf(name: string): string {
  try {
    return identifier(name);
  } catch (error) {
    throw new StoreError(`Unknown setting ${JSON.stringify(name)}`, 115, 'UNKNOWN_SETTING', error);
  }
}

/** 0 would be "no limit". */
function bounded(seconds: string): string {
  const value = Number(seconds);
  if (!Number.isFinite(value))
    throw new StoreError(`Bad max_execution_time ${JSON.stringify(seconds)}`, CODES.SYNTAX_ERROR, 'SYNTAX_ERROR');
  return String(value > 0 ? Math.min(value, TIMEOUT_MAX_S) : TIMEOUT_MAX_S);
}
