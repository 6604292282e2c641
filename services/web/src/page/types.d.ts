// What the scripts of the page pass to each other; the shapes of panels are those of dashboards/definitions.
import type { Panel, PanelColumn } from '../../../../dashboards/definitions/board.ts';
import type { Shade, Tone } from '../../../../dashboards/definitions/tone.ts';

export type { PanelColumn, Tone };

/** A panel without its SQL, which stays on the server. */
export type PagePanel = Panel extends infer P ? (P extends Panel ? Omit<P, 'sql'> : never) : never;

/** The data block of a view. */
export interface View {
  uid: string;
  refreshS: number;
  torrentPath: string;
  chosen: { range: string; values: Record<string, string>; address: string };
  annotations: { id: string; name: string; tone: Tone }[];
  panels: PagePanel[];
  shades: Record<Tone, Shade>;
  series: Shade[];
}

export interface Range {
  fromS: number;
  toS: number;
  intervalS: number;
}

/** A result: column names and rows as ClickHouse gives them. */
export interface Frame {
  range: Range;
  names: string[];
  rows: unknown[][];
}

/** A moment drawn over charts. */
export interface Moment {
  /** Id of its annotation. */
  of: string;
  timeS: number;
  title: string;
  text: string;
  tone: Tone;
}

/** What a drawing needs besides its frame. */
export interface Surroundings {
  view: View;
  moments: Moment[];
}
