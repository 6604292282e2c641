// How many nodes the DHT has, with bounds: from the distances of the closest nodes to random targets, and by mark-recapture (docs/estimates.md).

/** An estimate with its 95 % bounds; all three are counts of nodes. */
export interface SizeEstimate {
  readonly size: number;
  readonly low: number;
  readonly high: number;
}

/** Fewer lookups than this say nothing: below it no pair of order statistics encloses the median with 95 %. */
export const LOOKUPS_MIN = 9;
/** What is kept of finished lookups: enough for bounds of about +-5 %, little enough to follow a DHT that changes. */
const LOOKUPS_MAX = 512;

/** The XOR distance of two ids as a share of the id space, in [0, 1): exact to 53 bits below its highest set bit. */
export function distanceShare(id: Uint8Array, target: Uint8Array): number {
  let share = 0;
  let scale = 1;
  for (let i = 0; i < 20; i++) {
    scale /= 256;
    share += (id[i]! ^ target[i]!) * scale;
  }
  return share;
}

/**
 * The distances of the k-th closest node to random targets, newest last.
 *
 * With n nodes at random places, n times the distance (as a share of the id space) of the k-th closest is Gamma(k, 1), whose median is
 * k - 1/3 + 8/(405 k) to five digits for k >= 2 (Choi 1994). So n is that median over the median distance. The bounds are the order statistics that
 * enclose a median with 95 % whatever the distribution is (binomial). A median ignores what a minority of lookups ran into: sybils around
 * their target, answers that were lost.
 */
export class LookupDistances {
  readonly #k: number;
  #shares: number[] = []; // bound: LOOKUPS_MAX, oldest out first

  constructor(k = 8) {
    this.#k = k;
  }

  /** Notes a finished lookup of a random target: `shares` are the distances of the nodes that answered (any order); fewer than k are no evidence. */
  note(shares: readonly number[]): void {
    if (shares.length < this.#k) return;
    const kth = [...shares].sort((a, b) => a - b)[this.#k - 1]!;
    if (kth <= 0) return;
    this.#shares.push(kth);
    if (this.#shares.length > LOOKUPS_MAX) this.#shares.shift();
  }

  /** Lookups noted and kept. */
  get lookups(): number {
    return this.#shares.length;
  }

  /**
   * The nodes that lookups can find; undefined while there are too few lookups. `loss` is the share of questions to living nodes that stay unanswered: so
   * many of the nearest are missing in what a lookup found, wherever they are, and as many more nodes there are.
   */
  estimate(loss = 0): SizeEstimate | undefined {
    const sorted = [...this.#shares].sort((a, b) => a - b);
    const rank = medianRank(sorted.length);
    if (rank === undefined) return undefined;
    const found = this.#k - 1 / 3 + 8 / (405 * this.#k);
    const middle = (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
    const median = found / (1 - loss);
    return { size: median / middle, low: median / sorted[sorted.length - rank]!, high: median / sorted[rank - 1]! };
  }
}

/**
 * The largest r for which the r-th smallest and r-th largest of `count` draws enclose the median with at least 95 %: P(Binomial(count, 1/2) < r) <= 2.5 %.
 * undefined below `LOOKUPS_MIN`.
 */
export function medianRank(count: number): number | undefined {
  if (count < LOOKUPS_MIN) return undefined;
  let term = Math.exp(-count * Math.LN2);
  let below = 0;
  for (let r = 0; r < count; r++) {
    below += term;
    if (below > 0.025) return r;
    term *= (count - r) / (r + 1);
  }
  return undefined;
}

/** The normal quantile of a two-sided 95 % interval. */
const Z95 = 1.959964;

/**
 * Mark-recapture: `first` were met, later `second` were met independently, `both` of them again. Chapman's estimator and variance (1951), bounds
 * through the logarithm of the unseen (Burnham et al. 1987), so that the low bound never falls below what was seen. undefined when nothing was met twice.
 */
export function markRecapture(first: number, second: number, both: number): SizeEstimate | undefined {
  if (both < 1) return undefined;
  const seen = first + second - both;
  const size = ((first + 1) * (second + 1)) / (both + 1) - 1;
  const variance = ((first + 1) * (second + 1) * (first - both) * (second - both)) / ((both + 1) ** 2 * (both + 2));
  const unseen = size - seen;
  if (unseen <= 0 || variance <= 0) return { size: seen, low: seen, high: seen };
  const factor = Math.exp(Z95 * Math.sqrt(Math.log(1 + variance / unseen ** 2)));
  return { size, low: seen + unseen / factor, high: seen + unseen * factor };
}
