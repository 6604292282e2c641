// Which pieces a swarm has, from what its peers show: copies per piece, the rarest, what can be completed, and which files are at risk.
import type { Bitfield } from '@swarmscope/bittorrent/peer/bitfield.ts';
import { FILES_AT_RISK_MAX, HISTOGRAM_MAX, RANGES_MAX } from '@swarmscope/events/lists.ts';

/** A file with fewer copies than this of one of its pieces is at risk. */
const SAFE_COPIES = 2;
const COPIES_MAX = 65_535;

/** The pieces of one file: `first` to `last`, both included; an empty file has none (last < first). */
export interface FilePieces {
  readonly first: number;
  readonly last: number;
}

export interface Availability {
  /** Least copies in each of at most 256 equal ranges of pieces. */
  readonly ranges: number[];
  /** Pieces of which k copies are visible, at index k; the last index is that many or more. */
  readonly histogram: number[];
  readonly copiesMin: number;
  /** Copies of the rarest piece, and the share of pieces with more than that, times 1 000. */
  readonly distributedPermille: number;
  readonly completable: boolean;
  readonly filesAtRisk: { index: number; copies_min: number }[];
  readonly filesAtRiskTotal: number;
}

/** Counts copies; whole copies cost nothing per piece. */
export class Copies {
  readonly #pieces: Uint16Array;
  #whole = 0;

  constructor(pieces: number) {
    this.#pieces = new Uint16Array(pieces);
  }

  /** A peer with everything. */
  addWhole(): void {
    this.#whole++;
  }

  addField(field: Bitfield): void {
    if (field.complete) {
      this.#whole++;
      return;
    }
    const pieces = this.#pieces;
    for (let i = 0; i < pieces.length; i++) if (field.has(i) && pieces[i]! < COPIES_MAX) pieces[i]!++;
  }

  /** Copies of one piece. */
  of(piece: number): number {
    return Math.min(COPIES_MAX, this.#whole + (this.#pieces[piece] ?? 0));
  }

  /** Least copies from `first` to `last`; Infinity of none. */
  least(first: number, last: number): number {
    let least = Number.POSITIVE_INFINITY;
    for (let i = first; i <= last; i++) least = Math.min(least, this.of(i));
    return least;
  }

  /** Everything that is said about it. A torrent of no pieces cannot be completed: there is nothing to have. */
  summary(files: readonly FilePieces[]): Availability {
    const total = this.#pieces.length;
    const copiesMin = total === 0 ? 0 : this.least(0, total - 1);
    let more = 0;
    const histogram = new Array<number>(HISTOGRAM_MAX).fill(0);
    for (let i = 0; i < total; i++) {
      const copies = this.of(i);
      if (copies > copiesMin) more++;
      histogram[Math.min(copies, HISTOGRAM_MAX - 1)]!++;
    }
    while (histogram.length > 1 && histogram.at(-1) === 0) histogram.pop();
    const atRisk = files
      .map(({ first, last }, index) => ({ index, copies_min: this.least(first, last) }))
      .filter((file) => file.copies_min < SAFE_COPIES);
    return {
      ranges: this.#ranges(),
      histogram: total === 0 ? [] : histogram,
      copiesMin,
      distributedPermille: total === 0 ? 0 : Math.floor((copiesMin + more / total) * 1000),
      completable: copiesMin > 0,
      filesAtRisk: atRisk.slice(0, FILES_AT_RISK_MAX),
      filesAtRiskTotal: atRisk.length,
    };
  }

  #ranges(): number[] {
    const total = this.#pieces.length;
    const count = Math.min(total, RANGES_MAX);
    return Array.from({ length: count }, (_, i) =>
      this.least(Math.floor((i * total) / count), Math.floor(((i + 1) * total) / count) - 1),
    );
  }
}
