// Every peer of the lab's swarms beside what was said of it, and the questions that can be asked of such a pair.
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
  /** Paths of the files of which a piece has no copy. */
  readonly lostFiles: readonly string[];
  readonly peers: readonly ReportedPeer[];
}

/** A peer's truth beside what was said of it; undefined when nothing was. */
export interface Pair {
  readonly truth: PeerTruth;
  readonly said: ReportedPeer | undefined;
}

/** Everybody of every swarm with what was said of him. */
export function pairsOf(truths: readonly SwarmTruth[], reports: readonly (ReportedSwarm | undefined)[]): Pair[] {
  return truths.flatMap((truth, i) => {
    const said = new Map(reports[i]?.peers.map((peer) => [peer.endpoint, peer]));
    return truth.peers.map((peer) => ({ truth: peer, said: said.get(peer.endpoint) }));
  });
}

export const isLiar = (pair: Pair) => pair.truth.kind.startsWith('liar_');
/** Nobody can meet it, whoever dials. */
export const isShut = (pair: Pair) => pair.truth.verdicts.every((verdict) => verdict === 'unreachable');
/** Behind a NAT, of a kind that can be met once it has dialled. */
export const isHidden = (pair: Pair) => pair.truth.nat && !isShut(pair);
export const isMet = (pair: Pair) => pair.said !== undefined && pair.said.verdict !== 'unreachable';
export const isRight = (pair: Pair) => pair.said !== undefined && pair.truth.verdicts.includes(pair.said.verdict);
const LIES: readonly Verdict[] = ['liar_corrupt', 'liar_missing'];
export const isCalledLiar = (pair: Pair) => LIES.includes(pair.said?.verdict as Verdict);
/** A liar that has much passes some challenges by chance and is `proved` so far: that is judged by `luckFigures`, not as an error of class. */
export const isLucky = (pair: Pair) =>
  isLiar(pair) && pair.said?.verdict === 'proved' && pair.said.challengesFailed === 0 && pair.truth.pieces.most > 0;

function percent(part: number, whole: number): number {
  return whole === 0 ? 100 : (100 * part) / whole;
}

/** Of an empty list: 100, nothing was wrong. */
export function percentOf<T>(list: readonly T[], counts: (item: T) => boolean): number {
  return percent(list.filter(counts).length, list.length);
}
