// `swarmscope replay`: records that were rejected once are checked again, and those that are events now are stored.
import { Command } from 'commander';
import { dataOption, jsonOption } from '../arguments.ts';
import type { Terminal } from '../terminal.ts';

export interface ReplayOptions {
  topic?: string;
  dryRun?: boolean;
  store?: string;
  json?: boolean;
  data: string;
}

const HELP = `
Rejected records (unknown version, bad column) stay in the table \`rejected\`. After an update that understands them they can be replayed;
a record that was replayed already is skipped, so that running it twice stores nothing twice.

Examples:
  $ swarmscope replay --dry-run
  $ swarmscope replay --topic peer_probed`;

export function replayCommand(terminal: Terminal): Command {
  return new Command('replay')
    .description('check rejected records again and store those that are events now')
    .option('--topic <topic>', 'only records of this topic')
    .option('--dry-run', 'only count')
    .option('--store <url>', 'a ClickHouse server instead of the embedded store')
    .addOption(jsonOption('the counts'))
    .addOption(dataOption())
    .addHelpText('after', HELP)
    .action(async (options: ReplayOptions) => {
      const { replay } = await import('../replay.ts');
      await replay(options, terminal);
    });
}
