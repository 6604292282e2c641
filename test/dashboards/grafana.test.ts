// What Grafana reads: fresh, in the shapes it accepts, and clear of the traps that were met with a real one.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ALERT_RULES } from '@swarmscope/dashboards/definitions/alerts.ts';
import { BOARDS } from '@swarmscope/dashboards/definitions/boards.ts';
import { generatedFiles } from '@swarmscope/dashboards/grafana/generate.ts';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ROOT } from '../support/tree.ts';

const files = generatedFiles();
const json = (path: string) => JSON.parse(files.get(path)!) as unknown;
const below = (folder: string) =>
  readdirSync(join(ROOT, 'dashboards', folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(ROOT, 'dashboards').length + 1));

test('the committed files are the generated ones (`npm run boards` writes them)', () => {
  expect([...below('json'), ...below('provisioning')].sort()).toEqual([...files.keys()].sort());
  for (const [path, text] of files) expect(readFileSync(join(ROOT, 'dashboards', path), 'utf8'), path).toBe(text);
});

const datasource = z.strictObject({ type: z.literal('grafana-clickhouse-datasource'), uid: z.literal(`$${'{datasource}'}`) });
const target = z.strictObject({
  refId: z.string(),
  datasource,
  editorType: z.literal('sql'),
  rawSql: z.string().min(10),
  format: z.union([z.literal(0), z.literal(1)]),
  queryType: z.enum(['timeseries', 'table']),
  pluginVersion: z.string(),
});
const panel = z.object({
  id: z.number().int().positive(),
  type: z.enum(['stat', 'timeseries', 'table', 'bargauge', 'heatmap']),
  title: z.string().min(3),
  description: z.string().min(20),
  datasource,
  gridPos: z.strictObject({
    x: z.number().int().min(0),
    y: z.number().int().min(0),
    w: z.number().int().min(1),
    h: z.number().int().min(1),
  }),
  targets: z.array(target).length(1),
  fieldConfig: z.object({
    defaults: z.object({
      unit: z.string().min(1),
      noValue: z.string().min(10),
      thresholds: z.object({ steps: z.array(z.unknown()).min(1) }),
    }),
    overrides: z.array(z.object({ matcher: z.object({ id: z.literal('byName'), options: z.string() }) })),
  }),
});
const dashboard = z.object({
  uid: z.string(),
  title: z.string(),
  editable: z.literal(false),
  panels: z.array(panel),
  templating: z.object({ list: z.array(z.object({ type: z.string(), name: z.string() })) }),
});

