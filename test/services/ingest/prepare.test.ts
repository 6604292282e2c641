// Ingest starts when its store does: one that is away is waited for, one that refuses is not.
import { prepareStore } from '@swarmscope/ingest/prepare.ts';
import { StoreError } from '@swarmscope/store/store.ts';
import { expect, test } from 'vitest';

const quiet = { info() {}, warn() {} };
const away = () => new StoreError('The ClickHouse server does not answer.', 0, '', new Error('ECONNREFUSED'));

test('a store that is away is waited for', async () => {
  let tries = 0;
  const store = {
    async migrate() {
      tries += 1;
      if (tries < 4) throw away();
      return { applied: ['0001_events'], version: 1 };
    },
  };
  expect(await prepareStore(store, quiet, new AbortController().signal, async () => {})).toEqual({
    applied: ['0001_events'],
    version: 1,
  });
  expect(tries).toBe(4);
});

test('what a store refuses, or the end of the process, ends the wait', async () => {
  const refusing = { migrate: () => Promise.reject(new StoreError('It is too old for this store.')) };
  await expect(prepareStore(refusing, quiet, new AbortController().signal)).rejects.toThrow('too old');
  const ending = new AbortController();
  const gone = { migrate: () => Promise.reject(away()) };
  await expect(prepareStore(gone, quiet, ending.signal, async () => ending.abort())).rejects.toThrow('does not answer');
});
