// Health of the page: what the store did with the last question, without a question of a visitor.
import { StoreError } from '@swarmscope/store/store.ts';
import { StoreHealth } from '@swarmscope/web/store-health.ts';
import { expect, test } from 'vitest';

test('a store that does not answer is told of until it answers again', async () => {
  let [now, isDown, asked] = [0, false, 0];
  const query = async () => {
    asked += 1;
    if (isDown) throw new StoreError('connect ECONNREFUSED');
    return [];
  };
  const health = new StoreHealth({ query }, () => now);
  const looks = async () => {
    now += 5_000;
    health.troubles();
    await new Promise(setImmediate);
    return health.troubles();
  };
  expect(await looks()).toEqual([]);
  isDown = true;
  expect(await looks()).toEqual(['The store did not answer the last question: connect ECONNREFUSED']);
  isDown = false;
  expect(await looks()).toEqual([]);
  expect(asked).toBe(3);
});

test('a question that hangs is told of, and no second one is asked beside it', () => {
  let [now, asked] = [0, 0];
  const query = () => {
    asked += 1;
    return new Promise<never>(() => {});
  };
  const health = new StoreHealth({ query }, () => now);
  expect(health.troubles()).toEqual([]);
  now = 8_001;
  expect(health.troubles()).toEqual(['The store does not answer.']);
  expect(asked).toBe(1);
});
