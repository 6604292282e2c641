// `swarmscope crawl`: the crawler alone; events as NDJSON.
import { Command, Option } from 'commander';
import {
  bootstrapOption,
  dataOption,
  type HostPort,
  labNetworkOption,
  readPort,
  readSeconds,
  readShard,
  type Shard,
} from '../arguments.ts';
import { usageFailure } from '../failure.ts';
import type { Terminal } from '../terminal.ts';

export interface CrawlOptions {
  bootstrap?: HostPort[];
  labNetwork?: string[];
  seconds?: number;
  shard?: Shard;
  events?: string;
  address: string;
  port: number;
  data: string;
}

const HELP = `
Each line is {"topic": ..., ...columns} of docs/schema.md. Unlike at rest, node ids and addresses are whole here: the file is for this
machine only. Without --seconds it goes on until Ctrl-C.

Examples:
  $ swarmscope crawl --bootstrap router.bittorrent.com:6881 --seconds 600 --events events.ndjson
  $ swarmscope crawl --bootstrap 127.0.1.1:7000 --lab-network 127.0.0.0/8 --seconds 60 | jq -r 'select(.topic == "infohash_sighted").info_hash'`;

export function crawlCommand(terminal: Terminal): Command {
  return new Command('crawl')
    .description('crawl the DHT and write what is found as NDJSON; no store, no prober')
    .addOption(bootstrapOption('first node to ask'))
    .addOption(labNetworkOption())
    .addOption(new Option('--seconds <n>', 'how long').argParser(readSeconds))
    .addOption(new Option('--shard <i/n>', 'only the i-th of n parts of the id space').argParser(readShard))
    .option('--events <file>', 'write to this file (replaced) instead of standard output')
    .addOption(new Option('--address <ip>', 'local address').default('0.0.0.0'))
    .addOption(new Option('--port <n>', 'local UDP port; 0 takes a free one').argParser(readPort).default(0))
    .addOption(dataOption())
    .addHelpText('after', HELP)
    .action(async (options: CrawlOptions) => {
      if (!options.bootstrap)
        throw usageFailure('crawl needs at least one --bootstrap HOST:PORT (see `swarmscope crawl --help`)');
      const { crawl } = await import('../crawl.ts');
      await crawl(options, terminal);
    });
}