describe.each(BOARDS)('$title', (board) => {
  const built = dashboard.parse(json(`json/${board.uid}.json`));

  test('has unique ids, and panels that do not overlap', () => {
    expect(new Set(built.panels.map((each) => each.id)).size).toBe(built.panels.length);
    const cells = built.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(built.panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
  });

  test('names its data source by a variable, and no variable that it does not have', () => {
    const names = built.templating.list.map((variable) => variable.name);
    expect(names).toEqual(['datasource', ...board.variables.map((variable) => variable.name)]);
    const text = files.get(`json/${board.uid}.json`)!;
    const used = [...text.matchAll(/\$\{(\w+)(?::\w+)?\}/g)].map((match) => match[1]!);
    expect(used.filter((name) => !names.includes(name) && !name.startsWith('__'))).toEqual([]);
    expect(text).not.toMatch(/\{[a-z_]+:[A-Z]\w+\}/);
  });

  test('asks time series ordered by time, as the plugin needs them', () => {
    for (const { targets, type } of built.panels) {
      const isOverTime = type === 'timeseries' || type === 'heatmap';
      expect(targets[0]!.queryType).toBe(isOverTime ? 'timeseries' : 'table');
      expect(targets[0]!.format).toBe(isOverTime ? 0 : 1);
    }
  });
});

const rules = z.strictObject({
  apiVersion: z.literal(1),
  groups: z.array(
    z.strictObject({
      orgId: z.literal(1),
      name: z.string(),
      folder: z.string(),
      interval: z.string().regex(/^\d+m$/),
      rules: z.array(
        z.strictObject({
          uid: z.string().regex(/^[a-z-]{1,40}$/),
          title: z.string(),
          condition: z.string(),
          data: z.array(
            z.strictObject({
              refId: z.string(),
              relativeTimeRange: z.strictObject({ from: z.number(), to: z.number() }),
              datasourceUid: z.string(),
              model: z.record(z.string(), z.unknown()),
            }),
          ),
          noDataState: z.enum(['OK', 'Alerting']),
          execErrState: z.enum(['KeepLast', 'Error']),
          for: z.string().regex(/^\d+s$/),
          annotations: z.record(z.string(), z.string()),
          labels: z.record(z.string(), z.string()),
          isPaused: z.literal(false),
        }),
      ),
    }),
  ),
});
const sources = z.strictObject({
  apiVersion: z.literal(1),
  datasources: z.array(
    z.object({
      name: z.string(),
      uid: z.string(),
      type: z.literal('grafana-clickhouse-datasource'),
      access: z.literal('proxy'),
      jsonData: z.record(z.string(), z.string()),
      secureJsonData: z.strictObject({ password: z.string() }),
    }),
  ),
});
const providers = z.strictObject({
  apiVersion: z.literal(1),
  providers: z.array(
    z.strictObject({
      name: z.string(),
      type: z.literal('file'),
      folder: z.string(),
      allowUiUpdates: z.boolean(),
      updateIntervalSeconds: z.number(),
      options: z.strictObject({ path: z.string() }),
    }),
  ),
});
const contacts = z.strictObject({
  apiVersion: z.literal(1),
  contactPoints: z.array(
    z.strictObject({
      orgId: z.literal(1),
      name: z.string(),
      receivers: z.array(z.object({ uid: z.string(), type: z.string(), settings: z.object({ url: z.string() }) })),
    }),
  ),
});
const policy = z.strictObject({
  apiVersion: z.literal(1),
  policies: z.array(
    z.object({
      orgId: z.literal(1),
      receiver: z.string(),
      group_by: z.array(z.string()),
      routes: z.array(
        z.object({ receiver: z.string(), object_matchers: z.array(z.tuple([z.string(), z.string(), z.string()])) }),
      ),
    }),
  ),
});

describe('provisioning', () => {
  const alerts = rules.parse(json('provisioning/alerting/rules.yaml'));
  const all = alerts.groups.flatMap((group) => group.rules);

  test('every rule is there once, asks the data source of the provisioning, and has a threshold with a way back', () => {
    const [source] = sources.parse(json('provisioning/datasources/swarmscope.yaml')).datasources;
    expect(all.map((rule) => rule.labels['rule']).sort()).toEqual(ALERT_RULES.map((rule) => rule.uid).sort());
    for (const rule of all) {
      expect(rule.data.map((step) => step.datasourceUid)).toEqual([source!.uid, '__expr__']);
      expect(rule.condition).toBe('B');
      expect(rule.data[1]!.model).toMatchObject({
        type: 'threshold',
        expression: 'A',
        conditions: [{ evaluator: {}, unloadEvaluator: {} }],
      });
    }
  });

  test('a threshold fires at its figure and not at the one where it ends', () => {
    for (const rule of ALERT_RULES) {
      const built = all.find((each) => each.labels['rule'] === rule.uid)!;
      const [{ evaluator, unloadEvaluator }] = built.data[1]!.model['conditions'] as [
        { evaluator: Evaluator; unloadEvaluator: Evaluator },
      ];
      expect([holds(evaluator, rule.fires.figure), holds(evaluator, rule.fires.recoversAt)]).toEqual([true, false]);
      expect([holds(unloadEvaluator, rule.fires.figure), holds(unloadEvaluator, rule.fires.recoversAt)]).toEqual([false, true]);
    }
  });

  test('rules lead to their panel', () => {
    for (const rule of ALERT_RULES) {
      const built = all.find((each) => each.labels['rule'] === rule.uid)!;
      const board = dashboard.parse(json(`json/${rule.shows.board}.json`));
      expect(board.panels.map((each) => String(each.id))).toContain(built.annotations['__panelId__']);
    }
  });

  test('no torrent alert keeps its last state on a missing row, nor takes an outage of the database for a death', () => {
    for (const rule of all.filter((each) => alerts.groups[0]!.rules.includes(each)))
      expect([rule.noDataState, rule.execErrState]).toEqual(['OK', 'KeepLast']);
  });

  test('a dollar sign is expanded where it should be, and only there', () => {
    for (const rule of all) {
      for (const text of [...Object.values(rule.labels), rule.title]) expect(text).not.toContain('$');
      for (const text of Object.values(rule.annotations)) expect(text).not.toContain('${');
    }
    const [source] = sources.parse(json('provisioning/datasources/swarmscope.yaml')).datasources;
    for (const value of [...Object.values(source!.jsonData), source!.secureJsonData.password])
      if (value.includes('$')) expect(value).toMatch(/^\$[A-Z_]+$/);
  });

  test('boards come from a folder without a uid, apart from the folder of the alerts', () => {
    const [provider] = providers.parse(json('provisioning/dashboards/swarmscope.yaml')).providers;
    expect(alerts.groups.map((group) => group.folder)).not.toContain(provider!.folder);
  });

  test('every receiver exists, and messages are grouped', () => {
    const names = contacts.parse(json('provisioning/alerting/contact-points.yaml')).contactPoints.map((each) => each.name);
    for (const each of policy.parse(json('provisioning/alerting/policies.yaml')).policies) {
      expect(names).toEqual(expect.arrayContaining([each.receiver, ...each.routes.map((route) => route.receiver)]));
      expect(each.group_by).toContain('alertname');
    }
  });
});

interface Evaluator {
  type: 'lt' | 'gt';
  params: [number];
}

function holds({ type, params: [bound] }: Evaluator, figure: number): boolean {
  return type === 'lt' ? figure < bound : figure > bound;
}
