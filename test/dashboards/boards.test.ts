// What every board, panel and alert rule owes its reader: names, a sentence, units, colours, an empty state, a grid without holes.
import { ALERT_RULES } from '@swarmscope/dashboards/definitions/alerts.ts';
import { panelsOf, placePanels } from '@swarmscope/dashboards/definitions/board.ts';
import { BOARDS, boardOf, HOME, panelOf, variableTypes } from '@swarmscope/dashboards/definitions/boards.ts';
import { expandMacros, variablesIn } from '@swarmscope/dashboards/definitions/macros.ts';
import { SEARCH } from '@swarmscope/dashboards/definitions/search.ts';
import { SHADES } from '@swarmscope/dashboards/definitions/tone.ts';
import { describe, expect, test } from 'vitest';

const RANGE = { fromS: 0, toS: 86_400, intervalS: 60 };
const unique = (values: readonly string[]) => new Set(values).size === values.length;
const isSentence = (text: string) => /^[A-Z].{20,}\.$/.test(text) && !/\.\s+[A-Z]/.test(text);

test('uids are unique and fit for a URL', () => {
  expect(unique(BOARDS.map((board) => board.uid))).toBe(true);
  for (const { uid } of BOARDS) expect(uid).toMatch(/^swarmscope-[a-z-]{1,28}$/);
});

describe.each([HOME, ...BOARDS])('$title', (board) => {
  const panels = panelsOf(board);

  test('says what it is for, and offers choices that its queries use', () => {
    expect(isSentence(board.description)).toBe(true);
    const used = new Set([...panels, ...board.variables].flatMap((each) => variablesIn(each.sql, variableTypes(board))));
    expect(board.variables.map((variable) => variable.name).sort()).toEqual([...used].sort());
    for (const variable of board.variables) expect(isSentence(variable.description), variable.name).toBe(true);
  });

  test('fills its grid: no overlap, no hole', () => {
    const cells = new Set<string>();
    let height = 0;
    for (const { x, y, w, h } of placePanels(board)) {
      height = Math.max(height, y + h);
      for (let i = x; i < x + w; i++)
        for (let j = y; j < y + h; j++) {
          expect(cells.has(`${i},${j}`)).toBe(false);
          cells.add(`${i},${j}`);
        }
    }
    expect(cells.size).toBe(24 * height);
  });

  test('has unique ids of panels and annotations, which may stand in an address', () => {
    expect(unique(panels.map((panel) => panel.id))).toBe(true);
    expect(unique(board.annotations.map((annotation) => annotation.id))).toBe(true);
    for (const { id } of [...panels, ...board.annotations]) expect(id).toMatch(/^[a-z_]{2,40}$/);
  });

  test.each(panels)('panel $id: title, one sentence, units, tones that exist, an empty state', (panel) => {
    expect(panel.title).toMatch(/^[A-Z].{2,50}$/);
    expect(isSentence(panel.description), panel.description).toBe(true);
    expect(isSentence(panel.empty), panel.empty).toBe(true);
    expect(unique(panel.columns.map((column) => column.name))).toBe(true);
    for (const column of panel.columns) {
      expect(column.title).not.toBe('');
      const tones = [
        column.tone ?? 'plain',
        ...Object.values(column.words ?? {}),
        ...(column.steps ?? []).map((step) => step.tone),
      ];
      for (const tone of tones) expect(SHADES[tone], tone).toBeDefined();
      const from = (column.steps ?? []).map((step) => step.from ?? Number.NEGATIVE_INFINITY);
      expect(from, 'steps rise from minus infinity').toEqual([...from].sort((a, b) => a - b));
      if (from.length > 0) expect(from[0]).toBe(Number.NEGATIVE_INFINITY);
    }
  });

  test.each(panels)('panel $id: columns fit its kind', (panel) => {
    const units = panel.columns.map((column) => column.unit);
    const isFigure = (unit: string) => !['word', 'hex', 'time'].includes(unit);
    switch (panel.kind) {
      case 'stat':
        expect(units.every(isFigure)).toBe(true);
        break;
      case 'timeseries': {
        const words = units.filter((unit) => unit === 'word').length;
        expect(units[0]).toBe('time');
        expect(words).toBeLessThanOrEqual(1);
        expect(units.filter(isFigure).length).toBe(words === 1 ? 1 : units.length - 1);
        expect(panel.sql).toMatch(/ORDER BY time\b[^()]*$/);
        break;
      }
      case 'bars':
        expect([units[0], isFigure(units[1]!), units.length]).toEqual(['word', true, 2]);
        break;
      case 'heatmap':
        expect([units[0], units[1], isFigure(units[2]!), units.length]).toEqual(['time', 'word', true, 3]);
        expect(panel.sql).toMatch(/ORDER BY time, bucket$/);
        break;
      case 'table':
        expect(units.length).toBeGreaterThan(1);
        break;
    }
  });
});

test('no query asks the clock: a board shows the time range that was chosen', () => {
  const all = [
    ...BOARDS.flatMap((board) => [...panelsOf(board), ...board.variables, ...board.annotations]),
    ...ALERT_RULES,
    SEARCH,
  ];
  for (const { sql } of all) expect(sql).not.toMatch(/\b(now|today|yesterday)(64)?\(/);
});

describe.each(ALERT_RULES)('alert $uid', (rule) => {
  test('says what it means, and leads to a panel that exists', () => {
    expect(isSentence(rule.description)).toBe(true);
    expect(rule.uid).toMatch(/^[a-z_]{3,40}$/);
    expect(panelOf(boardOf(rule.shows.board)!, rule.shows.panel)).toBeDefined();
    for (const [, name] of rule.summary.matchAll(/\{(\w+)\}/g)) expect([...rule.labels, 'value']).toContain(name);
  });

  test('uses the macros of alert rules only, no variables, and bounds its rows', () => {
    expect(variablesIn(rule.sql, {})).toEqual([]);
    expect(expandMacros(rule.sql, RANGE)).toMatch(/LIMIT \d+$/);
  });

  test('has hysteresis, and intervals that Grafana can keep', () => {
    const { when, figure, recoversAt } = rule.fires;
    expect(when === 'at_most' ? recoversAt > figure : recoversAt < figure).toBe(true);
    expect(rule.everyS % 10).toBe(0);
    expect(rule.forS % rule.everyS).toBe(0);
  });
});
