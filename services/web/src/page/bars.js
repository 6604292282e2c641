// Bars: a row per word, its length the share of the largest figure.
import { element, fill, note } from './dom.js';
import { figure, numberOf } from './format.js';

/** @import { Frame, PagePanel } from './types.d.ts' */

/** @param {PagePanel} panel
 * @param {HTMLElement} body
 * @param {Frame} frame */
export function drawBars(panel, body, frame) {
  if (frame.rows.length === 0) return void fill(body, note(panel.empty));
  const [word, count] = panel.columns;
  if (!word || !count) return;
  const label = frame.names.indexOf(word.name);
  const value = frame.names.indexOf(count.name);
  const figures = frame.rows.map((row) => numberOf(row[value]) ?? 0);
  const largest = count.unit === 'percent' ? 100 : Math.max(...figures, 1);
  const rows = frame.rows.map((row, i) => {
    const text = String(row[label]);
    const bar = element('span', { class: 'fill' });
    bar.style.inlineSize = `${(100 * (figures[i] ?? 0)) / largest}%`;
    return element(
      'li',
      { class: `bar tone-${word.words?.[text] ?? count.tone ?? 'plain'}` },
      element('span', { class: 'label', text, attributes: { title: text } }),
      element('span', { class: 'track' }, bar),
      element('span', { class: 'figure', text: figure(figures[i] ?? null, count.unit) }),
    );
  });
  fill(body, element('ul', { class: 'bars' }, ...rows));
}
