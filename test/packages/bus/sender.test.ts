// The sender: a batch that the log does not take for a minute is told of, until it is taken.
import { Outbox } from '@swarmscope/bus/outbox.ts';
import { Sender } from '@swarmscope/bus/sender.ts';
import { expect, test } from 'vitest';
import { probed } from '../../support/events.ts';

test('nothing taken over for a minute while something waits is a trouble; idleness is none', async () => {
  let now = 0;
  const [tried, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const client = {
    send: () => {
      tried.resolve();
      return answer.promise;
    },
    renew: async () => {},
    trouble() {},
  };
  const outbox = new Outbox({ sightingsMax: 10, measureBytesMax: 1e6 });
  const sender = new Sender(outbox, client, () => now);
  now = 600_000;
  expect(sender.troubles()).toEqual([]);
  outbox.put(probed(1));
  await tried.promise;
  now += 60_000;
  expect(sender.troubles()).toEqual([]);
  now += 5_000;
  expect(sender.troubles()).toEqual(['The bus has taken nothing over for 65 s.']);
  answer.resolve();
  await outbox.empty(Number.POSITIVE_INFINITY);
  await new Promise(setImmediate);
  expect(sender.troubles()).toEqual([]);
  await sender.stop();
});
