// Which columns of a table an export has: none from which an address could be learned.
import type { Topic } from '@swarmscope/events/definitions.ts';
import { columnsOf } from '@swarmscope/events/table.ts';

/** Addresses, parts of them, pseudonyms of them, and what a stranger could link them by. */
const ABOUT_ADDRESSES =
  /endpoint|address|prefix|(^|_)key(_|$)|^node_id$|^id_prefix$|^port$|^source_id$|^scores$|_filter$|^instance_id$/;

/** The columns of a table that may leave this machine. */
export function exportableColumns(topic: Topic): string[] {
  return columnsOf(topic)
    .map(([name]) => name)
    .filter((name) => name !== 'event_version' && (name === 'peer_id_prefix' || !ABOUT_ADDRESSES.test(name)));
}

/** The SELECT of an export: hex as text, in the order of time. */
export function exportSql(topic: Topic): string {
  const hex = new Set(columnsOf(topic).flatMap(([name, column]) => (column.hexBytes ? [name] : [])));
  const columns = exportableColumns(topic).map((name) =>
    hex.has(name) ? `lower(hex(t.${name})) AS ${name}` : `t.${name} AS ${name}`,
  );
  const from = 'fromUnixTimestamp64Milli({since:Int64})';
  const until = 'fromUnixTimestamp64Milli({until:Int64})';
  return `SELECT ${columns.join(', ')} FROM ${topic} AS t WHERE t.ts >= ${from} AND t.ts < ${until} ORDER BY t.ts`;
}
