// Charts over time by uPlot: lines with bands for their bounds, areas and bars that stand on each other, a legend that reads the values at the cursor.
import uPlot from '/vendor/uplot.js';
import { element, fill, isDark, note } from './dom.js';
import { axisFigure, axisMoment, figure, moment } from './format.js';
import { seriesOf, stacked } from './series.js';

/** @import { Frame, Moment, PagePanel, PanelColumn, View } from './types.d.ts' */
/** @import { Series } from './series.js' */

const HEIGHT_MIN = 120;
const SYNC = uPlot.sync('board');
/** Room for the widest label of the vertical axis, in pixels a letter. */
const LETTER = 6.6;
const WHOLE_STEPS = [1, 2, 5]
  .flatMap((digit) => Array.from({ length: 12 }, (_, power) => digit * 10 ** power))
  .sort((a, b) => a - b);
const BINARY_STEPS = Array.from({ length: 50 }, (_, power) => 2 ** power);

/** Makes a chart; what it answers draws a result into it.
 * @param {PagePanel} panel
 * @param {HTMLElement} body
 * @param {View} view
 * @returns {(frame: Frame, moments: Moment[]) => void} */
export function makeChart(panel, body, view) {
  const plotBox = element('div', { class: 'plot', attributes: { role: 'img' } });
  const legend = element('ul', { class: 'legend' });
  /** @type {uPlot | undefined} */
  let plot;
  const observer = new ResizeObserver(() => plot?.setSize(sizeOf(plotBox)));
  observer.observe(plotBox);
  return (frame, moments) => {
    const { times, series } = seriesOf(panel, frame);
    plot?.destroy();
    plot = undefined;
    if (times.length === 0) return void fill(body, note(panel.empty));
    if (!plotBox.isConnected) fill(body, plotBox, legend);
    const colours = series.map((each, i) => colourOf(view, each, i));
    const unit = panel.columns.findLast((column) => column.unit !== 'time' && column.unit !== 'word')?.unit ?? 'count';
    const values = drawLegend(legend, series, colours, unit, momentsIn(frame, moments, view));
    const last = lastIndex(series);
    const atRest = panel.kind === 'timeseries' && panel.draw === 'bars' ? undefined : last;
    values(atRest);
    plotBox.setAttribute('aria-label', summaryOf(panel, series, times, last, unit));
    const options = optionsOf({
      panel,
      frame,
      series,
      colours,
      unit,
      moments,
      view,
      size: sizeOf(plotBox),
      onCursor: (at) => values(typeof at === 'number' ? Math.min(at, times.length - 1) : atRest),
    });
    plot = new uPlot(options, dataOf(panel, frame, times, series), plotBox);
  };
}

/** @param {HTMLElement} box */
function sizeOf(box) {
  return { width: Math.max(200, box.clientWidth), height: Math.max(HEIGHT_MIN, box.clientHeight) };
}

/** @param {View} view
 * @param {Series} series
 * @param {number} index */
function colourOf(view, series, index) {
  const shade = series.tone ? view.shades[series.tone] : view.series[index % view.series.length];
  return (isDark() ? shade?.dark : shade?.light) ?? '#888888';
}

/** The newest index at which any series has a value.
 * @param {Series[]} series */
function lastIndex(series) {
  return Math.max(0, ...series.map((each) => each.values.findLastIndex((value) => value !== null)));
}

/** A legend of all series; what it answers shows their values at an index, or without one their sums (of bars).
 * @param {HTMLElement} legend
 * @param {Series[]} series
 * @param {string[]} colours
 * @param {PanelColumn['unit']} unit
 * @param {HTMLElement[]} extra */
function drawLegend(legend, series, colours, unit, extra) {
  const values = series.map(() => element('span', { class: 'figure' }));
  const entries = series.map((each, i) => {
    const swatch = element('span', { class: 'swatch' });
    swatch.style.backgroundColor = colours[i] ?? '';
    return element(
      'li',
      {},
      swatch,
      element('span', { class: 'label', text: each.title, attributes: { title: each.title } }),
      values[i] ?? '',
    );
  });
  fill(legend, ...entries, ...extra);
  return (/** @type {number | undefined} */ at) => {
    for (const [i, each] of series.entries()) {
      const value =
        at === undefined
          ? each.values.reduce((/** @type {number} */ sum, one) => sum + (one ?? 0), 0)
          : (each.values[at] ?? null);
      const [low, high] = at === undefined ? [null, null] : [each.low?.[at] ?? null, each.high?.[at] ?? null];
      const bounds = low === null || high === null ? '' : ` (${figure(low, unit)}–${figure(high, unit)})`;
      const shown = values[i];
      if (shown) shown.textContent = value === null ? '–' : `${figure(value, unit)}${bounds}`;
    }
  };
}

/** Entries of the legend for the moments that are drawn as dashed lines, one per kind; pointing at one lists them.
 * @param {Frame} frame
 * @param {Moment[]} moments
 * @param {View} view */
function momentsIn({ range }, moments, view) {
  return view.annotations.flatMap(({ id, name, tone }) => {
    const inside = moments.filter((each) => each.of === id && each.timeS >= range.fromS && each.timeS <= range.toS);
    if (inside.length === 0) return [];
    const list = inside.slice(-20).map(({ timeS, title, text }) => `${moment(timeS)}: ${title} (${text})`);
    const swatch = element('span', { class: `swatch dashed tone-${tone}` });
    const count = element('span', { class: 'figure', text: String(inside.length) });
    return [
      element('li', { attributes: { title: list.join('\n') } }, swatch, element('span', { class: 'label', text: name }), count),
    ];
  });
}

