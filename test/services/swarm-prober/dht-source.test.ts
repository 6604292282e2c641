// The DHT as a source, with the real node in a virtual network: a walk that broke off and found nobody is a failure, one that went its way is an answer.
import type { DhtFact } from '@swarmscope/bittorrent/dht/facts.ts';
import type { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { bloomOf } from '@swarmscope/lab/sim/bloom.ts';
import type { Driven } from '@swarmscope/runtime/drive.ts';
import type { Agenda, Task } from '@swarmscope/swarm-prober/agenda.ts';
import { Census } from '@swarmscope/swarm-prober/census.ts';
import { DhtSource } from '@swarmscope/swarm-prober/dht-source.ts';
import { ByteBudget, PieceCache } from '@swarmscope/swarm-prober/piece-cache.ts';
import { LAB_TIMES } from '@swarmscope/swarm-prober/settings.ts';
import { ProbedSwarm, SwarmView } from '@swarmscope/swarm-prober/swarm.ts';
import { describe, expect, test } from 'vitest';
import { startMesh, VirtualNetwork, VirtualNode } from '../../support/dht-network.ts';

const WAIT_MS = 30_000;

/** A virtual node as the prober sees its own. */
function driven(network: VirtualNetwork, { node, out, facts, endpoint }: VirtualNode) {
  const listeners: ((fact: DhtFact, now: number) => void)[] = []; // bound: one test
  const push = facts.push.bind(facts);
  facts.push = (...news) => {
    for (const fact of news) for (const listener of listeners) listener(fact, network.now);
    return push(...news);
  };
  return {
    local: endpoint,
    act: (action: (machine: DhtNode, now: number, sink: typeof out) => unknown) => action(node, network.now, out),
    listen: (listener: (fact: DhtFact, now: number) => void) => {
      listeners.push(listener);
      return () => {};
    },
    stop: async () => {},
  } as Driven<DhtNode, DhtFact>;
}

/** The parts of a source that is asked in a test, and what makes its time pass. */
function sourceOn(network: VirtualNetwork, ours: readonly VirtualNode[]) {
  const tasks: { task: Task; due: number }[] = []; // bound: one test
  const agenda = { set: (task: Task, due: number) => void tasks.push({ task, due }) } as unknown as Agenda;
  const found: Endpoint[] = []; // bound: one test
  const source = new DhtSource({
    dht: ours.map((each) => driven(network, each)),
    agenda,
    maxLookups: 10,
    listenPort: () => undefined,
    nodeKey: () => 'aa'.repeat(8),
    sighted: (_swarm, _via, endpoint) => void found.push(endpoint),
    changed: () => {},
  });
  const run = (ms: number) => {
    for (const end = network.now + ms; network.now < end; ) {
      network.run(100);
      for (const entry of tasks.splice(0)) {
        if (entry.due <= network.now) entry.task.run(network.now);
        else tasks.push(entry);
      }
    }
  };
  return { source, found, run };
}

/** A swarm of that infohash with a census under way. */
function swarmOf(infoHash: Uint8Array, now: number) {
  const swarm = new ProbedSwarm(toHex(infoHash));
  const view = new SwarmView(swarm, infoHash, new PieceCache(1), new ByteBudget(1));
  swarm.views.push(view);
  const census = new Census('id', LAB_TIMES, 100, now);
  swarm.census = census;
  return { swarm, view, census };
}

/** Asks for a swarm in a network of `count` nodes of which `left` remain once we have joined; what the census knows of the source after the wait. */
function ask(count: number, left: number, announcer?: Endpoint) {
  const network = new VirtualNetwork(7);
  const nodes = startMesh(network, count);
  const ours = nodes.at(-1)!;
  const infoHash = new Uint8Array(20).fill(0xab);
  if (announcer) {
    const other = nodes[1]!;
    const plan = {
      target: infoHash,
      kind: 'get_peers',
      announce: { port: announcer.port, seed: false, impliedPort: false },
    } as const;
    other.node.lookup(plan, network.now, other.out);
    network.run(20_000);
  }
  for (const { endpoint } of nodes.slice(left, -1)) network.remove(endpoint);
  const { source, found, run } = sourceOn(network, [ours]);
  const { view, census } = swarmOf(infoHash, network.now);
  source.ask(view, census, network.now, WAIT_MS);
  run(WAIT_MS);
  return { state: census.sourceState('dht'), found };
}

describe('the DHT as a source', () => {
  test('that answered and knows nobody is an answer', () => {
    expect(ask(24, 23)).toEqual({ state: 'answered', found: [] });
  });

  test('that is small and answered whole is an answer', () => {
    expect(ask(4, 3)).toEqual({ state: 'answered', found: [] });
  });

  test('of which most do not answer any more has failed: that nobody was found says nothing', () => {
    expect(ask(24, 3)).toEqual({ state: 'failed', found: [] });
  });

  test('that names a peer has answered, however few did', () => {
    const { state, found } = ask(24, 23, { address: '10.0.0.1', port: 4_444 });
    expect([state, found.some(({ address, port }) => address === '10.0.0.1' && port === 4_444)]).toEqual(['answered', true]);
  });
});

/** 40 nodes on IPv4 and 20 on IPv6, to whom 12 and 5 of them announced as seeds, 20 and none as others. */
function scrape(lies: readonly Uint8Array[] = [], isWatched = true) {
  const network = new VirtualNetwork(33);
  const infoHash = new Uint8Array(20).fill(0xab);
  const v4 = startMesh(network, 40);
  const v6 = Array.from(
    { length: 20 },
    (_, i) => new VirtualNode(network, { address: `2001:db8:${i.toString(16)}::1`, port: 6881 }),
  );
  for (const { node, out } of v6.slice(1)) node.bootstrap([v6[0]!.endpoint], network.now, out);
  network.run(60_000);
  const announce = ({ node, out }: VirtualNode, seed: boolean) => {
    const plan = { target: infoHash, kind: 'get_peers', announce: { port: 7_000, seed, impliedPort: false } } as const;
    node.lookup(plan, network.now, out);
  };
  for (const each of [...v4.slice(0, 12), ...v6.slice(0, 5)]) announce(each, true);
  for (const each of v4.slice(12, 32)) announce(each, false);
  network.run(30_000);
  const holders = v4.filter(({ node }) => node.stored > 0).slice(0, lies.length);
  const send = network.send.bind(network);
  network.send = (bytes, from, to) => {
    const lie = lies[holders.findIndex(({ endpoint }) => endpoint === from)];
    const at = Buffer.from(bytes).indexOf('4:BFsd256:');
    if (lie && at >= 0) bytes.set(lie, at + 10);
    send(bytes, from, to);
  };
  const { source, run } = sourceOn(network, [v4.at(-1)!, v6.at(-1)!]);
  const { swarm, view, census } = swarmOf(infoHash, network.now);
  swarm.watched = isWatched;
  const asked = network.log.length;
  source.ask(view, census, network.now, WAIT_MS);
  run(WAIT_MS);
  const scraped = network.log.slice(asked).filter(({ bytes }) => Buffer.from(bytes).includes('6:scrape'));
  return { filters: census.filters, state: census.sourceState('dht'), scraped };
}

describe('BEP 33', () => {
  test('sixteen nodes of each family are asked; what they hold is joined to one figure for each kind', () => {
    const { filters, state, scraped } = scrape();
    const hosts = (family: (address: string) => boolean) => new Set(scraped.map(({ to }) => to.address).filter(family)).size;
    expect([state, hosts((each) => !each.includes(':')), hosts((each) => each.includes(':'))]).toEqual(['answered', 16, 16]);
    // Of each kind two addresses share a bit.
    expect(filters!.seeds.bounds()).toEqual({ estimate: 17, low: 17, high: 18 });
    expect(filters!.downloaders.bounds()).toEqual({ estimate: 20, low: 20, high: 21 });
    expect([filters!.nodes >= 16, filters!.refused]).toEqual([true, 0]);
  });

  test('three liars of eight change nothing', () => {
    const { seeds, ...rest } = scrape().filters!;
    const invented = bloomOf(Array.from({ length: 90 }, (_, i) => `5.0.0.${i}`));
    const random = Uint8Array.from({ length: 256 }, (_, i) => (i * 89) & 0xff);
    const { filters } = scrape([new Uint8Array(256).fill(255), invented, random]);
    expect(filters!.seeds.bounds()).toEqual(seeds.bounds());
    expect([filters!.nodes, filters!.refused]).toEqual([rest.nodes - 3, 3]);
  });

  test('is not asked for swarms that were only met: their lookup would cost the DHT two to three times as much', () => {
    const { filters, state, scraped } = scrape([], false);
    expect([filters, state, scraped]).toEqual([undefined, 'answered', []]);
  });
});
