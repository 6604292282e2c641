// A member of a group in a process of its own, to be stopped and woken: says which batch it has in hand, and commits it when told.
import { type Batch, type Consumption, PositionLost } from '@swarmscope/bus/bus.ts';
import { lastOffset } from '@swarmscope/bus/consume.ts';
import { openKafkaBus } from '@swarmscope/bus/kafka.ts';

const [address, prefix, group, sessionMs] = process.argv.slice(2);
const bus = await openKafkaBus({
  brokers: [address!],
  clientId: 'member',
  prefix: prefix!,
  partitions: 4,
  sessionTimeoutMs: Number(sessionMs),
});
const inHand: Batch[] = [];
const reader = {
  assigned: () => {},
  revoked: () => {},
  records: async (batch: Batch) => {
    inHand.push(batch);
    process.send!({ batch: batch.records.length });
  },
};
const consumption: Consumption = await bus.read({ group: group!, topics: ['peer_probed'], maxWaitMs: 0 }, reader);
process.send!({ batch: 0 });

process.on('message', async () => {
  const batch = inHand[0]!;
  const { topic, partition } = batch;
  try {
    await consumption.commit([{ topic, partition, offset: lastOffset(batch) + 1n, metadata: 'from the dead' }]);
    process.send!({ commit: 'kept' });
  } catch (error) {
    process.send!({ commit: error instanceof PositionLost ? 'lost' : String(error) });
  }
});