/** What a screen reader says of the picture.
 * @param {PagePanel} panel
 * @param {Series[]} series
 * @param {number[]} times
 * @param {number} at
 * @param {PanelColumn['unit']} unit */
function summaryOf(panel, series, times, at, unit) {
  const values = series.map((each) => `${each.title} ${figure(each.values[at] ?? null, unit)}`).join(', ');
  return `${panel.title}. At ${moment(times[at] ?? 0)}: ${values}.`;
}

/** Bounds come as two invisible series after their own; stacked sums are drawn from the highest down, each over the one before. An area stands for
 * the whole of its bucket: the last one is drawn to its end.
 * @param {PagePanel} panel
 * @param {Frame} frame
 * @param {number[]} times
 * @param {Series[]} series
 * @returns {any} */
function dataOf(panel, { range }, times, series) {
  if (panel.kind !== 'timeseries' || panel.draw === 'line')
    return [times, ...series.flatMap((each) => (each.low && each.high ? [each.values, each.low, each.high] : [each.values]))];
  const sums = stacked(series).reverse();
  if (panel.draw === 'bars') return [times, ...sums];
  return [[...times, (times.at(-1) ?? 0) + range.intervalS], ...sums.map((each) => [...each, each.at(-1) ?? null])];
}

/** @param {{panel: PagePanel, frame: Frame, series: Series[], colours: string[], unit: PanelColumn['unit'], moments: Moment[], view: View,
 *   size: {width: number, height: number}, onCursor: (at: number | null | undefined) => void}} parts
 * @returns {uPlot.Options} */
function optionsOf({ panel, frame, series, colours, unit, moments, view, size, onCursor }) {
  const draw = panel.kind === 'timeseries' ? panel.draw : 'line';
  const { fromS, toS, intervalS } = frame.range;
  const ink = getComputedStyle(document.documentElement);
  const muted = ink.getPropertyValue('--muted');
  const grid = { stroke: ink.getPropertyValue('--line'), width: 1 };
  const font = `11px ${ink.getPropertyValue('--font')}`;
  const axis = { stroke: muted, grid, ticks: { ...grid, size: 4 }, font };
  return {
    ...size,
    padding: [8, 18, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, y: false, sync: { key: SYNC.key }, points: { size: 6 } },
    scales: {
      x: { time: true, range: [fromS, draw === 'bars' ? toS + intervalS / 2 : toS] },
      y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.08 : 1] },
    },
    axes: [
      {
        ...axis,
        size: 28,
        space: 64,
        values: (_plot, splits, _axis, _space, step) => splits.map((each) => axisMoment(each, step)),
      },
      {
        ...axis,
        size: (_plot, labels) => 14 + LETTER * Math.max(3, ...(labels ?? []).map((label) => label.length)),
        values: (_plot, splits) => splits.map((each) => axisFigure(each, unit)),
        ...(unit === 'count' && { incrs: WHOLE_STEPS }),
        ...(unit === 'bytes' && { incrs: BINARY_STEPS }),
      },
    ],
    series: [{}, ...(draw === 'line' ? linesOf(series, colours) : stackOf(series, colours, draw))],
    bands: draw === 'line' ? bandsOf(series, colours) : [],
    hooks: {
      setCursor: [(plot) => onCursor((plot.cursor.left ?? -1) >= 0 ? plot.cursor.idx : undefined)],
      draw: [(plot) => drawMoments(plot, moments, view)],
    },
  };
}

/** @param {Series[]} series
 * @param {string[]} colours
 * @returns {uPlot.Series[]} */
function linesOf(series, colours) {
  const bound = { stroke: 'transparent', width: 0, points: { show: false } };
  return series.flatMap((each, i) => {
    const line = { stroke: colours[i] ?? '', width: 2, points: { size: 4, fill: colours[i] ?? '' } };
    return each.low && each.high ? [line, bound, bound] : [line];
  });
}

/** @param {Series[]} series
 * @param {string[]} colours
 * @returns {uPlot.Band[]} */
function bandsOf(series, colours) {
  /** @type {uPlot.Band[]} */
  const bands = [];
  let at = 1;
  for (const [i, each] of series.entries()) {
    if (each.low && each.high) bands.push({ series: [at + 2, at + 1], fill: `${colours[i]}2e` });
    at += each.low && each.high ? 3 : 1;
  }
  return bands;
}

/** @param {Series[]} series
 * @param {string[]} colours
 * @param {'stack' | 'bars'} draw
 * @returns {uPlot.Series[]} */
function stackOf(series, colours, draw) {
  const paths = draw === 'bars' ? uPlot.paths.bars?.({ size: [0.7, 28], align: 1 }) : uPlot.paths.stepped?.({ align: 1 });
  return series
    .map((_each, i) => ({
      stroke: colours[i] ?? '',
      fill: colours[i] ?? '',
      width: 0,
      points: { show: false },
      ...(paths && { paths }),
    }))
    .reverse();
}

/** @param {uPlot} plot
 * @param {Moment[]} moments
 * @param {View} view */
function drawMoments(plot, moments, view) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.lineWidth = Math.max(1, devicePixelRatio);
  ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
  for (const each of moments) {
    const x = Math.round(plot.valToPos(each.timeS, 'x', true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    const shade = view.shades[each.tone];
    ctx.strokeStyle = isDark() ? shade.dark : shade.light;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}
