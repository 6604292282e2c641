// The crawler as a service, without a socket: what a kept state may not bring back, and what the takedown list does while it runs.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DhtFact } from '@swarmscope/bittorrent/dht/facts.ts';
import { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import type { Endpoint, Out } from '@swarmscope/bittorrent/machine.ts';
import { MemoryBus } from '@swarmscope/bus/memory.ts';
import { startCrawler } from '@swarmscope/dht-crawler/service.ts';
import { writeState } from '@swarmscope/dht-crawler/state.ts';
import { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import { ManualClock } from '@swarmscope/runtime/clock.ts';
import type { Driven } from '@swarmscope/runtime/drive.ts';
import { silentLog } from '@swarmscope/runtime/log.ts';
import { Metrics } from '@swarmscope/runtime/metrics.ts';
import { openPseudonyms } from '@swarmscope/runtime/pseudonym-seed.ts';
import { randomBytes, seededRandom } from '@swarmscope/runtime/random.ts';
import { openTakedown, parseTakedown } from '@swarmscope/runtime/takedown.ts';
import { afterAll, expect, test } from 'vitest';

const directory = mkdtempSync(join(tmpdir(), 'swarmscope-crawler-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const random = seededRandom(9);
const id = () => randomBytes(random, 20);
const GOOD = { address: '5.6.7.8', port: 6881 };
const OPTED_OUT = { address: '9.9.9.9', port: 6881 };
const BOGONS = ['10.0.0.1', '192.168.1.1', '127.0.0.1', '224.0.0.1', '100.64.0.1'].map((address) => ({ address, port: 6881 }));

/** A node whose packets go nowhere: where to is kept. */
function driveNowhere(policy: AddressPolicy, clock: ManualClock) {
  const sent: Endpoint[] = []; // bound: one test
  const node = new DhtNode({ family: 4, id: id(), random, admits: (endpoint) => policy.admits(endpoint) });
  const out: Out<DhtFact> = { send: (_, to) => void sent.push(to), emit: () => {} };
  const driven: Driven<DhtNode, DhtFact> = {
    local: { address: '0.0.0.0', port: 1 },
    act: (action) => action(node, clock.now(), out),
    listen: () => () => {},
    stop: async () => {},
  };
  return { sent, node, driven };
}

async function startOn(statePath: string | undefined) {
  const clock = new ManualClock(1_000);
  const policy = new AddressPolicy({ labNetworks: [], optOut: ['9.9.9.0/24'] });
  const takedown = openTakedown({ log: silentLog, closing: () => {} }, undefined, policy);
  const { sent, node, driven } = driveNowhere(policy, clock);
  const crawler = await startCrawler({
    dht: [driven],
    bus: new MemoryBus(),
    clock,
    random,
    policy,
    takedown,
    pseudonyms: openPseudonyms({ clock }),
    log: silentLog,
    metrics: new Metrics({ processMetrics: false }),
    network: 'test',
    instanceId: 'test',
    addresses: 'pseudonymous',
    shard: { index: 0, count: 1 },
    statePath,
  });
  return { crawler, clock, sent, node, takedown };
}

test('a kept table and frontier bring back nobody who may not be asked', async () => {
  const statePath = join(directory, 'state.json');
  const all = [GOOD, OPTED_OUT, ...BOGONS];
  const nodes = all.map((endpoint) => ({ id: id(), endpoint, done: false, lookAtMs: 0 }));
  writeState(statePath, { 4: { id: id(), table: nodes, sweep: { number: 1, startedMs: 0 }, nodes } });
  const { crawler, sent } = await startOn(statePath);
  expect(new Set(sent.map(({ address }) => address))).toEqual(new Set([GOOD.address]));
  expect(crawler.details().listed).toBe(1);
  await crawler.stop();
});

test('networks that come on the takedown list leave the routing table at once', async () => {
  const { crawler, node, takedown } = await startOn(undefined);
  for (const address of [GOOD.address, '5.7.0.1']) node.table.verified(id(), { address, port: 1 }, 0);
  takedown.replace(parseTakedown('network 5.6.0.0/16'));
  expect([...node.table.nodes()].map(({ address }) => address)).toEqual(['5.7.0.1']);
  await crawler.stop();
});
