// The unseen cell of a table of captures: a log-linear model with interactions between sources, each held near independence as far as the data allow. Pure.

// A peer that several sources were asked for falls into one of 2^k cells, a bit for each source that gave it; cell 0, nobody gave it, is not seen.
// Counts are Poisson with log mean = sum of the terms whose bits the cell has (Fienberg 1972; Cormack 1989). The term without bits is the log of cell 0.
// Independent sources have no terms of two or three bits. Ours are not independent (who announces to a tracker is in the DHT too; who just came is in
// neither yet), but not far from it: the terms of two bits are Normal(tau/2, tau^2), rather up than down, those of three Normal(0, (tau/2)^2).
// How far, the data say: every tau of the grid is fitted (Newton), and weighs as its evidence does (Laplace). Derivation and checks: docs/estimates.md.

const GRID = [0.05, 0.1, 0.2, 0.4, 0.8] as const;
/** Before any data a tau weighs tau^-1.5: far from independence is possible and must show. */
const AVERSION = 1.5;
/** The evidence is worth so much to terms that the sources alone decide. */
const LOOSE = { intercept: 1e-3, source: 1e-4 } as const;
const MOST_STEPS = 60;
const MOST_HALVINGS = 30;

/** The log of a count that was not seen: its mean and its variance over all models. */
export interface Unseen {
  readonly logMean: number;
  readonly logVariance: number;
}

/**
 * @param cells counts by bit mask of the sources that gave a peer; 2^k of them, k from 2 to 4; cell 0 is ignored
 * @returns undefined where no model fits (counts so degenerate that Newton's equations have no solution)
 */
export function unseenOf(cells: readonly number[]): Unseen | undefined {
  const terms = termsOf(cells.length);
  const fits = GRID.flatMap((tau) => {
    const priors = terms.map((term) => priorOf(term, tau));
    const one = fit(cells, terms, priors);
    return one ? { ...one, logEvidence: one.logEvidence - AVERSION * Math.log(tau) } : [];
  });
  if (fits.length === 0) return undefined;
  const best = Math.max(...fits.map((one) => one.logEvidence));
  const weighed = fits.map((one) => ({ ...one, weight: Math.exp(one.logEvidence - best) }));
  const total = weighed.reduce((sum, { weight }) => sum + weight, 0);
  const over = (value: (one: Fit) => number) => weighed.reduce((sum, one) => sum + one.weight * value(one), 0) / total;
  const logMean = over((one) => one.log);
  return { logMean, logVariance: over((one) => one.variance + (one.log - logMean) ** 2) };
}

interface Prior {
  readonly mean: number;
  readonly precision: number;
}

interface Fit {
  readonly log: number;
  readonly variance: number;
  readonly logEvidence: number;
}

function bitsOf(mask: number): number {
  let bits = 0;
  for (let rest = mask; rest > 0; rest >>= 1) bits += rest & 1;
  return bits;
}

/** Masks of up to three bits, fewer first: the term of no bits comes first. */
function termsOf(cells: number): number[] {
  return Array.from({ length: cells }, (_, mask) => mask)
    .filter((mask) => bitsOf(mask) <= 3)
    .sort((a, b) => bitsOf(a) - bitsOf(b) || a - b);
}

function priorOf(term: number, tau: number): Prior {
  const bits = bitsOf(term);
  if (bits < 2) return { mean: 0, precision: bits === 0 ? LOOSE.intercept : LOOSE.source };
  return bits === 2 ? { mean: tau / 2, precision: tau ** -2 } : { mean: 0, precision: (tau / 2) ** -2 };
}

