// The bus contract, run on every implementation: order, groups, positions, redelivery, rejected records, history, flush.
import { randomUUID } from 'node:crypto';
import { type Batch, type Bus, type Position, PositionLost, type Reader } from '@swarmscope/bus/bus.ts';
import type { Topic } from '@swarmscope/events/definitions.ts';
import type { Event, EventOf } from '@swarmscope/events/event.ts';
import { afterEach, expect, test, vi } from 'vitest';
import { hashOf, probed, sighting, watched } from '../support/events.ts';

/** Opens a bus over an empty log; every call within one test is another process on the same log where `shared` (Kafka), else the same bus. */
export type OpenBus = () => Promise<Bus>;

const WAIT = { timeout: 30_000, interval: 20 };

interface Seen<T extends Topic = Topic> extends Reader<T> {
  batches: Batch<T>[];
  positions: Position[];
  lost: number;
  values(): EventOf<T>[];
}

/** A reader that remembers everything. */
function seeing<T extends Topic>(): Seen<T> {
  const seen: Seen<T> = {
    batches: [],
    positions: [],
    lost: 0,
    assigned: (positions) => void seen.positions.push(...positions),
    revoked: () => {
      seen.lost += 1;
    },
    async records(batch) {
      seen.batches.push(batch);
    },
    values: () => seen.batches.flatMap((batch) => batch.records.map((record) => record.value)),
  };
  return seen;
}

