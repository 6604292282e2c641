// The accounts of a ClickHouse server, from roles.sql: who writes, who draws boards, who asks questions of their own.
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { onCluster, type Variant } from './migrations.ts';
import { identifier, quote } from './statement.ts';

export type Role = 'writer' | 'reader' | 'analyst';

export interface Account {
  readonly role: Role;
  /** An identifier. */
  readonly name: string;
  readonly password: string;
}

const FILE = new URL('../roles.sql', import.meta.url);

/** Statements that make roles and these accounts, in order; repeating them changes nothing but passwords. No password is in them, only its salted hash. */
export function roleStatements(accounts: readonly Account[], database: string, variant: Pick<Variant, 'cluster'>): string[] {
  const byRole = new Map<string, Account>(accounts.map((account) => [account.role, account]));
  return statementsOf(readFileSync(FILE, 'utf8'))
    .filter((text) => [...text.matchAll(/\{(?:name|password):(\w+)\}/g)].every(([, role]) => byRole.has(role!)))
    .map((text) =>
      text
        .replaceAll('{on_cluster}', onCluster({ window: 0, ...variant }))
        .replaceAll('{database}', identifier(database))
        .replace(/\{name:(\w+)\}/g, (_, role: string) => identifier(byRole.get(role)!.name))
        .replace(/\{password:(\w+)\}/g, (_, role: string) => hashed(byRole.get(role)!.password)),
    );
}

function statementsOf(text: string): string[] {
  return text
    .replace(/^\s*--.*$/gm, '')
    .split(/;[ \t]*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

/** The server stores SHA-256 of password and salt; so does its log of statements. */
function hashed(password: string): string {
  const salt = randomBytes(16).toString('hex');
  const hash = createHash('sha256')
    .update(password + salt)
    .digest('hex');
  return `sha256_hash BY ${quote(hash)} SALT ${quote(salt)}`;
}
