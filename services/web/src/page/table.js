// Tables: sorted by any column, filtered by any text, linked to the board of a torrent; on a phone each row is a card.
import { element, fill, note } from './dom.js';
import { ago, figure, moment, numberOf, secondsOf, toneOf } from './format.js';

/** @import { Frame, PagePanel, PanelColumn, View } from './types.d.ts' */

/** Rows before "Show all"; on a phone a row is a whole card. */
const ROWS_AT_FIRST = matchMedia('(max-width: 699px)').matches ? 6 : 15;

/** Makes a table; what it answers draws a result into it, and keeps what the reader chose.
 * @param {PagePanel} panel
 * @param {HTMLElement} body
 * @param {View} view
 * @returns {(frame: Frame) => void} */
export function makeTable(panel, body, view) {
  const choice = { sort: '', descending: false, text: '', all: false };
  /** @type {Frame | undefined} */
  let shown;
  const head = element('tr');
  const rows = element('tbody');
  const more = element('p', { class: 'more' });
  const table = element(
    'table',
    {},
    element('caption', { class: 'hidden', text: panel.title }),
    element('thead', {}, head),
    rows,
  );
  const scroll = element(
    'div',
    { class: 'scroll', attributes: { tabindex: '0', role: 'region', 'aria-label': panel.title } },
    table,
  );
  const filter = filterField(panel, (text) => {
    choice.text = text;
    if (shown) draw(shown);
  });

  /** @param {Frame} frame */
  function draw(frame) {
    shown = frame;
    if (frame.rows.length === 0) return void fill(body, note(panel.empty));
    if (!table.isConnected) fill(body, ...(filter && frame.rows.length > 5 ? [filter] : []), scroll, more);
    fill(head, ...panel.columns.map((column) => heading(column, choice, () => draw(frame))));
    const chosen = sorted(panel, frame, choice).filter(
      (row) => choice.text === '' || row.some((cell) => String(cell).toLowerCase().includes(choice.text)),
    );
    const cut = choice.all ? chosen : chosen.slice(0, ROWS_AT_FIRST);
    fill(rows, ...cut.map((row) => tableRow(panel, frame, row, view)));
    fill(
      more,
      ...moreOf(chosen.length, cut.length, () => {
        choice.all = !choice.all;
        draw(frame);
      }),
    );
  }
  return draw;
}

/** @param {PagePanel} panel
 * @param {(text: string) => void} changed */
function filterField(panel, changed) {
  if (panel.kind !== 'table' || !panel.searchable) return undefined;
  const input = /** @type {HTMLInputElement} */ (
    element('input', {
      class: 'filter',
      attributes: { type: 'search', placeholder: 'Filter …', 'aria-label': `Filter: ${panel.title}` },
    })
  );
  input.addEventListener('input', () => changed(input.value.trim().toLowerCase()));
  return input;
}

/** @param {PanelColumn} column
 * @param {{sort: string, descending: boolean}} choice
 * @param {() => void} changed */
function heading(column, choice, changed) {
  const isSorted = choice.sort === column.name;
  const button = element('button', { text: column.title, attributes: { type: 'button' } });
  button.addEventListener('click', () => {
    choice.descending = isSorted ? !choice.descending : isFigure(column);
    choice.sort = column.name;
    const headings = button.closest('tr');
    changed();
    // The headings were made anew: whoever sorts by keyboard stays where they were.
    const again = headings?.querySelector(`[data-column="${column.name}"] button`);
    if (again instanceof HTMLElement) again.focus();
  });
  const order = isSorted ? (choice.descending ? 'descending' : 'ascending') : 'none';
  return element(
    'th',
    { class: isFigure(column) ? 'figure' : '', attributes: { scope: 'col', 'aria-sort': order, 'data-column': column.name } },
    button,
  );
}

/** @param {PanelColumn} column */
function isFigure(column) {
  return !['word', 'hex', 'time', 'yes_no'].includes(column.unit);
}

