// The forecast on made-up torrents: learns from one fleet, is scored on another one, beside an oracle that knows how torrents are made.
import { type Figure, figure } from '@swarmscope/lab/figure.ts';
import {
  type AlertScore,
  alertScore,
  type Calibration,
  calibrate,
  type Forecast,
  type Threshold,
} from '@swarmscope/lab/sim/forecast-score.ts';
import { blindness, drawLife, live, type Observer } from '@swarmscope/lab/sim/histories.ts';
import { oracleOf } from '@swarmscope/lab/sim/oracle.ts';
import { type Seen, sightings } from '@swarmscope/lab/sim/sightings.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { ForecastStore } from '../support/forecast-store.ts';

const DAY_H = 24;
const WEEK_H = 7 * DAY_H;
/** Deaths are known up to 30 days before the end. */
const DEAD_AFTER_H = 30 * DAY_H;
const CONTINUATIONS = 40;
/** Two censuses are six hours apart, forecasts a day: who dies before the first one is told apart. */
const EARLY_H = DAY_H;
/** Those of the alert rule `will_lose_last_copy`. */
const TO_END = 20;
const THRESHOLD: Threshold = { fires: 0.1, ends: 0.1 / TO_END };

export interface FleetSize {
  readonly torrents: number;
  readonly days: number;
  /** Share of time in which the observer is blind. */
  readonly outages: number;
}

/** What an oracle and the store said, by torrent and day. */
export interface Told {
  readonly deaths: readonly (number | undefined)[];
  readonly ours: readonly Forecast[];
  readonly steady: readonly Forecast[];
  readonly oracle: readonly Forecast[];
  readonly oracleSteady: readonly Forecast[];
}

function observer({ outages }: FleetSize): Observer {
  return { everyH: 6, outages, proves: 0.9 };
}

/** Lives and what is seen of them; `onLife` is told of each one before it is forgotten. */
function* fleet(
  size: FleetSize,
  seed: number,
  onLife: (history: ReturnType<typeof live>, torrent: number) => void,
): Generator<Seen> {
  const random = seededRandom(seed);
  const horizonH = size.days * DAY_H;
  const blind = blindness(size.outages, horizonH, random);
  for (let torrent = 0; torrent < size.torrents; torrent++) {
    const history = live(drawLife(random), horizonH, random);
    onLife(history, torrent);
    yield sightings(history, observer(size), 0, blind, random);
  }
}

export interface TellOptions {
  /** Forecasts each so many days; default 1. Alerts want every day. */
  readonly everyDays?: number;
  readonly onDay?: (day: number, told: Omit<Told, 'oracleSteady'>) => void;
}

/** Learns from a fleet and forecasts another one at midnights. */
export async function tellFleet(
  size: FleetSize,
  seed: number,
  { everyDays = 1, onDay = () => {} }: TellOptions = {},
): Promise<Told> {
  const store = await ForecastStore.open();
  try {
    await store.stage(fleet({ ...size, outages: 0 }, 2 * seed, () => {}));
    await store.learn(size.days * DAY_H);
    await store.forget();
    const deaths: (number | undefined)[] = [];
    const knows: Float32Array[] = [];
    const random = seededRandom(seed + 1_000_003);
    const seen = fleet(size, 2 * seed + 1, (history) => {
      deaths.push(history.diedH);
      knows.push(Float32Array.from({ length: size.days }, (_, day) => sayOf(history, (day + 1) * DAY_H, random)));
    });
    await store.stage(seen);
    const told = { ours: [] as Forecast[], steady: [] as Forecast[], oracle: [] as Forecast[] };
    for (let day = 0; day < size.days; day += everyDays) {
      const atH = (day + 1) * DAY_H;
      for (const { torrent, copies, p7, p7_steady } of await store.forecast(atH)) {
        told.ours.push({ torrent, atH, copies, p: p7 });
        told.steady.push({ torrent, atH, copies, p: p7_steady });
        told.oracle.push({ torrent, atH, copies, p: knows[torrent]![day]! });
      }
      onDay(day, { ...told, deaths });
    }
    return { ...told, deaths, oracleSteady: steadied(told.oracle) };
  } finally {
    await store.close();
  }
}

function sayOf(history: ReturnType<typeof live>, atH: number, random: () => number): number {
  if (history.diedH !== undefined && history.diedH < atH - WEEK_H) return 1;
  return oracleOf(history, atH, WEEK_H, CONTINUATIONS, random);
}

