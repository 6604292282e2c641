// What `swarmscope export` does: a table as CSV, NDJSON or Parquet, without every column that names or points to an address.

import { once } from 'node:events';
import { closeSync, openSync, writeSync } from 'node:fs';
import { isTopic, TOPICS } from '@swarmscope/events/definitions.ts';
import type { ExportOptions } from './commands/export.ts';
import { exportSql } from './export-columns.ts';
import { explainError, usageFailure } from './failure.ts';
import { withStore } from './store-access.ts';
import type { Terminal } from './terminal.ts';

const CLICKHOUSE_FORMATS = { csv: 'CSVWithNames', ndjson: 'JSONEachRow', parquet: 'Parquet' } as const;

export async function exportTable(table: string, options: ExportOptions, terminal: Terminal): Promise<void> {
  if (!isTopic(table))
    throw usageFailure(`there is no table ${JSON.stringify(table)} to export; there are: ${TOPICS.join(', ')}`);
  const parameters = {
    since: readTime('--since', options.since, 0),
    until: readTime('--until', options.until, Date.UTC(2200, 0)),
  };
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
