// `swarmscope migrate`: brings a store to the schema of this version.
import { Command } from 'commander';
import { dataOption, jsonOption } from '../arguments.ts';
import type { Terminal } from '../terminal.ts';

export interface MigrateOptions {
  store?: string;
  roles?: boolean;
  json?: boolean;
  data: string;
}

const HELP = `
\`up\` and \`demo\` migrate their own store; a ClickHouse server is migrated once by this command, before the services start.
--roles also makes the roles writer, reader and analyst, and an account for each that has a password in the environment (docs/operations.md).

Examples:
  $ swarmscope migrate
  $ SWARMSCOPE_READER_PASSWORD=... swarmscope migrate --roles --store http://admin:secret@clickhouse:8123/swarmscope
  $ swarmscope migrate --store http://swarmscope:secret@clickhouse:8123/swarmscope`;

export function migrateCommand(terminal: Terminal): Command {
  return new Command('migrate')
    .description('create or update the tables of a store; running it again changes nothing')
    .option('--store <url>', 'a ClickHouse server instead of the embedded store')
    .option(
      '--roles',
      'also make roles and accounts of a server (SWARMSCOPE_WRITER_PASSWORD, _READER_PASSWORD, _ANALYST_PASSWORD)',
    )
    .addOption(jsonOption('the steps applied'))
    .addOption(dataOption())
    .addHelpText('after', HELP)
    .action(async (options: MigrateOptions) => {
      const { migrate } = await import('../migrate.ts');
      await migrate(options, terminal);
    });
}
