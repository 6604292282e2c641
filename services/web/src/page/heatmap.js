// A heatmap on a canvas: time to the right, words downwards, each cell coloured by how many copies it stands for.
import { element, fill, isDark, note } from './dom.js';
import { axisMoment, figure, moment, numberOf, secondsOf } from './format.js';

/** @import { Frame, PagePanel, View } from './types.d.ts' */

/** From this many on a cell has its full colour. */
const FULL = 6;

/** @typedef {{times: number[], words: string[], values: Map<string, number | null>}} Cells */

/** Makes a heatmap; what it answers draws a result into it.
 * @param {PagePanel} panel
 * @param {HTMLElement} body
 * @param {View} view
 * @returns {(frame: Frame) => void} */
export function makeHeatmap(panel, body, view) {
  const canvas = /** @type {HTMLCanvasElement} */ (element('canvas', { attributes: { role: 'img' } }));
  const words = element('div', { class: 'heat-words' });
  const times = element('div', { class: 'heat-times' });
  const readout = element('p', { class: 'heat-readout' });
  const box = element('div', { class: 'heat' }, words, canvas, times);
  /** @type {(() => void) | undefined} */
  let redraw;
  new ResizeObserver(() => redraw?.()).observe(canvas);
  return (frame) => {
    if (frame.rows.length === 0) return void fill(body, note(panel.empty));
    if (!box.isConnected) fill(body, box, readout);
    const cells = cellsOf(panel, frame);
    const figureColumn = panel.columns[2];
    fill(words, ...pick(cells.words, 5).map((text) => element('span', { text })));
    const step = ((cells.times.at(-1) ?? 0) - (cells.times[0] ?? 0)) / 5;
    fill(times, ...pick(cells.times, 6).map((time) => element('span', { text: axisMoment(time, step) })));
    canvas.setAttribute('aria-label', summaryOf(panel, cells));
    readout.textContent = scaleText(panel);
    redraw = () => paint(canvas, cells, view);
    redraw();
    canvas.onmousemove = (event) => {
      const time = cells.times[Math.floor((event.offsetX / canvas.clientWidth) * cells.times.length)];
      const word = cells.words[Math.floor((event.offsetY / canvas.clientHeight) * cells.words.length)];
      const value = cells.values.get(`${time} ${word}`) ?? null;
      if (time !== undefined && word !== undefined)
        readout.textContent = `${moment(time)}, ${word}: ${value === null ? 'not seen' : `${figure(value, figureColumn?.unit ?? 'count')} ${figureColumn?.title.toLowerCase()}`}`;
    };
    canvas.onmouseleave = () => {
      readout.textContent = scaleText(panel);
    };
  };
}

/** @param {PagePanel} panel */
function scaleText(panel) {
  return `Red: none. Amber: one. Green: two and more. Grey: not seen. ${panel.columns[1]?.title}: down from its start.`;
}

/** @param {PagePanel} panel
 * @param {Frame} frame
 * @returns {Cells} */
function cellsOf(panel, frame) {
  const [time, word, value] = panel.columns.map((column) => frame.names.indexOf(column.name));
  const values = new Map(frame.rows.map((row) => [`${secondsOf(row[time ?? 0])} ${row[word ?? 1]}`, numberOf(row[value ?? 2])]));
  const times = [...new Set(frame.rows.map((row) => secondsOf(row[time ?? 0]) ?? 0))].sort((a, b) => a - b);
  const words = [...new Set(frame.rows.map((row) => String(row[word ?? 1])))].sort();
  return { times, words, values };
}

/** At most `count` of a list, evenly, with the first and the last.
 * @template T
 * @param {T[]} list
 * @param {number} count
 * @returns {T[]} */
function pick(list, count) {
  if (list.length <= count) return list;
  return Array.from({ length: count }, (_, i) => /** @type {T} */ (list[Math.round((i * (list.length - 1)) / (count - 1))]));
}

/** @param {PagePanel} panel
 * @param {Cells} cells */
function summaryOf(panel, { times, words, values }) {
  const last = times.at(-1);
  const missing = words.filter((word) => values.get(`${last} ${word}`) === 0);
  const text = missing.length === 0 ? 'every range has at least one copy' : `no copy of the ranges from ${missing.join(', ')}`;
  return `${panel.title}. At ${moment(last ?? 0)}: ${text}.`;
}

/** @param {HTMLCanvasElement} canvas
 * @param {Cells} cells
 * @param {View} view */
function paint(canvas, { times, words, values }, view) {
  const context = canvas.getContext('2d');
  if (!context || canvas.clientWidth === 0) return;
  const scale = devicePixelRatio;
  canvas.width = Math.round(canvas.clientWidth * scale);
  canvas.height = Math.round(canvas.clientHeight * scale);
  const [width, height] = [canvas.width / times.length, canvas.height / words.length];
  for (const [i, time] of times.entries())
    for (const [j, word] of words.entries()) {
      context.fillStyle = colourOf(values.get(`${time} ${word}`) ?? null, view);
      const [x, y] = [Math.round(i * width), Math.round(j * height)];
      context.fillRect(
        x,
        y,
        Math.max(1, Math.round((i + 1) * width) - x - (width > 6 ? 1 : 0)),
        Math.max(1, Math.round((j + 1) * height) - y - (height > 9 ? 1 : 0)),
      );
    }
}

/** @param {number | null} value
 * @param {View} view */
function colourOf(value, view) {
  const of = (/** @type {'bad' | 'warn' | 'proved' | 'unknown'} */ tone) =>
    isDark() ? view.shades[tone].dark : view.shades[tone].light;
  if (value === null) return `${of('unknown')}40`;
  if (value === 0) return of('bad');
  if (value === 1) return of('warn');
  const strength = 0.4 + 0.6 * Math.min(1, (value - 1) / (FULL - 1));
  return `${of('proved')}${Math.round(strength * 255)
    .toString(16)
    .padStart(2, '0')}`;
}
