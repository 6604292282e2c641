// The prober on real sockets against the laboratory's cast: every peer's verdict and every swarm's figures against the truth, within a minute.
import { formatEndpoint } from '@swarmscope/bittorrent/endpoint.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import { MemoryBus } from '@swarmscope/bus/memory.ts';
import { VERDICTS } from '@swarmscope/events/enums.ts';
import { type Event, type EventOf, parseEvent } from '@swarmscope/events/event.ts';
import { CAST } from '@swarmscope/lab/loopback/cast.ts';
import { LoopbackSwarm } from '@swarmscope/lab/loopback/swarm.ts';
import { swarmTruth } from '@swarmscope/lab/sim/truth.ts';
import { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import { systemClock as clock } from '@swarmscope/runtime/clock.ts';
import { raiseInvariant } from '@swarmscope/runtime/invariant.ts';
import { silentLog } from '@swarmscope/runtime/log.ts';
import { Metrics } from '@swarmscope/runtime/metrics.ts';
import { Pseudonyms } from '@swarmscope/runtime/pseudonym.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { TcpTransport } from '@swarmscope/runtime/tcp.ts';
import { type RunningProber, startProber } from '@swarmscope/swarm-prober/service.ts';
import { LAB_TIMES } from '@swarmscope/swarm-prober/settings.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pickNetwork, until } from '../interop/support/process.ts';

describe.skipIf(process.platform !== 'linux')('the cast of the demonstration, probed', () => {
  const address = pickNetwork();
  const events: Event[] = []; // bound: one suite
  const swarms: LoopbackSwarm[] = []; // bound: CAST
  const tcp = new TcpTransport({ clock, maxSessions: 2_000, connectTimeoutMs: 4_000, onInvariant: raiseInvariant });
  const pseudonyms = new Pseudonyms({ clock, key: new Uint8Array(32), epoch: 0 });
  let prober: RunningProber;

  beforeAll(async () => {
    let host = 10;
    const nextAddress = () => address(host++);
    for (const [i, cast] of CAST.entries())
      swarms.push(await LoopbackSwarm.open(cast, { tcp, seed: 1 + i, startMs: clock.now(), trackers: [], nextAddress }));
    await Promise.all(swarms.map((swarm) => swarm.hush()));
    const bus = new MemoryBus();
    const publish = bus.publish.bind(bus);
    bus.publish = (event) => {
      events.push(event);
      return publish(event);
    };
    prober = await startProber({
      dht: [],
      bus,
      clock,
      random: seededRandom(7),
      policy: new AddressPolicy({ labNetworks: ['127.0.0.0/8'], optOut: [] }),
      pseudonyms,
      log: silentLog,
      metrics: new Metrics({ processMetrics: false }),
      network: 'lab',
      instanceId: 'e2e',
      addresses: 'full',
      listen: { address: address(1), port: 0 },
      verify: 'all',
      announce: 'none',
      times: LAB_TIMES,
      onInvariant: raiseInvariant,
    });
    for (const { content, peers } of swarms)
      prober.add({ infoHash: content.wireHashes[0]!, peers: peers.map((peer) => peer.plan.endpoint) });
    await until('every census is over', () => prober.settled(), 60_000);
  });
  afterAll(async () => {
    await prober.stop();
    await tcp.close();
    pseudonyms.stop();
  });

  const of = <T extends Event['topic']>(topic: T): EventOf<T>[] =>
    events.filter((event): event is EventOf<T> => event.topic === topic);
  const idOf = (swarm: LoopbackSwarm) => toHex(swarm.content.wireHashes[0]!);

  /** The census of a swarm, and what was true while it ran. */
  function compare(swarm: LoopbackSwarm) {
    const census = of('swarm_sampled').find((event) => event.swarm_id === idOf(swarm))!;
    const end = census.ts - (clock.wall() - clock.now());
    return { census, truth: swarmTruth(swarm.peers, end - census.window_s * 1000, end) };
  }

  test.each(CAST.map((cast, index) => ({ name: cast.name, index })))('$name', ({ index }) => {
    const swarm = swarms[index]!;
    const { census, truth } = compare(swarm);
    for (const verdict of VERDICTS) {
      expect(census[verdict], verdict).toBeGreaterThanOrEqual(truth.least[verdict]);
      expect(census[verdict], verdict).toBeLessThanOrEqual(truth.most[verdict]);
    }
    expect(truth.completable).toContain(census.completable === 1);
    const probed = new Map(
      of('peer_probed')
        .filter((event) => event.census_id === census.census_id)
        .map((e) => [e.endpoint, e]),
    );
    for (const peer of truth.peers) {
      const seen = probed.get(peer.endpoint);
      expect(peer.verdicts, `${peer.kind} ${peer.endpoint}`).toContain(seen?.verdict);
      if (!['leecher', 'partial_seed', 'progressing'].includes(peer.kind)) continue;
      expect(seen?.pieces_have, peer.kind).toBeGreaterThanOrEqual(peer.pieces.least);
      expect(seen?.pieces_have, peer.kind).toBeLessThanOrEqual(peer.pieces.most);
    }
  });

  test('metadata came from the swarms, and every event is one by its definition', () => {
    expect(
      new Set(
        of('torrent_resolved')
          .filter((event) => event.alias_of === null)
          .map((event) => event.swarm_id),
      ),
    ).toEqual(new Set(swarms.map(idOf)));
    for (const event of events) expect(parseEvent(event.topic, event)).toEqual(event);
  });

  test('nobody of a private torrent is told of others, or learned by PEX', () => {
    const hidden = swarms.find((swarm) => swarm.cast.private)!;
    const sources = of('peer_sighted')
      .filter((event) => event.swarm_id === idOf(hidden))
      .map((event) => event.source);
    expect(new Set(sources)).toEqual(new Set(['given']));
    const open = of('peer_sighted').filter((event) => event.source === 'pex');
    expect(open.length).toBeGreaterThan(0);
    expect(hidden.peers.map((peer) => formatEndpoint(peer.plan.endpoint))).not.toContain(open[0]!.endpoint);
  });
});