/** Newton's method on the penalised likelihood, which is concave: a step is halved until it does not lead down. */
function fit(cells: readonly number[], terms: readonly number[], priors: readonly Prior[]): Fit | undefined {
  let at = Float64Array.from(priors, ({ mean }) => mean);
  at[0] = Math.log(cells.reduce((sum, count, cell) => sum + (cell === 0 ? 0 : count), 0) / cells.length + 0.5);
  let height = heightOf(cells, terms, priors, at);
  for (let step = 0; step < MOST_STEPS; step++) {
    const { gradient, root } = slopeOf(cells, terms, priors, at);
    if (!root) return undefined;
    const move = solve(root, gradient);
    let next = at;
    let reached = height;
    for (let half = 0, scale = 1; half < MOST_HALVINGS; half++, scale /= 2) {
      next = at.map((value, i) => value + scale * move[i]!);
      reached = heightOf(cells, terms, priors, next);
      if (reached >= height) break;
    }
    const gain = reached - height;
    if (!(gain >= 0)) break;
    at = next;
    height = reached;
    if (gain < 1e-9) break;
  }
  const { root } = slopeOf(cells, terms, priors, at);
  if (!root) return undefined;
  const first = Float64Array.from(terms, (_, i) => (i === 0 ? 1 : 0));
  const logDeterminant = terms.reduce((sum, _, i) => sum + 2 * Math.log(root[i]![i]!), 0);
  const logPriors = priors.reduce((sum, { precision }) => sum + Math.log(precision) / 2, 0);
  return { log: at[0]!, variance: solve(root, first)[0]!, logEvidence: height + logPriors - logDeterminant / 2 };
}

function has(cell: number, term: number): boolean {
  return (cell & term) === term;
}

function logMeanOf(cell: number, terms: readonly number[], at: Float64Array): number {
  return terms.reduce((sum, term, i) => (has(cell, term) ? sum + at[i]! : sum), 0);
}

/** Log likelihood of the seen cells and log density of the priors, without what does not depend on the place. */
function heightOf(cells: readonly number[], terms: readonly number[], priors: readonly Prior[], at: Float64Array): number {
  let height = 0;
  for (let cell = 1; cell < cells.length; cell++) {
    const log = logMeanOf(cell, terms, at);
    height += cells[cell]! * log - Math.exp(log);
  }
  for (const [i, { mean, precision }] of priors.entries()) height -= (precision * (at[i]! - mean) ** 2) / 2;
  return height;
}

/** The gradient, and the Cholesky root of the negative second derivatives; no root where they are singular. */
function slopeOf(cells: readonly number[], terms: readonly number[], priors: readonly Prior[], at: Float64Array) {
  const gradient = Float64Array.from(priors, ({ mean, precision }, i) => -precision * (at[i]! - mean));
  const curve = terms.map((_, i) => Float64Array.from(terms, (_term, j) => (i === j ? priors[i]!.precision : 0)));
  for (let cell = 1; cell < cells.length; cell++) {
    const mean = Math.exp(logMeanOf(cell, terms, at));
    for (const [i, term] of terms.entries()) {
      if (!has(cell, term)) continue;
      gradient[i]! += cells[cell]! - mean;
      for (const [j, other] of terms.entries()) if (has(cell, other)) curve[i]![j]! += mean;
    }
  }
  return { gradient, root: cholesky(curve) };
}

function cholesky(matrix: readonly Float64Array[]): readonly Float64Array[] | undefined {
  const root = matrix.map((row) => new Float64Array(row.length));
  for (const [i, row] of root.entries()) {
    for (let j = 0; j <= i; j++) {
      let rest = matrix[i]![j]!;
      for (let k = 0; k < j; k++) rest -= row[k]! * root[j]![k]!;
      if (i === j && !(rest > 1e-12)) return undefined;
      row[j] = i === j ? Math.sqrt(rest) : rest / root[j]![j]!;
    }
  }
  return root;
}

/** Solves (root root') x = b. */
function solve(root: readonly Float64Array[], b: Float64Array): Float64Array {
  const x = Float64Array.from(b);
  for (let i = 0; i < x.length; i++) {
    for (let k = 0; k < i; k++) x[i]! -= root[i]![k]! * x[k]!;
    x[i]! /= root[i]![i]!;
  }
  for (let i = x.length - 1; i >= 0; i--) {
    for (let k = i + 1; k < x.length; k++) x[i]! -= root[k]![i]! * x[k]!;
    x[i]! /= root[i]![i]!;
  }
  return x;
}
