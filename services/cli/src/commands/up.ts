// `swarmscope up`: crawler, prober, ingest, store and page in one process, on the real network.
import { Command, Option } from 'commander';
import { bootstrapOption, dataOption, type HostPort, labNetworkOption, readPort } from '../arguments.ts';
import type { Terminal } from '../terminal.ts';

export interface UpOptions {
  bootstrap?: HostPort[];
  labNetwork?: string[];
  verify?: 'all' | 'watched' | 'none';
  announce?: 'all' | 'watched' | 'none';
  address: string;
  peerPort: number;
  port: number;
  metricsPort?: number;
  watchlist?: string;
  data: string;
}

const HELP = `
Everything else is set by environment variables (docs/operations.md). Ctrl-C ends it and loses nothing that was observed.

Examples:
  $ swarmscope up
  $ swarmscope up --data /var/lib/swarmscope --peer-port 6881
  $ swarmscope watch add 'magnet:?xt=urn:btih:...' --objective min_proved_seeders=3`;

export function upCommand(terminal: Terminal): Command {
  return new Command('up')
    .description('crawl, probe, store and show, in one process on the real network (the default command)')
    .addOption(bootstrapOption('first DHT node to ask instead of the public ones'))
    .addOption(labNetworkOption())
    .addOption(
      new Option('--verify <whose>', 'whose pieces may be requested (default: as the watch list says)').choices([
        'all',
        'watched',
        'none',
      ]),
    )
    .addOption(
      new Option('--announce <where>', 'where we announce ourselves (default: as the watch list says)').choices([
        'all',
        'watched',
        'none',
      ]),
    )
    .addOption(new Option('--address <ip>', 'local address for DHT and peers').default('0.0.0.0'))
    .addOption(new Option('--peer-port <n>', 'port for DHT and uTP peers (UDP) and TCP peers').argParser(readPort).default(6881))
    .addOption(
      new Option('--port <n>', 'port of the page and the ClickHouse HTTP front, on 127.0.0.1').argParser(readPort).default(8080),
    )
    .addOption(new Option('--metrics-port <n>', 'serve Prometheus /metrics and /healthz on 127.0.0.1').argParser(readPort))
    .option('--watchlist <file>', 'watch list (default: watchlist.yaml in the data directory)')
    .addOption(dataOption())
    .addHelpText('after', HELP)
    .action(async (options: UpOptions) => {
      const { up } = await import('../up.ts');
      await up(options, terminal);
    });
}
