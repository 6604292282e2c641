// Lives of torrents for the forecast: who comes, loads, seeds and leaves over a year, and what an observer with outages sees of it. Pure and seeded.
import type { Random } from '@swarmscope/bittorrent/machine.ts';

// What the distributions stand on; fixed before any forecast was tuned, and never changed for its sake:
// - Peers arrive at a rate that decays exponentially from the day of publication (Guo et al., "Measurements, Analysis, and Modeling of
//   BitTorrent-like Systems", IMC 2005), with a thin tail of late comers and rare bursts.
// - Most leave soon after they have loaded: of 53 883 peers 17 % stayed an hour, 3.1 % ten, 0.34 % a hundred (Pouwelse et al., "The Bittorrent P2P
//   File-Sharing System: Measurements and Analysis", IPTPS 2005). A Lomax law of shape 0.75 and scale 0.1 h gives 16.6 %, 3.1 %, 0.56 %.
// - A few keep seeding for weeks, with nights off; publishers leave. Together some 38 % of torrents are without a complete copy within a month
//   (Kaune et al., "Unraveling BitTorrent's File Unavailability", P2P 2010).

const HOURS_A_DAY = 24;
export const LOMAX = { shape: 0.75, scaleH: 0.1, mostH: 2_000 } as const;
/** Loading, in hours: median and spread of a lognormal. */
export const LOADING = { medianH: 3, sigma: 0.9 } as const;
/** Who finds nobody with all pieces waits, on average, so long. */
export const WAITING_H = 24;
/** Keepers: Weibull lifetimes; on for some days, off for some hours. */
export const KEEPING = { shape: 0.7, scaleH: 40 * HOURS_A_DAY, onH: 60, offH: 9 } as const;
const BURST = { everyH: 90 * HOURS_A_DAY, lastsH: 36 } as const;
/** No complete copy for this long, and the torrent counts as dead from its beginning. */
export const DEAD_AFTER_H = 30 * HOURS_A_DAY;

/** What makes one torrent differ from another. Rates are per hour. */
export interface Life {
  /** Arrivals at the beginning, how fast they decay, and what remains. */
  readonly arrivals: number;
  readonly decayH: number;
  readonly tail: number;
  /** Share of those who load that become keepers. */
  readonly keepers: number;
  /** How long the publisher seeds, and by which law it was drawn. */
  readonly publisherH: number;
  readonly publisher: Publisher;
  readonly sizeBytes: number;
  readonly pieces: number;
}

/** How publishers leave: after a week or a season on average (exponential), or in years. */
export type Publisher = 'week' | 'season' | 'archive';

/** Shares of the three, and what they last. */
export const PUBLISHERS: Readonly<Record<Publisher, { share: number; meanH: number }>> = {
  week: { share: 0.55, meanH: 7 * HOURS_A_DAY },
  season: { share: 0.3, meanH: 90 * HOURS_A_DAY },
  archive: { share: 0.15, meanH: 2_000 * HOURS_A_DAY },
};

/** One complete copy: from when to when it is kept, and the hours in which it is there. */
export interface Copy {
  readonly kind: 'publisher' | 'keeper' | 'passer';
  readonly fromH: number;
  readonly toH: number;
  readonly there: readonly Interval[];
}

/** Complete copies and loading peers over time: each change with the count from then on. `hours` count from publication. */
export interface History {
  readonly life: Life;
  readonly horizonH: number;
  readonly copies: readonly Change[];
  readonly loading: readonly Change[];
  /** Everybody who ever had a complete copy, by when they got it. */
  readonly owners: readonly Copy[];
  /** When its last complete copy went for at least 30 days; undefined when that did not happen within the horizon (less those 30 days). */
  readonly diedH: number | undefined;
}

export interface Change {
  readonly atH: number;
  readonly count: number;
}

/** Half open, in hours. */
export interface Interval {
  readonly fromH: number;
  readonly toH: number;
}

