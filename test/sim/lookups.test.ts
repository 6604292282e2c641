// Scenario in CI: lookups of the real DHT node among 2 000 nodes with loss, the dead and liars.
import { expect, test } from 'vitest';
import { runLookups } from './scenarios/lookups.ts';

test.each([
  [1, 4],
  [2, 6],
] as const)('lookups find the closest and the peers, politely (seed %i, IPv%i)', (seed, family) => {
  const figures = runLookups({
    seed,
    network: { family, nodes: 2_000, infohashes: 500, dead: 0.3, liars: 0.1, old: 0.1, intervalS: 0 },
    link: { latencyMs: 20, jitterMs: 80, loss: 0.01 },
    lookups: 100,
  });
  expect(figures.filter((one) => !one.ok)).toEqual([]);
});
