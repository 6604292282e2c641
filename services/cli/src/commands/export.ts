// `swarmscope export`: a table for others, without addresses, persons only in crowds.
import { Command, InvalidArgumentError, Option } from 'commander';
import { dataOption } from '../arguments.ts';
import type { Terminal } from '../terminal.ts';

export const EXPORT_FORMATS = ['csv', 'ndjson', 'parquet'] as const;

export interface ExportOptions {
  format: (typeof EXPORT_FORMATS)[number];
  output?: string;
  since?: string;
  until?: string;
  k: number;
  store?: string;
  data: string;
}

const K_LEAST = 5;
const K_DEFAULT = 10;

const HELP = `
Tables of censuses, trackers, web seeds, torrents and services go out row by row, without the columns that hold an address, a pseudonym or the
hash of a URL. Peers, nodes and sightings (peer_probed, peer_sighted, dht_node_seen, infohash_sighted) go out only as groups by day of at
least --k distinct addresses (networks, reporters); smaller groups are merged, or left out where the merged one is too small as well.
docs/ethics.md says what that guarantees and what not.

Examples:
  $ swarmscope export swarm_sampled --since 2026-11-01 --output swarms.csv
  $ swarmscope export torrent_resolved --format ndjson | gzip > torrents.ndjson.gz
  $ swarmscope export peer_probed --k 20 --format parquet --output clients.parquet`;

function readCrowd(text: string): number {
  const k = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (k < K_LEAST) throw new InvalidArgumentError(`It is a whole number, at least ${K_LEAST}.`);
  return k;
}

export function exportCommand(terminal: Terminal): Command {
  return new Command('export')
    .description('write a table without addresses, persons only in groups, as CSV, NDJSON or Parquet')
    .argument('<table>', 'table (docs/schema.md)')
    .addOption(new Option('--format <format>', 'file format').choices(EXPORT_FORMATS).default('csv'))
    .option('--output <file>', 'write to this file (replaced) instead of standard output')
    .option('--since <time>', 'rows from this time on (ISO 8601, UTC); of groups a date')
    .option('--until <time>', 'rows before this time (ISO 8601, UTC); of groups a date, at most today')
    .addOption(new Option('--k <n>', 'least distinct addresses in a group').argParser(readCrowd).default(K_DEFAULT))
    .option('--store <url>', 'a ClickHouse server instead of the embedded store')
    .addOption(dataOption())
    .addHelpText('after', HELP)
    .action(async (table: string, options: ExportOptions) => {
      const { exportTable } = await import('../export.ts');
      await exportTable(table, options, terminal);
    });
}
