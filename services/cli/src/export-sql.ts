// The SELECT of an export: rows of what holds no person, k-anonymous groups of what does.
import { isTopic } from '@swarmscope/events/definitions.ts';
import { columnsOf } from '@swarmscope/events/table.ts';
import { EXPORTS, type ExportTable, type GroupExport, type RowExport } from './export-tables.ts';

/** A host whose last label is a number is an IPv4 address however it is written (WHATWG URL); one in brackets is IPv6. */
const HOST_IS_ADDRESS = String.raw`'^(\\w+://)(?:\\[[^\\]]*\\]|(?:[^/:\\[\\]]*\\.)?(?:[0-9]+|0[xX][0-9a-fA-F]*)\\.?)(:[0-9]+)?$'`;

/** Parameters: `since` and `until` in epoch ms; of groups also `k`, and both times are midnights (UTC). */
export function exportSql(table: ExportTable): string {
  const plan = EXPORTS[table];
  return plan.kind === 'rows' ? rowsSql(table, plan) : groupsSql(table, plan);
}

function rowsSql(table: ExportTable, { time, columns, hosts = [] }: RowExport): string {
  const hex = hexColumns(table);
  const selected = columns.map((name) => {
    if (hex.has(name)) return `lower(hex(t.${name})) AS ${name}`;
    if (hosts.includes(name)) return `replaceRegexpOne(toString(t.${name}), ${HOST_IS_ADDRESS}, '\\\\1address\\\\2') AS ${name}`;
    return `t.${name} AS ${name}`;
  });
  const final = isTopic(table) ? '' : ' FINAL';
  return `SELECT ${selected.join(', ')} FROM ${table} AS t${final} WHERE ${within(`t.${time}`)} ORDER BY t.${time}`;
}

/**
 * Groups of at least k distinct members of the crowd. Smaller ones are merged into one row (`merged` = 1, its group columns NULL) per value of
 * what they have in common. Is that row still too small, the smallest other group goes into it, so that published rows and a total known from
 * elsewhere leave a remainder of nobody or of k and more; with no group to take, nothing is told. An epoch of the key is never counted with another.
 */
function groupsSql(table: ExportTable, { common, groups, crowd: [member, members], count }: GroupExport): string {
  const shared = ['day', 'network', 'key_epoch', ...common];
  const kinds = groups.join(', ');
  const told = groups.map((name) => `if(t.merged, NULL, t.${name})`);
  const keys = [...shared.map((name) => `t.${name}`), 't.merged', ...told].join(', ');
  const named = [...shared, 'merged'].map((name) => `t.${name} AS ${name}`);
  return `WITH
cells AS (
  SELECT toDate(ts) AS day, network, key_epoch, ${[...common, ...groups].join(', ')},
    uniqExactState(assumeNotNull(${member})) AS crowd, uniqExact(assumeNotNull(${member})) AS size, count() AS each
  FROM ${table} WHERE ${within('ts')} AND ${member} IS NOT NULL GROUP BY ${shared.join(', ')}, ${kinds}
),
marked AS (
  SELECT *, size < {k:UInt32} AS small,
    uniqExactMergeIf(crowd, size < {k:UInt32}) OVER (PARTITION BY ${shared.join(', ')}) AS remainder,
    row_number() OVER (PARTITION BY ${shared.join(', ')} ORDER BY size < {k:UInt32}, size, ${kinds}) AS turn
  FROM cells
),
told AS (SELECT *, small OR (remainder > 0 AND remainder < {k:UInt32} AND turn = 1) AS merged FROM marked)
SELECT ${named.join(', ')}, ${groups.map((name, i) => `${told[i]} AS ${name}`).join(', ')},
  uniqExactMerge(t.crowd) AS ${members}, sum(t.each) AS ${count}
FROM told AS t GROUP BY ${keys}
HAVING ${members} >= {k:UInt32} ORDER BY ${keys}`;
}

function within(time: string): string {
  return `${time} >= fromUnixTimestamp64Milli({since:Int64}) AND ${time} < fromUnixTimestamp64Milli({until:Int64})`;
}

/** Columns of bytes, which leave as text. */
function hexColumns(table: ExportTable): Set<string> {
  if (!isTopic(table)) return new Set(['swarm_id']);
  return new Set(columnsOf(table).flatMap(([name, column]) => (column.hexBytes ? [name] : [])));
}
