// Alert rules, contact points and policies as Grafana provisions them from files: another shape than the SDK emits.
import { ALERT_RULES, type AlertRule } from '../definitions/alerts.ts';
import { placePanels } from '../definitions/board.ts';
import { boardOf } from '../definitions/boards.ts';
import { expandMacros, variablesIn } from '../definitions/macros.ts';
import { DATASOURCE_TYPE, queryModel } from './query.ts';

/** The data source that provisioning makes; rules cannot name one by variable. */
export const DATASOURCE_UID = 'swarmscope-clickhouse';
const FOLDER = 'Swarmscope alerts';
const CONTACT = 'swarmscope';

/** provisioning/alerting/rules.yaml: one group per kind, since all rules of a group run one after the other. */
export function alertRules(): unknown {
  const groups = ['torrents', 'services'] as const;
  return {
    apiVersion: 1,
    groups: groups
      .map((group) => ({ group, rules: ALERT_RULES.filter((rule) => rule.group === group) }))
      .filter(({ rules }) => rules.length > 0)
      .map(({ group, rules }) => ({ orgId: 1, name: group, folder: FOLDER, interval: '1m', rules: rules.map(ruleOf) })),
  };
}

function ruleOf(rule: AlertRule): unknown {
  return {
    uid: `swarmscope-${rule.uid.replaceAll('_', '-')}`,
    title: rule.title,
    condition: 'B',
    data: [queryStep(rule), thresholdStep(rule)],
    noDataState: rule.missing === 'ok' ? 'OK' : 'Alerting',
    // An outage of the database is no news about torrents: it is told by the rules about services.
    execErrState: rule.group === 'torrents' ? 'KeepLast' : 'Error',
    for: `${rule.forS}s`,
    annotations: { summary: inTemplate(rule.summary), description: rule.description, ...placeOf(rule) },
    labels: { severity: rule.severity, rule: rule.uid },
    isPaused: false,
  };
}

function queryStep(rule: AlertRule): unknown {
  variablesIn(rule.sql, {});
  expandMacros(rule.sql, { fromS: 0, toS: 1, intervalS: 1 });
  const model = queryModel(rule.sql, 'table', { type: DATASOURCE_TYPE, uid: DATASOURCE_UID });
  return {
    refId: 'A',
    relativeTimeRange: { from: rule.windowS, to: 0 },
    datasourceUid: DATASOURCE_UID,
    model: { ...model, intervalMs: 60_000, maxDataPoints: 1_000 },
  };
}

/** Figures are whole numbers: half of one lies between "fires" and "does not". The second evaluator ends a firing alert. */
function thresholdStep({ fires }: AlertRule): unknown {
  const low = fires.when === 'at_most';
  const evaluator = low ? { type: 'lt', params: [fires.figure + 0.5] } : { type: 'gt', params: [fires.figure - 0.5] };
  const unloadEvaluator = low
    ? { type: 'gt', params: [fires.recoversAt - 0.5] }
    : { type: 'lt', params: [fires.recoversAt + 0.5] };
  return {
    refId: 'B',
    relativeTimeRange: { from: 0, to: 0 },
    datasourceUid: '__expr__',
    model: {
      refId: 'B',
      type: 'threshold',
      expression: 'A',
      datasource: { type: '__expr__', uid: '__expr__' },
      conditions: [{ evaluator, unloadEvaluator }],
    },
  };
}

function inTemplate(summary: string): string {
  return summary.replace(/\{(\w+)\}/g, (_text, name: string) =>
    name === 'value' ? '{{ $values.A.Value }}' : `{{ $labels.${name} }}`,
  );
}

function placeOf({ shows }: AlertRule): Record<string, string> {
  const placed = placePanels(boardOf(shows.board)!).find(({ panel }) => panel.id === shows.panel)!;
  return { __dashboardUid__: shows.board, __panelId__: String(placed.number) };
}

/** provisioning/alerting/contact-points.yaml: one webhook, its address from the environment. */
export function contactPoints(): unknown {
  const webhook = {
    uid: 'swarmscope-webhook',
    type: 'webhook',
    settings: { url: '$SWARMSCOPE_ALERT_WEBHOOK', httpMethod: 'POST' },
    disableResolveMessage: false,
  };
  return { apiVersion: 1, contactPoints: [{ orgId: 1, name: CONTACT, receivers: [webhook] }] };
}

/** provisioning/alerting/policies.yaml: one message per rule and network, not one per torrent. */
export function policies(): unknown {
  const base = {
    receiver: CONTACT,
    group_by: ['grafana_folder', 'alertname', 'network'],
    group_wait: '30s',
    group_interval: '5m',
    repeat_interval: '12h',
  };
  const tickets = { receiver: CONTACT, object_matchers: [['severity', '=', 'ticket']], group_wait: '5m', repeat_interval: '24h' };
  return { apiVersion: 1, policies: [{ orgId: 1, ...base, routes: [tickets] }] };
}
