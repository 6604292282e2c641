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
  /** Runs a statement that changes something, as it is. Not for strangers. */
  tell(sql: string): Promise<void>;
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
const THREADS_MAX = 4;
/** Settings that are ours, or meaningless here. Clients send them as a habit; they are left out without a word. */
const IGNORED =
  /^(readonly|allow_\w+|max_memory_\w+|memory_\w+|max_bytes_before_\w+|max_untracked_memory|max_result_bytes|timeout_\w+|max_execution_time_leaf|max_estimated_execution_time|\w*http\w*|wait_end_of_query|session_\w+|user_files_\w+|\w*async_insert\w*|insert_\w+|log_\w+|priority|workload|storage_\w+|use_\w*cache\w*|limit|offset|profile)$/;
const BOUNDED: Readonly<Record<string, number>> = { max_execution_time: TIMEOUT_MAX_S, max_threads: THREADS_MAX };
/** What every stranger's question has, before its own settings and after its parameters. */
export const GUEST_DEFAULTS = `max_threads = 2, max_result_bytes = ${256 * 1024 * 1024}, result_overflow_mode = 'throw'`;

/** `; SET a = '1'` for what a guest set. */
export function settingsOfGuest(settings: Readonly<Record<string, string>>): string {
  const entries = Object.entries(settings).filter(([name]) => !IGNORED.test(name));
  if (entries.length === 0) return '';
  const texts = entries.map(([name, value]) => `${nameOf(name)} = ${quote(bounded(name, value))}`);
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
function bounded(name: string, text: string): string {
  const max = BOUNDED[name];
  if (max === undefined) return text;
  const value = Number(text);
  if (!Number.isFinite(value))
    throw new StoreError(`Bad value ${JSON.stringify(text)} of ${name}`, CODES.SYNTAX_ERROR, 'SYNTAX_ERROR');
  return String(value > 0 ? Math.min(value, max) : max);
}
