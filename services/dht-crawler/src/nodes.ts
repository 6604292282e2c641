// The nodes that a crawl knows: one record each, found by endpoint, by host and by place in the id space.
import { addressNumber } from '@swarmscope/bittorrent/address.ts';
import { endpointKey } from '@swarmscope/bittorrent/endpoint.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import type { NodeVerdict } from '@swarmscope/events/enums.ts';

/** The id space is indexed by its first 12 bits. */
export const ZONE_BITS = 12;
const ZONES = 1 << ZONE_BITS;
/** Endpoints of one host that are listed: more than one person runs, fewer than a liar wants. */
const MAX_PER_HOST = 4;
const ID_BYTES = 20;

/**
 * What we know of one endpoint. Listed: somebody named it. Met: it answered a question of ours. There are as many as nodes, so what is kept is
 * small (about 700 bytes in all): the id as text of 20 characters, a fifth of what an array of its own takes; times in whole milliseconds.
 */
export class CrawlNode implements Endpoint {
  readonly address: string;
  readonly port: number;
  /** As named until it was met, then as it said itself: one character a byte. */
  idText: string;
  met = false;
  verdict: NodeVerdict | undefined = undefined;
  /** A question is in flight. */
  asked = false;
  /** It waits in the frontier, until then. */
  queued = false;
  queuedMs = 0;
  /** The sweep is not done with it. */
  open = false;
  /** Unanswered questions in a row; answers in all. */
  failures = 0;
  answers = 0;
  answeredMs = 0;
  timeouts = 0;
  /** BEP 51: unknown, yes, no. */
  bep51: boolean | undefined = undefined;
  bep33: boolean | undefined = undefined;
  /** Looks at its samples, and looks that were not answered. */
  looks = 0;
  deafLooks = 0;
  finds = 0;
  control = false;
  checks = 0;
  failedChecks = 0;
  /** One or two of its samples, to be asked for at itself; let go when one was found. */
  sample: Uint8Array | undefined = undefined;
  num = -1;
  intervalS = -1;
  /** Samples seen since the last that was new to us. */
  quiet = 0;
  /** A number for what it showed last: the same again is no new draw. */
  shown = 0;
  /** When its samples may be looked at again. */
  lookMs = 0;
  /** The sweep has looked at them enough. */
  settled = false;
  /** Where the different infohashes stand that it has shown (store-view.ts), -1 for nowhere; and how many they are. */
  shownAt = -1;
  distinct = 0;
  backoffMs = 0;
  rttMs = -1;
  version: Uint8Array | undefined = undefined;
  /** Who named it first; let go when it is settled whether that was true. */
  namedBy: CrawlNode | undefined = undefined;
  /** Contacts that it named and that proved right, wrong, or wait for proof. */
  right = 0;
  wrong = 0;
  pending = 0;
  /** Answers that named four or more nodes at its own host. */
  crowds = 0;
  /** It had peers for an infohash that does not exist. */
  inventsPeers = false;
  /** Datagrams of it that were no KRPC, or answers to nothing. */
  malformed = 0;
  unasked = 0;
  flooding = false;
  /** Answers in a row under an id other than expected. */
  mismatches = 0;
  /** Its pseudonym, of which epoch and for which id; kept by the publisher. */
  key: string | undefined = undefined;
  keyEpoch = 0;
  keyId = '';
  /** Verdict that was published last. */
  published: NodeVerdict | undefined = undefined;
  publishedMs = 0;

  constructor(id: Uint8Array, address: string, port: number) {
    this.idText = textOf(id);
    this.address = address;
    this.port = port;
  }

  /** A copy. */
  get id(): Uint8Array {
    const id = new Uint8Array(ID_BYTES);
    for (let i = 0; i < ID_BYTES; i++) id[i] = this.idText.charCodeAt(i);
    return id;
  }

  set id(id: Uint8Array) {
    this.idText = textOf(id);
  }

  /** Whether its id stands at `at`. */
  hasId(bytes: Uint8Array, at: number): boolean {
    for (let i = 0; i < ID_BYTES; i++) if (this.idText.charCodeAt(i) !== bytes[at + i]) return false;
    return true;
  }

  /** The first 32 bits of its id. */
  get prefix(): number {
    const { idText } = this;
    return (
      ((idText.charCodeAt(0) << 24) | (idText.charCodeAt(1) << 16) | (idText.charCodeAt(2) << 8) | idText.charCodeAt(3)) >>> 0
    );
  }
}

function textOf(id: Uint8Array): string {
  return String.fromCharCode.apply(null, id as unknown as number[]);
}

/** What an endpoint is found by: for IPv4 a number of 48 bits, which a compact contact gives without any text; else text. */
export type EndpointKey = number | string;

function keyOfEndpoint(endpoint: Endpoint): EndpointKey {
  const number = addressNumber(endpoint.address);
  return number < 0 ? endpointKey(endpoint) : number * 65_536 + endpoint.port;
}

/** The key of a compact IPv4 endpoint (4 bytes and 2). */
export function keyOfCompact(bytes: Uint8Array, at: number): EndpointKey {
  const number = ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  return number * 65_536 + ((bytes[at + 4]! << 8) | bytes[at + 5]!);
}

