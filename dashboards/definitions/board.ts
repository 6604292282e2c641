// What a board is: rows of panels, each one query with the meaning of its columns. Pure data, drawn by Grafana and by the built-in page alike.
import type { Tone } from './tone.ts';

/** What a figure is measured in. `percent`: 0 to 100; `copies`: a whole number and a share of the pieces; `word`: text; `time`: a moment; `hex`: an identity; `yes_no`: 1, 0 or unknown. */
export type Unit = 'count' | 'per_second' | 'bytes' | 'ms' | 's' | 'percent' | 'copies' | 'word' | 'hex' | 'time' | 'yes_no';

/** From this value on (the first from minus infinity) a figure has this tone. Values rise. */
export interface Step {
  readonly from: number | null;
  readonly tone: Tone;
}

/** One column of a result. Columns that are only bounds of another one are not listed: `bounds` names them. */
export interface PanelColumn {
  readonly name: string;
  readonly title: string;
  readonly unit: Unit;
  readonly tone?: Tone;
  readonly steps?: readonly Step[];
  /** Columns with the low and high bound (95 %) of this one: a band in a time series, brackets beside a figure. */
  readonly bounds?: readonly [low: string, high: string];
  /** What words of the result mean, as text and tone. */
  readonly words?: Readonly<Record<string, Tone>>;
  /** A column with a swarm id: this cell leads to the Torrent board of that swarm. */
  readonly opens?: string;
}

interface PanelBase {
  /** Unique in its board; the page asks for a panel by it. */
  readonly id: string;
  readonly title: string;
  /** One sentence: what is counted, from which source, over which time. */
  readonly description: string;
  /** Of 24. The panels of a row fill it. */
  readonly width: number;
  /** SQL with the macros of macros.ts and the variables of the board as `{name:Type}`. */
  readonly sql: string;
  readonly columns: readonly PanelColumn[];
  /** What an empty result means, as a sentence. */
  readonly empty: string;
}

/** One row; each column is a tile. */
export interface StatPanel extends PanelBase {
  readonly kind: 'stat';
}

/** First a `time` column, then figures; a `word` column makes one series per word (then there is one figure). Ordered by time. */
export interface TimeSeriesPanel extends PanelBase {
  readonly kind: 'timeseries';
  readonly draw: 'line' | 'stack' | 'bars';
}

export interface TablePanel extends PanelBase {
  readonly kind: 'table';
  /** Rows that the page shows before "more". */
  readonly searchable?: boolean;
}

/** A `word` column, then one figure: a bar per row. `tones` names the colours of known words. */
export interface BarsPanel extends PanelBase {
  readonly kind: 'bars';
}

/** A `time` column, a `word` column (rows, sorted as text) and a figure (darkness). */
export interface HeatmapPanel extends PanelBase {
  readonly kind: 'heatmap';
}

export type Panel = StatPanel | TimeSeriesPanel | TablePanel | BarsPanel | HeatmapPanel;

/** Panels side by side; `height` in grid units of about 30 pixels. */
export interface Row {
  readonly height: number;
  readonly panels: readonly Panel[];
}

/** A choice on top of a board. The SQL answers `value`, `text`; the first row is the default. */
export interface Variable {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly type: 'String';
  readonly sql: string;
}

/** Events drawn over the time series of a board: `time`, `title`, `text`. */
export interface Annotation {
  /** Unique in its board; the page asks for an annotation by it. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly tone: Tone;
  readonly sql: string;
}

export interface Board {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  /** The time range that it opens with, as Grafana writes it: `24h`, `7d`. */
  readonly range: '6h' | '24h' | '7d' | '30d';
  readonly refreshS: number;
  readonly variables: readonly Variable[];
  readonly annotations: readonly Annotation[];
  readonly rows: readonly Row[];
}

/** A panel with its number and its place in a grid of 24 columns. */
export interface PlacedPanel {
  readonly panel: Panel;
  readonly number: number;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** Rows become places: panels of a row stand side by side, rows below each other, so that nothing can overlap. */
export function placePanels(board: Board): PlacedPanel[] {
  const placed: PlacedPanel[] = [];
  let y = 0;
  for (const row of board.rows) {
    let x = 0;
    for (const panel of row.panels) {
      placed.push({ panel, number: placed.length + 1, x, y, w: panel.width, h: row.height });
      x += panel.width;
    }
    y += row.height;
  }
  return placed;
}

/** Every panel of a board, in reading order. */
export function panelsOf(board: Board): Panel[] {
  return board.rows.flatMap((row) => row.panels);
}

/** The names of all columns that the result of a panel has: its own, bounds and link targets. */
export function resultColumns(panel: Panel): Set<string> {
  const names = panel.columns.flatMap((column) => [
    column.name,
    ...(column.bounds ?? []),
    ...(column.opens ? [column.opens] : []),
  ]);
  return new Set(names);
}