/** @param {PagePanel} panel
 * @param {Frame} frame
 * @param {{sort: string, descending: boolean}} choice */
function sorted(panel, frame, { sort, descending }) {
  const column = panel.columns.find((each) => each.name === sort);
  if (!column) return frame.rows;
  const index = frame.names.indexOf(sort);
  const byNumber = isFigure(column) || column.unit === 'yes_no';
  return [...frame.rows].sort((one, other) => {
    const [a, b] = [one[index], other[index]];
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    const order = byNumber ? Number(a) - Number(b) : String(a).localeCompare(String(b), 'en', { numeric: true });
    return descending ? -order : order;
  });
}

/** @param {PagePanel} panel
 * @param {Frame} frame
 * @param {unknown[]} row
 * @param {View} view */
function tableRow(panel, frame, row, view) {
  const at = (/** @type {string} */ name) => row[frame.names.indexOf(name)];
  return element('tr', {}, ...panel.columns.map((column) => cell(column, at, frame.range.toS, view)));
}

/** @param {PanelColumn} column
 * @param {(name: string) => unknown} at
 * @param {number} nowS
 * @param {View} view */
function cell(column, at, nowS, view) {
  const value = at(column.name);
  const made = element('td', { class: isFigure(column) ? 'figure' : column.unit, attributes: { 'data-title': column.title } });
  if (value === null || value === '')
    return fill(made, element('span', { class: 'unknown', text: '–', attributes: { title: 'unknown' } }));
  if (column.opens && at(column.opens)) return fill(made, link(String(value), String(at(column.opens)), view));
  if (column.unit === 'time') return fill(made, time(value, nowS));
  if (column.words)
    return fill(made, element('span', { class: `word tone-${column.words[String(value)] ?? 'unknown'}`, text: String(value) }));
  if (column.unit === 'word' || column.unit === 'hex')
    return fill(made, element('span', { text: String(value), attributes: { title: String(value) } }));
  return fill(made, ...figureOf(column, numberOf(value), at));
}

/** @param {PanelColumn} column
 * @param {number | null} value
 * @param {(name: string) => unknown} at */
function figureOf(column, value, at) {
  const tone = column.steps ? `tone-${toneOf(column, value)} judged` : value === 0 ? 'zero' : '';
  const parts = [element('span', { class: tone, text: figure(value, column.unit) })];
  const [low, high] = (column.bounds ?? []).map((name) => numberOf(at(name)));
  if (low !== null && low !== undefined && high !== null && high !== undefined && (low !== value || high !== value))
    parts.push(
      element('span', {
        class: 'bounds',
        text: ` ${figure(low, column.unit)}–${figure(high, column.unit)}`,
        attributes: { title: '95 % bounds' },
      }),
    );
  return parts;
}

/** @param {string} text
 * @param {string} swarm
 * @param {View} view */
function link(text, swarm, view) {
  const query = new URLSearchParams(view.chosen.address);
  query.set('swarm', swarm);
  return element('a', { text, attributes: { href: `${view.torrentPath}?${query}`, title: `${text}\n${swarm}` } });
}

/** @param {unknown} value
 * @param {number} nowS */
function time(value, nowS) {
  const seconds = secondsOf(value);
  if (seconds === null) return String(value);
  return element('time', {
    text: ago(seconds, nowS),
    attributes: { datetime: new Date(seconds * 1000).toISOString(), title: moment(seconds) },
  });
}

/** @param {number} found
 * @param {number} shown
 * @param {() => void} toggle */
function moreOf(found, shown, toggle) {
  if (found === 0) return [element('span', { text: 'No row has that text.' })];
  if (found <= ROWS_AT_FIRST) return [];
  const button = element('button', { text: shown < found ? `Show all ${found}` : 'Show fewer', attributes: { type: 'button' } });
  button.addEventListener('click', toggle);
  return [element('span', { text: `${shown} of ${found} ` }), button];
}
