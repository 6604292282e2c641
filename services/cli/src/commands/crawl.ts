// `swarmscope crawl`: the crawler alone; events as NDJSON.
import { Command, Option } from 'commander';
import {
  bootstrapOption,
  dataOption,
  type HostPort,
  labNetworkOption,
  readCount,
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
  state?: string;
  metadata?: boolean;
  packetsPerSecond?: number;
  flowsPerMinute?: number;
  address: string;
  port: number;
}

const HELP = `
Each line is {"topic": ..., ...columns} of docs/schema.md. Unlike at rest, node ids and addresses are whole here: the file is for this
machine only. Without --seconds it goes on until Ctrl-C. Progress is shown on standard error: a picture on a terminal, else a line each 10 s.
At most one query a second goes to one host, whatever the other limits; behind a home router give it less than the default of 400 packets.

Examples:
  $ swarmscope crawl --bootstrap router.bittorrent.com:6881 --seconds 600 --events events.ndjson
  $ swarmscope crawl --bootstrap router.bittorrent.com:6881 --metadata | jq -r 'select(.topic == "torrent_resolved").name'
  $ swarmscope crawl --bootstrap router.bittorrent.com:6881 --state crawl.json --packets-per-second 50 --flows-per-minute 2000 > events.ndjson
  $ swarmscope crawl --bootstrap 127.0.1.1:7000 --lab-network 127.0.0.0/8 --seconds 60 | jq -r 'select(.topic == "infohash_sighted").info_hash'`;

export function crawlCommand(terminal: Terminal): Command {
  return new Command('crawl')
    .description('crawl the DHT and write what is found as NDJSON; no store, no censuses')
    .addOption(bootstrapOption('first node to ask'))
    .addOption(labNetworkOption())
    .addOption(new Option('--seconds <n>', 'how long').argParser(readSeconds))
    .addOption(new Option('--shard <i/n>', 'only the i-th of n parts of the id space').argParser(readShard))
    .option('--events <file>', 'write to this file (replaced) instead of standard output')
    .option('--metadata', 'also fetch the metadata of what is found, from its peers (torrent_resolved)')
    .option('--state <file>', 'node id, routing table and frontier: the next crawl with this file goes on where this one ends')
    .addOption(
      new Option('--packets-per-second <n>', 'queries a second in all (SWARMSCOPE_PACKETS_PER_SECOND, 400)').argParser(readCount),
    )
    .addOption(
      new Option('--flows-per-minute <n>', 'hosts asked in a minute (SWARMSCOPE_FLOWS_PER_MINUTE, 12000)').argParser(readCount),
    )
    .addOption(new Option('--address <ip>', 'local address').default('0.0.0.0'))
    .addOption(new Option('--port <n>', 'local UDP port; 0 takes a free one').argParser(readPort).default(0))
    .addOption(dataOption().hideHelp())
    .addHelpText('after', HELP)
    .action(async (options: CrawlOptions) => {
      if (!options.bootstrap)
        throw usageFailure('crawl needs at least one --bootstrap HOST:PORT (see `swarmscope crawl --help`)');
      const { crawl } = await import('../crawl.ts');
      await crawl(options, terminal);
    });
}