export function busContract(open: OpenBus): void {
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  const group = () => `g-${randomUUID().slice(0, 8)}`;
  async function opened(): Promise<Bus> {
    const bus = await open();
    closing.push(() => bus.close());
    return bus;
  }

  test('events of a key arrive once, in order, whole', async () => {
    const bus = await opened();
    const seen = seeing<'peer_probed'>();
    const consumption = await bus.read({ group: group(), topics: ['peer_probed'] }, seen);
    closing.push(() => consumption.stop());
    const sent = Array.from({ length: 300 }, (_, i) => probed(i % 7, { duration_ms: i }));
    for (const event of sent) expect(bus.publish(event)).toBe('queued');
    await vi.waitFor(() => expect(seen.values()).toHaveLength(300), WAIT);
    for (let key = 0; key < 7; key += 1) {
      const own = (events: Event[]) => events.filter((event) => 'swarm_id' in event && event.swarm_id === hashOf(key));
      expect(own(seen.values())).toEqual(own(sent));
    }
    const places = seen.batches.flatMap((batch) => batch.records.map((record) => `${batch.partition}/${record.offset}`));
    expect(new Set(places).size).toBe(300);
  });

  test('the partition that a key is said to be in is where its events come', async () => {
    const bus = await opened();
    const places: [number, number][] = [];
    const consumption = await bus.consume({ group: group(), topics: ['peer_probed'] }, async ({ partition, records }) => {
      for (const { value } of records) places.push([partition, bus.partitionOf('peer_probed', value.swarm_id)]);
    });
    closing.push(() => consumption.stop());
    for (let i = 0; i < 20; i++) bus.publish(probed(i));
    await vi.waitFor(() => expect(places).toHaveLength(20), WAIT);
    for (const [partition, said] of places) expect(said).toBe(partition);
  });

  test('a batch is acknowledged when its handler has finished; the next member goes on from there', async () => {
    const bus = await opened();
    const name = group();
    const first: number[] = [];
    const one = await bus.consume({ group: name, topics: ['peer_probed'], durable: true }, async (batch) => {
      first.push(...batch.records.map((record) => record.value.duration_ms));
    });
    for (let i = 0; i < 20; i += 1) bus.publish(probed(1, { duration_ms: i }));
    await vi.waitFor(() => expect(first).toHaveLength(20), WAIT);
    await one.stop();
    await one.done;
    for (let i = 20; i < 40; i += 1) bus.publish(probed(1, { duration_ms: i }));
    await bus.flush(1);
    const second: number[] = [];
    const two = await bus.consume({ group: name, topics: ['peer_probed'], durable: true }, async (batch) => {
      second.push(...batch.records.map((record) => record.value.duration_ms));
    });
    closing.push(() => two.stop());
    await vi.waitFor(() => expect(second).toHaveLength(20), WAIT);
    expect(second).toEqual(Array.from({ length: 20 }, (_, i) => 20 + i));
  });

  test('what was not committed comes again; metadata comes back with the position', async () => {
    const bus = await opened();
    const name = group();
    const first = seeing<'peer_probed'>();
    const one = await bus.read({ group: name, topics: ['peer_probed'], durable: true }, first);
    for (let i = 0; i < 10; i += 1) bus.publish(probed(1, { duration_ms: i }));
    await vi.waitFor(() => expect(first.values()).toHaveLength(10), WAIT);
    const batch = first.batches[0]!;
    const { topic, partition } = batch;
    const start = batch.records[0]!.offset;
    expect(await one.lag()).toBe(10);
    await one.commit([{ topic, partition, offset: start + 4n, metadata: 'until 7' }]);
    expect(await one.lag()).toBe(6);
    await one.stop();

    const second = seeing<'peer_probed'>();
    const two = await bus.read({ group: name, topics: ['peer_probed'], durable: true }, second);
    closing.push(() => two.stop());
    await vi.waitFor(() => expect(second.values()).toHaveLength(6), WAIT);
    expect(second.values().map((event) => event.duration_ms)).toEqual([4, 5, 6, 7, 8, 9]);
    expect(second.positions.find((position) => position.partition === partition)).toEqual({
      topic,
      partition,
      offset: start + 4n,
      metadata: 'until 7',
    });
  });

  test('two groups each see everything; two members of one share it', async () => {
    const bus = await opened();
    const name = group();
    const [alone, left, right] = [seeing<'peer_probed'>(), seeing<'peer_probed'>(), seeing<'peer_probed'>()];
    closing.push(
      ...(await Promise.all([bus.read({ group: group(), topics: ['peer_probed'] }, alone).then((each) => () => each.stop())])),
    );
    const one = await bus.read({ group: name, topics: ['peer_probed'] }, left);
    const two = await bus.read({ group: name, topics: ['peer_probed'] }, right);
    closing.push(
      () => one.stop(),
      () => two.stop(),
    );
    await vi.waitFor(() => expect(right.positions.length).toBeGreaterThan(0), WAIT);
    for (let i = 0; i < 200; i += 1) bus.publish(probed(i));
    await vi.waitFor(() => expect(alone.values()).toHaveLength(200), WAIT);
    await vi.waitFor(() => expect(left.values().length + right.values().length).toBeGreaterThanOrEqual(200), WAIT);
    const ids = new Set([...left.values(), ...right.values()].map((event) => event.swarm_id));
    expect(ids.size).toBe(200);
    expect(left.values().length).toBeGreaterThan(0);
    expect(right.values().length).toBeGreaterThan(0);
  });

  test('members come and go while events flow: each is handled, and what was acknowledged stays so', async () => {
    const bus = await opened();
    const name = group();
    const handled = new Map<number, number>();
    const handle = async (batch: Batch<'peer_probed'>) => {
      for (const { value } of batch.records) handled.set(value.duration_ms, (handled.get(value.duration_ms) ?? 0) + 1);
    };
    const reading = { group: name, topics: ['peer_probed'] as const, durable: true };
    const publish = (from: number) => {
      for (let i = from; i < from + 100; i += 1) bus.publish(probed(i % 17, { duration_ms: i }));
    };
    const one = await bus.consume(reading, handle);
    publish(0);
    const two = await bus.consume(reading, handle);
    publish(100);
    await vi.waitFor(() => expect(handled.size).toBe(200), WAIT);
    await one.stop();
    publish(200);
    await vi.waitFor(() => expect(handled.size).toBe(300), WAIT);
    await two.stop();
    await Promise.all([one.done, two.done]);

    const late = seeing<'peer_probed'>();
    const three = await bus.read(reading, late);
    closing.push(() => three.stop());
    publish(300);
    await vi.waitFor(() => expect(late.values()).toHaveLength(100), WAIT);
    expect(Math.min(...late.values().map((event) => event.duration_ms))).toBe(300);
  });

  test('committing a partition that went elsewhere is refused', async () => {
    const bus = await opened();
    const name = group();
    const first = seeing<'peer_probed'>();
    const one = await bus.read({ group: name, topics: ['peer_probed'] }, first);
    bus.publish(probed(1));
    await vi.waitFor(() => expect(first.values()).toHaveLength(1), WAIT);
    const { topic, partition, records } = first.batches[0]!;
    await one.stop();
    const late = one.commit([{ topic, partition, offset: records[0]!.offset + 1n, metadata: '' }]);
    await expect(late).rejects.toBeInstanceOf(PositionLost);
  });

  test('a value that is no event comes as rejected, at its position, with its bytes', async () => {
    const bus = await opened();
    const seen = seeing<'infohash_sighted'>();
    const consumption = await bus.read({ group: group(), topics: ['infohash_sighted'] }, seen);
    closing.push(() => consumption.stop());
    bus.publish({ ...sighting(1), family: 5 as 4 });
    bus.publish(sighting(1));
    await vi.waitFor(() => expect(seen.values()).toHaveLength(1), WAIT);
    const rejected = seen.batches.flatMap((batch) => batch.rejected);
    expect(rejected).toHaveLength(1);
    expect(rejected[0]).toMatchObject({ reason: 'bad_column' });
    expect(JSON.parse(Buffer.from(rejected[0]!.bytes).toString())).toMatchObject({ family: 5 });
    expect(rejected[0]!.size).toBe(rejected[0]!.bytes.length);
  });

  test('a slow reader gets no second batch of a partition before the first is done', async () => {
    const bus = await opened();
    let open = 0;
    let most = 0;
    let rows = 0;
    const consumption = await bus.consume({ group: group(), topics: ['peer_probed'], maxRows: 10 }, async (batch) => {
      open += 1;
      most = Math.max(most, open);
      await new Promise((resolve) => setTimeout(resolve, 5));
      rows += batch.records.length;
      expect(batch.records.length).toBeLessThanOrEqual(10);
      open -= 1;
    });
    closing.push(() => consumption.stop());
    for (let i = 0; i < 100; i += 1) bus.publish(probed(1, { duration_ms: i }));
    await vi.waitFor(() => expect(rows).toBe(100), WAIT);
    expect(most).toBe(1);
  });

  test('history of a compacted topic: the newest of a key is its state', async () => {
    const bus = await opened();
    for (const event of [watched(1, 1), watched(2, 1), watched(1, 0, 1_763_960_401_000)]) bus.publish(event);
    await bus.flush(10_000);
    const state = new Map<string, number>();
    for await (const event of bus.history(['torrent_watched'])) state.set(event.swarm_id, event.set);
    expect(state.get(hashOf(1))).toBe(0);
    expect(state.get(hashOf(2))).toBe(1);
  });

  test('flush says when everything is taken over', async () => {
    const bus = await opened();
    for (let i = 0; i < 50; i += 1) bus.publish(probed(i));
    expect(await bus.flush(10_000)).toBe(true);
    expect(bus.counters).toMatchObject({ published: 50, dropped: 0 });
  });

  test('what a handler throws breaks `done`', async () => {
    const bus = await opened();
    const consumption = await bus.consume({ group: group(), topics: ['peer_probed'] }, async () => {
      throw new Error('broken invariant');
    });
    const outcome = consumption.done.catch((error: Error) => error.message);
    bus.publish(probed(1));
    expect(await outcome).toBe('broken invariant');
    await consumption.stop();
  });
}
