// Which swarm an infohash names. A hybrid has two names (BEP 52): when that becomes known, two swarms may turn out to be one.
import { fromHex, toHex } from '@swarmscope/bittorrent/hex.ts';
import { swarmHash } from '@swarmscope/bittorrent/mse/keys.ts';
import type { ByteBudget, PieceCache } from './piece-cache.ts';
import { ProbedSwarm, SwarmView } from './swarm.ts';

export class Registry {
  /** By infohash: hex, 20 bytes. */
  readonly #swarms = new Map<string, ProbedSwarm>(); // bound: swarms with a census, watched and kept ones; two names each
  /** Infohashes by what encrypted streams say in their place. */
  readonly #hidden = new Map<string, Uint8Array>(); // bound: as #swarms
  readonly #cache: PieceCache;
  readonly #upload: ByteBudget;

  constructor(cache: PieceCache, upload: ByteBudget) {
    this.#cache = cache;
    this.#upload = upload;
  }

  get size(): number {
    return this.#swarms.size;
  }

  /** Each once for each of its names. */
  all(): Iterable<ProbedSwarm> {
    return this.#swarms.values();
  }

  find(infoHash: string): ProbedSwarm | undefined {
    return this.#swarms.get(infoHash);
  }

  /** The swarm of that name, made if need be. */
  open(infoHash: string): ProbedSwarm {
    const known = this.#swarms.get(infoHash);
    if (known) return known;
    const swarm = new ProbedSwarm(infoHash);
    this.#name(swarm, infoHash);
    return swarm;
  }

  /** Forgets a swarm under all its names. */
  drop(swarm: ProbedSwarm): void {
    for (const { infoHash } of swarm.views) {
      if (this.#swarms.get(toHex(infoHash)) !== swarm) continue;
      this.#swarms.delete(toHex(infoHash));
      this.#hidden.delete(toHex(swarmHash(infoHash)));
    }
  }

  /** The infohash behind a `swarmHash`. */
  hiddenName(hash: Uint8Array): Uint8Array | undefined {
    return this.#hidden.get(toHex(hash));
  }

  /** All of these are names of the swarm: which views it got, and which swarms became part of it. */
  unite(swarm: ProbedSwarm, names: readonly string[]): { added: SwarmView[]; absorbed: ProbedSwarm[] } {
    const added: SwarmView[] = [];
    const absorbed: ProbedSwarm[] = [];
    for (const name of names) {
      const other = this.#swarms.get(name);
      if (other === swarm) continue;
      if (other) {
        for (const view of other.views) {
          view.home = swarm;
          swarm.views.push(view);
          this.#swarms.set(toHex(view.infoHash), swarm);
        }
        swarm.adopt(other);
        absorbed.push(other);
      } else added.push(this.#name(swarm, name));
    }
    return { added, absorbed };
  }

  #name(swarm: ProbedSwarm, infoHash: string): SwarmView {
    const bytes = fromHex(infoHash);
    if (bytes?.length !== 20) throw new Error(`not an infohash: ${infoHash}`);
    const view = new SwarmView(swarm, bytes, this.#cache, this.#upload);
    swarm.views.push(view);
    this.#swarms.set(infoHash, swarm);
    this.#hidden.set(toHex(swarmHash(bytes)), bytes);
    return view;
  }
}
