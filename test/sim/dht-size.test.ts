// Scenario in CI: the size of the DHT from real lookups in small networks with the dead, liars and loss; npm run sim -- dht-size has more of them.
import { expect, test } from 'vitest';
import { runDhtSize } from './scenarios/dht-size.ts';

test('the bounds hold the truth as often as they say', () => {
  const plan = { seed: 1, worlds: 30, lookups: 40, dead: 0.3, liars: 0.1, loss: 0.03 };
  expect(runDhtSize(plan).filter((one) => !one.ok && !one.name.endsWith('bias'))).toEqual([]);
});
