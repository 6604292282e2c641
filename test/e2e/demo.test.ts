// The main job as a person starts it: the demo measures a little network, and what it measures is what is true.
import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DemoReport } from '../../services/cli/src/comparison.ts';
import { run, start, temporaryDirectory } from './support/command.ts';

const { path: directory, remove } = temporaryDirectory();
const taken = createServer();
beforeAll(() => new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve)));
afterAll(() => {
  taken.close();
  remove();
});

const VERDICTS = 'liar_corrupt liar_missing proved choked claimed super_seeder partial_seed leecher unknown unreachable'.split(
  ' ',
);

test('demo --once --json: one document on standard output, measured equals true, exit code 0; a taken port is no hindrance', async () => {
  const { port } = taken.address() as { port: number };
  const ended = await run(['demo', '--once', '--json', '--port', String(port), '--data', directory], 180_000);
  expect(/page: http:\/\/127\.0\.0\.1:(\d+)/.exec(ended.stderr)?.[1]).not.toBe(String(port));
  const report = JSON.parse(ended.stdout) as DemoReport;
  const different = report.torrents.filter((torrent) => !torrent.equal);
  expect(different, ended.stderr).toEqual([]);
  expect(report.dht).toMatchObject({ equal: true });
  expect(report.dht.measured.nodes).toBeGreaterThanOrEqual(200);
  expect(report.torrents.length).toBeGreaterThanOrEqual(8);
  for (const torrent of report.torrents) expect(Object.keys(torrent.measured!.counts).sort()).toEqual([...VERDICTS].sort());
  const peers = report.torrents.reduce(
    (sum, { measured }) => sum + VERDICTS.reduce((all, name) => all + measured!.counts[name as 'proved'], 0),
    0,
  );
  expect(peers).toBeGreaterThanOrEqual(60);
  expect(report.equal).toBe(true);
  expect(report.seconds).toBeLessThanOrEqual(60);
  expect(ended.code, ended.stderr).toBe(0);
});

test('what it stored can be asked afterwards, by SQL, by name, and as an export without addresses', async () => {
  const sql = 'SELECT count() AS rows, uniqExact(_partition, _offset) AS positions FROM peer_probed';
  const asked = await run(['query', '--data', directory, '--json', '--sql', sql]);
  const [row] = JSON.parse(asked.stdout) as { rows: number; positions: number }[];
  expect(row!.rows).toBeGreaterThanOrEqual(60);
  expect(row!.positions).toBe(row!.rows);
  const named = await run(['query', 'swarms', '--data', directory, '--format', 'csv']);
  expect(named.code, named.stderr).toBe(0);
  expect(named.stdout).toContain('Open Atlas');
  const exported = await run(['export', 'tracker_scraped', '--data', directory, '--format', 'ndjson']);
  expect(exported.stdout, exported.stderr).toMatch(/"tracker":"http:[\\/]+address:\d+"/);
  expect(exported.stdout).not.toMatch(/127\.\d+\.\d+|url_hash/);
  // Peers go out in crowds of days that are over: of a run of now nobody is told.
  const peers = await run(['export', 'peer_probed', '--data', directory]);
  expect(peers.code, peers.stderr).toBe(0);
  expect(peers.stdout).toMatch(/^"day",[^\n]*"addresses","probes"\n$/);
});

test('on the same directory again: its own watch list is replaced, and only the new run is compared', async () => {
  const ended = await run(['demo', '--once', '--json', '--port', '0', '--data', directory], 180_000);
  expect(ended.code, ended.stderr).toBe(0);
  const report = JSON.parse(ended.stdout) as DemoReport;
  expect(report.torrents.every(({ measured }) => measured !== null)).toBe(true);
  expect(report.equal).toBe(true);
});

test('its page answers while it runs, and Ctrl-C ends it in order at any time', async () => {
  const running = start(['demo', '--port', '0', '--seed', '2'], 120_000);
  const [, url] = await running.saw(/page: (http:\S+)/);
  const page = await fetch(url!);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain('<html');
  running.child.kill('SIGINT');
  const ended = await running.ended;
  expect(ended.stdout).toBe('');
  expect(ended.stderr).not.toMatch(/\n\s+at /);
  expect(ended.code, ended.stderr).toBe(0);
});
