// How large a swarm is: enumerated where it is small, by capture and recapture over its sources where it is not; with the bounds of either.
import type { PeerSource, SIZE_METHODS } from '@swarmscope/events/enums.ts';
import { unseenOf } from './log-linear.ts';

/** Below this the estimator is biased, and listing is within reach. */
const ENUMERATE_BELOW = 50;
/** 95 %, two-sided. */
const Z = 1.96;
/** Where nearly nothing was met twice, the high bound is a large number, and no larger. */
const MOST_LOG_SD = 8;

/** Who draws from the swarm by itself; `given` peers were named by somebody for a reason, that is no draw. */
export const CAPTURES = ['tracker', 'dht', 'pex', 'inbound'] as const satisfies readonly PeerSource[];

export interface SizeInput {
  /** Distinct endpoints known, our own already taken out. */
  readonly known: number;
  /** Every source that was asked has answered, and nothing was cut off. */
  readonly exhausted: boolean;
  /** Of the known, how many were given by exactly these sources: bit i of the index is CAPTURES[i]; 16 counts. */
  readonly cells: readonly number[];
}

export interface SizeEstimate {
  readonly estimate: number | undefined;
  readonly low: number | undefined;
  readonly high: number | undefined;
  readonly method: (typeof SIZE_METHODS)[number] | undefined;
}

/** The known are always a low bound; a high one needs exhausted sources, or two that overlap. Derivation: docs/estimates.md. */
export function estimateSize({ known, exhausted, cells }: SizeInput): SizeEstimate {
  if (known < ENUMERATE_BELOW) {
    return { estimate: known, low: known, high: exhausted ? known : undefined, method: 'enumerated' };
  }
  const asked = withoutSilent(cells);
  const isMetTwice = asked.some((count, mask) => count > 0 && (mask & (mask - 1)) > 0);
  const unseen = isMetTwice ? unseenOf(asked) : undefined;
  if (!unseen) return { estimate: undefined, low: known, high: undefined, method: undefined };
  const seen = asked.reduce((sum, count) => sum + count, 0);
  const missing = Math.exp(unseen.logMean);
  // The model says how many are missing on average; how many are is Poisson around it.
  const sd = Math.min(MOST_LOG_SD, Math.sqrt(unseen.logVariance + 1 / Math.max(missing, 0.5)));
  const estimate = Math.max(known, Math.round(seen + missing));
  return {
    estimate,
    low: Math.max(known, Math.floor(seen + missing * Math.exp(-Z * sd))),
    high: Math.max(estimate, Math.ceil(seen + missing * Math.exp(Z * sd))),
    method: 'capture_recapture',
  };
}

/** The cells over those sources alone that gave anybody: one that gave nobody says nothing of the others. */
function withoutSilent(cells: readonly number[]): number[] {
  const used = CAPTURES.flatMap((_, bit) => (cells.some((count, mask) => count > 0 && (mask >> bit) % 2 === 1) ? [bit] : []));
  const kept = new Array<number>(1 << used.length).fill(0);
  for (const [mask, count] of cells.entries()) {
    const place = used.reduce((sum, bit, i) => sum + (((mask >> bit) & 1) << i), 0);
    if (place > 0) kept[place]! += count;
  }
  return kept;
}

/** The cells of a list of peers, each with the sources that gave it. */
export function cellsOf(peers: Iterable<ReadonlySet<PeerSource> | ReadonlyMap<PeerSource, unknown>>): number[] {
  const cells = new Array<number>(1 << CAPTURES.length).fill(0);
  for (const sources of peers) {
    const mask = CAPTURES.reduce((sum, source, bit) => sum + (sources.has(source) ? 1 << bit : 0), 0);
    cells[mask]! += 1;
  }
  return cells;
}
