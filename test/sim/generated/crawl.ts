// The crawler alone on a virtual clock in a generated network: its own DHT node, crawl and publisher, and nothing beside it that takes memory.
import { addressPrefix } from '@swarmscope/bittorrent/address.ts';
import type { DhtFact } from '@swarmscope/bittorrent/dht/facts.ts';
import { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import { encodeCompact } from '@swarmscope/bittorrent/endpoint.ts';
import { KrpcWriter } from '@swarmscope/bittorrent/krpc/writer.ts';
import type { Endpoint, Out } from '@swarmscope/bittorrent/machine.ts';
import { Crawl, DEFAULT_CRAWL } from '@swarmscope/dht-crawler/crawl.ts';
import { shardOf } from '@swarmscope/dht-crawler/frontier.ts';
import { Publisher } from '@swarmscope/dht-crawler/publish.ts';
import { hashText } from '@swarmscope/dht-crawler/recent.ts';
import { SeenInfohashes } from '@swarmscope/dht-crawler/seen.ts';
import { Schedule } from '@swarmscope/lab/sim/schedule.ts';
import { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import { Pseudonyms } from '@swarmscope/runtime/pseudonym.ts';
import { randomBytes, seededRandom } from '@swarmscope/runtime/random.ts';
import { Turn } from '@swarmscope/runtime/turn.ts';
import { GeneratedNetwork, type GeneratedPlan } from './network.ts';

export interface GeneratedCrawlPlan extends GeneratedPlan {
  readonly seed: number;
  /** Queries a second that strangers send us, each from another address, each for another infohash. */
  readonly strangersPerSecond: number;
  /** Infohashes remembered at a time, as in the crawler's settings. */
  readonly infohashesMax: number;
}

const EPOCH_MS = 1_700_000_000_000;
const LATENCY_MS = 60;
const JITTER_MS = 80;
const US: Endpoint = { address: '198.41.0.1', port: 6_881 };

/** A question on its way to a node, or a stranger's query on its way to us. */
type Packet = { readonly to: number; readonly bytes: Uint8Array } | 'stranger';

export class GeneratedCrawl {
  readonly network: GeneratedNetwork;
  readonly dht: DhtNode;
  readonly crawl: Crawl;
  readonly seen: SeenInfohashes;
  readonly #plan: GeneratedCrawlPlan;
  readonly #random;
  readonly #schedule = new Schedule<Packet>();
  readonly #turn: Turn<DhtFact>;
  readonly #out: Out<DhtFact>;
  readonly #us = encodeCompact(US);
  readonly #pseudonyms: Pseudonyms;
  readonly #policy = new AddressPolicy({ labNetworks: [], optOut: [] });
  now = 0;
  queries = 0;
  events = 0;
  eventBytes = 0;

  constructor(plan: GeneratedCrawlPlan) {
    this.#plan = plan;
    this.#random = seededRandom(plan.seed);
    this.network = new GeneratedNetwork(plan);
    const clock = { now: () => this.now, wall: () => EPOCH_MS + Math.round(this.now) };
    this.#pseudonyms = new Pseudonyms({ clock, epoch: 0, key: new Uint8Array(32) });
    this.dht = new DhtNode({
      family: 4,
      id: randomBytes(this.#random, 20),
      random: this.#random,
      admits: (to) => this.#policy.admits(to),
    });
    this.seen = new SeenInfohashes(plan.infohashesMax, [plan.seed, 2]);
    const bus = { publish: (event: object) => this.#published(event) };
    const named = { clock, pseudonyms: this.#pseudonyms, network: 'generated', instanceId: 'crawler-1' };
    this.crawl = new Crawl({
      ...DEFAULT_CRAWL,
      shard: shardOf(0, 1),
      random: this.#random,
      seen: this.seen,
      sink: new Publisher({ ...named, bus: bus as never, addresses: 'pseudonymous' }),
      partyOf: (endpoint) => hashText(addressPrefix(endpoint.address)) >>> 1 || 1,
      hostOf: (endpoint) => this.dht.hostOf(endpoint),
    });
    this.#out = { send: (bytes, to) => this.#sent(bytes, to), emit: (fact) => this.#turn.emit(fact) };
    const observe = (fact: DhtFact) => this.crawl.observe(fact, this.now, this.dht, this.#out);
    this.#turn = new Turn<DhtFact>(observe, (error) => {
      throw error;
    });
    this.#act(() => this.dht.bootstrap([this.network.endpointOf(this.#firstAlive())], this.now, this.#out));
    if (plan.strangersPerSecond > 0) this.#schedule.add(0, 'stranger');
  }

  #firstAlive(): number {
    let node = 0;
    while (this.network.isDead(node) || this.network.isInventing(node)) node++;
    return node;
  }

  /** As a bus does: an event becomes a line, and is gone. */
  #published(event: object): void {
    this.events++;
    this.eventBytes += JSON.stringify(event).length;
  }

  #act(action: () => void): void {
    this.#turn.run(action, this.now);
  }

  #sent(bytes: Uint8Array, to: Endpoint): void {
    const node = this.network.nodeAt(to);
    this.queries++;
    if (node < 0 || this.network.isDead(node) || this.network.isAway(node, this.now)) return;
    this.#schedule.add(this.now + LATENCY_MS + this.#random() * JITTER_MS, { to: node, bytes: bytes.slice() });
  }

  /** Runs until that virtual time. */
  run(untilMs: number): void {
    for (;;) {
      const nextMs = Math.min(this.#schedule.nextMs(), this.dht.deadline(), this.crawl.deadline());
      if (nextMs > untilMs) break;
      this.now = Math.max(this.now, nextMs);
      if (this.#schedule.nextMs() <= this.now) this.#arrived(this.#schedule.take()!);
      else if (this.dht.deadline() <= this.now) this.#act(() => this.dht.tick(this.now, this.#out));
      else this.#act(() => this.crawl.tick(this.now, this.dht, this.#out));
    }
    this.now = untilMs;
  }

  #arrived(packet: Packet): void {
    if (packet === 'stranger') {
      this.#strangerAsks();
      return;
    }
    const reply = this.network.answer(packet.to, packet.bytes, this.#us);
    if (reply) this.#act(() => this.dht.receive(reply, this.network.endpointOf(packet.to), this.now, this.#out));
  }

  /** Nobody answers at the address that it has. */
  #strangerAsks(): void {
    this.#schedule.add(this.now + 1_000 / this.#plan.strangersPerSecond, 'stranger');
    const [id, target] = [randomBytes(this.#random, 20), randomBytes(this.#random, 20)];
    const writer = new KrpcWriter({ id, version: new Uint8Array(0), readOnly: false });
    const query = writer.query({ method: 'get_peers', target }, Math.floor(this.#random() * 2 ** 32));
    const [a, b, c] = randomBytes(this.#random, 3);
    this.#act(() => this.dht.receive(query, { address: `90.${a}.${b}.${c}`, port: 1_024 + a! * 7 }, this.now, this.#out));
  }

  stop(): void {
    this.#pseudonyms.stop();
  }
}
