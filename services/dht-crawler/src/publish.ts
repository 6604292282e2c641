// Where findings of the crawl become events: stamped once, pseudonymous, within the volume rules. Nothing else of the crawler speaks to the bus.
import { addressPrefix } from '@swarmscope/bittorrent/address.ts';
import { fitsAddress } from '@swarmscope/bittorrent/dht/secure-id.ts';
import { family, formatEndpoint } from '@swarmscope/bittorrent/endpoint.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import type { Bus } from '@swarmscope/bus/bus.ts';
import type { Topic } from '@swarmscope/events/definitions.ts';
import type { NodeVerdict, SightingWay } from '@swarmscope/events/enums.ts';
import { makeEvent, type NewColumns } from '@swarmscope/events/event.ts';
import type { Clock } from '@swarmscope/runtime/clock.ts';
import type { Takedown } from '@swarmscope/runtime/takedown.ts';
import { clientOf } from './client.ts';
import type { CrawlSink, Reporter } from './findings.ts';
import { CrawlNode } from './nodes.ts';
import { hashText, keyOf, RecentKeys } from './recent.ts';

const HOUR_MS = 3_600_000;
/** Sightings remembered so that none is told twice an hour: 8 bytes each. */
const RECENT_MAX = 2_000_000;
const WAYS: readonly SightingWay[] = ['sample', 'get_peers', 'announce', 'watch'];

/** The names of nodes at rest. */
export interface Naming {
  readonly epoch: number;
  addressKey(address: string): string;
  nodeKey(id: Uint8Array, address: string): string;
}

export interface PublisherOptions {
  readonly bus: Pick<Bus, 'publish'>;
  readonly clock: Clock;
  readonly pseudonyms: Naming;
  readonly network: string;
  readonly instanceId: string;
  readonly addresses: 'pseudonymous' | 'full';
  /** What is never told of. */
  readonly takedown?: Pick<Takedown, 'has'>;
}

export class Publisher implements CrawlSink {
  readonly #options: PublisherOptions;
  readonly #recent = new RecentKeys(RECENT_MAX);

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  publish<T extends Topic>(topic: T, columns: NewColumns<T>): void {
    const { bus, clock, network, instanceId } = this.#options;
    bus.publish(makeEvent(topic, columns, { ts: clock.wall(), instance_id: instanceId, network }));
  }

  /** `infohash_sighted`: one per (infohash, way, reporter) an hour, and one more for a confirmation. */
  sighting(bytes: Uint8Array, at: number, way: SightingWay, from: Reporter, confirmed: boolean, now: number): void {
    const { epoch } = this.#options.pseudonyms;
    const word = (offset: number) =>
      (bytes[at + offset]! << 24) | (bytes[at + offset + 1]! << 16) | (bytes[at + offset + 2]! << 8) | bytes[at + offset + 3]!;
    const key = keyOf(word(0) ^ WAYS.indexOf(way), word(8), hashOf(from));
    if (!this.#recent.isNew(key, now) && !confirmed) return;
    const infoHash = toHex(bytes.subarray(at, at + 20));
    if (this.#options.takedown?.has(infoHash)) return;
    this.publish('infohash_sighted', {
      info_hash: infoHash,
      way,
      reporter_key: this.#keyOf(from),
      key_epoch: epoch,
      family: family(from),
      confirmed: confirmed ? 1 : 0,
      ...(this.#options.addresses === 'full' ? { reporter_endpoint: formatEndpoint(from) } : {}),
    });
  }

  /** The pseudonym of a reporter: a node keeps it, since each of its answers tells of twenty infohashes. */
  #keyOf(from: Reporter): string {
    const { pseudonyms } = this.#options;
    if (!(from instanceof CrawlNode))
      return from.id ? pseudonyms.nodeKey(from.id, from.address) : pseudonyms.addressKey(from.address);
    if (from.key === undefined || from.keyEpoch !== pseudonyms.epoch || from.keyId !== from.idText) {
      from.key = pseudonyms.nodeKey(from.id, from.address);
      from.keyEpoch = pseudonyms.epoch;
      from.keyId = from.idText;
    }
    return from.key;
  }

  /** `dht_node_seen`: one per (node, verdict) an hour. */
  node(node: CrawlNode, verdict: NodeVerdict, now: number): void {
    if (node.published === verdict && now - node.publishedMs < HOUR_MS) return;
    node.published = verdict;
    node.publishedMs = Math.round(now);
    const { pseudonyms, addresses } = this.#options;
    this.publish('dht_node_seen', {
      node_key: this.#keyOf(node),
      key_epoch: pseudonyms.epoch,
      id_prefix: node.prefix >>> 24,
      address_key: pseudonyms.addressKey(node.address),
      ip_prefix: addressPrefix(node.address),
      family: family(node),
      port: node.port,
      client: node.version ? clientOf(node.version) : null,
      rtt_ms: node.rttMs < 0 ? null : Math.round(node.rttMs),
      bep51: flag(node.bep51),
      bep33: flag(node.bep33),
      bep42_ok: flag(fitsAddress(node.id, node.address)),
      read_only: flag(node.met ? false : undefined),
      num_infohashes: node.num < 0 ? null : Math.min(node.num, 0xffff_ffff),
      interval_s: node.intervalS < 0 ? null : Math.min(node.intervalS, 0xffff_ffff),
      verdict,
      reachable: node.answers > 0 ? 1 : 0,
      ...(addresses === 'full' ? { node_id: toHex(node.id), endpoint: formatEndpoint(node) } : {}),
    });
  }
}

function hashOf(from: Endpoint): number {
  return hashText(from.address, from.port);
}

function flag(value: boolean | undefined): 0 | 1 | null {
  return value === undefined ? null : value ? 1 : 0;
}
