// What an alert rule is: one query, one threshold with a way back, and what its absence means.

/** A rule. Its query answers one row per thing it is about: the label columns (text) and one figure, `value`, never null. */
export interface AlertRule {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly group: 'torrents' | 'services';
  readonly severity: 'page' | 'ticket';
  readonly everyS: number;
  /** The condition must hold this long before it fires. */
  readonly forS: number;
  /** What `$__fromTime` means: so long before the evaluation. */
  readonly windowS: number;
  readonly sql: string;
  readonly labels: readonly string[];
  /** Fires at or below a figure, or at or above it; ends when the figure passes `recoversAt`. */
  readonly fires: { readonly when: 'at_most' | 'at_least'; readonly figure: number; readonly recoversAt: number };
  /** What no row at all means: nothing is wrong, or that whoever should report does not. */
  readonly missing: 'ok' | 'alerting';
  /** A sentence with `{label}` and `{value}` in it. */
  readonly summary: string;
  /** Where to look: board and panel. */
  readonly shows: { readonly board: string; readonly panel: string };
}