const exponential = (random: Random, mean: number) => -Math.log(1 - random()) * mean;
const normal = (random: Random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
export const lognormal = (random: Random, median: number, sigma: number) => median * Math.exp(sigma * normal(random));
const weibull = (random: Random, shape: number, scale: number) => scale * (-Math.log(1 - random())) ** (1 / shape);
const lomax = (random: Random) => Math.min(LOMAX.mostH, LOMAX.scaleH * ((1 - random()) ** (-1 / LOMAX.shape) - 1));

/** A torrent at random. */
export function drawLife(random: Random): Life {
  const arrivals = Math.min(40, lognormal(random, 6, 1.6) / HOURS_A_DAY);
  const stays = random();
  const { week, season, archive } = PUBLISHERS;
  const publisher = stays < week.share ? 'week' : stays < week.share + season.share ? 'season' : 'archive';
  const publisherH =
    publisher === 'archive' ? archive.meanH * (0.5 + random()) : exponential(random, PUBLISHERS[publisher].meanH);
  const sizeBytes = Math.round(Math.exp(Math.log(5e7) + random() * Math.log(1_000)));
  return {
    arrivals,
    decayH: lognormal(random, 12 * HOURS_A_DAY, 0.8),
    tail: arrivals * 0.02 * random(),
    keepers: 0.01 + 0.12 * random() ** 3,
    publisherH,
    publisher,
    sizeBytes,
    pieces: Math.max(1, Math.round(sizeBytes / (1 << 20))),
  };
}

/** Lets a torrent live for `horizonH` hours. */
export function live(life: Life, horizonH: number, random: Random): History {
  const copies: Interval[] = presenceOf(0, life.publisherH, random);
  const owners: Copy[] = [{ kind: 'publisher', fromH: 0, toH: life.publisherH, there: [...copies] }];
  const loading: Interval[] = [];
  const pending = [...copies].sort((a, b) => b.fromH - a.fromH);
  let coveredToH = 0;
  for (const atH of arrivalTimes(life, horizonH, random)) {
    while (pending.length > 0 && pending.at(-1)!.fromH <= atH) coveredToH = Math.max(coveredToH, pending.pop()!.toH);
    const patienceH = exponential(random, WAITING_H);
    const startH = coveredToH > atH ? atH : (pending.at(-1)?.fromH ?? Number.POSITIVE_INFINITY);
    if (startH > atH + patienceH) {
      loading.push({ fromH: atH, toH: atH + patienceH });
      continue;
    }
    const doneH = startH + lognormal(random, LOADING.medianH, LOADING.sigma);
    loading.push({ fromH: atH, toH: doneH });
    const isKeeper = random() < life.keepers;
    const staysH = isKeeper ? weibull(random, KEEPING.shape, KEEPING.scaleH) : lomax(random);
    const there = isKeeper ? presenceOf(doneH, staysH, random) : [{ fromH: doneH, toH: doneH + staysH }];
    owners.push({ kind: isKeeper ? 'keeper' : 'passer', fromH: doneH, toH: doneH + staysH, there });
    for (const interval of there) {
      copies.push(interval);
      insertByStart(pending, interval);
    }
  }
  const steps = changes(copies, horizonH);
  owners.sort((a, b) => a.fromH - b.fromH);
  return { life, horizonH, copies: steps, loading: changes(loading, horizonH), owners, diedH: deathOf(steps, horizonH) };
}

/** Someone who stays long is off now and then: the hours in which it is there. */
export function presenceOf(fromH: number, lastsH: number, random: Random): Interval[] {
  const intervals: Interval[] = [];
  const endH = fromH + Math.min(lastsH, 800 * HOURS_A_DAY);
  for (let atH = fromH; atH < endH; ) {
    const offH = Math.min(endH, atH + exponential(random, KEEPING.onH));
    intervals.push({ fromH: atH, toH: offH });
    atH = offH + exponential(random, KEEPING.offH);
  }
  return intervals;
}

/** Latest first, so that the next one is popped from the end. */
function insertByStart(pending: Interval[], interval: Interval): void {
  let low = 0;
  let high = pending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (pending[middle]!.fromH > interval.fromH) low = middle + 1;
    else high = middle;
  }
  pending.splice(low, 0, interval);
}

