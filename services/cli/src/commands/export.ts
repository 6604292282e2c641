// `swarmscope export`: a table without addresses, for others.
import { Command, Option } from 'commander';
import { dataOption } from '../arguments.ts';
import type { Terminal } from '../terminal.ts';

export const EXPORT_FORMATS = ['csv', 'ndjson', 'parquet'] as const;

export interface ExportOptions {
  format: (typeof EXPORT_FORMATS)[number];
  output?: string;
  since?: string;
  until?: string;
  store?: string;
  data: string;
}

const HELP = `
Columns that name or point to an address (raw ones, prefixes, pseudonyms, reporters) are left out; what is left says nothing about a person.

Examples:
  $ swarmscope export swarm_sampled --since 2026-11-01 --output swarms.csv
  $ swarmscope export torrent_resolved --format ndjson | gzip > torrents.ndjson.gz
  $ swarmscope export peer_probed --format parquet --output peers.parquet`;

export function exportCommand(terminal: Terminal): Command {
  return new Command('export')
    .description('write a table without addresses as CSV, NDJSON or Parquet')
    .argument('<table>', 'table (docs/schema.md)')
    .addOption(new Option('--format <format>', 'file format').choices(EXPORT_FORMATS).default('csv'))
    .option('--output <file>', 'write to this file (replaced) instead of standard output')
    .option('--since <time>', 'rows from this time on (ISO 8601, UTC)')
    .option('--until <time>', 'rows before this time (ISO 8601, UTC)')
    .option('--store <url>', 'a ClickHouse server instead of the embedded store')
    .addOption(dataOption())
    .addHelpText('after', HELP)
    .action(async (table: string, options: ExportOptions) => {
      const { exportTable } = await import('../export.ts');
      await exportTable(table, options, terminal);
    });
}