/** The first 32 bits of an id. */
export function prefixOf(id: Uint8Array): number {
  return ((id[0]! << 24) | (id[1]! << 16) | (id[2]! << 8) | id[3]!) >>> 0;
}

/** It is not to be proved any more whether whoever named it was right. */
export function settle(node: CrawlNode): void {
  if (node.namedBy) node.namedBy.pending--;
  node.namedBy = undefined;
}

/** So much of a full roster is let go at once. */
const EVICTED_SHARE = 0.05;
/** In a zone that the sweep has left behind one in so many may still wait for an answer. */
const STRAGGLERS = 8;

/**
 * All nodes, at most `max`. A sweep goes upwards through the ids, so when the roster is full the lowest ids that are done with make room: what lies
 * below `floor` was visited in this sweep and is not listed again. When that is not enough, the farthest ahead of those not met yet: they are
 * named again when the sweep comes there. What still finds no room is refused (counted).
 */
export class Roster {
  readonly #byEndpoint = new Map<EndpointKey, CrawlNode>(); // bound: max
  readonly #perHost = new Map<string, number>(); // bound: max
  readonly #zones: CrawlNode[][] = Array.from({ length: ZONES }, () => []);
  readonly #hostOf: (endpoint: Endpoint) => string;
  readonly #max: number;
  refused = 0;
  /** The first 32 bits below which nothing is listed any more in this sweep. */
  floor = 0;

  constructor(max: number, hostOf: (endpoint: Endpoint) => string) {
    this.#max = max;
    this.#hostOf = hostOf;
  }

  get size(): number {
    return this.#byEndpoint.size;
  }

  get isFull(): boolean {
    return this.#byEndpoint.size >= this.#max;
  }

  all(): IterableIterator<CrawlNode> {
    return this.#byEndpoint.values();
  }

  at(endpoint: Endpoint): CrawlNode | undefined {
    return this.#byEndpoint.get(keyOfEndpoint(endpoint));
  }

  /** The same by its key. */
  find(key: EndpointKey): CrawlNode | undefined {
    return this.#byEndpoint.get(key);
  }

  /** Lists an endpoint that is not listed yet; undefined when there is no room, or too much of its host is listed already. */
  list(id: Uint8Array, endpoint: Endpoint): CrawlNode | undefined {
    const host = this.#hostOf(endpoint);
    const ofHost = this.#perHost.get(host) ?? 0;
    if (this.isFull || ofHost >= MAX_PER_HOST) {
      this.refused++;
      return undefined;
    }
    const node = new CrawlNode(id, endpoint.address, endpoint.port);
    this.#byEndpoint.set(keyOfEndpoint(node), node);
    this.#perHost.set(host, ofHost + 1);
    this.#zoneOf(node).push(node);
    return node;
  }

  /** Forgets a node. */
  drop(node: CrawlNode): void {
    if (!this.#byEndpoint.delete(keyOfEndpoint(node))) return;
    settle(node);
    const host = this.#hostOf(node);
    const left = (this.#perHost.get(host) ?? 1) - 1;
    if (left > 0) this.#perHost.set(host, left);
    else this.#perHost.delete(host);
    this.#leaveZone(node);
  }

  /** Makes room in a full roster and tells of each that is let go; answers how many. */
  evict(onDrop: (node: CrawlNode) => void): number {
    const wanted = Math.ceil(this.#max * EVICTED_SHARE);
    let evicted = 0;
    const evictFrom = (zone: CrawlNode[], may: (node: CrawlNode) => boolean) => {
      for (const node of zone.filter(may)) {
        onDrop(node);
        this.drop(node);
        evicted++;
      }
    };
    for (let zone = 0; zone < ZONES && evicted < wanted; zone++) {
      const here = this.#zones[zone]!;
      const size = here.length;
      evictFrom(here, (node) => !node.open && !node.asked);
      if (here.length * STRAGGLERS > size) break; // the sweep is here
      this.floor = Math.max(this.floor, (zone + 1) * 2 ** (32 - ZONE_BITS));
    }
    for (let zone = ZONES - 1; zone >= 0 && evicted < wanted; zone--)
      evictFrom(this.#zones[zone]!, (node) => !node.met && !node.asked);
    return evicted;
  }

  /** The node goes by another id. */
  rename(node: CrawlNode, id: Uint8Array): void {
    this.#leaveZone(node);
    node.id = id;
    this.#zoneOf(node).push(node);
  }

  #zoneOf(node: CrawlNode): CrawlNode[] {
    return this.#zones[node.prefix >>> (32 - ZONE_BITS)]!;
  }

  #leaveZone(node: CrawlNode): void {
    const zone = this.#zoneOf(node);
    const at = zone.indexOf(node);
    if (at < 0) return;
    zone[at] = zone.at(-1)!;
    zone.pop();
  }

  /** Nodes near an id that `counts` admits, nearest zones first, at least `count` if there are so many; not sorted within a zone. */
  near(id: Uint8Array, count: number, counts: (node: CrawlNode) => boolean): CrawlNode[] {
    const own = prefixOf(id) >>> (32 - ZONE_BITS);
    const found: CrawlNode[] = [];
    for (let step = 0; step < ZONES && found.length < count; step++)
      for (const node of this.#zones[own ^ step]!) if (counts(node)) found.push(node);
    return found;
  }
}
