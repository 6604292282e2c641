// What a receiver is told: the changes of one evaluation of one rule together, as JSON or in the shape that Slack's incoming webhooks take.
import type { AlertRule } from '@swarmscope/dashboards/definitions/alerts.ts';
import type { Alert } from './alerts.ts';

/** A notification: one rule, the alerts that began to fire or were resolved in one evaluation. */
export interface Notice {
  readonly rule: AlertRule;
  readonly alerts: readonly Alert[];
  /** Epoch milliseconds of the evaluation. */
  readonly atMs: number;
}

/** A rule's summary with its labels and value filled in; a label that is not there stays empty. */
export function summaryOf(rule: AlertRule, alert: Alert): string {
  return rule.summary.replace(/\{([a-z_]+)\}/g, (_, name: string) =>
    name === 'value' ? String(alert.value ?? 'nothing') : (alert.labels[name] ?? ''),
  );
}

/** The JSON that a plain webhook gets. Times are ISO 8601, UTC. */
export function noticeJson(notice: Notice, pageUrl: string | undefined): Record<string, unknown> {
  const { rule } = notice;
  return {
    rule: rule.uid,
    title: rule.title,
    severity: rule.severity,
    at: iso(notice.atMs),
    alerts: notice.alerts.map((alert) => ({
      state: alert.state,
      labels: alert.labels,
      value: alert.value,
      since: iso(alert.sinceMs),
      summary: summaryOf(rule, alert),
    })),
    ...(pageUrl ? { url: pageUrl } : {}),
  };
}

/** The same as text for Slack (and what speaks its format: Mattermost, Discord's /slack, Rocket.Chat). */
export function noticeSlack(notice: Notice, pageUrl: string | undefined): Record<string, unknown> {
  const lines = notice.alerts.map(
    (alert) => `${alert.state === 'resolved' ? 'Resolved' : 'Firing'}: ${escaped(summaryOf(notice.rule, alert))}`,
  );
  const link = pageUrl ? `\n<${pageUrl}|Open Swarmscope>` : '';
  return { text: `*${escaped(notice.rule.title)}*\n${lines.join('\n')}${link}` };
}

/** One line for the log and for a command's standard input. */
export function noticeLine(notice: Notice): string {
  return notice.alerts.map((alert) => `${notice.rule.uid} ${alert.state}: ${summaryOf(notice.rule, alert)}`).join('\n');
}

/** Slack's own three control characters: names of torrents come from strangers. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
