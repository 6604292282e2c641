// docs/operations.md has every metric that a service registers, and no other; names follow the conventions of Prometheus.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, sourcePaths } from '../support/tree.ts';

/** What the sources register: a kind of metric and its name. */
const REGISTERED = sourcePaths('services', 'packages').flatMap((path) =>
  [...readFileSync(join(ROOT, path), 'utf8').matchAll(/metrics\??\.(counters?|gauges?|histogram)\(\s*'(\w+)'/g)].map(
    ([, kind, name]) => ({ kind: kind!, name: name! }),
  ),
);

test('every metric has its row in docs/operations.md, with a meaning and what is worth an alert', () => {
  const text = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
  const rows = [...text.matchAll(/^\| `(\w+)\{[\w,]+\}` \| [\w-]+ \| ([^|]+) \| ([^|]+) \|$/gm)].map(([, name]) => name);
  expect(rows.length).toBeGreaterThan(10);
  expect(rows.toSorted()).toEqual([...new Set(REGISTERED.map(({ name }) => name))].toSorted());
});

test('counters end in _total, nothing else does', () => {
  for (const { kind, name } of REGISTERED) expect(name.endsWith('_total'), name).toBe(kind.startsWith('counter'));
});
