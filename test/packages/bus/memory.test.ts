// The memory bus under pressure: what may be given up, what waits, what is kept for whom.
import type { Consumption } from '@swarmscope/bus/bus.ts';
import { MemoryBus } from '@swarmscope/bus/memory.ts';
import { murmur2, partitionOf } from '@swarmscope/bus/partition.ts';
import { describe, expect, test } from 'vitest';
import { probed, sighting } from '../../support/events.ts';

const nothing = async () => {};

describe('pressure', () => {
  test('sightings are sampled down from half of the room and given up at its end; measurements never are', async () => {
    const bus = new MemoryBus({ sightingsMax: 1_000, measuresMax: 100 });
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const consumption = await bus.consume(
      { group: 'ingest', topics: ['infohash_sighted', 'peer_probed'], durable: true, maxRows: 1 },
      () => held,
    );
    const outcomes = Array.from({ length: 5_000 }, (_, i) => bus.publish(sighting(i)));
    expect(outcomes.slice(0, 500)).toEqual(Array(500).fill('queued'));
    expect(outcomes.filter((outcome) => outcome === 'queued')).toHaveLength(1_000);
    expect(outcomes.slice(500, 700)).toContain('dropped');
    expect(bus.counters.dropped).toBe(4_000);
    for (let i = 0; i < 300; i += 1) expect(bus.publish(probed(i))).toBe('queued');

    let entered = false;
    const room = bus.room().then(() => {
      entered = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(entered).toBe(false);
    release();
    await room;
    expect(await bus.flush(10_000)).toBe(true);
    expect(bus.counters.queued).toBe(0);
    await consumption.stop();
  });

  test('without any reader a topic keeps a bounded tail', () => {
    const bus = new MemoryBus();
    for (let i = 0; i < 10_000; i += 1) bus.publish(probed(i));
    expect(bus.counters.queued).toBe(1_000);
  });

  test('a group that is not durable is forgotten with its last member', async () => {
    const bus = new MemoryBus();
    const ingest = await bus.consume({ group: 'ingest', topics: ['peer_probed'], durable: true }, nothing);
    const prober: Consumption = await bus.consume({ group: 'prober', topics: ['peer_probed'] }, nothing);
    await prober.stop();
    for (let i = 0; i < 100; i += 1) bus.publish(probed(i));
    expect(await bus.flush(5_000)).toBe(true);
    expect(bus.counters.queued).toBe(0);
    await ingest.stop();
    for (let i = 0; i < 2_000; i += 1) bus.publish(probed(i));
    expect([...bus.uncommitted('ingest')]).toHaveLength(2_000);
    expect(await bus.flush(10)).toBe(false);
  });
});

describe('partitions', () => {
  // From Apache Kafka's own UtilsTest.
  const vectors: [string, number][] = [
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ];
  test.each(vectors)('murmur2 of %s', (text, hash) => {
    expect(murmur2(new TextEncoder().encode(text))).toBe(hash);
  });

  test('keys spread', () => {
    const counts = new Array<number>(8).fill(0);
    for (let i = 0; i < 8_000; i += 1) counts[partitionOf(`key ${i}`, 8)]! += 1;
    for (const count of counts) expect(count).toBeGreaterThan(800);
  });
});
