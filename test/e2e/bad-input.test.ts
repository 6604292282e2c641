// Bad input, on the whole command: one clear sentence on standard error, a non-zero exit, no stack trace, nothing lost.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ended, run, start, temporaryDirectory } from './support/command.ts';

const { path: directory, remove } = temporaryDirectory();
/** Nobody answers there, and nothing leaves this machine. */
const NOWHERE = ['--bootstrap', '127.254.1.1:9', '--lab-network', '127.254.0.0/16', '--address', '127.0.0.1'];
let taken: Server;
let takenPort: number;

beforeAll(async () => {
  taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  takenPort = (taken.address() as { port: number }).port;
});
afterAll(() => {
  taken.close();
  remove();
});

function expectOneSentence(ended: Ended, sentence: RegExp, code: number): void {
  const lines = ended.stderr.trimEnd().split('\n');
  expect(lines, ended.stderr).toHaveLength(1);
  expect(lines[0]).toMatch(/^swarmscope: /);
  expect(lines[0]).toMatch(sentence);
  expect(ended.stdout).toBe('');
  expect(ended.stderr).not.toMatch(/\n\s+at |node:internal|Error:/);
  expect(ended.code).toBe(code);
}

function fileOf(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

describe('told at once', () => {
  const table: [string, () => string[], RegExp, number][] = [
    ['a wrong flag', () => ['crawl', '--nope'], /unknown option '--nope'/, 2],
    ['an unknown command', () => ['explode'], /unknown command "explode"/, 2],
    [
      'a torrent that is not there',
      () => ['probe', join(directory, 'absent.torrent')],
      /no magnet link, no infohash, and no file/,
      2,
    ],
    ['a torrent that is none', () => ['probe', fileOf('bad.torrent', 'd4:infoi1ee')], /is no \.torrent file: \w+ at byte \d+/, 2],
    ['a magnet without a hash', () => ['probe', 'magnet:?dn=x'], /this magnet link cannot be read/, 2],
    ['a bootstrap name that nobody has', () => ['crawl', '--bootstrap', 'nobody.invalid:1'], /could be resolved/, 1],
    [
      'an events file in no directory',
      () => ['crawl', '--bootstrap', '127.0.0.1:9', '--events', join(directory, 'no/x')],
      /cannot write/,
      2,
    ],
    ['an unknown query', () => ['query', 'nope', '--data', directory], /there is no query "nope"; there are: /, 2],
    ['a query without a store', () => ['query', 'swarms', '--data', join(directory, 'empty')], /there is no store in/, 1],
    ['a server that is not there', () => ['query', 'swarms', '--store', 'http://127.0.0.1:9'], /./, 1],
    ['a store that is no address', () => ['query', 'swarms', '--store', 'nowhere'], /--store is an http or https address/, 2],
    ['an unknown table', () => ['export', 'nope', '--data', directory], /there is no table "nope" to export/, 2],
    [
      'a time that is none',
      () => ['export', 'swarm_sampled', '--since', 'soon', '--data', directory],
      /--since is a time like/,
      2,
    ],
    ['an unknown topic', () => ['replay', '--topic', 'nope', '--data', directory], /there is no topic "nope"/, 2],
    [
      'a data directory that is a file',
      () => ['up', ...NOWHERE, '--data', fileOf('file', '')],
      /cannot use .* as data directory/,
      2,
    ],
    [
      'a watch list that is no YAML',
      () => ['up', ...NOWHERE, '--data', directory, '--watchlist', fileOf('a.yaml', 'torrents: [')],
      /a\.yaml:1: /,
      2,
    ],
    [
      'a watch list with a wrong key',
      () => ['watch', 'list', '--file', fileOf('b.yaml', 'torrents:\n  - torent: x\n')],
      /b\.yaml:2: /,
      2,
    ],
    [
      'removing what is not watched',
      () => ['watch', 'remove', 'ab'.repeat(20), '--file', fileOf('c.yaml', 'torrents: []\n')],
      /is not in/,
      2,
    ],
    [
      'a setting that is wrong',
      () => ['up', ...NOWHERE, '--data', directory, '--lab-network', '10.0.0.0/99'],
      /ADDRESS\/BITS/,
      2,
    ],
  ];

  test.each(table)('%s', async (_, args, sentence, code) => {
    expectOneSentence(await run(args(), 60_000), sentence, code);
  });
});

test('the port of the page is in use: nothing is left behind, and the directory is free again', async () => {
  const data = join(directory, 'port');
  const ended = await run(['up', ...NOWHERE, '--data', data, '--port', String(takenPort), '--peer-port', '0'], 60_000);
  expect(ended.stderr.trimEnd().split('\n').at(-1)).toMatch(
    new RegExp(`^swarmscope: the page cannot be served on port ${takenPort} .*address already in use; --port takes another$`),
  );
  expect(ended.stderr).not.toMatch(/\n\s+at /);
  expect(ended.code).toBe(1);
  expect(existsSync(join(data, 'run.json'))).toBe(false);
});

test('a second process on the same data directory is refused, the first goes on and ends in order', async () => {
  const data = join(directory, 'shared');
  const first = start(['up', ...NOWHERE, '--data', data, '--port', '0', '--peer-port', '0', '--metrics-port', '0']);
  const [, url] = await first.saw(/page: (http:\S+)/);
  const second = await run(['up', ...NOWHERE, '--data', data, '--port', '0', '--peer-port', '0'], 60_000);
  expectOneSentence(second, new RegExp(`is in use by \`swarmscope up\` \\(process ${first.pid}\\)`), 1);
  const asked = await run(['query', '--data', data, '--json', '--sql', 'SELECT 1 AS one'], 60_000);
  expect(JSON.parse(asked.stdout)).toEqual([{ one: 1 }]);
  expectOneSentence(await run(['migrate', '--data', data], 60_000), /is in use by/, 1);
  expect((await fetch(url!)).status).toBe(200);
  const { metrics } = JSON.parse(readFileSync(join(data, 'run.json'), 'utf8')) as { metrics: string };
  expect(await (await fetch(`${metrics}/metrics`)).text()).toMatch(/web_answer_seconds_count\{.*kind="document".*\} [1-9]/);
  first.child.kill('SIGTERM');
  const ended = await first.ended;
  expect(ended.code).toBe(0);
  expect(ended.stderr).toContain('ended; everything observed is stored');
  expect(existsSync(join(data, 'run.json'))).toBe(false);
  expect(readdirSync(data)).not.toContain('spool.ndjson');
});

test('the demo does not replace a watch list that a person wrote', async () => {
  const data = join(directory, 'mine');
  mkdirSync(data);
  const file = join(data, 'watchlist.yaml');
  writeFileSync(file, '# mine\ntorrents: []\n');
  const ended = await run(['demo', '--once', '--port', '0', '--data', data], 60_000);
  expectOneSentence(ended, /watchlist\.yaml is not the demo's and would be replaced; .*--data$/, 2);
  expect(readFileSync(file, 'utf8')).toBe('# mine\ntorrents: []\n');
  expect(readdirSync(data)).toEqual(['watchlist.yaml']);
});

test('a demo --once that is interrupted compared nothing, and says so', async () => {
  const running = start(['demo', '--once', '--port', '0']);
  await running.saw(/page: http/);
  running.child.kill('SIGINT');
  const ended = await running.ended;
  expect(ended.stderr).toMatch(/^swarmscope: ended before the comparison was made$/m);
  expect(ended.stderr).not.toMatch(/\n\s+at /);
  expect(ended.code).toBe(1);
});

test('a crawl whom nobody answered has failed', async () => {
  const ended = await run(['crawl', ...NOWHERE, '--seconds', '1', '--events', join(directory, 'silent.ndjson')], 60_000);
  expectOneSentence(
    {
      ...ended,
      stderr: ended.stderr
        .split('\n')
        .filter((line) => !line.startsWith('{'))
        .join('\n'),
    },
    /: no bootstrap node answered$/,
    1,
  );
});

test('a malformed edit of the watch list changes nothing', async () => {
  mkdirSync(join(directory, 'w'), { recursive: true });
  const file = join(directory, 'w', 'watchlist.yaml');
  const text = `# mine\ntorrents:\n  - torrent: ${'ab'.repeat(20)} # keep\n`;
  writeFileSync(file, text);
  expectOneSentence(await run(['watch', 'add', 'nonsense', '--file', file]), /no magnet link, no infohash, and no file/, 2);
  expectOneSentence(await run(['watch', 'add', 'ab'.repeat(20), '--file', file]), /is in .* already/, 2);
  expect(readFileSync(file, 'utf8')).toBe(text);
  expect((await run(['watch', 'add', 'cd'.repeat(20), '--file', file, '--objective', 'min_proved_seeders=3'])).code).toBe(0);
  expect(readFileSync(file, 'utf8')).toContain('# keep');
  const listed = await run(['watch', 'list', '--file', file, '--json']);
  expect((JSON.parse(listed.stdout) as { swarm_id: string }[]).map((entry) => entry.swarm_id)).toEqual([
    'ab'.repeat(20),
    'cd'.repeat(20),
  ]);
});

test('a reader that goes away ends the command quietly', async () => {
  const crawl = start(['query', '--list', '--data', directory]);
  crawl.child.stdout!.destroy();
  const ended = await crawl.ended;
  expect(ended.stderr).toBe('');
  expect(ended.code).toBe(0);
});
