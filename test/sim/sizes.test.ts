// Scenario in CI: the bounds of swarm sizes hold the truth, and are not much wider than they must be.
import { expect, test } from 'vitest';
import { runSizes } from './scenarios/sizes.ts';

test.each([{ seed: 21 }, { seed: 22, dark: true }])('sizes %o', (plan) => {
  expect(runSizes({ swarms: 200, ...plan }).filter((one) => !one.ok)).toEqual([]);
});
