// Liars that passed every challenge: how many of them chance allows, by what they lack.
import { type Figure, figure } from '../figure.ts';
import { isLucky, type Pair } from './pairs.ts';

export interface Scoring {
  readonly seed: number;
  /** Begins the names of the figures. */
  readonly name: string;
  /** How many challenges who claims everything had ahead. */
  readonly challenges: number;
}

/** Of liars that lack about the same: within a twentieth. */
const CLASSES = 20;

/**
 * A liar that lacks the share f passes n random challenges with probability (1-f)^n at most (a piece is not asked for twice, which makes it less). n is what
 * it had ahead; of one that is proved no more than what it passed. Per f: the liars `proved`, against the expected number and two standard errors.
 */
export function luckFigures(liars: readonly Pair[], { seed, name, challenges }: Scoring): Figure[] {
  const byLack = new Map<number, Pair[]>();
  for (const pair of liars) {
    const lack = Math.round(CLASSES * (1 - pair.truth.pieces.most / pair.truth.piecesTotal)) / CLASSES;
    byLack.set(lack, [...(byLack.get(lack) ?? []), pair]);
  }
  return [...byLack]
    .sort(([a], [b]) => a - b)
    .map(([lack, group]) => {
      const what = `${name}: liars lacking ${Math.round(100 * lack)} % proved after ${challenges} challenges, of ${group.length}`;
      return figure(what, 'peers', group.filter(isLucky).length, 'max', allowed(group, challenges), seed);
    });
}

function allowed(group: readonly Pair[], challenges: number): number {
  const chances = group.map((pair) => {
    const ahead = isLucky(pair) ? Math.min(challenges, pair.said!.challengesPassed) : challenges;
    return (pair.truth.pieces.most / pair.truth.piecesTotal) ** ahead;
  });
  const expected = chances.reduce((sum, chance) => sum + chance, 0);
  const variance = chances.reduce((sum, chance) => sum + chance * (1 - chance), 0);
  return Math.round((expected + 2 * Math.sqrt(variance)) * 100) / 100;
}
