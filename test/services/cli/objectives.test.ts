// Objectives against a census: what is met, what is missed, and what nobody measured.

import { judge } from '@swarmscope/cli/objectives.ts';
import { ProbeReport } from '@swarmscope/cli/probe-report.ts';
import { expect, test } from 'vitest';

const ID = 'ab'.repeat(20);

function swarm(more: object = {}) {
  const report = new ProbeReport();
  report.expect(ID);
  return { ...report.reports()[0]!, ...more };
}

const states = (objectives: Record<string, number>, more?: object) =>
  judge(objectives, swarm(more)).map(({ objective, got, state }) => [objective, got, state]);

test('a swarm that nothing was heard of is not measured: neither met nor missed', () => {
  const all = { min_proved_seeders: 1, min_proved_outside: 1, min_trackers_up: 1, min_web_seeds_intact: 1 };
  expect(states(all)).toEqual(Object.keys(all).map((name) => [name, null, 'unknown']));
});

test('each counts what it says', () => {
  const counts = { ...swarm().counts, proved: 3, claimed: 9 };
  const ok = { action: 'announce', seeders: 1, leechers: 1, peers_returned: 1 };
  const trackers = [
    { tracker: 'udp://a.example:1', outcome: 'ok', ...ok },
    { tracker: 'udp://a.example:1', outcome: 'ok', ...ok, action: 'scrape' },
    { tracker: 'udp://b.example:1', outcome: 'timeout', ...ok },
  ];
  const web = { host: 'http://w.example', pieces_checked: 2, pieces_passed: 2 };
  const seen = { reached: 5, counts, proved_outside: 1, trackers, web_seeds: [{ ...web, outcome: 'corrupt' }] };
  expect(
    states({ min_proved_seeders: 3, min_proved_outside: 2, min_trackers_up: 2, min_web_seeds_intact: 1, other: 5 }, seen),
  ).toEqual([
    ['min_proved_seeders', 3, 'met'],
    ['min_proved_outside', 1, 'missed'],
    ['min_trackers_up', 1, 'missed'],
    ['min_web_seeds_intact', 0, 'missed'],
  ]);
});

test('nobody reached is zero where a source answered, and unknown where all of them failed', () => {
  const source = { source: 'tracker', count: 0, estimate: 0, low: 0, high: null };
  const estimates = (failed: boolean) => ({ estimates: { ...swarm().estimates, sources: [{ ...source, failed }] } });
  expect(states({ min_proved_seeders: 1 }, estimates(false))).toEqual([['min_proved_seeders', 0, 'missed']]);
  expect(states({ min_proved_seeders: 1 }, estimates(true))).toEqual([['min_proved_seeders', null, 'unknown']]);
});
