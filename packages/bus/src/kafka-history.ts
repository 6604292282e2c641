// Replays compacted topics from their start up to now, over any bus that can be read.
import type { Topic } from '@swarmscope/events/definitions.ts';
import type { Event } from '@swarmscope/events/event.ts';
import type { Batch, Bus } from './bus.ts';
import { lastOffset, placeOf } from './consume.ts';

interface Handed {
  readonly batch: Batch;
  /** The next batch of its partition may come. */
  readonly taken: () => void;
}

/** `ends`: by partition the offset that was next when the replay began; partitions without records are left out. `group` is used only here. */
export async function* historyByReading(
  bus: Pick<Bus, 'read'>,
  group: string,
  topics: readonly Topic[],
  ends: ReadonlyMap<string, bigint>,
): AsyncIterable<Event> {
  const open = new Map(ends);
  if (open.size === 0) return;
  const waiting: Handed[] = []; // bound: one per partition, since each waits until its batch is taken
  let wake = () => {};
  const reader = {
    assigned() {},
    revoked() {},
    records: (batch: Batch) =>
      new Promise<void>((taken) => {
        waiting.push({ batch, taken });
        wake();
      }),
  };
  const consumption = await bus.read({ group, topics, maxWaitMs: 0 }, reader);
  let broken: unknown;
  const onEnd = (error?: unknown) => {
    broken = error ?? new Error('The replay was ended from outside.');
    wake();
  };
  consumption.done.then(() => onEnd(), onEnd);
  try {
    while (open.size > 0) {
      const handed = waiting.shift();
      if (!handed) {
        if (broken !== undefined) throw broken;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      const end = open.get(placeOf(handed.batch));
      for (const { offset, value } of handed.batch.records) if (end !== undefined && offset < end) yield value;
      if (end !== undefined && lastOffset(handed.batch) + 1n >= end) open.delete(placeOf(handed.batch));
      handed.taken();
    }
  } finally {
    for (const { taken } of waiting) taken();
    await consumption.stop();
  }
}
