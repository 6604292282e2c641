// `crawl` and `probe` as other tools drive them, on a laboratory: flags, NDJSON lines, the JSON of a census, and the time limit.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatEndpoint } from '@swarmscope/bittorrent/endpoint.ts';
import { TOPICS } from '@swarmscope/events/definitions.ts';
import { decodeEvent, type Event, Rejection } from '@swarmscope/events/event.ts';
import { startWorld, type World } from '@swarmscope/lab/loopback/world.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SwarmReport } from '../../services/cli/src/probe-report.ts';
import { run, temporaryDirectory } from './support/command.ts';

const { path: directory, remove } = temporaryDirectory();
let world: World;
let lab: string[];

beforeAll(async () => {
  world = await startWorld({ seed: 3, nodes: 60, strays: 10 });
  lab = ['--lab-network', world.network, '--address', world.visitorAddress()];
});
afterAll(async () => {
  await world.stop();
  remove();
});

function torrentOf(name: string) {
  return world.torrents.find((torrent) => torrent.name === name)!;
}

async function probe(args: string[]): Promise<SwarmReport[]> {
  const ended = await run(['probe', ...args, ...lab, '--json'], 120_000);
  expect(ended.code, ended.stderr).toBe(0);
  expect(ended.stderr).toBe('');
  return (JSON.parse(ended.stdout) as { swarms: SwarmReport[] }).swarms;
}

describe('crawl', () => {
  test('writes one event a line: every node and infohash of the laboratory, whole ids and addresses', async () => {
    const file = join(directory, 'events.ndjson');
    writeFileSync(file, 'what was there before\n'.repeat(10_000));
    const bootstrap = formatEndpoint(world.bootstrap);
    const ended = await run(['crawl', '--bootstrap', bootstrap, ...lab, '--seconds', '12', '--events', file], 60_000);
    expect(ended.code, ended.stderr).toBe(0);
    expect(ended.stdout).toBe('');
    const events = readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => decodeEvent(/"topic":"(\w+)"/.exec(line)![1]!, line));
    expect(events.filter((event) => event instanceof Rejection)).toEqual([]);
    const good = events as Event[];
    const hashes = good.flatMap((event) => (event.topic === 'infohash_sighted' ? [event.info_hash] : []));
    expect([...new Set(hashes)].sort()).toEqual([...world.dhtTruth().infoHashes]);
    const nodes = good.flatMap((event) => (event.topic === 'dht_node_seen' && event.verdict === 'ok' ? [event] : []));
    expect(new Set(nodes.map((event) => event.endpoint))).toEqual(new Set(world.dhtTruth().nodeEndpoints.map(formatEndpoint)));
    for (const event of nodes) expect(event.node_id).toMatch(/^[0-9a-f]{40}$/);
    expect(ended.stderr).toMatch(new RegExp(`${good.length} events`));
  });

  test('two shards together find what one crawl finds, on standard output', async () => {
    const crawlShard = (shard: string) =>
      run(
        [
          'crawl',
          '--bootstrap',
          formatEndpoint(world.bootstrap),
          '--lab-network',
          world.network,
          '--address',
          world.visitorAddress(Number(shard[0])),
          '--seconds',
          '14',
          '--shard',
          shard,
        ],
        60_000,
      );
    const shards = await Promise.all([crawlShard('1/2'), crawlShard('2/2')]);
    const found = shards.map(({ stdout }) => {
      const events = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Event);
      expect(events.every((event) => TOPICS.includes(event.topic))).toBe(true);
      return new Set(events.flatMap((event) => (event.topic === 'infohash_sighted' ? [event.info_hash] : [])));
    });
    expect([...new Set(found.flatMap((hashes) => [...hashes]))].sort()).toEqual([...world.dhtTruth().infoHashes]);
  });
});

describe('watch check', () => {
  const list = (text: string) => {
    const path = join(directory, 'checked.yaml');
    writeFileSync(path, text);
    return ['watch', 'check', '--file', path, ...lab];
  };

  test('objectives met: exit code 0; one that is missed, or cannot be measured: exit code 1, each said by its figures', async () => {
    const [kept, missed] = [torrentOf('Members Only Recordings'), torrentOf('Night Radio')];
    writeFileSync(join(directory, 'kept.torrent'), kept.torrentFile);
    const entries = `outside_prefixes: [192.0.2.0/24]
torrents:
  - torrent: kept.torrent
    objectives: {min_proved_seeders: 1, min_proved_outside: 1, min_trackers_up: 1}
  - torrent: ${missed.infoHash}
    trackers: ['${missed.trackers[0]}']
    objectives: {min_proved_seeders: 9, min_web_seeds_intact: 1}
`;
    const good = await run([...list(entries), join(directory, 'kept.torrent'), '--json'], 120_000);
    expect(good.code, good.stderr).toBe(0);
    const [entry] = (JSON.parse(good.stdout) as { entries: { objectives: unknown[]; proved: number }[] }).entries;
    const { proved } = entry!;
    expect(entry).toMatchObject({
      swarm_id: kept.infoHash,
      objectives: [
        { objective: 'min_proved_seeders', wanted: 1, got: proved, state: 'met' },
        { objective: 'min_proved_outside', wanted: 1, got: proved, state: 'met' },
        { objective: 'min_trackers_up', wanted: 1, got: 1, state: 'met' },
      ],
    });
    const bad = await run(list(entries), 120_000);
    expect(bad.code).toBe(1);
    expect(bad.stdout).toMatch(/Night Radio +min_proved_seeders +9 +\d +MISSED +yes/);
    expect(bad.stdout).toMatch(/min_web_seeds_intact +1 +unknown +unknown/);
    expect(bad.stderr).toMatch(/1 objective is missed, 1 could not be measured/);
  });
});

