// The frame of every view, made on the server: menu, search, choices, and an empty panel for each one that the script of the page will fill.
import { type Board, type Panel, type PlacedPanel, placePanels } from '@swarmscope/dashboards/definitions/board.ts';
import { BOARDS, HOME, TORRENT_UID } from '@swarmscope/dashboards/definitions/boards.ts';
import { SERIES, SHADES } from '@swarmscope/dashboards/definitions/tone.ts';
import { RANGES } from './choices.ts';
import { type Html, html, jsonBlock } from './html.ts';

/** What is chosen, as the address says it or by default. An empty range is that of all that is stored. */
export interface Chosen {
  readonly range: string;
  readonly values: Readonly<Record<string, string>>;
}

/** One choice of a variable. */
export interface Option {
  readonly value: string;
  readonly text: string;
}

export interface View {
  readonly title: string;
  readonly description: string;
  readonly chosen: Chosen;
  readonly searchText?: string;
}

/** A whole document around the content of a view. */
export function documentOf(view: View, activePath: string, choices: Html, content: Html, data?: unknown): string {
  const block = data === undefined ? html`` : html`<script type="application/json" id="view">${jsonBlock(data)}</script>`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<title>${view.title} · Swarmscope</title>
<link rel="icon" href="/page/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/vendor/uplot.css">
<link rel="stylesheet" href="/page/tones.css">
<link rel="stylesheet" href="/page/page.css">
<script src="/page/theme.js"></script>
<script type="module" src="/page/main.js"></script>
</head>
<body>
<a class="skip" href="#main">Skip to the figures</a>
<header class="top">
<a class="brand" href="/${addressOf(view.chosen)}"><img src="/page/icon.svg" alt="" width="22" height="22">Swarmscope</a>
<nav aria-label="Boards"><ul>${menu(view.chosen, activePath)}</ul></nav>
${searchForm(view)}
<button type="button" class="theme" id="theme" aria-label="Change between dark and light">◐</button>
</header>
<div class="head"><div><h1>${view.title}</h1><p>${view.description}</p></div>${choices}</div>
<main id="main">${content}</main>
<footer><p id="state" role="status" aria-live="polite"></p><p>Proved: a piece with the right hash came from the peer. Claimed: the peer only says so. Missing is shown as unknown, never as zero.</p></footer>
${block}
</body>
</html>
`.text;
}

function menu(chosen: Chosen, activePath: string): Html[] {
  const entries: [string, string][] = [
    ['/', HOME.title],
    ...BOARDS.map((board): [string, string] => [pathOf(board), board.title]),
  ];
  return entries.map(([path, title]) => {
    const current = path === activePath ? html` aria-current="page"` : html``;
    return html`<li><a href="${path}${addressOf(chosen)}"${current}>${title}</a></li>`;
  });
}

/** The path of a board. */
export function pathOf(board: Board): string {
  return board === HOME ? '/' : `/boards/${board.uid}`;
}

/** The query of an address that keeps network, time range and swarm. */
export function addressOf(chosen: Chosen, changes: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams();
  if (chosen.range !== '') query.set('range', chosen.range);
  for (const [name, value] of Object.entries({ ...chosen.values, ...changes })) if (value !== '') query.set(name, value);
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

function searchForm({ chosen, searchText = '' }: View): Html {
  return html`<form class="search" role="search" action="/search" method="get">
<input type="search" name="text" value="${searchText}" minlength="2" maxlength="200" required placeholder="Name or infohash" aria-label="Find a torrent by name or infohash" autocomplete="off" spellcheck="false">
<input type="hidden" name="network" value="${chosen.values['network'] ?? ''}"><button type="submit">Find</button></form>`;
}

/** The choices of a board: its variables and the time range. The script sends the form on change; without it there is a button. */
export function choicesForm(board: Board, chosen: Chosen, options: ReadonlyMap<string, readonly Option[]>): Html {
  const selects = board.variables.map((variable) => {
    const value = chosen.values[variable.name] ?? '';
    return labelledSelect(
      variable.name,
      variable.title,
      variable.description,
      value,
      withCurrent(options.get(variable.name) ?? [], value),
    );
  });
  const auto: Option = { value: '', text: `All stored, up to ${titleOf(board.range)}` };
  const ranges = [auto, ...RANGES.map(([value, , text]): Option => ({ value, text: `Last ${text}` }))];
  const range = labelledSelect('range', 'Time', 'How far back from now.', chosen.range, ranges);
  return html`<form class="choices" id="choices" method="get">${selects}${range}<noscript><button type="submit">Show</button></noscript></form>`;
}

function titleOf(range: string): string {
  return RANGES.find(([name]) => name === range)?.[2] ?? range;
}

/** A swarm that is not among the choices (an older one) is one nevertheless. */
function withCurrent(options: readonly Option[], value: string): readonly Option[] {
  return value === '' || options.some((option) => option.value === value) ? options : [{ value, text: value }, ...options];
}

function labelledSelect(name: string, title: string, hint: string, value: string, options: readonly Option[]): Html {
  const items = options.map((option) => {
    const selected = option.value === value ? html` selected` : html``;
    return html`<option value="${option.value}"${selected}>${option.text}</option>`;
  });
  return html`<label title="${hint}"><span>${title}</span><select name="${name}">${items}</select></label>`;
}

/** The panels of a board, empty, at their places. */
export function boardContent(board: Board): Html {
  return html`<div class="grid">${placePanels(board).map(panelFrame)}</div>`;
}

function panelFrame({ panel, w, h }: PlacedPanel): Html {
  const id = `p-${panel.id}`;
  return html`<section class="panel ${panel.kind} w${w} h${h}" id="${id}" data-panel="${panel.id}" aria-labelledby="${id}-title" aria-describedby="${id}-about" aria-busy="true">
<header><h2 id="${id}-title">${panel.title}</h2><p class="about" id="${id}-about">${panel.description}</p></header>
<div class="body"><p class="note">Loading …</p></div></section>`;
}

/** What the script needs to know of a board; its SQL stays here. */
export function viewData(board: Board, chosen: Chosen): unknown {
  return {
    uid: board.uid,
    refreshS: board.refreshS,
    torrentPath: `/boards/${TORRENT_UID}`,
    chosen: { range: chosen.range, values: chosen.values, address: addressOf(chosen) },
    annotations: board.annotations.map(({ id, name, tone }) => ({ id, name, tone })),
    panels: placePanels(board).map(({ panel }) => withoutSql(panel)),
    shades: SHADES,
    series: SERIES,
  };
}

function withoutSql(panel: Panel): unknown {
  const { sql: _sql, ...rest } = panel;
  return rest;
}
