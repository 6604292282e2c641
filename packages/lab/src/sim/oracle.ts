// The best forecast that anybody could make of a torrent of histories.ts: an observer with perfect eyes who knows how the world is made, but not the future. Pure and seeded.
import type { Random } from '@swarmscope/bittorrent/machine.ts';
import {
  arrivalTimes,
  type Copy,
  type History,
  KEEPING,
  type Life,
  LOADING,
  LOMAX,
  lognormal,
  PUBLISHERS,
  type Publisher,
  presenceOf,
  WAITING_H,
} from './histories.ts';

// It knows: the constants of the generator; of this torrent the rate of arrivals, its decay and tail, the share of keepers; which copy is the publisher's; for every
// owner so far, without error and without delay, from when to when it was there; how many are loading now.
// It does not know: whether an owner is a keeper or passes by, and which kind of publisher it is, but for what its presence so far says (Bayes); who of those
// away comes back; bursts; anything to come.
// p = P(every owner so far is gone within the horizon) x P(nobody of those still to come keeps a copy beyond it | that). The first factor is exact, the second a
// mean over simulated continuations.

/** Who has been away for longer is gone: away times are exponential with nine hours. */
const AWAY_MOST_H = 96;
/** Below this the second factor, which is at most one, does not matter. */
const NEGLIGIBLE = 1e-3;

/** An owner's remaining time as the oracle sees it: `gone`: already; the rest is split over laws. */
interface Outlook {
  readonly gone: number;
  readonly branches: readonly Branch[];
}

interface Branch {
  readonly weight: number;
  /** P(ends within h from now). */
  readonly endsWithin: number;
  /** A draw of the time left, given that it ends within the horizon. */
  readonly draw: (random: Random) => number;
  readonly isOnOff: boolean;
}

interface Law {
  /** P(lasts longer than x hours), its density, and the age at which the former is s. */
  readonly survival: (x: number) => number;
  readonly density: (x: number) => number;
  readonly at: (s: number) => number;
}

const weibullOf = (shape: number, scale: number): Law => ({
  survival: (x) => Math.exp(-((x / scale) ** shape)),
  density: (x) => (shape / scale) * Math.max(x / scale, 1e-6) ** (shape - 1) * Math.exp(-((x / scale) ** shape)),
  at: (s) => scale * (-Math.log(s)) ** (1 / shape),
});
const KEEPER = weibullOf(KEEPING.shape, KEEPING.scaleH);
const PASSER: Law = {
  survival: (x) => (x >= LOMAX.mostH ? 0 : (1 + x / LOMAX.scaleH) ** -LOMAX.shape),
  density: (x) => (LOMAX.shape / LOMAX.scaleH) * (1 + x / LOMAX.scaleH) ** (-LOMAX.shape - 1),
  at: (s) => Math.min(LOMAX.mostH, LOMAX.scaleH * (s ** (-1 / LOMAX.shape) - 1)),
};
const PUBLISHER_LAWS: readonly [share: number, law: Law][] = (Object.keys(PUBLISHERS) as Publisher[]).map((kind) => [
  PUBLISHERS[kind].share,
  // An archive's publisher outlasts any year: an exponential of two thousand days is as good.
  weibullOf(1, PUBLISHERS[kind].meanH),
]);

/** P(no complete copy is left, for good, by `horizonH` hours after `nowH`), for a torrent that still lives. */
export function oracleOf(history: History, nowH: number, horizonH: number, continuations: number, random: Random): number {
  const { life } = history;
  const outlooks: Outlook[] = [];
  let allGone = 1;
  for (const owner of history.owners) {
    if (owner.fromH > nowH) break;
    const outlook = outlookOf(owner, life, nowH, horizonH);
    if (!outlook) continue;
    outlooks.push(outlook);
    allGone *= goneWithin(outlook);
    if (allGone < NEGLIGIBLE) return 0;
  }
  let extinct = 0;
  const loading = history.loading.findLast((change) => change.atH <= nowH)?.count ?? 0;
  for (let i = 0; i < continuations; i++) if (endsIn(life, outlooks, loading, nowH, horizonH, random)) extinct++;
  return (allGone * extinct) / continuations;
}

const goneWithin = ({ gone, branches }: Outlook) =>
  gone + branches.reduce((sum, { weight, endsWithin }) => sum + weight * endsWithin, 0);

