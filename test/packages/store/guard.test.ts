// What a stranger may ask of the embedded store, and what is refused: files, addresses, programs, changes, other databases, several statements.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedStore, openEmbedded } from '@swarmscope/store/embedded.ts';
import type { GuestQuery } from '@swarmscope/store/guests.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const directory = mkdtempSync(join(tmpdir(), 'swarmscope-guard-'));
const secret = join(directory, 'secret.csv');
let store: EmbeddedStore;

beforeAll(async () => {
  writeFileSync(secret, 'the secret\n');
  store = await openEmbedded({ directory: join(directory, 'store') });
  await store.migrate();
});
afterAll(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

async function ask(sql: string, more: Partial<GuestQuery> = {}): Promise<string> {
  const answer = await store.ask({ sql, parameters: {}, settings: {}, format: 'TabSeparated', ...more });
  const chunks: Uint8Array[] = [];
  for await (const chunk of answer.body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('answered', () => {
  test.each([
    ['SELECT 1', '1\n'],
    ['select 1 -- comment; with semicolon', '1\n'],
    ['SELECT 1;', '1\n'],
    ["SELECT ';' AS a /* ; */", ';\n'],
    ['WITH 2 AS x SELECT x + count() FROM swarms', '2\n'],
    [
      'SELECT count() FROM peer_probed AS p INNER JOIN swarm_sampled AS s USING (swarm_id) WHERE p.swarm_id IN (SELECT swarm_id FROM swarms)',
      '0\n',
    ],
    ['SELECT count() FROM system.one', '1\n'],
    ['SELECT sum(number) FROM numbers(4)', '6\n'],
    ['(SELECT 1) UNION ALL (SELECT 1)', '1\n1\n'],
    ['SELECT 1 INTERSECT SELECT 1', '1\n'],
    ['EXISTS TABLE swarms', '1\n'],
    ['SELECT count() > 10 FROM information_schema.columns', '1\n'],
    ["SELECT x FROM values('x UInt8', 1, 2)", '1\n2\n'],
    ['SELECT 1 FORMAT JSONCompactEachRow', '[1]\n'],
    ["SELECT splitByChar('/', 'a/b')[2]", 'b\n'],
  ])('%s', async (sql, answer) => {
    expect(await ask(sql)).toBe(answer);
  });

  test.each([
    'SHOW TABLES',
    'SHOW DATABASES',
    'DESCRIBE TABLE swarms',
    'SHOW CREATE TABLE peer_probed',
    'SHOW COLUMNS FROM swarms',
    'EXPLAIN SELECT 1',
    'EXPLAIN indexes = 1 SELECT * FROM peer_probed',
    'EXPLAIN AST SELECT 1',
    'DESC (SELECT 1)',
  ])('%s', async (sql) => {
    expect((await ask(sql)).length).toBeGreaterThan(0);
  });

  test('parameters in text form, settings of the client, its format', async () => {
    expect(
      await ask('SELECT {a:String}, {b:Array(UInt8)}, {c:Nullable(String)}', {
        parameters: { a: "x\\ty'", b: '[1,2]', c: '\\N' },
      }),
    ).toBe("x\\ty\\'\t[1,2]\t\\N\n");
    expect(
      await ask('SELECT toUInt64(1) AS n', { format: 'JSONEachRow', settings: { output_format_json_quote_64bit_integers: '1' } }),
    ).toBe('{"n":"1"}\n');
    expect(JSON.parse(await ask('SELECT 1 AS n', { format: 'JSON' }))).toMatchObject({ data: [{ n: 1 }], rows: 1 });
  });

  test('limits of a client hold below ours, never above', async () => {
    const limits =
      "SELECT getSetting('max_execution_time'), getSetting('max_memory_usage'), getSetting('readonly'), getSetting('max_threads')";
    expect(
      await ask(limits, { settings: { max_execution_time: '7', max_memory_usage: '0', readonly: '0', max_threads: '64' } }),
    ).toMatch(/^7\t[1-9]\d{6,9}\t1\t4\n$/);
    expect(await ask(limits, { settings: { max_execution_time: '0' } })).toMatch(/^300\t/);
  });
});

describe('refused', () => {
  test.each([
    `SELECT * FROM file('/etc/passwd')`,
    `SELECT * FROM file('/etc/passwd', 'LineAsString', 'line String')`,
    `SELECT file('/etc/passwd')`,
    `SELECT * FROM FiLe('/etc/passwd', LineAsString)`,
    "SELECT * FROM `file`('/etc/passwd', LineAsString)",
    `SELECT * FROM '/etc/passwd'`,
    'SELECT * FROM `/etc/passwd`',
    'SELECT * FROM default.`/etc/passwd`',
    'SELECT 1 IN default.`/etc/passwd`',
    `SELECT 1 IN (SELECT line FROM file('/etc/passwd', LineAsString))`,
    `SELECT * FROM swarms WHERE 1 = (WITH t AS (SELECT count() AS n FROM file('/etc/passwd', LineAsString)) SELECT n FROM t)`,
    `DESCRIBE TABLE file('/etc/passwd', CSV)`,
    `EXPLAIN SELECT * FROM file('/etc/passwd', LineAsString)`,
    `SELECT * FROM fileCluster('default', '/etc/passwd', LineAsString)`,
    `SELECT * FROM url('http://127.0.0.1:1/', LineAsString)`,
    `SELECT * FROM s3('http://127.0.0.1:1/b/k', CSV)`,
    `SELECT * FROM remote('127.0.0.1:1', system.one)`,
    `SELECT * FROM cluster('default', system.one)`,
    `SELECT * FROM mysql('127.0.0.1:1', 'd', 't', 'u', 'p')`,
    `SELECT * FROM postgresql('127.0.0.1:1', 'd', 't', 'u', 'p')`,
    `SELECT * FROM sqlite('/tmp/x.db', 't')`,
    `SELECT * FROM executable('cat', LineAsString, 'line String')`,
    `SELECT * FROM python('x')`,
    `SELECT * FROM input('x UInt8')`,
    `SELECT * FROM view(SELECT * FROM file('/etc/passwd', LineAsString))`,
    `SELECT * FROM merge('default', '.*')`,
    `SELECT 1 INTO OUTFILE '/tmp/swarmscope-out'`,
    `SELECT 1 INTO OUTFILE '/tmp/swarmscope-out' FORMAT CSV`,
    `INSERT INTO rejected (topic) VALUES ('x')`,
    `INSERT INTO FUNCTION file('/tmp/swarmscope-out', CSV) SELECT 1`,
    `INSERT INTO rejected FROM INFILE '/etc/passwd' FORMAT CSV`,
    'CREATE TABLE x (a UInt8) ENGINE = Memory',
    'CREATE TEMPORARY TABLE x (a UInt8)',
    'CREATE VIEW x AS SELECT 1',
    'CREATE FUNCTION f AS (x) -> x',
    `ATTACH TABLE x FROM '/tmp' (a UInt8) ENGINE = MergeTree ORDER BY a`,
    'DROP TABLE peer_probed',
    'TRUNCATE TABLE peer_probed',
    'ALTER TABLE peer_probed DELETE WHERE 1',
    'OPTIMIZE TABLE peer_probed FINAL',
    'RENAME TABLE peer_probed TO x',
    'SYSTEM SHUTDOWN',
    'SYSTEM STOP MERGES',
    'KILL QUERY WHERE 1',
    `BACKUP DATABASE swarmscope TO Disk('backups', 'x')`,
    'GRANT ALL ON *.* TO default',
    'SET readonly = 0',
    'SELECT 1; SELECT 2',
    'SELECT 1; DROP TABLE peer_probed',
    'SELECT 1 SETTINGS readonly = 0',
    'SELECT 1 SETTINGS max_execution_time = 0',
    'SELECT 1 SETTINGS max_memory_usage = 0',
    'SELECT sleep(3)',
    'SELECT * FROM system.stack_trace',
    'SELECT * FROM nosuch.table',
  ])('%s', async (sql) => {
    await expect(ask(sql)).rejects.toMatchObject({ name: 'StoreError' });
  });

  test('a name that comes as a parameter leads nowhere either', async () => {
    for (const name of ['/etc/passwd', secret, 'secret.csv'])
      await expect(ask('SELECT * FROM {t:Identifier}', { parameters: { t: name } })).rejects.toMatchObject({
        name: 'StoreError',
      });
    await expect(
      ask('SELECT * FROM {d:Identifier}.{t:Identifier}', { parameters: { d: 'default', t: secret } }),
    ).rejects.toMatchObject({ name: 'StoreError' });
  });

  test('a syntax error says where', async () => {
    await expect(ask('SELEC 1')).rejects.toMatchObject({ code: 62, symbol: 'SYNTAX_ERROR' });
    await expect(ask('')).rejects.toMatchObject({ code: 62 });
    await expect(ask('SELECT 1', { settings: { 'a b': '1' } })).rejects.toMatchObject({ code: 115 });
    await expect(ask('SELECT 1', { settings: { no_such_setting: '1' } })).rejects.toMatchObject({ code: 115 });
  });

  test('our own questions do not see the files of this machine either', async () => {
    for (const sql of ['SELECT * FROM `/etc/passwd`', 'SELECT 1 IN default.`/etc/passwd`'])
      await expect(store.query(sql)).rejects.toMatchObject({ name: 'StoreError' });
  });
});
