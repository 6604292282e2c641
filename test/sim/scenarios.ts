// The scenarios of `npm run sim` by name. The heavy ones run only when named.
import type { Figure } from './figure.ts';
import { runLookups } from './scenarios/lookups.ts';

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly heavy: boolean;
  run(seed: number): Figure[] | Promise<Figure[]>;
}

const mixed = { dead: 0.3, liars: 0.1, old: 0.1, intervalS: 0 };

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'lookups',
    title: '100 lookups of the DHT node among 2 000 nodes, 30 % dead, 10 % liars, 1 % loss',
    heavy: false,
    run: (seed) =>
      runLookups({
        seed,
        network: { nodes: 2_000, infohashes: 500, ...mixed },
        link: { latencyMs: 20, jitterMs: 80, loss: 0.01 },
        lookups: 100,
      }),
  },
];
