// The text of statements: inserts with their settings inside, literals, query parameters in ClickHouse's escaped text form.
import { insertColumns } from '@swarmscope/events/table.ts';
import { REJECTED_COLUMNS } from './rejected.ts';
import type { Parameters, ParameterValue, Table } from './store.ts';

/** A string literal of SQL. */
export function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** Columns that an insert into a table names, in the order of its lines. */
export function columnsToInsert(table: Table): readonly string[] {
  return table === 'rejected' ? REJECTED_COLUMNS : insertColumns(table);
}

/**
 * Settings of an insert. They stand inside the statement, because a setting of a session outlives it and a token that
 * stays would swallow the next insert. One insert is one block; the same rows with the same token are dropped, in the
 * targets of the views too.
 */
export function insertSettings(token: string): Readonly<Record<string, string | number>> {
  return {
    async_insert: 0,
    insert_deduplicate: 1,
    insert_deduplication_token: token,
    deduplicate_blocks_in_dependent_materialized_views: 1,
    max_insert_block_size: 1_000_000,
    min_insert_block_size_rows: 1_000_000,
    min_insert_block_size_bytes: 0,
    max_partitions_per_insert_block: 1_000,
  };
}

/** `INSERT INTO t (...) SETTINGS ... FORMAT JSONCompactEachRow`, to be followed by the lines. */
export function insertStatement(table: Table, token: string): string {
  const settings = Object.entries(insertSettings(token)).map(([name, value]) => `${name}=${literal(value)}`);
  const columns = columnsToInsert(table).join(', ');
  return `INSERT INTO ${table} (${columns}) SETTINGS ${settings.join(', ')} FORMAT JSONCompactEachRow`;
}

function literal(value: string | number): string {
  return typeof value === 'number' ? String(value) : quote(value);
}

/** `SET param_a = ..., param_b = ...` for a session, or '' without parameters; the values are in text form. */
export function parameterStatement(texts: Readonly<Record<string, string>>): string {
  const entries = Object.entries(texts).map(([name, text]) => `param_${identifier(name)} = ${quote(text)}`);
  return entries.length === 0 ? '' : `SET ${entries.join(', ')}`;
}

export function parameterTexts(parameters: Parameters): Record<string, string> {
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, parameterText(value)]));
}

/** A parameter as the HTTP interface takes it in `param_x`: escaped as a tab-separated field. */
export function parameterText(value: ParameterValue): string {
  return typeof value === 'string' ? escapeField(value) : elementText(value);
}

function elementText(value: ParameterValue): string {
  if (value === null) return '\\N';
  if (value instanceof Date) return (value.getTime() / 1_000).toFixed(3);
  if (typeof value === 'string') return quote(value);
  if (typeof value !== 'object') return String(value);
  return `[${value.map((each) => (each === null ? 'NULL' : elementText(each))).join(',')}]`;
}

function escapeField(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
}

/** A name that may stand in SQL as it is; anything else is refused. */
export function identifier(name: string): string {
  if (!/^[A-Za-z_]\w{0,127}$/.test(name)) throw new TypeError(`${JSON.stringify(name)} is no identifier.`);
  return name;
}
