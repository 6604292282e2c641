// Scenario in CI: every kind of hostile peer, each ended by its own counted reason.
import { expect, test } from 'vitest';
import { runHostile } from './scenarios/hostile.ts';

test.each([1, 2])('peers that attack (seed %i)', (seed) => {
  expect(runHostile({ seed, peers: 72 }).filter((one) => !one.ok)).toEqual([]);
});
