// What `swarmscope export` does: rows of what holds no person, k-anonymous groups of what does, as CSV, NDJSON or Parquet.

import { once } from 'node:events';
import { closeSync, openSync, writeSync } from 'node:fs';
import type { ExportOptions } from './commands/export.ts';
import { exportSql } from './export-sql.ts';
import { EXPORTS, type ExportTable, isExportTable } from './export-tables.ts';
import { explainError, usageFailure } from './failure.ts';
import { withStore } from './store-access.ts';
import type { Terminal } from './terminal.ts';

const DAY_MS = 86_400_000;
const FAR_MS = Date.UTC(2200, 0);
const CLICKHOUSE_FORMATS = { csv: 'CSVWithNames', ndjson: 'JSONEachRow', parquet: 'Parquet' } as const;

export async function exportTable(table: string, options: ExportOptions, terminal: Terminal): Promise<void> {
  if (!isExportTable(table))
    throw usageFailure(`there is no table ${JSON.stringify(table)} to export; there are: ${Object.keys(EXPORTS).join(', ')}`);
  const parameters = exportParameters(table, options, Date.now());
  await withStore(options, 'export', async (store) => {
    const output = openOutput(options.output, terminal);
    try {
      for await (const bytes of store.stream(exportSql(table), parameters, CLICKHOUSE_FORMATS[options.format]))
        await output.write(bytes);
    } finally {
      output.close();
    }
  });
}

/** Of groups only whole days that are over: two exports that differ by an hour would tell who came in it. */
export function exportParameters(
  table: ExportTable,
  { since, until, k }: Pick<ExportOptions, 'since' | 'until' | 'k'>,
  nowMs: number,
): Record<string, number> {
  const from = readTime('--since', since, 0);
  const isGrouped = EXPORTS[table].kind === 'groups';
  if (!isGrouped) return { since: from, until: readTime('--until', until, FAR_MS) };
  const today = nowMs - (nowMs % DAY_MS);
  const to = readTime('--until', until, today);
  for (const [flag, time] of [['--since', from] as const, ['--until', to] as const])
    if (time % DAY_MS !== 0) throw usageFailure(`${table} is exported by whole days: ${flag} is a date, as 2026-11-24`);
  return { since: from, until: Math.min(to, today), k };
}

function readTime(flag: string, text: string | undefined, missing: number): number {
  if (text === undefined) return missing;
  const zoned = /T.*(Z|[+-]\d\d:?\d\d)$/.test(text) || /^\d{4}-\d\d-\d\d$/.test(text) ? text : `${text}Z`;
  const time = Date.parse(zoned);
  if (Number.isNaN(time))
    throw usageFailure(`${flag} is a time like 2026-11-24 or 2026-11-24T12:00:00Z, not ${JSON.stringify(text)}`);
  return time;
}

interface Output {
  write(bytes: Uint8Array): Promise<void>;
  close(): void;
}

function openOutput(file: string | undefined, terminal: Terminal): Output {
  if (file === undefined) {
    return {
      async write(bytes) {
        if (!terminal.printBytes(bytes)) await once(process.stdout, 'drain');
      },
      close() {},
    };
  }
  try {
    const handle = openSync(file, 'w', 0o600);
    return {
      async write(bytes) {
        let at = 0;
        while (at < bytes.length) at += writeSync(handle, bytes, at);
      },
      close: () => closeSync(handle),
    };
  } catch (error) {
    throw usageFailure(`cannot write ${file}: ${explainError(error)}`);
  }
}
