// A member of a group: assignments before records, commits only under the membership they belong to, pauses when too much waits.
import { type Batch, type PartitionOf, type Position, PositionLost, type Reader } from '@swarmscope/bus/bus.ts';
import { type GroupClient, GroupReading } from '@swarmscope/bus/kafka-reading.ts';
import type { RawRecord } from '@swarmscope/bus/lane.ts';
import { encodeEvent } from '@swarmscope/events/event.ts';
import { describe, expect, test, vi } from 'vitest';
import { probed } from '../../support/events.ts';

const P0: PartitionOf = { topic: 'peer_probed', partition: 0 };
const raw = (offset: number, text = encodeEvent(probed(1, { duration_ms: offset }))): RawRecord => ({
  offset: BigInt(offset),
  timestamp: 1_000 + offset,
  bytes: new TextEncoder().encode(text),
});
const until = (check: () => void) => vi.waitFor(check, { timeout: 5_000, interval: 1 });

/** A member whose group is played by the test; everything that happens is in `log`. */
async function member(records: (batch: Batch) => Promise<void> = async () => {}) {
  const log: string[] = [];
  const client = {
    run: async () => {},
    starts: async (partitions: readonly PartitionOf[]): Promise<Position[]> =>
      partitions.map((partition) => ({ ...partition, offset: 7n, metadata: 'intent' })),
    lag: async (partitions: readonly PartitionOf[]) => 3 * partitions.length,
    commit: async (positions: readonly Position[]) => void log.push(`commit ${positions[0]!.offset}`),
    isLost: (error: unknown) => (error as Error).message === 'generation',
    pause: () => void log.push('pause'),
    resume: () => void log.push('resume'),
    stop: async () => void log.push('stop'),
    trouble: (what: string) => void log.push(`trouble: ${what}`),
  } satisfies GroupClient;
  const reader: Reader = {
    assigned: (positions) => void log.push(`assigned ${positions.map((each) => `${each.offset} ${each.metadata}`).join()}`),
    revoked: (partitions) => void log.push(`revoked ${partitions.length}`),
    records: (batch) => {
      log.push(`batch ${batch.records.map((record) => record.offset).join()}`);
      return records(batch);
    },
  };
  let rejected = 0;
  const reading = new GroupReading({ group: 'g', topics: ['peer_probed'], maxWaitMs: 0 }, reader, (count) => {
    rejected += count;
  });
  await reading.start(client);
  return { reading, client, log, rejected: () => rejected };
}

describe('assignments', () => {
  test('records that come early wait until the reader knows its positions', async () => {
    const { reading, log } = await member();
    reading.joined([P0]);
    reading.fetched('peer_probed', 0, [raw(7), raw(8)]);
    reading.fetched('peer_probed', 1, [raw(1)]);
    expect(await reading.lag()).toBe(3);
    await until(() => expect(log).toEqual(['resume', 'assigned 7 intent', 'batch 7,8']));
    await reading.stop();
    expect(log.at(-1)).toBe('stop');
  });

  test('a membership that is over before it began is never announced', async () => {
    const { reading, log } = await member();
    reading.joined([P0]);
    reading.joining();
    reading.joined([P0]);
    await until(() => expect(log).toEqual(['resume', 'resume', 'assigned 7 intent']));
    await reading.stop();
  });

  test('brokers that are away when the positions are asked for are waited for', async () => {
    const { reading, client, log } = await member();
    const { starts } = client;
    client.starts = async () => {
      client.starts = starts;
      throw new Error('no broker');
    };
    reading.joined([P0]);
    await until(() => expect(log).toEqual(['resume', 'trouble: ask for positions', 'assigned 7 intent']));
    await reading.stop();
  });

  test('the next assignment comes after the batch in hand', async () => {
    let release = () => {};
    const { reading, log } = await member(
      () =>
        new Promise<void>((resolve) => {
          release = resolve;
        }),
    );
    reading.joined([P0]);
    reading.fetched('peer_probed', 0, [raw(7)]);
    await until(() => expect(log).toContain('batch 7'));
    reading.joining();
    reading.joined([P0]);
    await until(() => expect(log).toContain('revoked 1'));
    expect(log.filter((line) => line.startsWith('assigned'))).toHaveLength(1);
    release();
    await until(() => expect(log.filter((line) => line.startsWith('assigned'))).toHaveLength(2));
    await reading.stop();
  });
});