/** Arrivals from `sinceH` on by thinning: the highest rate proposes, the present one accepts. */
export function arrivalTimes(life: Life, horizonH: number, random: Random, sinceH = 0): number[] {
  const times: number[] = [];
  let burst = { fromH: sinceH + exponential(random, BURST.everyH), factor: 0 };
  let burstEndH = 0;
  for (let atH = sinceH; atH < horizonH; ) {
    if (atH >= burstEndH && burst.fromH <= atH) {
      burst = { fromH: atH + exponential(random, BURST.everyH), factor: 2 + 18 * random() ** 2 };
      burstEndH = atH + exponential(random, BURST.lastsH);
    }
    const bursting = atH < burstEndH ? burst.factor * life.arrivals * 0.2 : 0;
    const rate = life.arrivals * Math.exp(-atH / life.decayH) + life.tail + bursting;
    // The rate only falls until the next burst begins or this one ends: it is its own bound up to there.
    const untilH = Math.min(atH < burstEndH ? burstEndH : Math.max(burst.fromH, atH + 1), atH + life.decayH / 4);
    const nextH = atH + exponential(random, 1 / Math.max(rate, 1e-9));
    if (nextH >= untilH) {
      atH = untilH;
      continue;
    }
    atH = nextH;
    const present = life.arrivals * Math.exp(-atH / life.decayH) + life.tail + bursting;
    if (random() * rate < present) times.push(atH);
  }
  return times;
}

function changes(intervals: readonly Interval[], horizonH: number): Change[] {
  const edges = intervals
    .filter(({ fromH, toH }) => fromH < horizonH && toH > fromH)
    .flatMap(({ fromH, toH }) => [
      { atH: fromH, by: 1 },
      { atH: toH, by: -1 },
    ])
    .sort((a, b) => a.atH - b.atH || b.by - a.by);
  let count = 0;
  const steps: Change[] = [];
  for (const { atH, by } of edges) {
    if (atH > horizonH) break;
    count += by;
    steps.push({ atH, count });
  }
  return steps;
}

function deathOf(copies: readonly Change[], horizonH: number): number | undefined {
  for (const [i, { atH, count }] of copies.entries()) {
    if (count > 0) continue;
    const backH = copies[i + 1]?.atH ?? Number.POSITIVE_INFINITY;
    if (backH - atH >= DEAD_AFTER_H) return atH + DEAD_AFTER_H <= horizonH ? atH : undefined;
  }
  return undefined;
}

/** What one census found. `reached`: 0 when the observer was blind. */
export interface Sample {
  readonly atH: number;
  readonly proved: number;
  readonly claimed: number;
  readonly leechers: number;
  readonly reached: number;
}

/** How the observer looks. */
export interface Observer {
  readonly everyH: number;
  /** Share of time in which it sees nobody, in stretches of half a day on average. */
  readonly outages: number;
  /** How likely a complete copy that is there is proved; else it is seen to claim, or not at all. */
  readonly proves: number;
}

/** Censuses of a history, from its publication to its horizon. `blind` says when the observer sees nobody: the same for all torrents. */
export function observe(history: History, observer: Observer, blind: (atH: number) => boolean, random: Random): Sample[] {
  const samples: Sample[] = [];
  const copies = reader(history.copies);
  const loading = reader(history.loading);
  for (let atH = observer.everyH * random(); atH < history.horizonH; atH += observer.everyH) {
    const [there, loads] = [copies(atH), loading(atH)];
    if (blind(atH)) {
      samples.push({ atH, proved: 0, claimed: 0, leechers: 0, reached: 0 });
      continue;
    }
    const proved = binomial(there, observer.proves, random);
    const claimed = binomial(there - proved, 0.5, random);
    const leechers = binomial(loads, 0.85, random);
    samples.push({ atH, proved, claimed, leechers, reached: proved + claimed + leechers });
  }
  return samples;
}

/** When the observer is blind: alternating stretches, `outages` of the time. */
export function blindness(outages: number, horizonH: number, random: Random): (atH: number) => boolean {
  const stretches: Interval[] = [];
  const blindH = 12;
  for (let atH = 0; outages > 0 && atH < horizonH; ) {
    const fromH = atH + exponential(random, (blindH * (1 - outages)) / outages);
    atH = fromH + exponential(random, blindH);
    stretches.push({ fromH, toH: atH });
  }
  return (atH) => stretches.some(({ fromH, toH }) => fromH <= atH && atH < toH);
}

/** Reads a step function at rising times. */
function reader(steps: readonly Change[]): (atH: number) => number {
  let at = -1;
  return (atH) => {
    while (at + 1 < steps.length && steps[at + 1]!.atH <= atH) at++;
    return steps[at]?.count ?? 0;
  };
}

function binomial(count: number, share: number, random: Random): number {
  let hits = 0;
  for (let i = 0; i < count; i++) if (random() < share) hits++;
  return hits;
}
