// Scenarios in CI: shards without coordination find what one finds; a crawl killed in the middle is taken up from its state.
import { expect, test } from 'vitest';
import { runRestart } from './scenarios/crawl-restart.ts';
import { runShards } from './scenarios/crawl-shards.ts';

const network = { nodes: 600, infohashes: 2_000, dead: 0.3, liars: 0.1, old: 0.1, intervalS: 0 };
const link = { latencyMs: 20, jitterMs: 80, loss: 0 };

test('three shards together are as good as one', () => {
  expect(runShards({ seed: 1, network, link, shards: 3 }).filter((one) => !one.ok)).toEqual([]);
});

test('a killed crawl loses nothing, and asks nobody again who was done', () => {
  const plan = { seed: 1, network, link, writtenAt: 0.4, killedAt: 0.6, askedAgain: 60 };
  expect(runRestart(plan).filter((one) => !one.ok)).toEqual([]);
});
