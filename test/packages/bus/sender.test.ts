// The sender: the same batch until it is taken, by the same session unless that is over; a minute without is told of.
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
    isOver: () => false,
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

test('brokers that are away, however long, cost no session: only the old one is known to have sent the batch; one that is over does', async () => {
  const log: string[] = [];
  const answers = ['away', 'away', 'away', 'away', 'fenced', 'taken'];
  const client = {
    send: async () => {
      const answer = answers.shift()!;
      log.push(answer);
      if (answer !== 'taken') throw new Error(answer);
    },
    renew: async () => {
      if (log.at(-1) !== 'no connection') {
        log.push('no connection');
        throw new Error('no connection');
      }
      log.push('renewed');
    },
    isOver: (error: unknown) => (error as Error).message === 'fenced',
    trouble() {},
  };
  const outbox = new Outbox({ sightingsMax: 10, measureBytesMax: 1e6 });
  const sender = new Sender(outbox, client);
  outbox.put(probed(1));
  await outbox.empty(Number.POSITIVE_INFINITY);
  expect(log).toEqual(['away', 'away', 'away', 'away', 'fenced', 'no connection', 'renewed', 'taken']);
  await sender.stop();
});
