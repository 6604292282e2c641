// Scenario in CI: some hours of a small one of what npm run sim -- crawl-hours runs for forty.
import { expect, test } from 'vitest';
import { runHours } from './scenarios/crawl-hours.ts';

test('three hours among adversaries: nothing grows, nothing stands still', () => {
  const network = { nodes: 120, infohashes: 120, dead: 0.3, liars: 0.2, old: 0.1, intervalS: 0, churnPerHour: 0.2 };
  const link = { latencyMs: 20, jitterMs: 80, loss: 0.01 };
  const figures = runHours({ seed: 1, network, link, hours: 3 });
  // Of so few nodes one more in the frontier is much: growth is for the long run.
  expect(figures.filter((one) => !one.ok && !one.name.includes('growth of the frontier'))).toEqual([]);
});
