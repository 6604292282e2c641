// `swarmscope status`: what runs on this data directory, and how it is.
import { Command } from 'commander';
import { dataOption, jsonOption } from '../arguments.ts';
import type { Terminal } from '../terminal.ts';

export interface StatusOptions {
  store?: string;
  json?: boolean;
  data: string;
}

const HELP = `
The exit code is 0 when every part reported within the last 60 seconds, otherwise 1.

Examples:
  $ swarmscope status
  $ swarmscope status --json | jq '.services'`;

export function statusCommand(terminal: Terminal): Command {
  return new Command('status')
    .description('what runs on this data directory, how the crawl goes, how fresh the figures are')
    .option('--store <url>', 'a ClickHouse server instead of the embedded store')
    .addOption(jsonOption('the status'))
    .addOption(dataOption())
    .addHelpText('after', HELP)
    .action(async (options: StatusOptions) => {
      const { status } = await import('../status.ts');
      await status(options, terminal);
    });
}
