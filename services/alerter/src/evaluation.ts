// The rounds of the alerter: rules that are due are asked of the store, changes become events and notices, and what a restart left untold is told.
import type { AlertRule } from '@swarmscope/dashboards/definitions/alerts.ts';
import { expandMacros } from '@swarmscope/dashboards/definitions/macros.ts';
import { type EventOf, makeEvent } from '@swarmscope/events/event.ts';
import { type Store, StoreError } from '@swarmscope/store/store.ts';
import { type Alert, type Labels, type Observation, RuleAlerts } from './alerts.ts';
import type { Notice } from './notice.ts';

/** Who the events say they are from. */
export interface Identity {
  readonly instanceId: string;
  readonly network: string;
}

export interface EvaluationHost {
  publish(event: EventOf<'alert_changed'>): void;
  notify(notice: Notice): void;
  failed(rule: string, why: string): void;
}

/** What is asked of the store takes no longer than this, or it counts as failed. */
const QUERY_TIMEOUT_MS = 20_000;

const LATEST = `SELECT rule, labels, argMax((state, toUnixTimestamp64Milli(since), value, delivered), (ts, delivered)) AS latest
FROM alert_changed WHERE network = {network:String} GROUP BY rule, labels`;

interface LatestRow {
  readonly rule: string;
  readonly labels: Labels;
  readonly latest: readonly [state: Alert['state'], sinceMs: number, value: number | null, delivered: 0 | 1];
}

export class Evaluation {
  readonly #store: Pick<Store, 'query'>;
  readonly #identity: Identity;
  readonly #host: EvaluationHost;
  readonly #rules: { readonly alerts: RuleAlerts; dueMs: number; failingMs?: number }[] = []; // bound: the rules of the definitions
  readonly counters = { evaluations: 0, failures: 0, changes: 0 };

  constructor(store: Pick<Store, 'query'>, identity: Identity, host: EvaluationHost) {
    this.#store = store;
    this.#identity = identity;
    this.#host = host;
  }

  /** Alerts that fire now. */
  get firing(): number {
    return this.#rules.reduce((sum, { alerts }) => sum + alerts.alerts.filter((alert) => alert.state === 'firing').length, 0);
  }

  /** Reads the states back that the last process left, and tells again what was never delivered. Rejects with StoreError when the store cannot be read. */
  async resume(rules: readonly AlertRule[], nowMs: number): Promise<void> {
    const rows = await this.#store.query<LatestRow>(LATEST, { network: this.#identity.network });
    for (const rule of rules) {
      const own = rows.filter((row) => row.rule === rule.uid);
      const known = own.map(({ labels, latest: [state, sinceMs, value] }) => ({
        labels,
        state,
        sinceMs: Number(sinceMs),
        value,
      }));
      this.#rules.push({ alerts: new RuleAlerts(rule, known), dueMs: nowMs });
      const untold = known.filter((alert, i) => alert.state !== 'pending' && own[i]!.latest[3] === 0);
      if (untold.length > 0) this.#host.notify({ rule, alerts: untold, atMs: nowMs });
    }
  }

  /** Evaluates what is due. True when the store answered every rule that was. */
  async round(nowMs: number): Promise<boolean> {
    let answered = true;
    for (const entry of this.#rules) {
      if (entry.dueMs > nowMs) continue;
      entry.dueMs = nowMs + entry.alerts.rule.everyS * 1000;
      const rows = await this.#ask(entry.alerts.rule, nowMs);
      if (rows) {
        delete entry.failingMs;
        this.#tell(entry.alerts, rows, nowMs);
      } else {
        entry.failingMs ??= nowMs;
        answered = false;
      }
    }
    return answered;
  }

  /** Rules that failed each time they were asked since `ms` (epoch milliseconds) or before. */
  failingSince(ms: number): string[] {
    return this.#rules.filter(({ failingMs = Number.POSITIVE_INFINITY }) => failingMs <= ms).map(({ alerts }) => alerts.rule.uid);
  }

  /** The event that says that a receiver has taken a notice. */
  delivered(notice: Notice, nowMs: number): void {
    for (const alert of notice.alerts) this.#publish(notice.rule.uid, alert, nowMs, 1);
  }

  #tell(alerts: RuleAlerts, rows: readonly Observation[], nowMs: number): void {
    const changes = alerts.evaluate(rows, nowMs);
    this.counters.changes += changes.length;
    for (const alert of changes) this.#publish(alerts.rule.uid, alert, nowMs, 0);
    const told = changes.filter((alert) => alert.state !== 'pending');
    if (told.length > 0) this.#host.notify({ rule: alerts.rule, alerts: told, atMs: nowMs });
  }

  async #ask(rule: AlertRule, nowMs: number): Promise<Observation[] | undefined> {
    const toS = Math.floor(nowMs / 1000);
    const sql = expandMacros(rule.sql, { fromS: toS - rule.windowS, toS, intervalS: rule.everyS });
    this.counters.evaluations++;
    try {
      const rows = await this.#store.query(sql, {}, { timeoutMs: QUERY_TIMEOUT_MS });
      return rows.map((row) => observation(rule, row));
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.counters.failures++;
      this.#host.failed(rule.uid, error.message);
      return undefined;
    }
  }

  #publish(rule: string, alert: Alert, nowMs: number, delivered: 0 | 1): void {
    const { instanceId, network } = this.#identity;
    const columns = {
      rule,
      labels: { ...alert.labels },
      state: alert.state,
      since: alert.sinceMs,
      value: alert.value,
      delivered,
    };
    this.#host.publish(makeEvent('alert_changed', columns, { ts: nowMs, instance_id: instanceId, network }));
  }
}

/** The figure and the labels of a row. A figure that is no number breaks an invariant: the tests of the definitions run every rule. */
function observation(rule: AlertRule, row: Record<string, unknown>): Observation {
  const value = Number(row['value']);
  if (row['value'] === null || !Number.isFinite(value)) throw new Error(`${rule.uid} gave no figure`);
  return { labels: Object.fromEntries(rule.labels.map((name) => [name, String(row[name] ?? '')])), value };
}
