// A census that asks for no pieces: how long it took, and whether each peer is in the class that can be told without.
import { type Figure, figure } from '../figure.ts';
import type { Verdict } from '../sim/peer-kind.ts';
import { type Pair, percentOf } from './pairs.ts';

const GOAL_S = 20;
/** What challenges would have found out of who claims everything. */
const CHALLENGED: readonly Verdict[] = ['proved', 'choked', 'liar_missing', 'liar_corrupt'];

const isRight = ({ truth, said }: Pair) =>
  truth.verdicts.some((verdict) => said?.verdict === (CHALLENGED.includes(verdict) ? 'claimed' : verdict));

/** `seconds`: of the whole command. */
export function unchallengedFigures(
  pairs: readonly Pair[],
  seconds: number,
  seed: number,
): { figures: Figure[]; errors: string[] } {
  const wrong = pairs.filter((pair) => !isRight(pair));
  const name = `census of ${pairs.length} peers without challenges`;
  return {
    figures: [
      figure(`${name}: time`, 's', seconds, 'max', GOAL_S, seed),
      figure(`${name}: class`, '%', percentOf(pairs, isRight), 'min', 99, seed),
    ],
    errors: wrong.slice(0, 50).map(({ truth, said }) => `${truth.endpoint} ${truth.kind}: ${said?.verdict ?? 'not reported'}`),
  };
}
