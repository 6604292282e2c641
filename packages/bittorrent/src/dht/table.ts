// The routing table (BEP 5, 32): k-bucket with the rules it lacks. Only nodes that answered a question of ours get in; one per host, few per network.
import KBucket from 'k-bucket';
import { addressHost, addressPrefix } from '../address.ts';
import { encodeCompact, endpointKey } from '../endpoint.ts';
import { equalBytes } from '../hex.ts';
import type { Endpoint, Random } from '../machine.ts';
import { commonBits, compareDistance, randomId } from './distance.ts';
import { fitsAddress } from './secure-id.ts';

const BUCKET_NODES = 8;
/** 160 buckets of 8 nodes. */
const MAX_NODES = 1_280;
const MAX_CLOSEST = 16;
/** BEP 5: a node not heard of for 15 minutes is questionable. */
export const GOOD_MS = 900_000;
/** Unanswered questions in a row after which a node is bad. */
const BAD_FAILURES = 2;

export interface TableNode extends Endpoint {
  readonly id: Uint8Array;
  /** id, address and port as they stand in an answer. */
  readonly compact: Uint8Array;
  readonly host: string;
  readonly prefix: string;
  /** Its id fits its address (BEP 42). */
  readonly secure: boolean;
  seenMs: number;
  failures: number;
  /** k-bucket's type wants it; our arbiter does not look at it. */
  readonly vectorClock: number;
}

export interface TableCaps {
  /** Nodes of one host (an IPv4 address, an IPv6 /64). */
  readonly perHost: number;
  /** Nodes of one /24 or /48. */
  readonly perPrefix: number;
}

export const DEFAULT_CAPS: TableCaps = { perHost: 1, perPrefix: 4 };

function compactNode(id: Uint8Array, endpoint: Endpoint): Uint8Array {
  const address = encodeCompact(endpoint);
  const compact = new Uint8Array(20 + address.length);
  compact.set(id);
  compact.set(address, 20);
  return compact;
}

/** At most MAX_NODES. */
export class RoutingTable {
  readonly #bucket: KBucket<TableNode>;
  readonly #caps: TableCaps;
  readonly #localId: Uint8Array;
  readonly #hostOf: (endpoint: Endpoint) => string;
  readonly #byEndpoint = new Map<string, TableNode>(); // bound: the nodes of the table
  /** The same nodes in no order. */
  readonly #list: TableNode[] = []; // bound: the nodes of the table
  /** The first 32 bits of their ids, in the same order; and the distances of one walk. */
  readonly #bits = new Uint32Array(MAX_NODES);
  readonly #distances = new Uint32Array(MAX_CLOSEST);
  readonly #perHost = new Map<string, number>(); // bound: the nodes of the table
  readonly #perPrefix = new Map<string, number>(); // bound: the nodes of the table
  #fullBucket: TableNode[] | undefined;

