// The size of the DHT of one address family as a crawl measures it: two estimates from the same lookups of random targets.
import { distanceShare, LookupDistances, markRecapture, type SizeEstimate } from './dht-size.ts';

/** What a lookup counts for at the next: some 50 lookups are kept, in which a sweep meets its share of the nodes. */
const RECAPTURE_KEPT = 0.98;

export class SizeMeter {
  readonly #distances = new LookupDistances();
  /** Nodes that lookups ended at lately, and those of them that the crawl had met by itself. */
  #all = 0;
  #both = 0;

  /** A lookup of a random target ended at these nodes (ids), of which the crawl had met so many before. */
  note(target: Uint8Array, closest: readonly Uint8Array[], metBefore: number): void {
    this.#distances.note(closest.map((id) => distanceShare(id, target)));
    this.#all = this.#all * RECAPTURE_KEPT + closest.length;
    this.#both = this.#both * RECAPTURE_KEPT + metBefore;
  }

  /** From the distances, on a line that loses such a share of questions or answers; until there are enough, by mark-recapture with the `met` nodes of the crawl. */
  estimate(met: number, loss: number): SizeEstimate | undefined {
    return this.#distances.estimate(loss) ?? this.recaptured(met);
  }

  recaptured(met: number): SizeEstimate | undefined {
    return markRecapture(met, Math.round(this.#all), Math.min(met, Math.round(this.#both)));
  }
}

/** The sum of what was estimated; the bounds of the sum are the sums of the bounds, which is more than 95 %. undefined when nothing was. */
export function summed(estimates: readonly (SizeEstimate | undefined)[]): SizeEstimate | undefined {
  const known = estimates.filter((estimate) => estimate !== undefined);
  const sum = (of: (estimate: SizeEstimate) => number) => known.reduce((total, estimate) => total + of(estimate), 0);
  return known.length === 0
    ? undefined
    : { size: sum(({ size }) => size), low: sum(({ low }) => low), high: sum(({ high }) => high) };
}
