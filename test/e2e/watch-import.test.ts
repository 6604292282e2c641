// `watch import` as a person runs it: a feed on a host that was named, .torrent files beside it, hosts that a stranger names, and the list afterwards.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import { CAST } from '@swarmscope/lab/loopback/cast.ts';
import { Content } from '@swarmscope/lab/sim/content.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run, temporaryDirectory } from './support/command.ts';

const { path: directory, remove } = temporaryDirectory();
const list = join(directory, 'watchlist.yaml');
const contents = [0, 1, 2].map((i) => contentOf(i));
const HASH = '2c6b6858d61da9543d4231a71db4b1c9264b0685';
let server: Server;
let at: string;
const asked: string[] = [];

function contentOf(seed: number): Content {
  const { name } = CAST[seed]!;
  return new Content({ name, seed, pieceBytes: 16_384, files: [{ path: name, bytes: 50_000 }] });
}

const torrentOf = (content: Content) => Buffer.concat([Buffer.from('d4:info'), content.info, Buffer.from('e')]);
const idOf = (content: Content) => toHex(content.wireHashes[0]!);

beforeAll(async () => {
  server = createServer((request, response) => {
    const { url = '' } = request;
    asked.push(`${request.headers.host} ${url}`);
    const found = /^\/t\/(\d)\.torrent$/.exec(url)?.[1];
    if (url === '/feed.xml') response.end(feed());
    else if (found !== undefined) response.end(torrentOf(contents[Number(found)]!));
    else if (url === '/junk.torrent') response.end('junk');
    else if (url === '/away.torrent') response.writeHead(302, { location: `http://127.9.9.9:${port()}/t/2.torrent` }).end();
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  at = `http://127.0.0.1:${port()}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  remove();
});

function port(): number {
  return (server.address() as AddressInfo).port;
}

function feed(): string {
  const links = [
    '/t/0.torrent',
    '/t/0.torrent',
    '/junk.torrent',
    '/gone.torrent',
    '/away.torrent',
    `http://127.9.9.9:${port()}/t/1.torrent`,
    `magnet:?xt=urn:btih:${HASH}`,
    'https://a.example/page',
  ];
  const items = links.map((link, i) => `<item><title>Number ${i}</title><link>${link}</link></item>`);
  return `<rss version="2.0"><channel>${items.join('')}</channel></rss>`;
}

const importFeed = (...more: string[]) => run(['watch', 'import', `${at}/feed.xml`, '--file', list, ...more], 60_000);

test('a dry run says what it would do, and does nothing', async () => {
  const ended = await importFeed('--dry-run', '--json');
  expect(ended.code, ended.stderr).toBe(0);
  expect(JSON.parse(ended.stdout)).toMatchObject({ sources: [{ added: 2, known: 1, failed: 4, without: 1 }] });
  expect(readdirSync(directory)).toEqual([]);
});

test('new torrents are added with their files, names and labels; what a stranger names in a private network is not asked', async () => {
  writeFileSync(list, '# mine\ntorrents: []\n');
  asked.length = 0;
  const ended = await importFeed('--label', 'project=archive', '--objective', 'min_proved_seeders=2');
  expect(ended.code, ended.stderr).toBe(0);
  expect(ended.stdout).toBe('');
  expect(ended.stderr).toMatch(/2 added to .*watchlist\.yaml; 1 there already, 4 failed, 1 named no torrent/);
  expect(ended.stderr).toMatch(/Number 2: is no \.torrent file/);
  expect(ended.stderr).toMatch(/Number 3: cannot be fetched: HTTP status 404/);
  expect(ended.stderr).toMatch(/Number 4: cannot be fetched: unreachable net, not admitted/);
  expect(ended.stderr).toMatch(/Number 5: cannot be fetched: unreachable net, not admitted/);
  expect(asked.filter((line) => line.startsWith('127.9.9.9'))).toEqual([]);
  const text = readFileSync(list, 'utf8');
  expect(text).toMatch(/^# mine/);
  expect(text).toContain(`torrents/${idOf(contents[0]!)}.torrent`);
  const shown = await run(['watch', 'list', '--file', list, '--json'], 60_000);
  const wanted = { labels: { project: 'archive' }, objectives: { min_proved_seeders: 2 } };
  expect(JSON.parse(shown.stdout)).toMatchObject([
    { swarm_id: idOf(contents[0]!), name: 'Number 0', ...wanted },
    { swarm_id: HASH, name: 'Number 6', ...wanted },
  ]);
});

test('a second time nothing is new; a network that is admitted is asked, within the limit', async () => {
  const before = readFileSync(list, 'utf8');
  const again = await importFeed();
  expect([again.code, readFileSync(list, 'utf8')]).toEqual([0, before]);
  const more = await importFeed('--lab-network', '127.9.9.0/24', '--limit', '1');
  expect(more.stderr).toMatch(/1 added to/);
  expect(readFileSync(list, 'utf8')).toContain(`torrents/${idOf(contents[2]!)}.torrent`);
});

test('a feed of which nothing can be had is left after fifty failures', async () => {
  const file = join(directory, 'vain.json');
  writeFileSync(
    file,
    JSON.stringify(Array.from({ length: 80 }, (_, i) => `${at.replace('127.0.0.1', '127.8.8.8')}/t/${i}.torrent`)),
  );
  const vain = await run(['watch', 'import', file, '--file', list], 60_000);
  expect([vain.code, vain.stderr]).toEqual([1, expect.stringMatching(/50 of its entries failed, the rest is left/)]);
  expect(vain.stderr.match(/not admitted/g)).toHaveLength(50);
});

test('a feed that is none, or not there, is one sentence', async () => {
  const none = await run(['watch', 'import', `${at}/none.xml`, '--file', list], 60_000);
  expect([none.code, none.stderr]).toEqual([
    1,
    expect.stringMatching(/^swarmscope: .*none\.xml: cannot be fetched: HTTP status 404\n$/),
  ]);
  writeFileSync(join(directory, 'page.html'), '<!doctype html><p>');
  const page = await run(['watch', 'import', join(directory, 'page.html'), '--file', list], 60_000);
  expect([page.code, page.stderr]).toEqual([1, expect.stringMatching(/page\.html is no XML/)]);
});
