// Scores a census against the truth: confusion by class, liars by what chance allows, completable yes or no.
import { type Figure, figure } from '../figure.ts';
import type { Verdict } from '../sim/peer-kind.ts';
import type { PeerTruth, SwarmTruth } from '../sim/truth.ts';

/** What was reported of one peer. */
export interface ReportedPeer {
  readonly endpoint: string;
  readonly verdict: Verdict;
  readonly challengesPassed: number;
  readonly challengesFailed: number;
}

export interface ReportedSwarm {
  readonly infoHash: string;
  readonly completable: boolean | null;
  readonly peers: readonly ReportedPeer[];
}

/** A peer's truth beside what was said of it; undefined when nothing was. */
interface Pair {
  readonly truth: PeerTruth;
  readonly said: ReportedPeer | undefined;
}

const isLiar = (pair: Pair) => pair.truth.kind.startsWith('liar_');
const isReachable = (pair: Pair) => !pair.truth.verdicts.includes('unreachable');
/** Behind a NAT, of a kind that can be met once it has dialled. */
const isHidden = (pair: Pair) => pair.truth.nat && pair.truth.verdicts.some((verdict) => verdict !== 'unreachable');
const isRight = (pair: Pair) => pair.said !== undefined && pair.truth.verdicts.includes(pair.said.verdict);
const MAX_ERRORS = 50;
const LIES: readonly Verdict[] = ['liar_corrupt', 'liar_missing'];

/** Rows: kinds of peers. Columns: verdicts, `none` for those that were not reported. */
export type Confusion = Map<string, Map<string, number>>;

export interface Score {
  readonly figures: Figure[];
  readonly confusion: Confusion;
  /** What was said wrongly: a line each, at most 50. */
  readonly errors: string[];
}

export function scoreCensus(truths: readonly SwarmTruth[], reports: readonly (ReportedSwarm | undefined)[], seed: number): Score {
  const pairs = truths.flatMap((truth, i) => {
    const said = new Map(reports[i]?.peers.map((peer) => [peer.endpoint, peer]));
    return truth.peers.map((peer) => ({ truth: peer, said: said.get(peer.endpoint) }));
  });
  const reachable = pairs.filter(isReachable);
  const judged = reachable.filter((pair) => !luckyLiar(pair));
  const right = judged.filter(isRight).length;
  const honest = reachable.filter((pair) => !isLiar(pair));
  const hidden = pairs.filter(isHidden);
  const met = hidden.filter((pair) => pair.said !== undefined && pair.said.verdict !== 'unreachable').length;
  const lucky = luck(reachable.filter(isLiar));
  const unsure = truths.flatMap((truth, i) => {
    const said = reports[i]?.completable ?? null;
    if (said !== null && truth.completable.includes(said)) return [];
    return [`swarm ${i + 1}: completable ${said} instead of ${truth.completable.join(' or ')}`];
  });
  const proved = pairs.filter((pair) => pair.said?.verdict === 'proved');
  return {
    figures: [
      figure('accuracy: class of reachable peers', '%', percent(right, judged.length), 'min', 99, seed),
      figure(
        'accuracy: unreachable peers known as such',
        '%',
        percentOf(
          pairs.filter((pair) => !isReachable(pair)),
          isRight,
        ),
        'min',
        99,
        seed,
      ),
      figure(
        'accuracy: honest peers called liars',
        'peers',
        honest.filter((pair) => LIES.includes(pair.said?.verdict as Verdict)).length,
        'max',
        0,
        seed,
      ),
      figure(
        'accuracy: proved though a challenge failed',
        'peers',
        proved.filter((pair) => (pair.said?.challengesFailed ?? 0) > 0).length,
        'max',
        0,
        seed,
      ),
      figure('accuracy: liars proved by luck', 'peers', lucky.seen, 'max', lucky.allowed, seed),
      ...(hidden.length > 0
        ? [figure('accuracy: peers behind a NAT met inbound', '%', percent(met, hidden.length), 'min', 90, seed)]
        : []),
      figure('accuracy: completable right', '%', percent(truths.length - unsure.length, truths.length), 'min', 100, seed),
    ],
    confusion: confusionOf(pairs),
    errors: [...unsure, ...judged.filter((pair) => !isRight(pair)).map(errorLine)].slice(0, MAX_ERRORS),
  };
}

function errorLine({ truth, said }: Pair): string {
  return `${truth.endpoint} ${truth.kind}: ${said?.verdict ?? 'not reported'} instead of ${truth.verdicts.join(' or ')}`;
}

/** A liar that has much passes some challenges by chance and is `proved` so far: that is judged by `luck`, not as an error of class. */
function luckyLiar(pair: Pair): boolean {
  return isLiar(pair) && pair.said?.verdict === 'proved' && pair.said.challengesFailed === 0 && pair.truth.pieces.most > 0;
}

/**
 * A liar that lacks the share f passes n challenges with probability (1-f)^n. n is what the luckiest had to pass: all had as many ahead of them.
 * More than the expected number plus two standard errors is not luck.
 */
function luck(liars: readonly Pair[]): { seen: number; allowed: number } {
  const lucky = liars.filter(luckyLiar);
  const challenges = Math.min(...lucky.map((pair) => pair.said?.challengesPassed ?? 0), Number.POSITIVE_INFINITY);
  if (challenges === Number.POSITIVE_INFINITY) return { seen: 0, allowed: 0 };
  const chances = liars.map(({ truth }) => (truth.pieces.most / truth.piecesTotal) ** challenges);
  const expected = chances.reduce((sum, chance) => sum + chance, 0);
  const variance = chances.reduce((sum, chance) => sum + chance * (1 - chance), 0);
  return { seen: lucky.length, allowed: Math.round((expected + 2 * Math.sqrt(variance)) * 100) / 100 };
}

function confusionOf(pairs: readonly Pair[]): Confusion {
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

function percent(part: number, whole: number): number {
  return whole === 0 ? 100 : (100 * part) / whole;
}

function percentOf<T>(list: readonly T[], counts: (item: T) => boolean): number {
  return percent(list.filter(counts).length, list.length);
}
