// `consume` over `read`: a batch is committed when its handler has finished with it.
import type { Topic } from '@swarmscope/events/definitions.ts';
import type { Batch, Bus, Consumption, Membership, PartitionOf, ReadOptions } from './bus.ts';
import { PositionLost } from './bus.ts';

/** At least once: after a crash or a lost partition, unacknowledged batches come again. */
export async function consumeByReading<T extends Topic>(
  bus: Pick<Bus, 'read'>,
  options: ReadOptions<T>,
  handler: (batch: Batch<T>) => Promise<void>,
  membership?: Membership,
): Promise<Consumption> {
  // The first batch may come before read() has returned.
  const joined = Promise.withResolvers<Consumption>();
  // bound: the partitions assigned. A batch of an earlier assignment is not committed: others may have read on from there.
  const leases = new Map<string, symbol>();
  const consumption = await bus.read(options, {
    assigned(positions) {
      for (const position of positions) leases.set(placeOf(position), Symbol());
      return membership?.assigned(positions);
    },
    revoked(partitions) {
      for (const partition of partitions) leases.delete(placeOf(partition));
      return membership?.revoked(partitions);
    },
    async records(batch) {
      const lease = leases.get(placeOf(batch));
      await handler(batch);
      if (lease !== leases.get(placeOf(batch))) return;
      const { topic, partition } = batch;
      const position = { topic, partition, offset: lastOffset(batch) + 1n, metadata: '' };
      try {
        await (await joined.promise).commit([position]);
      } catch (error) {
        if (!(error instanceof PositionLost)) throw error;
      }
    },
  });
  joined.resolve(consumption);
  return consumption;
}

/** A partition as a Map key. */
export function placeOf({ topic, partition }: PartitionOf): string {
  return `${topic}/${partition}`;
}

/** The last offset of a batch, rejected records included. */
export function lastOffset(batch: Batch): bigint {
  const good = batch.records.at(-1)?.offset ?? -1n;
  const bad = batch.rejected.at(-1)?.offset ?? -1n;
  return good > bad ? good : bad;
}

/** The first offset of a batch, rejected records included. */
export function firstOffset(batch: Batch): bigint {
  const good = batch.records[0]?.offset;
  const bad = batch.rejected[0]?.offset;
  if (good === undefined) return bad ?? -1n;
  return bad === undefined || good < bad ? good : bad;
}
