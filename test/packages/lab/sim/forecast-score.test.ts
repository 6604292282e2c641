// The scores of forecasts on cases that can be reckoned by hand; what is seen of made-up torrents; the oracle against what then came.
import { alertScore, calibrate, type Forecast } from '@swarmscope/lab/sim/forecast-score.ts';
import { blindness, drawLife, type History, live } from '@swarmscope/lab/sim/histories.ts';
import { oracleOf } from '@swarmscope/lab/sim/oracle.ts';
import { sightings } from '@swarmscope/lab/sim/sightings.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { beforeAll, describe, expect, test } from 'vitest';

const DAY_H = 24;

describe('scores', () => {
  test('a forecaster who says the base rate gains nothing, one who knows gains all', () => {
    const deaths = [100, undefined, 120, undefined];
    const say = (p: (torrent: number) => number): Forecast[] =>
      [0, 1, 2, 3].map((torrent) => ({ torrent, atH: 24, copies: 1, p: p(torrent) }));
    expect(
      calibrate(
        say(() => 0.5),
        deaths,
        168,
      ),
    ).toMatchObject({ cases: 4, rate: 0.5, brier: 0.25, base: 0.25, gain: 0 });
    expect(
      calibrate(
        say((torrent) => 1 - (torrent % 2)),
        deaths,
        168,
      ).gain,
    ).toBe(1);
    const [decile] = calibrate(
      say(() => 0.04),
      deaths,
      168,
    ).deciles;
    expect(decile).toMatchObject({ cases: 4, torrents: 4, came: 0.5 });
  });

  test('the base rate is that of each number of copies', () => {
    const deaths = [100, undefined];
    const told: Forecast[] = [0, 1].map((torrent) => ({ torrent, atH: 24, copies: torrent, p: 0.5 }));
    expect(calibrate(told, deaths, 168)).toMatchObject({ base: 0, brier: 0.25 });
  });

  test('alerts: a warning, a wrong one that ended, one that came late', () => {
    const days = (torrent: number, chances: number[]): Forecast[] =>
      chances.map((p, day) => ({ torrent, atH: (day + 1) * DAY_H, copies: 1, p }));
    const deaths = [10 * DAY_H, undefined, 3 * DAY_H, 12];
    const told = [...days(0, [0.1, 0.1, 0.5, 0.3, 0.5]), ...days(1, [0.5, 0.01, 0.5]), ...days(2, [0, 0, 0, 0.9])];
    const score = alertScore(told, deaths, { fires: 0.4, ends: 0.2 }, { untilH: 60 * DAY_H, earlyH: DAY_H });
    expect(score).toMatchObject({ deaths: 2, early: 1, warned: 1, recall: 0.5, warningH: 7 * DAY_H, alerts: 3, wrong: 2 });
  });
});

describe('two hundred torrents over sixty days', () => {
  const days = 60;
  const histories: History[] = [];
  beforeAll(() => {
    const random = seededRandom(77);
    for (let i = 0; i < 200; i++) histories.push(live(drawLife(random), (days + 30) * DAY_H, random));
  });

  test('everybody who is met was there, at most once a census, never while the observer is blind', () => {
    const random = seededRandom(78);
    const blind = blindness(0.1, days * DAY_H, random);
    for (const history of histories.slice(0, 60)) {
      const { places, looks } = sightings(history, { everyH: 6, outages: 0.1, proves: 0.9 }, 0, blind, random);
      const looked = new Map(looks.map((look) => [look.day, look]));
      for (const { day, firstH, lastH, proved, claims } of places) {
        const look = looked.get(day)!;
        expect(proved + claims).toBeLessThanOrEqual(look.looks);
        expect(blind(firstH) || blind(lastH)).toBe(false);
        expect(history.owners.some(({ there }) => there.some(({ fromH, toH }) => fromH <= firstH && firstH < toH))).toBe(true);
        expect(lastH).toBeLessThanOrEqual(look.lastH);
      }
    }
  });

  test('the oracle is calibrated: what it says of a week is what comes, also high up', () => {
    const random = seededRandom(79);
    const told: Forecast[] = [];
    for (const [torrent, history] of histories.entries())
      for (let day = 2; day <= days - 7; day += 5) {
        const atH = day * DAY_H;
        if (history.diedH !== undefined && history.diedH < atH - 48) break;
        told.push({ torrent, atH, copies: 1, p: oracleOf(history, atH, 7 * DAY_H, 30, random) });
      }
    const { rate, deciles } = calibrate(
      told,
      histories.map(({ diedH }) => diedH),
      7 * DAY_H,
    );
    const said = told.reduce((sum, { p }) => sum + p, 0) / told.length;
    expect(Math.abs(said - rate)).toBeLessThan(0.02);
    for (const decile of deciles.filter(({ torrents }) => torrents >= 15))
      expect(Math.abs(decile.said - decile.came)).toBeLessThan(0.05 + 2 * decile.error);
  });
});
