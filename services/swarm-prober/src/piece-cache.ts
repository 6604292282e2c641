// Verified pieces in memory, for who asks: bounded in bytes over all swarms, the least recently used go first; nothing is written to disk.
import type { PieceSource, UploadBudget } from '@swarmscope/bittorrent/peer/swarm.ts';

interface Entry {
  readonly swarm: string;
  readonly piece: number;
  readonly data: Uint8Array;
}

/** Pieces under way at the same time are a few; those of the largest torrents are not kept. */
const SPARE_BYTES = 8 << 20;

export class PieceCache {
  readonly #maxBytes: number;
  readonly #entries = new Map<string, Entry>(); // bound: maxBytes of data
  readonly #bySwarm = new Map<string, Set<number>>(); // bound: the swarms that have an entry
  /** What was dropped, or was here already: for the next piece of that length. */
  readonly #spare: Uint8Array[] = []; // bound: SPARE_BYTES
  #spareBytes = 0;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps a verified piece; `data` belongs to the cache from now on. False when it is there already or larger than the whole cache. */
  put(swarm: string, piece: number, data: Uint8Array): boolean {
    const key = `${swarm}/${piece}`;
    if (this.#entries.has(key) || data.length > this.#maxBytes) {
      this.#keepSpare(data);
      return false;
    }
    this.#entries.set(key, { swarm, piece, data });
    this.#bytes += data.length;
    const pieces = this.#bySwarm.get(swarm) ?? new Set<number>();
    this.#bySwarm.set(swarm, pieces.add(piece));
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#drop(oldest, entry);
    }
    return true;
  }

  /** What is held of one swarm, as its sessions see it. */
  source(swarm: string): PieceSource {
    const pieces = () => this.#bySwarm.get(swarm);
    return {
      get size() {
        return pieces()?.size ?? 0;
      },
      has: (piece) => pieces()?.has(piece) ?? false,
      read: (piece) => this.#read(`${swarm}/${piece}`),
      indices: () => pieces()?.values() ?? [],
      spare: (bytes) => this.#takeSpare(bytes),
    };
  }

  #takeSpare(bytes: number): Uint8Array | undefined {
    const at = this.#spare.findIndex((data) => data.length === bytes);
    if (at < 0) return undefined;
    this.#spareBytes -= bytes;
    return this.#spare.splice(at, 1)[0];
  }

  #keepSpare(data: Uint8Array): void {
    if (this.#spareBytes + data.length > SPARE_BYTES) return;
    this.#spareBytes += data.length;
    this.#spare.push(data);
  }

  #read(key: string): Uint8Array | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.data;
  }

  #drop(key: string, { swarm, piece, data }: Entry): void {
    this.#entries.delete(key);
    this.#bytes -= data.length;
    this.#keepSpare(data);
    const pieces = this.#bySwarm.get(swarm);
    pieces?.delete(piece);
    if (pieces?.size === 0) this.#bySwarm.delete(swarm);
  }
}

/** A bucket of bytes: what one second brings may be spent at once, or `burst`. */
export class ByteBudget implements UploadBudget {
  readonly #perSecond: number;
  readonly #burst: number;
  #left: number;
  #at = 0;

  constructor(bytesPerSecond: number, burst = bytesPerSecond) {
    this.#perSecond = bytesPerSecond;
    this.#burst = burst;
    this.#left = burst;
  }

  take(bytes: number, now: number): boolean {
    this.#left = Math.min(this.#burst, this.#left + ((now - this.#at) * this.#perSecond) / 1000);
    this.#at = now;
    if (this.#left < bytes) return false;
    this.#left -= bytes;
    return true;
  }
}
