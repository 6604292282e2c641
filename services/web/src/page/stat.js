// Stat tiles: one row, a tile per column; bounds stand beside the figure.
import { element, fill, note } from './dom.js';
import { figure, numberOf, toneOf } from './format.js';

/** @import { Frame, PagePanel, PanelColumn } from './types.d.ts' */

/** @param {PagePanel} panel
 * @param {HTMLElement} body
 * @param {Frame} frame */
export function drawStat(panel, body, frame) {
  const row = frame.rows[0];
  if (!row) return void fill(body, note(panel.empty));
  const at = (/** @type {string} */ name) => numberOf(row[frame.names.indexOf(name)]);
  fill(body, element('dl', { class: 'tiles' }, ...panel.columns.map((column) => tile(column, at))));
}

/** @param {PanelColumn} column
 * @param {(name: string) => number | null} at */
function tile(column, at) {
  const value = at(column.name);
  const figureText = element('span', { class: value === null ? 'value unknown' : 'value', text: figure(value, column.unit) });
  const parts = [figureText, ...boundsOf(column, at)];
  return element(
    'div',
    { class: `tile tone-${toneOf(column, value)}${column.steps ? ' judged' : ''}`, attributes: { 'data-column': column.name } },
    element('dt', { text: column.title }),
    element('dd', {}, ...parts),
  );
}

/** @param {PanelColumn} column
 * @param {(name: string) => number | null} at */
function boundsOf(column, at) {
  if (!column.bounds) return [];
  const [low, high] = column.bounds.map(at);
  if (low === null || low === undefined || high === null || high === undefined || (low === high && low === at(column.name)))
    return [];
  return [
    element('span', {
      class: 'bounds',
      text: ` ${figure(low, column.unit)}–${figure(high, column.unit)}`,
      attributes: { title: '95 % bounds' },
    }),
  ];
}
