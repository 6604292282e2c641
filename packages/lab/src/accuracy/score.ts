// Scores a census against the truth: confusion by class, liars by what chance allows, completable yes or no. docs/accuracy.md derives each figure.
import { type Figure, figure } from '../figure.ts';
import type { SwarmTruth } from '../sim/truth.ts';
import { luckFigures, type Scoring } from './luck.ts';
import {
  isCalledLiar,
  isHidden,
  isLiar,
  isLucky,
  isMet,
  isRight,
  isShut,
  type Pair,
  pairsOf,
  percentOf,
  type ReportedSwarm,
} from './pairs.ts';

const MAX_ERRORS = 50;

/** Rows: kinds of peers. Columns: verdicts, `none` for those that were not reported. */
export type Confusion = Map<string, Map<string, number>>;

export interface Score {
  readonly figures: Figure[];
  readonly confusion: Confusion;
  /** What was said wrongly: a line each, at most 50. */
  readonly errors: string[];
}

export function scoreCensus(
  truths: readonly SwarmTruth[],
  reports: readonly (ReportedSwarm | undefined)[],
  { seed, name, challenges }: Scoring,
): Score {
  const pairs = pairsOf(truths, reports);
  const [shut, hidden] = [pairs.filter(isShut), pairs.filter(isHidden)];
  const judged = pairs.filter((pair) => !isShut(pair) && !isLucky(pair) && (!isHidden(pair) || isMet(pair)));
  const unsure = truths.flatMap((truth, i) => verdictsOnPieces(truth, reports[i]).map((error) => `swarm ${i + 1}: ${error}`));
  const asked = truths.reduce((sum, truth) => sum + 1 + truth.files.length, 0);
  const share = (what: string, value: number, goal: number) => figure(`${name}: ${what}`, '%', value, 'min', goal, seed);
  return {
    figures: [
      share('class of reachable peers', percentOf(judged, isRight), 99),
      share('unreachable peers known as such', percentOf(shut, isRight), 99),
      ...faultFigures(pairs, name, seed),
      ...luckFigures(
        pairs.filter((pair) => isLiar(pair) && isMet(pair)),
        { seed, name, challenges },
      ),
      ...(hidden.length > 0 ? [share('peers behind a NAT met inbound', percentOf(hidden, isMet), 90)] : []),
      share('completable right, torrents and files', (100 * (asked - unsure.length)) / asked, 100),
    ],
    confusion: confusionOf(pairs),
    errors: [...unsure, ...judged.filter((pair) => !isRight(pair)).map(errorLine)].slice(0, MAX_ERRORS),
  };
}

/** What must never happen. */
export function faultFigures(pairs: readonly Pair[], name: string, seed: number): Figure[] {
  const accused = pairs.filter((pair) => !isLiar(pair) && isCalledLiar(pair)).length;
  const pardoned = pairs.filter((pair) => pair.said?.verdict === 'proved' && pair.said.challengesFailed > 0).length;
  return [
    figure(`${name}: honest peers called liars`, 'peers', accused, 'max', 0, seed),
    figure(`${name}: proved though a challenge failed`, 'peers', pardoned, 'max', 0, seed),
  ];
}

/** What was said wrongly of the torrent and its files. */
function verdictsOnPieces(truth: SwarmTruth, report: ReportedSwarm | undefined): string[] {
  const said = report?.completable ?? null;
  const errors: string[] = [];
  if (said === null || !truth.completable.includes(said))
    errors.push(`completable ${said} instead of ${truth.completable.join(' or ')}`);
  for (const { path, completable } of truth.files) {
    const file = said === null ? null : !report!.lostFiles.includes(path);
    if (file === null || !completable.includes(file))
      errors.push(`${path} completable ${file} instead of ${completable.join(' or ')}`);
  }
  return errors;
}

function errorLine({ truth, said }: Pair): string {
  return `${truth.endpoint} ${truth.kind}: ${said?.verdict ?? 'not reported'} instead of ${truth.verdicts.join(' or ')}`;
}

export function confusionOf(pairs: readonly Pair[]): Confusion {
  const confusion: Confusion = new Map();
  for (const { truth, said } of pairs) {
    const row = confusion.get(truth.kind) ?? new Map<string, number>();
    confusion.set(truth.kind, row);
    const verdict = said?.verdict ?? 'none';
    row.set(verdict, (row.get(verdict) ?? 0) + 1);
  }
  return confusion;
}

/** The table as lines of text. */
export function confusionLines(confusion: Confusion): string[] {
  return [...confusion].map(
    ([kind, row]) => `${kind.padEnd(16)} ${[...row].map(([verdict, count]) => `${verdict} ${count}`).join(', ')}`,
  );
}
