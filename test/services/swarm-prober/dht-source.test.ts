// The DHT as a source, with the real node in a virtual network: a walk that broke off and found nobody is a failure, one that went its way is an answer.
import type { DhtFact } from '@swarmscope/bittorrent/dht/facts.ts';
import type { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import type { Driven } from '@swarmscope/runtime/drive.ts';
import type { Agenda, Task } from '@swarmscope/swarm-prober/agenda.ts';
import { Census } from '@swarmscope/swarm-prober/census.ts';
import { DhtSource } from '@swarmscope/swarm-prober/dht-source.ts';
import { ByteBudget, PieceCache } from '@swarmscope/swarm-prober/piece-cache.ts';
import { LAB_TIMES } from '@swarmscope/swarm-prober/settings.ts';
import { ProbedSwarm, SwarmView } from '@swarmscope/swarm-prober/swarm.ts';
import { describe, expect, test } from 'vitest';
import { startMesh, VirtualNetwork, type VirtualNode } from '../../support/dht-network.ts';

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
  const tasks: { task: Task; due: number }[] = []; // bound: one test
  const agenda = { set: (task: Task, due: number) => void tasks.push({ task, due }) } as unknown as Agenda;
  const found: Endpoint[] = []; // bound: one test
  const source = new DhtSource({
    dht: [driven(network, ours)],
    agenda,
    maxLookups: 10,
    listenPort: () => undefined,
    nodeKey: () => 'aa'.repeat(8),
    sighted: (_swarm, _via, endpoint) => void found.push(endpoint),
    changed: () => {},
  });
  const swarm = new ProbedSwarm('ab'.repeat(20));
  const view = new SwarmView(swarm, infoHash, new PieceCache(1), new ByteBudget(1));
  swarm.views.push(view);
  const census = new Census('id', LAB_TIMES, 100, network.now);
  swarm.census = census;
  source.ask(view, census, network.now, WAIT_MS);
  for (const end = network.now + WAIT_MS; network.now < end; ) {
    network.run(100);
    for (const entry of tasks.splice(0)) {
      if (entry.due <= network.now) entry.task.run(network.now);
      else tasks.push(entry);
    }
  }
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
