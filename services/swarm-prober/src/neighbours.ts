// DHT nodes that were met in answers, found again by how close they are to an infohash: who is closest holds its peers (BEP 5), so a first look need not walk.
import { compareDistance } from '@swarmscope/bittorrent/dht/distance.ts';
import { endpointKey } from '@swarmscope/bittorrent/endpoint.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';

/** A node that may be asked. */
export interface Neighbour extends Endpoint {
  readonly id: Uint8Array;
  /** Which of our DHT nodes met it: the family. */
  readonly place: number;
  /** Monotonic milliseconds until which the turns that we may take of it are used up. */
  usedMs: number;
}

/** Nodes lie in cells by the first 12 bits of their ids. */
const CELL_BITS = 12;
const CELLS = 1 << CELL_BITS;
/** Nodes of one cell, the newest: 10 million nodes have 2 400 in each, and the table is for the way, not for all of them. */
const CELL_MAX = 8;

export class Neighbours {
  readonly #cells = new Map<number, Neighbour[]>(); // bound: CELLS of CELL_MAX
  readonly #known = new Map<string, Neighbour>(); // bound: those of #cells

  get size(): number {
    return this.#known.size;
  }

  /** The node at that endpoint, taken in when it is new. */
  meet(id: Uint8Array, { address, port }: Endpoint, place: number): Neighbour {
    const key = endpointKey({ address, port });
    const known = this.#known.get(key);
    if (known && compareDistance(id, id, known.id) === 0) return known;
    if (known) this.#remove(known, key);
    const neighbour = { id, address, port, place, usedMs: 0 };
    const cell = this.#cell(cellOf(id));
    if (cell.length >= CELL_MAX) this.#known.delete(endpointKey(cell.shift()!));
    cell.push(neighbour);
    this.#known.set(key, neighbour);
    return neighbour;
  }

  /** It does not answer. */
  forget(endpoint: Endpoint): void {
    const key = endpointKey(endpoint);
    const known = this.#known.get(key);
    if (known) this.#remove(known, key);
  }

  /** The `count` closest to a target, nearest first. Cell by cell in the order of the XOR metric, until there are enough. */
  closest(target: Uint8Array, count: number): Neighbour[] {
    const own = cellOf(target);
    const found: Neighbour[] = [];
    if (this.#known.size <= CELL_MAX * 16) found.push(...this.#known.values());
    else for (let i = 0; i < CELLS && found.length < count; i++) found.push(...(this.#cells.get(own ^ i) ?? []));
    return found.sort((a, b) => compareDistance(target, a.id, b.id)).slice(0, count);
  }

  #cell(number: number): Neighbour[] {
    const cell = this.#cells.get(number) ?? [];
    this.#cells.set(number, cell);
    return cell;
  }

  #remove(neighbour: Neighbour, key: string): void {
    this.#known.delete(key);
    const cell = this.#cells.get(cellOf(neighbour.id)) ?? [];
    const at = cell.indexOf(neighbour);
    if (at >= 0) cell.splice(at, 1);
  }
}

function cellOf(id: Uint8Array): number {
  return (id[0]! << 4) | (id[1]! >> 4);
}
