// The state of every alert of one rule: rows of its query and the time in, changes out; pure, so that hysteresis and silence can be tested to the second.
import type { AlertRule } from '@swarmscope/dashboards/definitions/alerts.ts';

// absent  -> pending   a row whose figure fires
// pending -> firing    it has fired for forS seconds
// pending -> absent    the figure recovered, or the row is gone (nobody was told, so nobody is told)
// firing  -> resolved  the figure passed `recoversAt`, or the row was missing in GONE_AFTER evaluations; then it is absent
//
// A figure between `figure` and `recoversAt` changes nothing. A query that failed changes nothing: missing data is not death, and not recovery either.

/** Evaluations without its row after which a firing alert is over. */
const GONE_AFTER = 2;
/** Alerts of one rule at a time: as many as a query may return, and those that it does not show any more. */
export const MAX_ALERTS = 200;
/** A result of this many rows was cut (`LIMIT` of the rules): what it does not show may still be there. */
export const ROWS_MAX = 50;

export type Labels = Readonly<Record<string, string>>;

/** A row of a rule's query. */
export interface Observation {
  readonly labels: Labels;
  /** null: there is no figure, since no row came at all. */
  readonly value: number | null;
}

export interface Alert extends Observation {
  readonly state: 'pending' | 'firing' | 'resolved';
  /** Epoch milliseconds when the condition began. */
  readonly sinceMs: number;
}

interface Live extends Observation {
  state: 'pending' | 'firing';
  value: number | null;
  sinceMs: number;
  gone: number;
}

/** Two sets of labels are the same alert exactly when this is the same text. */
export function labelsKey(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function fires(rule: AlertRule, value: number | null): boolean {
  if (value === null) return true;
  return rule.fires.when === 'at_most' ? value <= rule.fires.figure : value >= rule.fires.figure;
}

function recovered(rule: AlertRule, value: number | null): boolean {
  if (value === null) return false;
  return rule.fires.when === 'at_most' ? value >= rule.fires.recoversAt : value <= rule.fires.recoversAt;
}

export class RuleAlerts {
  readonly rule: AlertRule;
  readonly #live = new Map<string, Live>(); // bound: MAX_ALERTS

  /** `known`: alerts that were pending or firing when the process ended. */
  constructor(rule: AlertRule, known: Iterable<Alert> = []) {
    this.rule = rule;
    for (const { labels, value, state, sinceMs } of known)
      if (state !== 'resolved' && this.#live.size < MAX_ALERTS)
        this.#live.set(labelsKey(labels), { labels, value, state, sinceMs, gone: 0 });
  }

  /** What is pending or firing now. */
  get alerts(): Alert[] {
    return [...this.#live.values()].map(({ labels, value, state, sinceMs }) => ({ labels, value, state, sinceMs }));
  }

  /** One evaluation at `nowMs` (epoch milliseconds); returns the alerts whose state changed. */
  evaluate(rows: readonly Observation[], nowMs: number): Alert[] {
    const seen = rows.length === 0 && this.rule.missing === 'alerting' ? [{ labels: {}, value: null }] : rows;
    const changes: Alert[] = [];
    const keys = new Set<string>();
    for (const row of seen) {
      const key = labelsKey(row.labels);
      keys.add(key);
      const change = this.#observe(key, row, nowMs);
      if (change) changes.push(change);
    }
    const isCut = rows.length >= ROWS_MAX;
    for (const [key, live] of this.#live) {
      if (keys.has(key) || isCut) continue;
      if (live.state === 'firing' && ++live.gone < GONE_AFTER) continue;
      this.#live.delete(key);
      if (live.state === 'firing') changes.push(told(live, 'resolved'));
    }
    return changes;
  }

  #observe(key: string, row: Observation, nowMs: number): Alert | undefined {
    const live = this.#live.get(key);
    if (!live) return fires(this.rule, row.value) ? this.#begin(key, row, nowMs) : undefined;
    live.value = row.value;
    live.gone = 0;
    if (live.state === 'pending') {
      if (!fires(this.rule, row.value)) {
        this.#live.delete(key);
        return undefined;
      }
      return this.#ripen(live, nowMs);
    }
    if (!recovered(this.rule, row.value)) return undefined;
    this.#live.delete(key);
    return told(live, 'resolved');
  }

  #begin(key: string, row: Observation, nowMs: number): Alert | undefined {
    if (this.#live.size >= MAX_ALERTS) return undefined;
    const live: Live = { ...row, state: 'pending', sinceMs: nowMs, gone: 0 };
    this.#live.set(key, live);
    return this.#ripen(live, nowMs) ?? told(live, 'pending');
  }

  #ripen(live: Live, nowMs: number): Alert | undefined {
    if (nowMs - live.sinceMs < this.rule.forS * 1000) return undefined;
    live.state = 'firing';
    return told(live, 'firing');
  }
}

function told({ labels, value, sinceMs }: Live, state: Alert['state']): Alert {
  return { labels, value, sinceMs, state };
}
