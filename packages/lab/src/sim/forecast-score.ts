// How good forecasts of deaths are: Brier score against the base rate, reliability by deciles, alerts against deaths. Pure.

const HOURS_A_DAY = 24;

/** One forecast: of which torrent, when, on what, and the chance that its last complete copy is gone `horizonH` later. */
export interface Forecast {
  readonly torrent: number;
  readonly atH: number;
  /** Complete copies in the newest census. */
  readonly copies: number;
  readonly p: number;
}

/** When each torrent died, in hours; undefined when it did not. */
export type Deaths = readonly (number | undefined)[];

export interface Calibration {
  readonly cases: number;
  /** Share of the cases that came true. */
  readonly rate: number;
  readonly brier: number;
  /** The score of whoever knows, for each number of copies, the share of these very cases that came true. */
  readonly base: number;
  /** 1 - brier / base. */
  readonly gain: number;
  readonly deciles: readonly Decile[];
}

/** Cases with p from i/10 to (i+1)/10. `error` is one standard error of `came`, every torrent counted as one case. */
export interface Decile {
  readonly cases: number;
  readonly torrents: number;
  readonly said: number;
  readonly came: number;
  readonly error: number;
}

const COPIES_TOLD_APART = 20;

/** Scores forecasts of death within `horizonH`; a torrent that has died unnoticed counts as one that dies within it. */
export function calibrate(forecasts: readonly Forecast[], deaths: Deaths, horizonH: number): Calibration {
  const byCopies = Array.from({ length: COPIES_TOLD_APART + 1 }, () => ({ cases: 0, came: 0 }));
  const byDecile = Array.from({ length: 10 }, () => ({ cases: 0, said: 0, came: 0, torrents: new Set<number>() }));
  let squares = 0;
  let came = 0;
  for (const { torrent, atH, copies, p } of forecasts) {
    const diedH = deaths[torrent];
    const y = diedH !== undefined && diedH <= atH + horizonH ? 1 : 0;
    squares += (y - p) ** 2;
    came += y;
    const group = byCopies[Math.min(copies, COPIES_TOLD_APART)]!;
    group.cases += 1;
    group.came += y;
    const decile = byDecile[Math.min(9, Math.floor(p * 10))]!;
    decile.cases += 1;
    decile.said += p;
    decile.came += y;
    decile.torrents.add(torrent);
  }
  const cases = forecasts.length;
  const base =
    byCopies.reduce((sum, group) => sum + (group.cases === 0 ? 0 : group.came * (1 - group.came / group.cases)), 0) / cases;
  const brier = squares / cases;
  return { cases, rate: came / cases, brier, base, gain: 1 - brier / base, deciles: byDecile.map(decileOf) };
}

function decileOf(group: { cases: number; said: number; came: number; torrents: ReadonlySet<number> }): Decile {
  const { cases, torrents } = group;
  const came = cases === 0 ? 0 : group.came / cases;
  const said = cases === 0 ? 0 : group.said / cases;
  return {
    cases,
    torrents: torrents.size,
    said,
    came,
    error: Math.sqrt(Math.max(said * (1 - said), 1e-9) / Math.max(1, torrents.size)),
  };
}

/** Fires at `fires` or above, ends below `ends`. */
export interface Threshold {
  readonly fires: number;
  readonly ends: number;
}

export interface AlertScore {
  /** Deaths with at least two censuses before them. */
  readonly deaths: number;
  /** Deaths too early for that. */
  readonly early: number;
  /** Of `deaths`: an alert was firing when it happened. */
  readonly warned: number;
  readonly recall: number;
  /** Median time from the alert to the death, of those warned. */
  readonly warningH: number;
  readonly alerts: number;
  /** Alerts without a death within 30 days. */
  readonly wrong: number;
  /** Wrong alerts per 100 living torrents a month of 30 days. */
  readonly wrongRate: number;
}

const RIGHT_WITHIN_H = 30 * HOURS_A_DAY;

/**
 * What the alert would have done. `forecasts` are in order of time within each torrent; a step without one keeps the state. Only deaths before `untilH` count,
 * and only alerts that could still be right: those before `untilH` less 30 days have the whole time to come true, as deaths are known 30 days beyond it.
 */
export function alertScore(
  forecasts: readonly Forecast[],
  deaths: Deaths,
  { fires, ends }: Threshold,
  { untilH, earlyH }: { untilH: number; earlyH: number },
): AlertScore {
  const firing = new Map<number, number>(); // bound: torrents
  const warnings: number[] = [];
  let alerts = 0;
  let wrong = 0;
  const warnedAt = new Map<number, number>(); // bound: torrents
  for (const { torrent, atH, p } of forecasts) {
    const diedH = deaths[torrent];
    if (diedH !== undefined && atH >= diedH) continue;
    const since = firing.get(torrent);
    if (since !== undefined && p < ends) {
      firing.delete(torrent);
      warnedAt.delete(torrent);
    }
    if (since === undefined && p >= fires && atH < untilH - RIGHT_WITHIN_H) {
      firing.set(torrent, atH);
      warnedAt.set(torrent, atH);
      alerts += 1;
      if (diedH === undefined || diedH > atH + RIGHT_WITHIN_H) wrong += 1;
    }
  }
  let counted = 0;
  let early = 0;
  let livedH = 0;
  for (const [torrent, diedH] of deaths.entries()) {
    livedH += Math.min(diedH ?? untilH, untilH - RIGHT_WITHIN_H);
    if (diedH === undefined || diedH >= untilH - RIGHT_WITHIN_H) continue;
    if (diedH < earlyH) early += 1;
    else counted += 1;
    const since = warnedAt.get(torrent);
    if (since !== undefined && diedH >= earlyH) warnings.push(diedH - since);
  }
  warnings.sort((a, b) => a - b);
  return {
    deaths: counted,
    early,
    warned: warnings.length,
    recall: counted === 0 ? 1 : warnings.length / counted,
    warningH: warnings[warnings.length >> 1] ?? 0,
    alerts,
    wrong,
    wrongRate: (100 * wrong) / (livedH / RIGHT_WITHIN_H),
  };
}
