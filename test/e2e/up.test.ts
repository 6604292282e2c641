// `up` on a laboratory: what it observed survives kill -9, a restart goes on where it was, and its end loses nothing.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatEndpoint } from '@swarmscope/bittorrent/endpoint.ts';
import { startWorld, type World } from '@swarmscope/lab/loopback/world.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Running, run, start, temporaryDirectory } from './support/command.ts';

const { path: data, remove } = temporaryDirectory();
let world: World;
let running: Running | undefined;

beforeAll(async () => {
  world = await startWorld({ seed: 5, nodes: 60, strays: 10 });
});
afterAll(async () => {
  running?.child.kill('SIGKILL');
  await world.stop();
  remove();
});

function startUp(settings: Record<string, string> = {}): Running {
  const lab = [
    '--bootstrap',
    formatEndpoint(world.bootstrap),
    '--lab-network',
    world.network,
    '--address',
    world.visitorAddress(),
  ];
  running = start(['up', ...lab, '--data', data, '--port', '0', '--peer-port', '0', '--verify', 'all'], 240_000, settings);
  return running;
}

async function ask<T>(sql: string): Promise<T[]> {
  const ended = await run(['query', '--data', data, '--json', '--sql', sql], 60_000);
  expect(ended.code, ended.stderr).toBe(0);
  return JSON.parse(ended.stdout) as T[];
}

interface Audit {
  rows: number;
  positions: number;
}

const AUDIT = `SELECT count() AS rows, uniqExact(_partition, _offset) AS positions FROM
  (SELECT _partition, _offset FROM infohash_sighted UNION ALL SELECT _partition, _offset + 1000000000000 FROM swarm_sampled)`;

test('crawls, probes and stores until it is killed; nothing acknowledged is lost, nothing is there twice', async () => {
  const watched = world.torrents.find((torrent) => torrent.watched === 'magnet')!;
  writeFileSync(join(data, 'watchlist.yaml'), `torrents:\n  - torrent: ${JSON.stringify(watched.magnet)}\n`);
  const up = startUp();
  await up.saw(/in the DHT: \d+ nodes answered/);
  let before: Audit = { rows: 0, positions: 0 };
  while (before.rows < 40) [before = before] = await ask<Audit>(AUDIT);
  up.child.kill('SIGKILL');
  expect((await up.ended).signal).toBe('SIGKILL');
  expect(existsSync(join(data, 'run.json'))).toBe(true);
  const [after] = await ask<Audit>(AUDIT);
  expect(after!.rows).toBeGreaterThanOrEqual(before.rows);
  expect(after!.positions).toBe(after!.rows);
});

test('starts again on the same directory, keeps its id, measures the watched swarm, and ends in order on SIGTERM', async () => {
  const [before] = await ask<Audit>(AUDIT);
  const up = startUp();
  await up.saw(/in the DHT: \d+ nodes answered/);
  const watched = world.torrents.find((torrent) => torrent.watched === 'magnet')!;
  const proved = `SELECT max(proved) AS proved FROM swarm_sampled WHERE swarm_id = unhex('${watched.infoHash}')`;
  while (Number((await ask<{ proved: number }>(proved))[0]!.proved) === 0);
  up.child.kill('SIGTERM');
  const ended = await up.ended;
  expect(ended.code, ended.stderr).toBe(0);
  expect(existsSync(join(data, 'run.json'))).toBe(false);
  const [after] = await ask<Audit>(AUDIT);
  expect(after!.rows).toBeGreaterThan(before!.rows);
  expect(after!.positions).toBe(after!.rows);
  const status = await run(['status', '--data', data, '--json']);
  expect(JSON.parse(status.stdout)).toMatchObject({ running: null, rejected: 0 });
});

test('a crawl state that is corrupt is set aside with a warning; what the status says while it runs', async () => {
  const state = join(data, 'crawler.json');
  const damaged = readFileSync(state, 'utf8').slice(0, 300);
  writeFileSync(state, damaged);
  const up = startUp();
  await up.saw(/in the DHT/);
  expect(up.stderr()).toMatch(/"level":"warn".*The crawl state is corrupt: it was set aside/);
  expect(readFileSync(`${state}.corrupt`, 'utf8')).toBe(damaged);
  let report = { ok: false, services: [] as { service: string }[] };
  while (report.services.length < 3)
    report = JSON.parse((await run(['status', '--data', data, '--json'])).stdout) as typeof report;
  expect(report.services.map((each) => each.service).sort()).toEqual(
    expect.arrayContaining(['dht-crawler', 'ingest', 'swarm-prober']),
  );
  up.child.kill('SIGTERM');
  expect((await up.ended).code).toBe(0);
  expect(JSON.parse(readFileSync(state, 'utf8'))).toMatchObject({ version: 1 });
});

test('what comes on the takedown list goes from the store while it runs, and does not come back', async () => {
  const watched = world.torrents.find((torrent) => torrent.watched === 'magnet')!;
  const named = world.torrents.find((torrent) => torrent.watched === 'no' && !torrent.private)!;
  const list = join(data, 'takedown.txt');
  writeFileSync(list, '# nobody yet\n');
  const up = startUp({ SWARMSCOPE_TAKEDOWN_FILE: list });
  await up.saw(/in the DHT/);
  const rowsOf = async (infoHash: string) => {
    const swarm = `unhex('${infoHash}')`;
    const [row] = await ask<{ rows: number }>(
      `SELECT (SELECT count() FROM infohash_sighted WHERE info_hash = ${swarm}) + (SELECT count() FROM torrent_resolved WHERE swarm_id = ${swarm})
       + (SELECT count() FROM swarm_sampled WHERE swarm_id = ${swarm}) + (SELECT count() FROM swarm_1h WHERE swarm_id = ${swarm}) AS rows`,
    );
    return row!.rows;
  };
  while ((await ask(`SELECT 1 FROM torrent_resolved WHERE swarm_id = unhex('${named.infoHash}') LIMIT 1`)).length === 0);
  expect(await rowsOf(watched.infoHash)).toBeGreaterThan(0);
  writeFileSync(list, `# asked for by its owner\n${watched.infoHash}\nname ${named.name.slice(0, 4)}*${named.name.slice(-3)}\n`);
  await up.saw(/The takedown list was read again/);
  while ((await rowsOf(watched.infoHash)) + (await rowsOf(named.infoHash)) > 0);
  const [others] = await ask<{ rows: number }>('SELECT count() AS rows FROM infohash_sighted');
  expect(others!.rows).toBeGreaterThan(0);
  up.child.kill('SIGTERM');
  expect((await up.ended).code).toBe(0);
  expect([await rowsOf(watched.infoHash), await rowsOf(named.infoHash)]).toEqual([0, 0]);
  const probing = start(['probe', watched.infoHash, '--bootstrap', '127.254.1.1:9'], 60_000, { SWARMSCOPE_TAKEDOWN_FILE: list });
  expect(await probing.ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/is on the takedown list/) });
});

test('where nobody answers it says so after 15 s, names the demo, goes on trying, and still ends in order', async () => {
  const nowhere = ['--bootstrap', '127.254.1.1:9', '--lab-network', '127.254.0.0/16', '--address', '127.0.0.1'];
  const up = start(['up', ...nowhere, '--data', join(data, 'alone'), '--port', '0', '--peer-port', '0'], 90_000);
  await up.saw(/no bootstrap node answered within 15 s: .*`npm run demo`/);
  up.child.kill('SIGTERM');
  const ended = await up.ended;
  expect(ended.code, ended.stderr).toBe(0);
  expect(ended.stderr).not.toMatch(/\n\s+at /);
});
