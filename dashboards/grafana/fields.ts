// What a column of a definition means to Grafana: units, colours, mappings, bounds and links as overrides of its field.
import type { DynamicConfigValue, MatcherConfig } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Panel, PanelColumn, Step, Unit } from '../definitions/board.ts';
import { TORRENT_UID } from '../definitions/boards.ts';
import { SHADES } from '../definitions/tone.ts';

const UNITS: Readonly<Record<Unit, string>> = {
  count: 'locale',
  per_second: 'ops',
  bytes: 'bytes',
  ms: 'ms',
  s: 's',
  percent: 'percent',
  copies: 'none',
  word: 'string',
  hex: 'string',
  time: 'dateTimeAsIso',
  yes_no: 'bool_yes_no',
};

export interface Override {
  matcher: MatcherConfig;
  properties: DynamicConfigValue[];
}

export function unitOf(column: PanelColumn): string {
  return UNITS[column.unit];
}

/** Steps of thresholds; without any, one plain step (Grafana's own default turns red above 80). */
export function stepsOf(steps: readonly Step[] = [{ from: null, tone: 'plain' }]): { value: number | null; color: string }[] {
  return steps.map(({ from, tone }) => ({ value: from, color: SHADES[tone].dark }));
}

/** The overrides of every column of a panel, its bounds and link targets. */
export function overridesOf(panel: Panel): Override[] {
  return panel.columns.flatMap((column) => [
    override(column.name, propertiesOf(column, panel)),
    ...boundsOf(column, panel),
    ...(column.opens ? [override(column.opens, [{ id: 'custom.hidden', value: true }])] : []),
  ]);
}

function override(name: string, properties: DynamicConfigValue[]): Override {
  return { matcher: { id: 'byName', options: name }, properties };
}

function propertiesOf(column: PanelColumn, panel: Panel): DynamicConfigValue[] {
  const properties: DynamicConfigValue[] = [{ id: 'displayName', value: column.title }];
  if (panel.kind === 'timeseries' && column.unit === 'time') return [];
  if (panel.kind === 'timeseries' && panel.columns.some((other) => other.unit === 'word')) return labelled(column);
  if (column.unit !== 'word' && column.unit !== 'hex') properties.push({ id: 'unit', value: unitOf(column) });
  if (column.unit === 'copies') properties.push({ id: 'decimals', value: 2 });
  if (column.unit === 'yes_no') properties.push({ id: 'mappings', value: YES_NO });
  if (column.steps) {
    properties.push({ id: 'thresholds', value: { mode: 'absolute', steps: stepsOf(column.steps) } });
    properties.push({ id: 'color', value: { mode: 'thresholds' } });
  } else if (column.tone) properties.push({ id: 'color', value: { mode: 'fixed', fixedColor: SHADES[column.tone].dark } });
  if (panel.kind === 'table') properties.push(...cellOf(column));
  if (column.bounds && panel.kind === 'timeseries') properties.push({ id: 'custom.lineWidth', value: 2 });
  return properties;
}

/** Long series (one per word) are named after their word. */
function labelled(column: PanelColumn): DynamicConfigValue[] {
  return column.unit === 'word' ? [] : [{ id: 'unit', value: unitOf(column) }];
}

function cellOf(column: PanelColumn): DynamicConfigValue[] {
  const properties: DynamicConfigValue[] = [];
  if (column.words) {
    const options = Object.fromEntries(
      Object.entries(column.words).map(([word, tone], index) => [word, { color: SHADES[tone].dark, index }]),
    );
    properties.push({ id: 'mappings', value: [{ type: 'value', options }] });
  }
  if (column.words || column.steps) properties.push({ id: 'custom.cellOptions', value: { type: 'color-text' } });
  if (column.opens) {
    const url = `/d/${TORRENT_UID}?var-swarm=$${`{__data.fields.${column.opens}}`}&$${'{network:queryparam}'}&$${'{__url_time_range}'}`;
    properties.push({ id: 'links', value: [{ title: 'Open the torrent', url }] });
  }
  return properties;
}

/** Bounds: a band below the high one in a time series; figures of their own elsewhere, since Grafana has no brackets. */
function boundsOf(column: PanelColumn, panel: Panel): Override[] {
  if (!column.bounds) return [];
  const [low, high] = column.bounds;
  const named = (name: string, which: string, properties: DynamicConfigValue[]) =>
    override(name, [
      { id: 'displayName', value: `${column.title}: ${which} bound` },
      { id: 'unit', value: unitOf(column) },
      ...properties,
    ]);
  if (panel.kind !== 'timeseries') return [named(low, 'low', []), named(high, 'high', [])];
  const quiet: DynamicConfigValue[] = [
    { id: 'custom.lineWidth', value: 0 },
    { id: 'custom.fillOpacity', value: 0 },
    { id: 'custom.hideFrom', value: { legend: true, tooltip: false, viz: false } },
    { id: 'color', value: { mode: 'fixed', fixedColor: SHADES[column.tone ?? 'plain'].dark } },
  ];
  const band: DynamicConfigValue[] = [
    ...quiet,
    { id: 'custom.fillBelowTo', value: `${column.title}: low bound` },
    { id: 'custom.fillOpacity', value: 15 },
  ];
  return [named(low, 'low', quiet), named(high, 'high', band)];
}

const YES_NO = [
  { type: 'value', options: { '0': { text: 'no', index: 0 }, '1': { text: 'yes', index: 1 } } },
  { type: 'special', options: { match: 'null', result: { text: 'unknown', color: SHADES.unknown.dark, index: 2 } } },
];