describe('probe', () => {
  test('a private torrent by its file: only its tracker is asked, every verdict is true', async () => {
    const torrent = torrentOf('Members Only Recordings');
    const file = join(directory, 'private.torrent');
    writeFileSync(file, torrent.torrentFile);
    const from = Date.now();
    const [swarm] = await probe([file, '--bootstrap', formatEndpoint(world.bootstrap)]);
    const truth = world.truth(torrent.infoHash, from, Date.now());
    expect(swarm).toMatchObject({ info_hash: torrent.infoHash, private: true, finished: true, completable: true });
    for (const [verdict, count] of Object.entries(swarm!.counts)) {
      expect(count, verdict).toBeGreaterThanOrEqual(truth.least[verdict as 'proved']);
      expect(count, verdict).toBeLessThanOrEqual(truth.most[verdict as 'proved']);
    }
    const endpoints = swarm!.peers.map((peer) => peer.endpoint).sort();
    expect(endpoints).toEqual(truth.peers.map((peer) => peer.endpoint).sort());
    for (const peer of swarm!.peers) expect(peer.sources).toEqual(['tracker']);
    expect(world.privateLeaks()).toBe(0);
  });

  test('an infohash through the DHT, and a magnet beside it, in the order in which they were named', async () => {
    const [first, second] = [torrentOf('Quiet Library'), torrentOf('Open Atlas')];
    const from = Date.now();
    const swarms = await probe([first.infoHash, second.magnet, '--bootstrap', formatEndpoint(world.bootstrap)]);
    expect(swarms.map((swarm) => [swarm.info_hash, swarm.name])).toEqual(
      [first, second].map(({ infoHash, name }) => [infoHash, name]),
    );
    for (const swarm of swarms) {
      const truth = world.truth(swarm.info_hash, from, Date.now());
      expect(swarm.counts.proved).toBe(truth.least.proved);
      expect(swarm.counts.liar_corrupt).toBe(truth.least.liar_corrupt);
      expect(swarm.peers.reduce((sum, peer) => sum + Number(peer.challenges_failed), 0)).toBeGreaterThanOrEqual(
        truth.least.liar_corrupt,
      );
    }
  });

  test('peers that are named, and nothing else is asked; --verify none proves nobody', async () => {
    const torrent = torrentOf('Evening Courses');
    const seeders = world.truth(torrent.infoHash, Date.now(), Date.now()).peers.filter((peer) => peer.kind === 'seeder');
    const named = seeders.flatMap((peer) => ['--peer', peer.endpoint]);
    const [swarm] = await probe([torrent.infoHash, ...named, '--verify', 'none']);
    expect(swarm!.counts.proved).toBe(0);
    const given = swarm!.peers.filter((peer) => peer.sources.includes('given'));
    expect(given.map((peer) => peer.endpoint).sort()).toEqual(seeders.map((peer) => peer.endpoint).sort());
    for (const peer of given)
      expect(peer).toMatchObject({ verdict: 'claimed', challenges_asked: 0, bytes_down: '0', outcome: 'handshaken' });
  });

  test('a tracker that is named, for a torrent that names none; the text for people', async () => {
    const torrent = torrentOf('Night Radio');
    const ended = await run(['probe', torrent.infoHash, '--tracker', torrent.trackers[0]!, ...lab], 120_000);
    expect(ended.code, ended.stderr).toBe(0);
    expect(ended.stdout).toMatch(/Night Radio {2}[0-9a-f]{40}/);
    expect(ended.stdout).toMatch(/super_seeder +1 /);
    expect(ended.stdout).toMatch(/outlook +can be completed/);
  });

  test('ends after --seconds, and says that the census was not finished', async () => {
    const [swarm] = await probe(['ab'.repeat(20), '--peer', `${world.visitorAddress(2)}:9`, '--seconds', '1']);
    expect(swarm).toMatchObject({ info_hash: 'ab'.repeat(20), name: null, completable: null });
  });
});
