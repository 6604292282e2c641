// From the rows of a result to what a chart draws: one list of times, one list of values per series, gaps as null.
import { numberOf, secondsOf } from './format.js';

/** @import { Frame, PagePanel, Tone } from './types.d.ts' */

/** One line, area or bar of a chart. `low` and `high` are its bounds.
 * @typedef {{title: string, tone: Tone | undefined, values: (number | null)[], low?: (number | null)[], high?: (number | null)[]}} Series */

/** A chart breaks where nothing was measured for so many times the usual distance. */
const GAP_FACTOR = 3.5;
/** Words beyond that many are drawn as one. */
const WORDS_MAX = 12;

/** @param {PagePanel} panel
 * @param {Frame} frame
 * @returns {{times: number[], series: Series[]}} */
export function seriesOf(panel, frame) {
  const { times, place } = timesOf(frame);
  const word = panel.columns.find((column) => column.unit === 'word');
  const series = word ? byWord(panel, frame, times, place, word.name) : byColumn(panel, frame, times, place);
  return { times, series };
}

/** Every time of the result once, and one in the middle of each long silence, at which all series are null.
 * @param {Frame} frame */
function timesOf(frame) {
  const index = frame.names.indexOf('time');
  const present = [...new Set(frame.rows.map((row) => secondsOf(row[index]) ?? 0))].sort((a, b) => a - b);
  const steps = present.slice(1).map((time, i) => time - (present[i] ?? 0));
  const usual = Math.max(frame.range.intervalS, [...steps].sort((a, b) => a - b)[steps.length >> 1] ?? 0);
  const times = present.flatMap((time, i) => {
    const before = present[i - 1];
    return before !== undefined && time - before > GAP_FACTOR * usual ? [(before + time) / 2, time] : [time];
  });
  const place = new Map(times.map((time, i) => [time, i]));
  return { times, place };
}

/** @param {Frame} frame
 * @param {string} name
 * @param {number} length
 * @param {Map<number, number>} place */
function column(frame, name, length, place) {
  const values = /** @type {(number | null)[]} */ (new Array(length).fill(null));
  const time = frame.names.indexOf('time');
  const index = frame.names.indexOf(name);
  for (const row of frame.rows) values[place.get(secondsOf(row[time]) ?? 0) ?? 0] = numberOf(row[index]);
  return values;
}

/** @param {PagePanel} panel
 * @param {Frame} frame
 * @param {number[]} times
 * @param {Map<number, number>} place
 * @returns {Series[]} */
function byColumn(panel, frame, times, place) {
  const pick = (/** @type {string} */ name) => column(frame, name, times.length, place);
  return panel.columns
    .filter((each) => each.unit !== 'time')
    .map((each) => ({
      title: each.title,
      tone: each.tone,
      values: pick(each.name),
      ...(each.bounds && { low: pick(each.bounds[0]), high: pick(each.bounds[1]) }),
    }));
}

/** @param {PagePanel} panel
 * @param {Frame} frame
 * @param {number[]} times
 * @param {Map<number, number>} place
 * @param {string} wordName
 * @returns {Series[]} */
function byWord(panel, frame, times, place, wordName) {
  const figure = panel.columns.find((each) => each.unit !== 'time' && each.unit !== 'word');
  const tones = panel.columns.find((each) => each.name === wordName)?.words;
  const [time, word, value] = ['time', wordName, figure?.name ?? ''].map((name) => frame.names.indexOf(name));
  /** @type {Map<string, (number | null)[]>} */
  const lists = new Map();
  for (const row of frame.rows) {
    const text = String(row[word ?? 0]);
    const name = lists.has(text) || lists.size < WORDS_MAX ? text : 'others';
    const list = lists.get(name) ?? /** @type {(number | null)[]} */ (new Array(times.length).fill(null));
    lists.set(name, list);
    const at = place.get(secondsOf(row[time ?? 0]) ?? 0) ?? 0;
    list[at] = (list[at] ?? 0) + (numberOf(row[value ?? 0]) ?? 0);
  }
  return [...lists].map(([title, values]) => ({ title, tone: tones?.[title], values }));
}

/** Sums from the first series up, for areas and bars that stand on each other. Where any series has a value the others count as nothing there.
 * @param {Series[]} series
 * @returns {(number | null)[][]} */
export function stacked(series) {
  const length = series[0]?.values.length ?? 0;
  const isPresent = Array.from({ length }, (_, i) => series.some((each) => each.values[i] !== null));
  /** @type {(number | null)[]} */
  let below = isPresent.map((present) => (present ? 0 : null));
  return series.map((each) => {
    below = below.map((sum, i) => (sum === null ? null : sum + (each.values[i] ?? 0)));
    return below;
  });
}
