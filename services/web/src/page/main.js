// Starts the page: sends choices, loads the panels that are in sight, draws them, and does so again every few seconds.
import { drawBars } from './bars.js';
import { makeChart } from './chart.js';
import { fill, isDark, note } from './dom.js';
import { secondsOf } from './format.js';
import { makeHeatmap } from './heatmap.js';
import { drawStat } from './stat.js';
import { makeTable } from './table.js';

/** @import { Frame, Moment, PagePanel, View } from './types.d.ts' */

/** A view is refreshed at most this often. */
const REFRESH_MIN_S = 5;
/** A panel is loaded when it comes this near to the window. */
const NEAR = '300px';

/** @typedef {{panel: PagePanel, section: HTMLElement, body: HTMLElement, draw: (frame: Frame, moments: Moment[]) => void, frame: Frame | undefined, isNear: boolean}} Place */

/** @param {PagePanel} panel
 * @param {HTMLElement} body
 * @param {View} view
 * @returns {Place['draw']} */
function drawingOf(panel, body, view) {
  switch (panel.kind) {
    case 'stat':
      return (frame) => drawStat(panel, body, frame);
    case 'bars':
      return (frame) => drawBars(panel, body, frame);
    case 'table':
      return makeTable(panel, body, view);
    case 'timeseries':
      return makeChart(panel, body, view);
    case 'heatmap':
      return makeHeatmap(panel, body, view);
  }
}

/** @param {View} view
 * @param {string} what */
async function ask(view, what) {
  const query = new URLSearchParams({ ...view.chosen.values, ...(view.chosen.range !== '' && { range: view.chosen.range }) });
  const response = await fetch(`/api/${view.uid}/${what}?${query}`, { headers: { accept: 'application/json' } });
  if (!response.ok) throw new Error((await response.text()).trim());
  const { range, result } = await response.json();
  return /** @type {Frame} */ ({
    range,
    names: result.meta.map((/** @type {{name: string}} */ column) => column.name),
    rows: result.data,
  });
}

/** @param {View} view
 * @returns {Promise<Moment[]>} */
async function loadMoments(view) {
  const lists = await Promise.all(
    view.annotations.map(async ({ id, tone }) => {
      const { names, rows } = await ask(view, `annotations/${id}`);
      const at = (/** @type {unknown[]} */ row, /** @type {string} */ column) => row[names.indexOf(column)];
      return rows.map((row) => ({
        of: id,
        timeS: secondsOf(at(row, 'time')) ?? 0,
        title: String(at(row, 'title')),
        text: String(at(row, 'text')),
        tone,
      }));
    }),
  );
  return lists.flat();
}

/** @param {View} view */
function showBoard(view) {
  /** @type {Moment[]} */
  let moments = [];
  /** @type {Place[]} */
  const places = [...document.querySelectorAll('section[data-panel]')].flatMap((section) => {
    const panel = view.panels.find((each) => each.id === section.getAttribute('data-panel'));
    const body = section.querySelector('.body');
    if (!panel || !(section instanceof HTMLElement) || !(body instanceof HTMLElement)) return [];
    return [{ panel, section, body, draw: drawingOf(panel, body, view), frame: undefined, isNear: false }];
  });

  /** @param {Place} place */
  async function load(place) {
    try {
      place.frame = await ask(view, `panels/${place.panel.id}`);
      place.draw(place.frame, moments);
      place.section.classList.remove('stale');
    } catch (error) {
      place.section.classList.add('stale');
      const sentence = error instanceof Error ? error.message : String(error);
      if (place.frame) say(`${place.panel.title}: ${sentence}`);
      else fill(place.body, note(sentence));
    } finally {
      place.section.setAttribute('aria-busy', 'false');
    }
  }

  function redraw() {
    for (const place of places) if (place.frame) place.draw(place.frame, moments);
  }

  async function refresh() {
    if (document.hidden) return;
    say('');
    moments = await loadMoments(view).catch(() => moments);
    await Promise.all(places.filter((place) => place.isNear).map(load));
    const intervalS = places.find((place) => place.frame)?.frame?.range.intervalS ?? view.refreshS;
    clearTimeout(timer);
    timer = setTimeout(refresh, 1000 * Math.min(view.refreshS, Math.max(REFRESH_MIN_S, intervalS)));
  }

  const observer = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        const place = places.find((each) => each.section === entry.target);
        if (!place) continue;
        place.isNear = entry.isIntersecting;
        if (entry.isIntersecting && !place.frame) void load(place);
      }
    },
    { rootMargin: NEAR },
  );
  let timer = setTimeout(refresh, 1000 * REFRESH_MIN_S);
  for (const place of places) observer.observe(place.section);
  void loadMoments(view).then(
    (found) => {
      moments = found;
      redraw();
    },
    () => {},
  );
  document.addEventListener('visibilitychange', () => void refresh());
  document.addEventListener('themechange', redraw);
}

/** @param {string} text */
function say(text) {
  const state = document.getElementById('state');
  if (state && state.textContent !== text) state.textContent = text;
}

function changeTheme() {
  const theme = isDark() ? 'light' : 'dark';
  document.documentElement.dataset['theme'] = theme;
  localStorage.setItem('theme', theme);
  document.dispatchEvent(new Event('themechange'));
}

/** Choices are sent as soon as they are made; an empty one is left out of the address.
 * @param {HTMLFormElement} form */
function sendOnChange(form) {
  form.addEventListener('change', (event) => {
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (value !== '') query.set(name, String(value));
    // Another network has other torrents.
    if (event.target instanceof HTMLSelectElement && event.target.name === 'network') query.delete('swarm');
    location.search = query.toString();
  });
}

document.getElementById('theme')?.addEventListener('click', changeTheme);
const form = document.getElementById('choices');
if (form instanceof HTMLFormElement) sendOnChange(form);
const block = document.getElementById('view')?.textContent;
if (block) showBoard(JSON.parse(block));
