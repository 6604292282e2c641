// How large a swarm is: enumerated where it is small, by capture and recapture over two sources where it is not; with the bounds of either.
import type { SIZE_METHODS } from '@swarmscope/events/enums.ts';

/** Below this Chapman's estimator is biased, and listing is within reach. */
const ENUMERATE_BELOW = 50;
/** 95 %, two-sided. */
const Z = 1.96;

export interface SizeInput {
  /** Distinct endpoints known, our own already taken out. */
  readonly known: number;
  /** Every source that was asked has answered, and nothing was cut off. */
  readonly exhausted: boolean;
  /** What two independent sources gave (trackers, DHT), and both of them; undefined where one of them is missing. */
  readonly sources: { readonly first: number; readonly second: number; readonly both: number } | undefined;
}

export interface SizeEstimate {
  readonly estimate: number | undefined;
  readonly low: number | undefined;
  readonly high: number | undefined;
  readonly method: (typeof SIZE_METHODS)[number] | undefined;
}

/** The known are always a low bound; a high one needs exhausted sources or two that overlap. */
export function estimateSize({ known, exhausted, sources }: SizeInput): SizeEstimate {
  if (known < ENUMERATE_BELOW) {
    return { estimate: known, low: known, high: exhausted ? known : undefined, method: 'enumerated' };
  }
  if (!sources || sources.both === 0) return { estimate: undefined, low: known, high: undefined, method: undefined };
  const { first, second, both } = sources;
  const estimate = ((first + 1) * (second + 1)) / (both + 1) - 1;
  const variance = ((first + 1) * (second + 1) * (first - both) * (second - both)) / ((both + 1) ** 2 * (both + 2));
  // Who announces to trackers is also in the DHT: the sources are correlated, and the estimate is then low. The high bound is widened for it.
  const spread = Z * Math.sqrt(variance);
  const low = Math.max(known, Math.floor(estimate - spread));
  return {
    estimate: Math.max(known, Math.round(estimate)),
    low,
    high: Math.ceil(Math.max(low, estimate + 2 * spread)),
    method: 'capture_recapture',
  };
}
