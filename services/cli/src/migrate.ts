// What `swarmscope migrate` does: applies the migrations that a store lacks.
import type { MigrateOptions } from './commands/migrate.ts';
import { withStore } from './store-access.ts';
import type { Terminal } from './terminal.ts';

export async function migrate(options: MigrateOptions, terminal: Terminal): Promise<void> {
  const report = await withStore(options, 'migrate', (store) => store.migrate(), { create: true, write: true });
  if (options.json) {
    terminal.print(`${JSON.stringify(report)}\n`);
    return;
  }
  const did = report.applied.length === 0 ? 'nothing to do' : `applied ${report.applied.join(', ')}`;
  terminal.print(`schema version ${report.version}: ${did}\n`);
}
