// Scenario in CI: the crawler's machine among 1 000 nodes with the dead and liars of every kind, scored by what is true.
import { expect, test } from 'vitest';
import { runCrawl } from './scenarios/crawl.ts';

const network = { nodes: 1_000, infohashes: 3_000, dead: 0.3, liars: 0.1, old: 0.1, intervalS: 0 };
const goals = { infohashRecall: 99.5, nodeRecall: 99, queriesPerNode: 10 };

test('finds what is there, believes what is true, pesters nobody', () => {
  const link = { latencyMs: 20, jitterMs: 80, loss: 0 };
  const figures = runCrawl({ name: '1 000', seed: 1, network, link, ...goals });
  expect(figures.filter((one) => !one.ok)).toEqual([]);
});

test('asks once where intervals are long, and keeps what it was shown', () => {
  const link = { latencyMs: 20, jitterMs: 80, loss: 0 };
  const figures = runCrawl({
    name: 'interval',
    seed: 2,
    network: { ...network, intervalS: 21_600 },
    link,
    ...goals,
    infohashRecall: 99,
  });
  expect(figures.filter((one) => !one.ok)).toEqual([]);
});
