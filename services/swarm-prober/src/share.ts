// Which swarms are ours (design 3.6): those of the `infohash_sighted` partitions that the group gave to this process. Only that assignment decides.

// between   no partition is ours for sure: nothing is started, what runs goes on, nothing is forgotten
// settled   what we own is known: the rest was dropped, the state of what came was read
//
// A rebalance takes everything away and gives most of it back a moment later, so nothing is dropped before the new assignment is known.

export class Share {
  readonly #partitionOf: (infoHash: string) => number;
  #owned: ReadonlySet<number> = new Set(); // bound: the partitions
  /** Partitions of the last assignment, while there is no new one. */
  #before: ReadonlySet<number> = new Set(); // bound: the partitions
  #isSettled = false;

  constructor(partitionOf: (infoHash: string) => number) {
    this.#partitionOf = partitionOf;
  }

  /** It is known what is ours. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Whether a swarm (an infohash, 40 hex) is probed here. */
  owns(infoHash: string): boolean {
    return this.#owned.has(this.#partitionOf(infoHash));
  }

  /** The assignment is over. */
  revoked(): void {
    if (this.#isSettled) this.#before = this.#owned;
    this.#isSettled = false;
  }

  /** From now on these are ours; tells which of them were not before. `settle` follows when their state is known. */
  assigned(partitions: Iterable<number>): { gained: ReadonlySet<number>; isLess: boolean } {
    this.#owned = new Set(partitions); // bound: as above
    const gained = new Set([...this.#owned].filter((partition) => !this.#before.has(partition)));
    return { gained, isLess: [...this.#before].some((partition) => !this.#owned.has(partition)) };
  }

  /** Whether a swarm is in one of these partitions. */
  isIn(infoHash: string, partitions: ReadonlySet<number>): boolean {
    return partitions.has(this.#partitionOf(infoHash));
  }

  settle(): void {
    this.#before = this.#owned;
    this.#isSettled = true;
  }
}
