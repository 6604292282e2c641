// The state machine of alerts: waiting, firing, hysteresis, rows that vanish, queries that were cut, restarts.
import { type Alert, MAX_ALERTS, type Observation, ROWS_MAX, RuleAlerts } from '@swarmscope/alerter/alerts.ts';
import { noticeJson, noticeSlack, summaryOf } from '@swarmscope/alerter/notice.ts';
import type { AlertRule } from '@swarmscope/dashboards/definitions/alerts.ts';
import { describe, expect, test } from 'vitest';

const rule: AlertRule = {
  uid: 'seeder_gone',
  title: 'Seeder gone',
  description: 'A test rule.',
  group: 'torrents',
  severity: 'page',
  everyS: 60,
  forS: 120,
  windowS: 3_600,
  sql: 'SELECT 1',
  labels: ['swarm', 'name'],
  fires: { when: 'at_most', figure: 0, recoversAt: 2 },
  missing: 'ok',
  summary: '{name} has {value} seeders.',
  shows: { board: 'b', panel: 'p' },
};

const MINUTE = 60_000;
const row = (swarm: string, value: number): Observation => ({ labels: { swarm, name: `torrent ${swarm}` }, value });
const states = (changes: readonly Alert[]) => changes.map((change) => `${change.labels['swarm'] ?? ''} ${change.state}`);

/** Feeds minutes of rows; returns the changes of each. */
function minutes(alerts: RuleAlerts, rows: readonly (readonly Observation[])[]): string[][] {
  return rows.map((each, i) => states(alerts.evaluate(each, i * MINUTE)));
}

describe('an alert', () => {
  test('waits, fires, and is over only when the figure has passed its way back', () => {
    const alerts = new RuleAlerts(rule);
    const [down, between, up] = [row('a', 0), row('a', 1), row('a', 2)];
    expect(minutes(alerts, [[down], [down], [down], [between], [down], [up], [up]])).toEqual([
      ['a pending'],
      [],
      ['a firing'],
      [],
      [],
      ['a resolved'],
      [],
    ]);
  });

  test('that recovers while it waits is never told', () => {
    const alerts = new RuleAlerts(rule);
    expect(minutes(alerts, [[row('a', 0)], [row('a', 1)], [row('a', 0)], [row('a', 0)], []])).toEqual([
      ['a pending'],
      [],
      ['a pending'],
      [],
      [],
    ]);
    expect(alerts.alerts).toEqual([]);
  });

  test('fires at once without a waiting time', () => {
    const alerts = new RuleAlerts({ ...rule, forS: 0 });
    expect(states(alerts.evaluate([row('a', 0)], 0))).toEqual(['a firing']);
  });

  test('whose row vanishes is over after two evaluations, and one gap is none', () => {
    const alerts = new RuleAlerts({ ...rule, forS: 0 });
    expect(minutes(alerts, [[row('a', 0)], [], [row('a', 0)], [], []])).toEqual([['a firing'], [], [], [], ['a resolved']]);
  });

  test('that a cut result does not show goes on', () => {
    const alerts = new RuleAlerts({ ...rule, forS: 0 });
    alerts.evaluate([row('a', 0)], 0);
    const many = Array.from({ length: ROWS_MAX }, (_, i) => row(`b${i}`, 0));
    for (let i = 1; i < 5; i++) expect(states(alerts.evaluate(many, i * MINUTE))).not.toContain('a resolved');
    expect(alerts.alerts).toHaveLength(ROWS_MAX + 1);
  });

  test('alerts of other labels are others; the order of labels does not matter', () => {
    const alerts = new RuleAlerts({ ...rule, forS: 0 });
    expect(states(alerts.evaluate([row('a', 0), row('b', 0), row('c', 5)], 0))).toEqual(['a firing', 'b firing']);
    const turned = { labels: { name: 'torrent a', swarm: 'a' }, value: 3 };
    expect(states(alerts.evaluate([turned, row('b', 0)], MINUTE))).toEqual(['a resolved']);
  });

  test('survives a restart with its beginning', () => {
    const before = new RuleAlerts(rule);
    minutes(before, [[row('a', 0), row('b', 0)], [row('a', 0)], [row('a', 0)]]);
    const after = new RuleAlerts(rule, before.alerts);
    expect(after.alerts).toEqual([{ labels: row('a', 0).labels, value: 0, state: 'firing', sinceMs: 0 }]);
    expect(states(after.evaluate([row('a', 4)], 10 * MINUTE))).toEqual(['a resolved']);
  });

  test('no more than the bound', () => {
    const alerts = new RuleAlerts(rule);
    for (let page = 0; page < 10; page++)
      alerts.evaluate(
        Array.from({ length: ROWS_MAX }, (_, i) => row(`${page}-${i}`, 0)),
        page,
      );
    expect(alerts.alerts).toHaveLength(MAX_ALERTS);
  });
});

describe('a dead man', () => {
  test('no row at all fires where the rule says so', () => {
    const alerts = new RuleAlerts({ ...rule, fires: { when: 'at_least', figure: 300, recoversAt: 60 }, missing: 'alerting' });
    expect(minutes(alerts, [[], [], [], [row('x', 10)], [row('x', 10)]])).toEqual([
      [' pending'],
      [],
      [' firing'],
      [],
      [' resolved'],
    ]);
  });
});

describe('a notice', () => {
  const alert: Alert = { labels: { name: '<b>&co', swarm: 'ab' }, value: 0, state: 'firing', sinceMs: 1_700_000_000_000 };
  const notice = { rule, alerts: [alert], atMs: 1_700_000_060_000 };

  test('has its sentence, its labels, its times', () => {
    expect(summaryOf(rule, alert)).toBe('<b>&co has 0 seeders.');
    expect(noticeJson(notice, 'http://127.0.0.1:8080')).toMatchObject({
      rule: 'seeder_gone',
      severity: 'page',
      at: '2023-11-14T22:14:20.000Z',
      alerts: [{ state: 'firing', since: '2023-11-14T22:13:20.000Z', value: 0, labels: { swarm: 'ab' } }],
      url: 'http://127.0.0.1:8080',
    });
  });

  test('for Slack a name cannot make a link or a mention', () => {
    expect(noticeSlack(notice, undefined)).toEqual({ text: '*Seeder gone*\nFiring: &lt;b&gt;&amp;co has 0 seeders.' });
  });
});
