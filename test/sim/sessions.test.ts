// Scenario in CI: the real peer session and the lab's peers, slow and fast, honest and not.
import { expect, test } from 'vitest';
import { runSessions } from './scenarios/sessions.ts';

test.each([
  [1, 10, 20],
  [2, 60, 600],
  [3, 900, 100],
])('challenges end as they must (seed %i, %i ms, jitter %i ms)', (seed, latencyMs, jitterMs) => {
  const figures = runSessions({ seed, peers: 140, latencyMs, jitterMs });
  expect(figures.filter((one) => !one.ok)).toEqual([]);
});