/** The oracle's word through the same mean over days as `p7_steady`. */
function steadied(forecasts: readonly Forecast[]): Forecast[] {
  const before = new Map<number, { atH: number; sum: number; weight: number }>(); // bound: torrents
  return forecasts.map((forecast) => {
    const { atH, sum, weight } = before.get(forecast.torrent) ?? { atH: forecast.atH, sum: 0, weight: 0 };
    const faded = 0.7 ** ((forecast.atH - atH) / DAY_H);
    const now = { atH: forecast.atH, sum: sum * faded + forecast.p, weight: weight * faded + 1 };
    before.set(forecast.torrent, now);
    return { ...forecast, p: now.sum / now.weight };
  });
}

/** Forecasts whose outcome is known. */
function decided(forecasts: readonly Forecast[], days: number): Forecast[] {
  return forecasts.filter(({ atH }) => atH + WEEK_H <= days * DAY_H - DEAD_AFTER_H);
}

const withCopies = (forecasts: readonly Forecast[]) => forecasts.filter(({ copies }) => copies > 0);

export interface Scores {
  readonly all: Calibration;
  readonly allOracle: Calibration;
  readonly seen: Calibration;
  readonly seenOracle: Calibration;
  readonly alert: AlertScore;
  /** The oracle's alert, by the threshold at which it is wrong as often as ours (or less). */
  readonly alertOracle: AlertScore;
  /** The same, by that at which it recalls as much as ours (or more). */
  readonly sureOracle: AlertScore;
}

export function scoresOf({ deaths, ours, steady, oracle, oracleSteady }: Told, { days }: FleetSize): Scores {
  const window = { untilH: days * DAY_H - DEAD_AFTER_H, earlyH: EARLY_H };
  const alert = alertScore(steady, deaths, THRESHOLD, window);
  const score = (forecasts: readonly Forecast[]) => calibrate(decided(forecasts, days), deaths, WEEK_H);
  const others = Array.from({ length: 60 }, (_, i) => 0.01 * 1.065 ** i).map((fires) =>
    alertScore(oracleSteady, deaths, { fires, ends: fires / TO_END }, window),
  );
  const alertOracle =
    others.filter((one) => one.wrongRate <= alert.wrongRate).sort((a, b) => b.recall - a.recall)[0] ?? others.at(-1)!;
  const sureOracle =
    others.filter((one) => one.recall >= alert.recall).sort((a, b) => a.wrongRate - b.wrongRate)[0] ?? others[0]!;
  return {
    all: score(ours),
    allOracle: score(oracle),
    seen: score(withCopies(ours)),
    seenOracle: score(withCopies(oracle)),
    alert,
    alertOracle,
    sureOracle,
  };
}

/** How far the worst decile is from what came, in points beyond two standard errors; deciles of fewer than twenty torrents say nothing. */
function worstDecile({ deciles }: Calibration): number {
  return Math.max(
    ...deciles.filter(({ torrents }) => torrents >= 20).map(({ said, came, error }) => 100 * (Math.abs(said - came) - 2 * error)),
  );
}

export function figuresOf(
  { all, allOracle, seen, seenOracle, alert, alertOracle, sureOracle }: Scores,
  name: string,
  seed: number,
): Figure[] {
  const of = (what: string) => `forecast, ${name}: ${what}`;
  return [
    figure(of('cases of the 7-day forecast'), 'forecasts', all.cases, 'min', 1_000, seed),
    figure(of('Brier score against the base rate per count'), '% better', 100 * all.gain, 'min', 20, seed, 100 * allOracle.gain),
    figure(of('the same, a copy met in the newest census'), '% better', 100 * seen.gain, 'min', 20, seed, 100 * seenOracle.gain),
    figure(of('worst decile beyond 2 standard errors'), 'points', worstDecile(all), 'max', 5, seed),
    figure(of('recall of deaths, of what the oracle reaches'), '%', (100 * alert.recall) / alertOracle.recall, 'min', 90, seed),
    figure(of('recall of deaths'), '%', 100 * alert.recall, 'min', 95, seed, 100 * alertOracle.recall),
    figure(of('median warning'), 'h', alert.warningH, 'min', 72, seed, alertOracle.warningH),
    figure(of('wrong alerts'), 'per 100 torrents a month', alert.wrongRate, 'max', 1, seed, alertOracle.wrongRate),
    figure(
      of('wrong alerts, beside the oracle at the same recall'),
      'x',
      alert.wrongRate / sureOracle.wrongRate,
      'max',
      1.2,
      seed,
    ),
    figure(of('deaths before the first forecast'), 'torrents', alert.early, 'min', 0, seed),
  ];
}
