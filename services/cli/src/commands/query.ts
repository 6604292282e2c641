// `swarmscope query`: a named query or SQL over the store.
import { Command, Option } from 'commander';
import { dataOption, jsonOption } from '../arguments.ts';
import { usageFailure } from '../failure.ts';
import { FORMATS, type Format } from '../table.ts';
import type { Terminal } from '../terminal.ts';

export interface QueryOptions {
  sql?: string;
  param?: Record<string, string>;
  format: Format;
  json?: boolean;
  list?: boolean;
  store?: string;
  data: string;
}

const HELP = `
While \`swarmscope up\` or \`demo\` has the data directory, its HTTP front is asked; otherwise the store is opened here. Queries only read.

Examples:
  $ swarmscope query --list
  $ swarmscope query dying
  $ swarmscope query --sql "SELECT verdict, count() AS peers FROM peer_probed GROUP BY verdict ORDER BY peers DESC" --format csv
  $ swarmscope query --sql "SELECT * FROM swarm_sampled WHERE swarm_id = unhex({id:String})" --param id=0123...4567 --json`;

function readParameter(text: string, before: Record<string, string> | undefined): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw usageFailure(`--param is written as NAME=VALUE, not ${JSON.stringify(text)}`);
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

export function queryCommand(terminal: Terminal): Command {
  return new Command('query')
    .description('ask the store: a named query, or SQL of your own')
    .argument('[name]', 'name of a query; --list shows them')
    .option('--sql <select>', 'SQL instead of a name')
    .addOption(new Option('--param <name=value>', 'value of a query parameter (repeatable)').argParser(readParameter))
    .addOption(new Option('--format <format>', 'how rows are printed').choices(FORMATS).default('table'))
    .addOption(jsonOption('rows').implies({ format: 'json' }))
    .option('--list', 'list the named queries')
    .option('--store <url>', 'ask this ClickHouse server instead (http://user:password@host:8123/database)')
    .addOption(dataOption())
    .addHelpText('after', HELP)
    .action(async (name: string | undefined, options: QueryOptions) => {
      if (!options.list && (name === undefined) === (options.sql === undefined))
        throw usageFailure('query takes either the name of a query or --sql (see `swarmscope query --help`)');
      const { query } = await import('../query.ts');
      await query(name, options, terminal);
    });
}
