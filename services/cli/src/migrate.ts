// What `swarmscope migrate` does: applies the migrations that a store lacks, and makes the accounts of a server.
import { ConfigError, readConfig, text } from '@swarmscope/runtime/config.ts';
import { openHttp } from '@swarmscope/store/http.ts';
import type { Account, Role } from '@swarmscope/store/roles.ts';
import { StoreError } from '@swarmscope/store/store.ts';
import { z } from 'zod';
import type { MigrateOptions } from './commands/migrate.ts';
import { usageFailure } from './failure.ts';
import { withStore } from './store-access.ts';
import { storeFailure } from './store-failure.ts';
import type { Terminal } from './terminal.ts';

export const rolesSchema = z.object({
  writerName: accountName('writes: ingest', 'writer'),
  writerPassword: password('writer'),
  readerName: accountName('draws boards: Grafana', 'reader'),
  readerPassword: password('reader'),
  analystName: accountName('asks questions of their own', 'analyst'),
  analystPassword: password('analyst'),
});

function accountName(does: string, name: string) {
  return text(`Account of ClickHouse that ${does}.`)
    .refine((value) => /^[A-Za-z_]\w{0,63}$/.test(value), 'must be a name of letters, digits and underscores')
    .default(name);
}

function password(role: Role) {
  return text(`Password of the ${role}; without it the account is not made.`, { secret: true }).optional();
}

export async function migrate(options: MigrateOptions, terminal: Terminal): Promise<void> {
  const accounts = options.roles ? readAccounts(options) : [];
  const report = await withStore(options, 'migrate', (store) => store.migrate(), { create: true, write: true });
  if (options.roles) await makeAccounts(options.store!, accounts);
  if (options.json) {
    terminal.print(`${JSON.stringify(options.roles ? { ...report, accounts: accounts.map(({ name }) => name) } : report)}\n`);
    return;
  }
  const did = report.applied.length === 0 ? 'nothing to do' : `applied ${report.applied.join(', ')}`;
  terminal.print(`schema version ${report.version}: ${did}\n`);
  if (options.roles)
    terminal.print(`accounts: ${accounts.map(({ name, role }) => `${name} (${role})`).join(', ') || 'roles only'}\n`);
}

/** The accounts that the environment has a password for. */
export function readAccounts({ store }: Pick<MigrateOptions, 'store'>, environment = process.env): Account[] {
  if (store === undefined) throw usageFailure('--roles needs --store: the embedded store has no accounts');
  try {
    const { writerName, writerPassword, readerName, readerPassword, analystName, analystPassword } = readConfig(
      rolesSchema,
      environment,
    );
    return [
      ...accountOf('writer', writerName, writerPassword),
      ...accountOf('reader', readerName, readerPassword),
      ...accountOf('analyst', analystName, analystPassword),
    ];
  } catch (error) {
    throw error instanceof ConfigError ? usageFailure(error.message) : error;
  }
}

function accountOf(role: Role, name: string, secret: string | undefined): Account[] {
  return secret === undefined ? [] : [{ role, name, password: secret }];
}

async function makeAccounts(url: string, accounts: readonly Account[]): Promise<void> {
  const server = openHttp({ url });
  try {
    await server.grant(accounts);
  } catch (error) {
    throw error instanceof StoreError ? storeFailure(error) : error;
  } finally {
    await server.close();
  }
}
