// What `swarmscope query` does: a query of the catalogue, or SQL, over the store of the data directory or a server.
import { QUERIES } from '@swarmscope/store/queries.ts';
import type { QueryOptions } from './commands/query.ts';
import { usageFailure } from './failure.ts';
import { withStore } from './store-access.ts';
import { formatRows, type Row } from './table.ts';
import type { Terminal } from './terminal.ts';

export async function query(name: string | undefined, options: QueryOptions, terminal: Terminal): Promise<void> {
  if (options.list) {
    const rows: Row[] = QUERIES.map((each) => ({
      name: each.name,
      title: each.title,
      parameters: Object.keys(each.parameters).join(' '),
    }));
    terminal.print(formatRows(rows, options.format));
    return;
  }
  const { sql, defaults } = choose(name, options.sql);
  const parameters = { ...defaults, ...options.param };
  const rows = await withStore(options, 'query', (store) => store.query<Row>(sql, parameters));
  terminal.print(formatRows(rows, options.format));
}

function choose(name: string | undefined, sql: string | undefined): { sql: string; defaults: Record<string, string | number> } {
  if (sql !== undefined) return { sql, defaults: {} };
  const found = QUERIES.find((each) => each.name === name);
  if (!found) {
    const names = QUERIES.map((each) => each.name).join(', ');
    throw usageFailure(`there is no query ${JSON.stringify(name)}; there are: ${names}`);
  }
  return { sql: found.sql, defaults: found.parameters };
}
