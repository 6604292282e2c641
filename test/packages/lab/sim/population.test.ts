// The true network: closest is exact, tables lead to it from anywhere.
import { compareDistance, ID_BYTES, K, Population, type Resident } from '@swarmscope/lab/sim/population.ts';
import { randomBytes, seededRandom } from '@swarmscope/runtime/random.ts';
import { describe, expect, test } from 'vitest';

const random = seededRandom(7);
const residents: Resident[] = Array.from({ length: 2_000 }, (_, i) => ({
  id: randomBytes(random, ID_BYTES),
  endpoint: { address: `10.0.${i >> 8}.${i & 255}`, port: 6881 },
}));
const population = new Population(residents);

describe('closest', () => {
  test('equals sorting everybody', () => {
    for (let i = 0; i < 50; i++) {
      const target = randomBytes(random, ID_BYTES);
      const all = [...residents].sort((a, b) => compareDistance(target, a.id, b.id));
      expect(population.closest(target)).toEqual(all.slice(0, K));
      const even = all.filter((resident) => resident.endpoint.address.endsWith('2'));
      expect(population.closest(target, 5, (one) => one.endpoint.address.endsWith('2'))).toEqual(even.slice(0, 5));
    }
  });

  test('gives everybody when there are fewer', () => {
    const small = new Population(residents.slice(0, 3));
    expect(small.closest(randomBytes(random, ID_BYTES))).toHaveLength(3);
    expect(small.known(0, randomBytes(random, ID_BYTES))).toHaveLength(2);
  });
});

describe('known', () => {
  test('names eight different others, the same each time', () => {
    for (let index = 0; index < 100; index++) {
      const target = randomBytes(random, ID_BYTES);
      const known = population.known(index, target);
      expect(known).toHaveLength(K);
      expect(new Set(known).size).toBe(K);
      expect(known).not.toContain(population.residents[index]);
      expect(population.known(index, target)).toEqual(known);
    }
  });

  test('leads from any node to the eight that are truly closest', () => {
    for (let i = 0; i < 20; i++) {
      const target = randomBytes(random, ID_BYTES);
      const met = new Set<Resident>([population.residents[i * 90]!]);
      const asked = new Set<Resident>();
      for (;;) {
        const next = [...met]
          .sort((a, b) => compareDistance(target, a.id, b.id))
          .slice(0, K)
          .find((one) => !asked.has(one));
        if (!next) break;
        asked.add(next);
        for (const one of population.known(population.residents.indexOf(next), target)) met.add(one);
      }
      const found = [...met].sort((a, b) => compareDistance(target, a.id, b.id)).slice(0, K);
      expect(found).toEqual(population.closest(target));
      expect(asked.size).toBeLessThan(40);
    }
  });
});
