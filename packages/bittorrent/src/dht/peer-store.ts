// What was announced to us (BEP 5, 33), bounded and expiring, and the samples of it that we give away (BEP 51).
import { encodeCompact, endpointKey } from '../endpoint.ts';
import { toHex } from '../hex.ts';
import type { Endpoint, Random } from '../machine.ts';
import { addToFilter, emptyFilter } from './bloom.ts';

export interface StoreLimits {
  readonly infoHashes: number;
  readonly peersPerInfoHash: number;
  readonly lifetimeMs: number;
}

/** A little more than libtorrent keeps (2 000 and 500, 45 minutes). */
export const DEFAULT_STORE: StoreLimits = { infoHashes: 5_000, peersPerInfoHash: 500, lifetimeMs: 2_700_000 };

/** More than a reply has room for. */
const SAMPLES_BYTES = 64 * 20;

/** Between two looks for what has expired; a swarm that is asked for is looked at anyway. */
const FORGET_MS = 10_000;

interface Peer {
  readonly compact: Uint8Array;
  readonly address: string;
  readonly seed: boolean;
  readonly expiresMs: number;
}

interface Swarm {
  readonly key: string;
  readonly infoHash: Uint8Array;
  /** Oldest announce first. */
  readonly peers: Map<string, Peer>;
  /** Its place in the list that samples are drawn from. */
  index: number;
  filters: { seeds: Uint8Array; downloaders: Uint8Array } | undefined;
}

/** When full, what was announced longest ago makes room. */
export class PeerStore {
  /** Least recently announced first. */
  readonly #swarms = new Map<string, Swarm>(); // bound: limits.infoHashes
  readonly #list: Swarm[] = []; // bound: limits.infoHashes
  readonly #limits: StoreLimits;
  readonly #random: Random;
  readonly #scratch: Uint8Array;
  #forgetMs = Number.NEGATIVE_INFINITY;

  constructor(random: Random, limits: Partial<StoreLimits> = {}) {
    this.#random = random;
    this.#limits = { ...DEFAULT_STORE, ...limits };
    this.#scratch = new Uint8Array(Math.max(this.#limits.peersPerInfoHash * 18, SAMPLES_BYTES));
  }

  /** Announces taken since the start. */
  announces = 0;

  get size(): number {
    return this.#list.length;
  }

  announce(infoHash: Uint8Array, endpoint: Endpoint, seed: boolean, now: number): void {
    this.#forgetOld(now);
    this.announces++;
    const key = toHex(infoHash);
    const swarm = this.#swarms.get(key) ?? this.#found(key, infoHash);
    this.#swarms.delete(key);
    this.#swarms.set(key, swarm);
    const peerKey = endpointKey(endpoint);
    swarm.peers.delete(peerKey);
    if (swarm.peers.size >= this.#limits.peersPerInfoHash) swarm.peers.delete(swarm.peers.keys().next().value!);
    swarm.peers.set(peerKey, {
      compact: encodeCompact(endpoint),
      address: endpoint.address,
      seed,
      expiresMs: now + this.#limits.lifetimeMs,
    });
    swarm.filters = undefined;
  }

  #found(key: string, infoHash: Uint8Array): Swarm {
    if (this.#list.length >= this.#limits.infoHashes) this.#drop(this.#swarms.values().next().value!);
    const swarm: Swarm = { key, infoHash: infoHash.slice(), peers: new Map(), index: this.#list.length, filters: undefined };
    this.#list.push(swarm);
    this.#swarms.set(key, swarm);
    return swarm;
  }

  #drop(swarm: Swarm): void {
    this.#swarms.delete(swarm.key);
    const last = this.#list.pop()!;
    if (last === swarm) return;
    this.#list[swarm.index] = last;
    last.index = swarm.index;
  }

  /** Every announce lives equally long, so the swarm announced longest ago is the next to lose its last peer. */
  #forgetOld(now: number): void {
    if (now < this.#forgetMs) return;
    this.#forgetMs = now + FORGET_MS;
    for (const swarm of this.#swarms.values()) {
      this.#forgetPeers(swarm, now);
      if (swarm.peers.size > 0) return;
      this.#drop(swarm);
    }
  }

  #forgetPeers(swarm: Swarm, now: number): void {
    for (const [key, peer] of swarm.peers) {
      if (peer.expiresMs > now) return;
      swarm.peers.delete(key);
      swarm.filters = undefined;
    }
  }

  #live(infoHash: Uint8Array, now: number): Swarm | undefined {
    if (this.#list.length === 0) return undefined;
    const swarm = this.#swarms.get(toHex(infoHash));
    if (!swarm) return undefined;
    this.#forgetPeers(swarm, now);
    if (swarm.peers.size > 0) return swarm;
    this.#drop(swarm);
    return undefined;
  }

  /** Compact endpoints of at most `max` peers, beginning at a random one; undefined when we know none. Valid until the next call. */
  values(infoHash: Uint8Array, max: number, noSeed: boolean, now: number): Uint8Array | undefined {
    const swarm = this.#live(infoHash, now);
    if (!swarm || max <= 0) return undefined;
    const skip = swarm.peers.size > max ? Math.floor(this.#random() * swarm.peers.size) : 0;
    let [length, passed, taken] = [0, 0, 0];
    for (let round = 0; round < 2 && taken < max; round++) {
      passed = 0;
      for (const peer of swarm.peers.values()) {
        const inRound = round === 0 ? passed >= skip : passed < skip;
        passed++;
        if (!inRound || taken >= max || (noSeed && peer.seed)) continue;
        this.#scratch.set(peer.compact, length);
        length += peer.compact.length;
        taken++;
      }
    }
    return taken > 0 ? this.#scratch.subarray(0, length) : undefined;
  }

  /** BEP 33 filters of all peers: seeds, and the others; undefined when we know none. */
  filters(infoHash: Uint8Array, now: number): { seeds: Uint8Array; downloaders: Uint8Array } | undefined {
    const swarm = this.#live(infoHash, now);
    if (!swarm) return undefined;
    if (!swarm.filters) {
      swarm.filters = { seeds: emptyFilter(), downloaders: emptyFilter() };
      for (const peer of swarm.peers.values())
        addToFilter(peer.seed ? swarm.filters.seeds : swarm.filters.downloaders, peer.address);
    }
    return swarm.filters;
  }

  /** At most `max` random infohashes, 20 bytes each: the front of the list after it was shuffled that far. Valid until the next call. */
  samples(max: number, now: number): Uint8Array {
    this.#forgetOld(now);
    const list = this.#list;
    const count = Math.min(max, list.length, Math.floor(this.#scratch.length / 20));
    const samples = this.#scratch;
    for (let i = 0; i < count; i++) {
      const j = i + Math.floor(this.#random() * (list.length - i));
      const drawn = list[j]!;
      const other = list[i]!;
      list[j] = other;
      other.index = j;
      list[i] = drawn;
      drawn.index = i;
      for (let k = 0; k < 20; k++) samples[i * 20 + k] = drawn.infoHash[k]!;
    }
    return samples.subarray(0, count * 20);
  }
}
