// The accounts of a server: every statement parses on the real engine, says what it should, and has no password in it. Nothing here runs them: the embedded engine has no accounts.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TOPICS } from '@swarmscope/events/definitions.ts';
import { columnsOf } from '@swarmscope/events/table.ts';
import { type EmbeddedStore, openEmbedded } from '@swarmscope/store/embedded.ts';
import { type Account, roleStatements } from '@swarmscope/store/roles.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readAccounts } from '../../../services/cli/src/migrate.ts';

const SECRET = "it's a {secret:word} \\ of mine";
const ACCOUNTS: Account[] = (['writer', 'reader', 'analyst'] as const).map((role) => ({
  role,
  name: `my_${role}`,
  password: SECRET,
}));
const directory = mkdtempSync(join(tmpdir(), 'swarmscope-roles-'));
let store: EmbeddedStore;

beforeAll(async () => {
  store = await openEmbedded({ directory });
});
afterAll(async () => {
  await store?.close();
  rmSync(directory, { recursive: true, force: true });
});

/** As the engine reads it. */
async function parsed(sql: string): Promise<string> {
  const [row] = await store.query<{ sql: string }>('SELECT formatQuerySingleLine({sql:String}) AS sql', { sql });
  return row!.sql;
}

describe.each([{}, { cluster: 'main' }])('on %o', (variant) => {
  test('every statement parses and is complete', async () => {
    const statements = roleStatements(ACCOUNTS, 'swarmscope', variant);
    expect(statements.length).toBeGreaterThanOrEqual(17);
    for (const sql of statements) {
      const text = await parsed(sql);
      expect(text).not.toMatch(/[{}]/);
      expect(text.includes('ON CLUSTER main')).toBe('cluster' in variant);
    }
  });
});

test('the reader may set max_execution_time within bounds, and nothing lets it write or see a raw address', async () => {
  const statements = await Promise.all(roleStatements(ACCOUNTS, 'swarmscope', {}).map(parsed));
  const profile = statements.find((sql) => /PROFILE.*swarmscope_reader.*SETTINGS/.test(sql))!;
  expect(profile).toContain('readonly = 2, max_execution_time = 60 MIN 1 MAX 300');
  const grants = statements.filter((sql) => /^GRANT.*TO (swarmscope|my)_(reader|analyst)\b/.test(sql));
  expect(grants).toHaveLength(4);
  for (const sql of grants) expect(sql).toMatch(/^GRANT (SELECT ON|swarmscope_(reader|analyst) TO)/);
  const revoked = statements.find((sql) => sql.startsWith('REVOKE'))!;
  const raw = TOPICS.flatMap((topic) =>
    columnsOf(topic)
      .filter(([, { meaning }]) => meaning.startsWith('Raw '))
      .map(([name]) => [topic, name] as const),
  );
  expect(raw.length).toBeGreaterThanOrEqual(5);
  for (const [topic, name] of raw)
    for (const database of ['swarmscope', 'swarmscope_all'])
      expect(revoked).toMatch(new RegExp(`SELECT\\([^)]*\\b${name}\\b[^)]*\\) ON ${database}\\.${topic}\\b`));
});

test('no account touches another database, and none may make accounts', async () => {
  for (const sql of await Promise.all(roleStatements(ACCOUNTS, 'other', {}).map(parsed))) {
    // ON CLUSTER alone is said of the whole server.
    const rest = sql.replace(/CLUSTER ON \*\.\*/, '').replaceAll(/SELECT ON system\.\w+/g, '');
    expect(rest).not.toMatch(/\*\.\*|GRANT OPTION|ACCESS MANAGEMENT/);
    for (const [, database] of rest.matchAll(/ ON (\w+)\./g)) expect(database).toMatch(/^other(_all)?$/);
  }
});

test('a password is sent as a hash with a salt of its own, and only for whom there is one', () => {
  const statements = roleStatements(ACCOUNTS, 'swarmscope', {});
  expect(statements.join()).not.toContain('secret');
  const hashes = [...statements.join().matchAll(/sha256_hash BY '(\w{64})' SALT '(\w{32})'/g)];
  expect(hashes).toHaveLength(6);
  expect(new Set(hashes.map(([, , salt]) => salt)).size).toBe(6);
  for (const [, hash, salt] of hashes)
    expect(hash).toBe(
      createHash('sha256')
        .update(SECRET + salt)
        .digest('hex'),
    );
  const one = roleStatements([ACCOUNTS[1]!], 'swarmscope', {}).join();
  expect(one).toContain('my_reader');
  expect(one).not.toMatch(/my_writer|USER[^;]*analyst/);
});

test('names and passwords come from the environment', () => {
  const store = 'http://admin@host:8123/swarmscope';
  expect(readAccounts({ store }, {})).toEqual([]);
  expect(readAccounts({ store }, { SWARMSCOPE_READER_PASSWORD: 'x', SWARMSCOPE_READER_NAME: 'grafana' })).toEqual([
    { role: 'reader', name: 'grafana', password: 'x' },
  ]);
  const hostile = { SWARMSCOPE_WRITER_PASSWORD: 'x', SWARMSCOPE_WRITER_NAME: 'x IDENTIFIED BY' };
  expect(() => readAccounts({ store }, hostile)).toThrow(/SWARMSCOPE_WRITER_NAME must be a name/);
  expect(() => readAccounts({}, {})).toThrow(/--store/);
});
