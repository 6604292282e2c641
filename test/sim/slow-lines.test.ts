// Scenario in CI: seeders and silent liars behind lines that stand still for longer than the prober waits.
import { expect, test } from 'vitest';
import { runSlowLines } from './scenarios/slow-lines.ts';

test.each([1, 2])('slowness is no lie (seed %i)', (seed) => {
  expect(runSlowLines({ seed, peers: 200 }).filter((one) => !one.ok)).toEqual([]);
});