  constructor(
    localId: Uint8Array,
    caps: TableCaps = DEFAULT_CAPS,
    hostOf: (endpoint: Endpoint) => string = (endpoint) => addressHost(endpoint.address),
  ) {
    this.#localId = localId;
    this.#hostOf = hostOf;
    this.#caps = caps;
    this.#bucket = new KBucket<TableNode>({
      localNodeId: localId,
      numberOfNodesPerKBucket: BUCKET_NODES,
      numberOfNodesToPing: BUCKET_NODES,
      arbiter: (_incumbent, candidate) => candidate,
    });
    // Synchronous, within add(): the bucket is full and may not be split.
    this.#bucket.on('ping', (nodes: TableNode[]) => {
      this.#fullBucket = nodes;
    });
  }

  get size(): number {
    return this.#byEndpoint.size;
  }

  nodes(): Iterable<TableNode> {
    return this.#byEndpoint.values();
  }

  at(endpoint: Endpoint): TableNode | undefined {
    return this.#byEndpoint.get(endpointKey(endpoint));
  }

  /**
   * The `count` nodes nearest to an id (at most 16), nearest first, without those that stopped answering. A walk over the first 32 bits of all ids (some
   * 150 nodes) costs a fifth of k-bucket's own `closest`, which joins, maps and sorts.
   */
  closest(id: Uint8Array, count = BUCKET_NODES): TableNode[] {
    const first = firstBits(id);
    const bits = this.#bits;
    const distances = this.#distances;
    const nearest: TableNode[] = [];
    let farthest = 0xffff_ffff;
    for (let i = 0; i < this.#list.length; i++) {
      const distance = (bits[i]! ^ first) >>> 0;
      if (distance > farthest) continue;
      const node = this.#list[i]!;
      if (node.failures >= BAD_FAILURES) continue;
      let at = nearest.length;
      while (at > 0 && isNearer(id, node, distance, nearest[at - 1]!, distances[at - 1]!)) at--;
      if (at === count) continue;
      if (nearest.length < count) nearest.push(node);
      for (let j = nearest.length - 1; j > at; j--) {
        nearest[j] = nearest[j - 1]!;
        distances[j] = distances[j - 1]!;
      }
      nearest[at] = node;
      distances[at] = distance;
      if (nearest.length === count) farthest = distances[count - 1]!;
    }
    return nearest;
  }

  /** A node has just answered our question from exactly this socket under this id. Answers whether it is in the table now. `key` is the endpoint's, for who has it already. */
  verified(id: Uint8Array, endpoint: Endpoint, now: number, key = endpointKey(endpoint)): boolean {
    const known = this.#byEndpoint.get(key);
    if (known && equalBytes(known.id, id)) {
      known.seenMs = now;
      known.failures = 0;
      return true;
    }
    if (known) this.#remove(known); // it goes by another id now
    return this.#admit(id, endpoint, now);
  }

  #admit(id: Uint8Array, endpoint: Endpoint, now: number): boolean {
    if (equalBytes(id, this.#localId)) return false;
    const host = this.#hostOf(endpoint);
    const prefix = blockOf(endpoint.address);
    if ((this.#perHost.get(host) ?? 0) >= this.#caps.perHost || (this.#perPrefix.get(prefix) ?? 0) >= this.#caps.perPrefix)
      return false;
    const incumbent = this.#bucket.get(id);
    if (incumbent) {
      if (incumbent.failures === 0) return false; // the id is taken: first come
      this.#remove(incumbent);
    }
    const secure = fitsAddress(id, endpoint.address);
    const { address, port } = endpoint;
    const node: TableNode = {
      id: id.slice(),
      address,
      port,
      compact: compactNode(id, endpoint),
      host,
      prefix,
      secure,
      seenMs: now,
      failures: 0,
      vectorClock: 0,
    };
    return this.#insert(node, now);
  }

  #insert(node: TableNode, now: number): boolean {
    this.#fullBucket = undefined;
    this.#bucket.add(node);
    if (this.#fullBucket) {
      const victim = worst(this.#fullBucket, node, now);
      if (!victim) return false;
      this.#remove(victim);
      this.#bucket.add(node);
    }
    this.#byEndpoint.set(endpointKey(node), node);
    this.#bits[this.#list.length] = firstBits(node.id);
    this.#list.push(node);
    count(this.#perHost, node.host, 1);
    count(this.#perPrefix, node.prefix, 1);
    return true;
  }

  /** A question to this socket stayed unanswered. A bad node stays until somebody better comes, so that losing our own line does not empty the table. */
  failed(endpoint: Endpoint): void {
    const node = this.at(endpoint);
    if (node) node.failures++;
  }

  /** The node there is not what it claims. */
  remove(endpoint: Endpoint): void {
    const node = this.at(endpoint);
    if (node) this.#remove(node);
  }

  #remove(node: TableNode): void {
    this.#bucket.remove(node.id);
    this.#byEndpoint.delete(endpointKey(node));
    const at = this.#list.indexOf(node);
    this.#bits[at] = this.#bits[this.#list.length - 1]!;
    this.#list[at] = this.#list.at(-1)!;
    this.#list.pop();
    count(this.#perHost, node.host, -1);
    count(this.#perPrefix, node.prefix, -1);
  }

  /** A random id in a branch of the id space of which we know fewer nodes than a bucket takes: where a refresh helps most. Anywhere when all are full. */
  thinTarget(random: Random): Uint8Array {
    const counts: number[] = [];
    for (const node of this.#byEndpoint.values()) {
      const bits = commonBits(node.id, this.#localId);
      counts[bits] = (counts[bits] ?? 0) + 1;
    }
    const thin = Array.from(counts, (count, bits) => ((count ?? 0) < BUCKET_NODES ? bits : -1)).filter((bits) => bits >= 0);
    const bits = thin[Math.floor(random() * thin.length)];
    if (bits === undefined) return randomId(random);
    const target = randomId(random, this.#localId, bits);
    const bit = 0x80 >> (bits & 7);
    target[bits >> 3] = (target[bits >> 3]! & ~bit) | (~this.#localId[bits >> 3]! & bit);
    return target;
  }

  /** The node not heard of for the longest, if for longer than `ageMs`. */
  stalest(now: number, ageMs: number): TableNode | undefined {
    let stalest: TableNode | undefined;
    for (const node of this.#byEndpoint.values()) if (!stalest || node.seenMs < stalest.seenMs) stalest = node;
    return stalest && now - stalest.seenMs > ageMs ? stalest : undefined;
  }
}

/** Private and loopback addresses: only a laboratory admits them, and there each is a party of its own. */
const PRIVATE = /^(?:127|10)\.|^192\.168\.|^172\.(?:1[6-9]|2\d|3[01])\.|^::1$|^f[cd]/;

/** The network that one party may hold: the /24 or /48 of a public address. */
export function blockOf(address: string): string {
  return PRIVATE.test(address) ? address : addressPrefix(address);
}

/** Who makes room in a full bucket: a failing node, else a questionable one whose id does not fit its address when the new one's does. */
function worst(nodes: readonly TableNode[], newcomer: TableNode, now: number): TableNode | undefined {
  const failing = nodes.filter((node) => node.failures > 0).sort((a, b) => b.failures - a.failures);
  return failing[0] ?? nodes.find((node) => newcomer.secure && !node.secure && now - node.seenMs > GOOD_MS);
}

function firstBits(id: Uint8Array): number {
  return ((id[0]! << 24) | (id[1]! << 16) | (id[2]! << 8) | id[3]!) >>> 0;
}

function isNearer(target: Uint8Array, a: TableNode, distance: number, b: TableNode, other: number): boolean {
  return distance < other || (distance === other && compareDistance(target, a.id, b.id) < 0);
}

function count(counts: Map<string, number>, key: string, change: number): void {
  const value = (counts.get(key) ?? 0) + change;
  if (value > 0) counts.set(key, value);
  else counts.delete(key);
}
