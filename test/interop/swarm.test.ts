// The prober against a swarm of libtorrent, Transmission and aria2 peers around an opentracker: every peer in its class, counts exact, seeders proved, metadata equal.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEndpoint } from '@swarmscope/bittorrent/endpoint.ts';
import { fromHex } from '@swarmscope/bittorrent/hex.ts';
import { MemoryBus } from '@swarmscope/bus/memory.ts';
import type { Event, EventOf } from '@swarmscope/events/event.ts';
import { parseEvent } from '@swarmscope/events/event.ts';
import { startIngest } from '@swarmscope/ingest/service.ts';
import { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import { systemClock } from '@swarmscope/runtime/clock.ts';
import { silentLog } from '@swarmscope/runtime/log.ts';
import { Metrics } from '@swarmscope/runtime/metrics.ts';
import { Pseudonyms } from '@swarmscope/runtime/pseudonym.ts';
import { systemRandom } from '@swarmscope/runtime/random.ts';
import { openUdp } from '@swarmscope/runtime/udp.ts';
import { type EmbeddedStore, openEmbedded } from '@swarmscope/store/embedded.ts';
import { type ProbeTarget, type RunningProber, startProber } from '@swarmscope/swarm-prober/service.ts';
import { LAB_TIMES } from '@swarmscope/swarm-prober/settings.ts';
import { TrackerClient } from '@swarmscope/swarm-prober/trackers.ts';
import { openUdpFront } from '@swarmscope/swarm-prober/trackers-udp.ts';
import { openUtp } from '@swarmscope/swarm-prober/utp.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missing } from '../support/extras.ts';
import { pickNetwork, until, Workbench } from './support/process.ts';
import { type Swarm, startSwarm } from './support/swarm.ts';

/** Foreign clients unchoke when they like: aria2 takes up to 10 s and more, a slow seeder some seconds for a piece. */
const TIMES = {
  ...LAB_TIMES,
  chokeMs: 40_000,
  challengeMs: 20_000,
  observeMs: 5_000,
  revealMs: 20_000,
  censusMs: 120_000,
  metadataMs: 10_000,
};

describe.skipIf(missing('libtorrent', 'transmission', 'aria2', 'opentracker').length > 0)('a swarm of foreign peers', () => {
  const bench = new Workbench('prober');
  const address = pickNetwork();
  const events: Event[] = []; // bound: one suite
  const buses: MemoryBus[] = []; // bound: one per prober of the suite
  let store: EmbeddedStore;
  let swarm: Swarm;

  beforeAll(async () => {
    store = await openEmbedded({ directory: join(bench.directory, 'store') });
    bench.keep({ stop: () => store.close() });
    await store.migrate();
    swarm = await startSwarm(bench, address);
  });
  afterAll(() => bench.close());

  /** A prober on an address of its own; its events go to `events`, and by ordinary ingest to the store. */
  async function start(host: number, announce: 'all' | 'none'): Promise<RunningProber> {
    const bus = new MemoryBus();
    buses.push(bus);
    bench.keep(await startIngest({ bus, store, clock: systemClock, log: silentLog }));
    const publish = bus.publish.bind(bus);
    bus.publish = (event) => {
      events.push(event);
      return publish(event);
    };
    const [clock, random] = [systemClock, systemRandom()];
    const policy = new AddressPolicy({ labNetworks: ['127.0.0.0/8'], optOut: [] });
    const pseudonyms = new Pseudonyms({ clock, key: new Uint8Array(32), epoch: 0 });
    const onInvariant = (error: unknown) => {
      throw error;
    };
    const udp = await openUdpFront({ addresses: [address(host)], clock, random, onInvariant });
    const trackers = bench.keep(new TrackerClient({ clock, policy, udp }));
    const socket = await openUdp({ address: address(host), port: 0 });
    const prober = await startProber({
      dht: [],
      utp: [openUtp(socket, { clock, random, onInvariant })],
      bus,
      clock,
      random,
      policy,
      pseudonyms,
      log: silentLog,
      metrics: new Metrics({ processMetrics: false }),
      network: 'interop',
      instanceId: `interop-${host}`,
      addresses: 'full',
      trackers,
      listen: socket.local,
      verify: 'all',
      announce,
      times: TIMES,
      budgets: { challenges: 2 },
      onInvariant,
    });
    pseudonyms.stop();
    return bench.keep(prober);
  }

  const of = <T extends Event['topic']>(topic: T): EventOf<T>[] =>
    events.filter((event): event is EventOf<T> => event.topic === topic);

  /** Probes a torrent, knowing no more than its hash and its peers; the events of its census. */
  async function probe(prober: RunningProber, target: ProbeTarget, swarmId: string) {
    prober.add(target);
    await until('the census is over', () => prober.settled(), 150_000);
    const sampled = of('swarm_sampled').findLast((event) => event.swarm_id === swarmId);
    if (!sampled) throw new Error('no census');
    const probed = new Map(
      of('peer_probed')
        .filter((event) => event.census_id === sampled.census_id)
        .map((event) => [event.endpoint, event]),
    );
    return { sampled, probed };
  }

  test('every peer is in its class, with exact counts, and each honest seeder is proved', async () => {
    const infoHash = fromHex(swarm.torrent.info_hash_v1!)!;
    const dead = { address: address(99), port: 9 };
    const peers = [...swarm.peers.map((peer) => parseEndpoint(peer.endpoint)!), dead];
    const before = await Promise.all(swarm.peers.map((peer) => peer.piecesHave()));
    const { sampled, probed } = await probe(await start(100, 'none'), { infoHash, peers }, swarm.torrent.info_hash_v1!);
    const after = await Promise.all(swarm.peers.map((peer) => peer.piecesHave()));

    const verdicts = Object.fromEntries(swarm.peers.map((peer) => [peer.name, probed.get(peer.endpoint)?.verdict]));
    expect(verdicts).toEqual(Object.fromEntries(swarm.peers.map((peer) => [peer.name, peer.expected])));
    for (const [i, peer] of swarm.peers.entries()) {
      const seen = probed.get(peer.endpoint)!;
      expect(seen, peer.name).toMatchObject({ outcome: 'handshaken', pieces_total: swarm.torrent.pieces, challenges_failed: 0 });
      expect(seen, peer.name).toMatchObject(peer.way);
      if (peer.expected === 'super_seeder') continue;
      expect(seen.pieces_have, peer.name).toBeGreaterThanOrEqual(before[i]!);
      expect(seen.pieces_have, peer.name).toBeLessThanOrEqual(after[i]!);
      if (peer.expected === 'proved') expect(seen.challenges_passed, peer.name).toBeGreaterThanOrEqual(1);
    }
    expect(probed.get(`${dead.address}:9`)).toMatchObject({ verdict: 'unreachable', outcome: 'refused' });
    expect(sampled).toMatchObject({ proved: 5, super_seeder: 1, partial_seed: 1, leecher: 3, unreachable: 1, completable: 1 });
  });

  test('the metadata came from the swarm, and is that of the .torrent', () => {
    const resolved = of('torrent_resolved').find((event) => event.swarm_id === swarm.torrent.info_hash_v1);
    const torrent = readFileSync(swarm.torrent.torrent);
    expect(torrent.includes(Buffer.from(swarm.torrent.info, 'hex'))).toBe(true);
    expect(resolved).toMatchObject({
      source: 'peer',
      info_hash_v1: swarm.torrent.info_hash_v1,
      name: swarm.torrent.name,
      pieces: swarm.torrent.pieces,
      size_bytes: String(128 * 65_536),
    });
  });

  test('a hybrid is one swarm under both its names, and its seeder is proved', async () => {
    const { info_hash_v1: v1, info_hash_v2: v2 } = swarm.hybrid;
    const peers = [parseEndpoint(swarm.hybridPeer.endpoint)!];
    const { sampled, probed } = await probe(await start(101, 'none'), { infoHashV2: fromHex(v2!)!, peers }, v1!);
    expect(probed.get(swarm.hybridPeer.endpoint)).toMatchObject({ verdict: 'proved', pieces_have: swarm.hybrid.pieces });
    expect(sampled).toMatchObject({ swarm_id: v1, proved: 1, endpoints_known: 1 });
    const alias = of('torrent_resolved').find((event) => event.alias_of !== null);
    expect(alias).toMatchObject({ swarm_id: v2!.slice(0, 40), alias_of: v1, info_hash_v2: v2 });
  });

  test('by the tracker alone, announced ourselves: the same peers, ours not among them, those that dial us counted once', async () => {
    const v1 = swarm.torrent.info_hash_v1!;
    const prober = await start(102, 'all');
    const { sampled, probed } = await probe(prober, { infoHash: fromHex(v1)!, trackers: [swarm.tracker.http] }, v1);
    // A client that announces by HTTP from 127.0.0.1 is told of there, where nobody listens; its true endpoint comes by PEX, or it dials us.
    // libtorrent without TCP is such a one: it is found when one that it dials tells us.
    const known = swarm.peers.filter((peer) => peer.way.transport === 'tcp').map((peer) => peer.endpoint);
    const utpOnly = swarm.peers.filter((peer) => peer.way.transport === 'utp').map((peer) => peer.endpoint);
    const reached = [...probed.values()].filter((peer) => peer.outcome === 'handshaken').map((peer) => peer.endpoint ?? '');
    expect(reached.filter((endpoint) => !utpOnly.includes(endpoint)).sort()).toEqual(known.sort());
    const beyond = [...probed.values()].filter((peer) => peer.outcome !== 'handshaken');
    expect(beyond.filter((peer) => !peer.endpoint?.startsWith('127.0.0.1:'))).toEqual([]);
    const found = reached.length - known.length;
    expect(sampled).toMatchObject({ proved: 4 + found, super_seeder: 1, partial_seed: 1, leecher: 3, reached: 9 + found });
    expect(sampled.sources.find((each) => each.source === 'tracker')).toMatchObject({ failed: 0 });
    const told = of('tracker_scraped').filter((event) => event.instance_id === 'interop-102');
    const site = new URL(swarm.tracker.http).origin;
    expect(told.map(({ tracker, action, outcome }) => ({ tracker, action, outcome }))).toEqual(
      expect.arrayContaining([
        { tracker: site, action: 'announce', outcome: 'ok' },
        { tracker: site, action: 'scrape', outcome: 'ok' },
      ]),
    );
  });

  test('the store says the same, asked by SQL', async () => {
    for (const bus of buses) expect(await bus.flush(20_000)).toBe(true);
    const first = of('swarm_sampled').find((event) => event.instance_id === 'interop-100')!;
    const rows = await store.query<{ endpoint: string; verdict: string; have: number; passed: number }>(
      `SELECT endpoint, verdict, pieces_have AS have, challenges_passed AS passed FROM peer_probed
       WHERE census_id = unhex({census:String}) AND outcome = 'handshaken' AND direction = 'out' ORDER BY endpoint`,
      { census: first.census_id },
    );
    const expected = Object.fromEntries(swarm.peers.map((peer) => [peer.endpoint, peer.expected]));
    expect(Object.fromEntries(rows.map((row) => [row.endpoint, row.verdict]))).toEqual(expected);
    for (const row of rows.filter((each) => each.verdict === 'proved')) expect(Number(row.passed)).toBeGreaterThanOrEqual(1);
    const [torrent] = await store.query<{ name: string; pieces: number; source: string }>(
      'SELECT name, pieces, source FROM torrent_resolved WHERE swarm_id = unhex({swarm:String}) LIMIT 1',
      { swarm: swarm.torrent.info_hash_v1! },
    );
    expect(torrent).toEqual({ name: swarm.torrent.name, pieces: swarm.torrent.pieces, source: 'peer' });
    const counts = await store.query<{ topic: string; rows: string }>(
      `SELECT 'peer_probed' AS topic, toString(count()) AS rows FROM peer_probed UNION ALL SELECT 'rejected', toString(count()) FROM rejected`,
    );
    const probed = { topic: 'peer_probed', rows: String(of('peer_probed').length) };
    expect(counts.sort((a, b) => (a.topic < b.topic ? -1 : 1))).toEqual([probed, { topic: 'rejected', rows: '0' }]);
  });

  test('every event is one by its definition', () => {
    for (const event of events) expect(parseEvent(event.topic, event)).toEqual(event);
  });
});