describe('commits', () => {
  const position = { ...P0, offset: 9n, metadata: '' };

  test('are refused as soon as another membership is asked for, also when the partition comes back', async () => {
    const { reading, log } = await member();
    reading.joined([P0]);
    await until(() => expect(log).toContain('assigned 7 intent'));
    await reading.commit([position]);
    expect(log).toContain('commit 9');
    reading.joining();
    await expect(reading.commit([position])).rejects.toBeInstanceOf(PositionLost);
    await expect(reading.commit([{ ...position, partition: 1 }])).rejects.toBeInstanceOf(PositionLost);
    await reading.stop();
  });

  test('a refusal of the log is a lost position', async () => {
    const { reading, client } = await member();
    client.commit = async () => {
      throw new Error('generation');
    };
    reading.joined([P0]);
    await expect(reading.commit([position])).rejects.toBeInstanceOf(PositionLost);
    await reading.stop();
  });

  test('are tried again while the brokers are away, and not under a new membership', async () => {
    const { reading, client } = await member();
    let tries = 0;
    client.commit = async () => {
      tries += 1;
      if (tries < 2) throw new Error('no broker');
    };
    reading.joined([P0]);
    await reading.commit([position]);
    expect(tries).toBe(2);
    client.commit = async () => {
      reading.joining();
      reading.joined([P0]);
      throw new Error('no broker');
    };
    await expect(reading.commit([position])).rejects.toBeInstanceOf(PositionLost);
    await reading.stop();
  });
});

describe('faults and pressure', () => {
  test('what a reader throws breaks done, and ends the membership', async () => {
    const { reading, log } = await member(async () => {
      throw new Error('broken');
    });
    reading.joined([P0]);
    reading.fetched('peer_probed', 0, [raw(7)]);
    await expect(reading.done).rejects.toThrow('broken');
    expect(log.at(-1)).toBe('stop');
  });

  test('so does a client that gives up', async () => {
    const { reading } = await member();
    reading.crashed(new Error('gone'));
    await expect(reading.done).rejects.toThrow('gone');
  });

  test('what is no event keeps its place as rejected', async () => {
    const batches: Batch[] = [];
    const { reading, rejected } = await member(async (batch) => void batches.push(batch));
    reading.joined([P0]);
    reading.fetched('peer_probed', 0, [raw(7), raw(8, 'nonsense'), raw(9)]);
    await until(() => expect(batches).toHaveLength(1));
    expect(batches[0]!.records.map((record) => record.offset)).toEqual([7n, 9n]);
    expect(batches[0]!.rejected).toEqual([
      {
        offset: 8n,
        timestamp: 1_008,
        reason: 'not_json',
        detail: 'The record is no JSON.',
        bytes: new TextEncoder().encode('nonsense'),
        size: 8,
      },
    ]);
    expect(rejected()).toBe(1);
    await reading.stop();
  });

  test('a slow reader pauses the partition, and resumes it', async () => {
    const big = 'x'.repeat(250_000);
    let release = () => {};
    const { reading, log } = await member(
      () =>
        new Promise<void>((resolve) => {
          release = resolve;
        }),
    );
    reading.joined([P0]);
    reading.fetched('peer_probed', 0, [raw(0)]);
    await until(() => expect(log).toContain('batch 0'));
    reading.fetched(
      'peer_probed',
      0,
      Array.from({ length: 20 }, (_, i) => raw(i + 1, big)),
    );
    expect(log.at(-1)).toBe('pause');
    release();
    await until(() => expect(log).toContain('resume'));
    await until(() => expect(log.lastIndexOf('resume')).toBeGreaterThan(log.indexOf('pause')));
    release();
    await reading.stop();
  });
});
