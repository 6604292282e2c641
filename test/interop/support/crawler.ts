// The ordinary crawler on a socket of a test: its DHT node, a bus whose events are kept, and its end.

import type { DhtFact } from '@swarmscope/bittorrent/dht/facts.ts';
import { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import type { DhtNodeOptions } from '@swarmscope/bittorrent/dht/node-options.ts';
import { endpointKey } from '@swarmscope/bittorrent/endpoint.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { MemoryBus } from '@swarmscope/bus/memory.ts';
import { type RunningCrawler, startCrawler } from '@swarmscope/dht-crawler/service.ts';
import type { EventOf } from '@swarmscope/events/event.ts';
import { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import { systemClock } from '@swarmscope/runtime/clock.ts';
import { type Driven, drive } from '@swarmscope/runtime/drive.ts';
import { raiseInvariant } from '@swarmscope/runtime/invariant.ts';
import { silentLog } from '@swarmscope/runtime/log.ts';
import { Metrics } from '@swarmscope/runtime/metrics.ts';
import { openPseudonyms } from '@swarmscope/runtime/pseudonym-seed.ts';
import { randomBytes, systemRandom } from '@swarmscope/runtime/random.ts';
import { openUdp } from '@swarmscope/runtime/udp.ts';

const LAB_POLICY = new AddressPolicy({ labNetworks: ['127.0.0.0/8', '::1/128'], optOut: [] });

/** For nodes that all live on one address, as on ::1: hosts are told apart by their ports. */
export const ON_ONE_ADDRESS: Partial<DhtNodeOptions> = {
  hostOf: endpointKey,
  caps: { perHost: 1, perPrefix: Number.POSITIVE_INFINITY },
};

/** Our DHT node on a loopback address. */
export async function startNode(address: string, options: Partial<DhtNodeOptions> = {}): Promise<Driven<DhtNode, DhtFact>> {
  const random = systemRandom();
  const node = new DhtNode({
    family: address.includes(':') ? 6 : 4,
    id: randomBytes(random, 20),
    random,
    admits: (endpoint) => LAB_POLICY.admits(endpoint),
    ...options,
  });
  const socket = await openUdp({ address, port: 0, receiveBufferBytes: 4 << 20 });
  return drive(node, socket, systemClock, raiseInvariant);
}

export class CrawlerUnderTest {
  readonly sighted: EventOf<'infohash_sighted'>[] = []; // bound: one test
  readonly seen: EventOf<'dht_node_seen'>[] = []; // bound: one test
  readonly driven: Driven<DhtNode, DhtFact>;
  readonly crawler: RunningCrawler;
  readonly #bus: MemoryBus;

  private constructor(driven: Driven<DhtNode, DhtFact>, crawler: RunningCrawler, bus: MemoryBus) {
    this.driven = driven;
    this.crawler = crawler;
    this.#bus = bus;
  }

  /** Starts from one bootstrap endpoint; raw addresses in events, so that a test can compare them. */
  static async start(address: string, bootstrap: Endpoint, options: Partial<DhtNodeOptions> = {}): Promise<CrawlerUnderTest> {
    const driven = await startNode(address, options);
    const bus = new MemoryBus();
    const clock = systemClock;
    const crawler = await startCrawler({
      dht: [driven],
      bus,
      clock,
      random: systemRandom(),
      policy: LAB_POLICY,
      pseudonyms: openPseudonyms({ clock }),
      log: silentLog,
      metrics: new Metrics({ processMetrics: false }),
      network: 'interop',
      instanceId: 'test',
      addresses: 'full',
      shard: { index: 0, count: 1 },
    });
    const test = new CrawlerUnderTest(driven, crawler, bus);
    await bus.consume({ group: 'test', topics: ['infohash_sighted', 'dht_node_seen'] }, async ({ records }) => {
      for (const { value } of records)
        if (value.topic === 'infohash_sighted') test.sighted.push(value);
        else test.seen.push(value);
    });
    driven.act((node, now, out) => node.bootstrap([bootstrap], now, out));
    return test;
  }

  async stop(): Promise<void> {
    await this.crawler.stop();
    await this.driven.stop();
    await this.#bus.flush();
    await this.#bus.close();
  }
}