/** Undefined when it is surely gone. */
function outlookOf(owner: Copy, life: Life, nowH: number, horizonH: number): Outlook | undefined {
  const past = owner.there.filter(({ fromH }) => fromH <= nowH);
  const last = past.at(-1);
  if (!last) return undefined;
  const isThere = last.toH > nowH;
  if (!isThere && nowH - last.toH > AWAY_MOST_H) return undefined;
  const age = nowH - owner.fromH;
  const leftAt = last.toH - owner.fromH;
  const on = isThere ? nowH - last.fromH : last.toH - last.fromH;
  const hasReturned = past.length > 1;
  const staying = (prior: number, law: Law) =>
    isThere
      ? prior * law.survival(age) * Math.exp(-on / KEEPING.onH)
      : (prior * law.survival(age) * Math.exp(-on / KEEPING.onH - (nowH - last.toH) / KEEPING.offH)) / KEEPING.onH;
  const ended = (prior: number, law: Law) => (isThere ? 0 : prior * law.density(leftAt) * Math.exp(-on / KEEPING.onH));
  const laws: readonly [number, Law][] = owner.kind === 'publisher' ? PUBLISHER_LAWS : [[life.keepers, KEEPER]];
  const weights = laws.map(([prior, law]) => ({ law, weight: staying(prior, law), isOnOff: true }));
  let gone = laws.reduce((sum, [prior, law]) => sum + ended(prior, law), 0);
  if (owner.kind !== 'publisher' && !hasReturned) {
    if (isThere) weights.push({ law: PASSER, weight: (1 - life.keepers) * PASSER.survival(age), isOnOff: false });
    else gone += (1 - life.keepers) * PASSER.density(leftAt);
  }
  const total = gone + weights.reduce((sum, { weight }) => sum + weight, 0);
  if (total === 0) return undefined;
  return {
    gone: gone / total,
    branches: weights.map(({ law, weight, isOnOff }) => branchOf(law, weight / total, age, horizonH, isOnOff)),
  };
}

function branchOf(law: Law, weight: number, age: number, horizonH: number, isOnOff: boolean): Branch {
  const now = law.survival(age);
  const then = law.survival(age + horizonH);
  return {
    weight,
    endsWithin: now === 0 ? 1 : 1 - then / now,
    draw: (random) => Math.max(0, law.at(now - random() * (now - then)) - age),
    isOnOff,
  };
}

/** One continuation in which all owners so far are gone within the horizon: is there nobody else either? */
function endsIn(
  life: Life,
  outlooks: readonly Outlook[],
  loading: number,
  nowH: number,
  horizonH: number,
  random: Random,
): boolean {
  const endH = nowH + horizonH;
  const there = outlooks.flatMap((outlook) => drawPresence(outlook, nowH, random));
  const arrivals = [...Array.from({ length: loading }, () => nowH), ...arrivalTimes(life, endH, random, nowH)];
  for (const atH of arrivals) {
    const patienceH = -Math.log(1 - random()) * WAITING_H;
    const startH = nextCopy(there, atH, atH + patienceH);
    if (startH === undefined) continue;
    const doneH = startH + lognormal(random, LOADING.medianH, LOADING.sigma);
    const isKeeper = random() < life.keepers;
    const lastsH = (isKeeper ? KEEPER : PASSER).at(1 - random());
    if (doneH + lastsH > endH) return false;
    there.push(...(isKeeper ? presenceOf(doneH, lastsH, random) : [{ fromH: doneH, toH: doneH + lastsH }]));
  }
  return true;
}

function drawPresence(outlook: Outlook, nowH: number, random: Random) {
  let left = random() * goneWithin(outlook) - outlook.gone;
  if (left < 0) return [];
  for (const { weight, endsWithin, draw, isOnOff } of outlook.branches) {
    left -= weight * endsWithin;
    if (left > 0) continue;
    const lastsH = draw(random);
    return isOnOff ? presenceOf(nowH, lastsH, random) : [{ fromH: nowH, toH: nowH + lastsH }];
  }
  return [];
}

/** When somebody with a copy is there first, from `fromH` to `untilH`. */
function nextCopy(there: readonly { fromH: number; toH: number }[], fromH: number, untilH: number): number | undefined {
  let first: number | undefined;
  for (const interval of there) {
    if (interval.toH <= fromH || interval.fromH > untilH) continue;
    const atH = Math.max(fromH, interval.fromH);
    if (first === undefined || atH < first) first = atH;
  }
  return first;
}
