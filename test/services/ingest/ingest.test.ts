// Exactly once on the memory bus: kills between intent, insert and commit, a store that is down, lost answers, bounded memory, a clean end.
import type { Bus } from '@swarmscope/bus/bus.ts';
import { MemoryBus } from '@swarmscope/bus/memory.ts';
import { TOPICS } from '@swarmscope/events/definitions.ts';
import type { Event } from '@swarmscope/events/event.ts';
import { Ingest } from '@swarmscope/ingest/ingest.ts';
import { INGEST_GROUP, startIngest } from '@swarmscope/ingest/service.ts';
import { ManualClock } from '@swarmscope/runtime/clock.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { StoreError } from '@swarmscope/store/store.ts';
import { describe, expect, test } from 'vitest';
import { probed, sighting, watched } from '../../support/events.ts';
import { type Fault, ModelStore, placesOf } from './model-store.ts';

const LIMITS = { rows: 50, bytes: 1_000_000, ageMs: 100 };
const quiet = { info() {}, warn() {} };
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** An ingest whose time is a number and whose waits are turns of the event loop. */
async function ingestOn(bus: Bus, store: ModelStore, clock: ManualClock, bytesMax = 10_000_000) {
  const failures: unknown[] = [];
  const pause = async (ms: number) => {
    clock.advance(ms);
    await turn();
  };
  const ingest = new Ingest({ store, clock, log: quiet, logId: bus.logId, limits: LIMITS, bytesMax, pause }, (error) =>
    failures.push(error),
  );
  const consumption = await bus.read({ group: INGEST_GROUP, topics: TOPICS, maxRows: 20, maxWaitMs: 0, durable: true }, ingest);
  ingest.attach(consumption);
  return {
    ingest,
    consumption,
    failures,
    /** As kill -9: nothing is committed from here on. */
    async kill() {
      ingest.abandon();
      await consumption.stop();
    },
  };
}

function mixed(n: number): Event {
  if (n % 10 === 9) return { ...sighting(n), family: 5 as 4 };
  if (n % 3 === 0) return sighting(n);
  return n % 3 === 1 ? probed(n % 40, { duration_ms: n }) : watched(n, 1);
}

async function until(condition: () => boolean, clock: ManualClock, tick: () => void): Promise<void> {
  for (let i = 0; i < 20_000 && !condition(); i += 1) {
    clock.advance(5);
    tick();
    await turn();
  }
  expect(condition()).toBe(true);
}

describe('exactly once', () => {
  test.each([1, 2, 3, 4, 5])('every event is stored once after kills at any moment (seed %i)', async (seed) => {
    const random = seededRandom(seed);
    const clock = new ManualClock();
    const bus = new MemoryBus({ partitions: 3, firstOffset: 0n });
    const store = new ModelStore();
    const faults: Fault[] = ['none', 'none', 'none', 'refuse', 'lose_answer', 'hang'];
    store.fault = () => faults[Math.floor(random() * faults.length)]!;
    let published = 0;
    let recut = 0;
    for (let life = 0; life < 25; life += 1) {
      const { ingest, kill, failures } = await ingestOn(bus, store, clock);
      const turns = Math.floor(random() * 60);
      for (let i = 0; i < turns; i += 1) {
        for (let k = 0; k < 8; k += 1) bus.publish(mixed(published++));
        clock.advance(20);
        ingest.tick();
        await turn();
      }
      await kill();
      expect(failures).toEqual([]);
      recut += ingest.counters.recut;
    }
    store.fault = () => 'none';
    const last = await ingestOn(bus, store, clock);
    const total = () => [...store.rows.values()].reduce((sum, rows) => sum + rows.length, 0);
    await until(
      () => total() >= published,
      clock,
      () => last.ingest.tick(),
    );
    expect(await last.ingest.drain(10_000)).toBe(true);
    await last.kill();
    expect(recut + last.ingest.counters.recut).toBeGreaterThan(0);
    expect(total()).toBe(published);
    for (const [table, lines] of store.rows) {
      if (table !== 'rejected') expect(new Set(placesOf(lines)).size, table).toBe(lines.length);
    }
    expect(store.count('rejected')).toBe(Math.floor(published / 10));
    expect(await bus.flush(0)).toBe(true);
  });

  test('without tokens and intents the same kills store events twice (the harness can tell)', async () => {
    const clock = new ManualClock();
    const bus = new MemoryBus({ firstOffset: 0n });
    const store = new ModelStore();
    store.fault = () => 'hang';
    for (let i = 0; i < 30; i += 1) bus.publish(probed(1, { duration_ms: i }));
    const first = await ingestOn(bus, store, clock);
    await until(
      () => store.count('peer_probed') === 30,
      clock,
      () => first.ingest.tick(),
    );
    await first.kill();
    store.tokens.clear();
    store.fault = () => 'none';
    const second = await ingestOn(bus, store, clock);
    await until(
      () => second.ingest.counters.batches > 0,
      clock,
      () => second.ingest.tick(),
    );
    expect(store.count('peer_probed')).toBe(60);
    await second.kill();
  });
});

describe('a store that is down', () => {
  test('nothing is lost, memory stays bounded, and it goes on by itself', async () => {
    const clock = new ManualClock();
    const bus = new MemoryBus({ firstOffset: 0n, measuresMax: 400 });
    const store = new ModelStore();
    let isDown = true;
    store.fault = () => (isDown ? 'refuse' : 'none');
    const { ingest, kill, failures } = await ingestOn(bus, store, clock, 40_000);
    let most = 0;
    for (let i = 0; i < 2_000; i += 1) {
      bus.publish(probed(i));
      if (i % 10 !== 0) continue;
      clock.advance(10);
      ingest.tick();
      await turn();
      most = Math.max(most, ingest.bytes);
    }
    expect(store.count('peer_probed')).toBe(0);
    expect(ingest.counters.insert_errors).toBeGreaterThan(3);
    expect(most).toBeGreaterThan(20_000);
    expect(most).toBeLessThan(80_000);
    let hasRoom = false;
    void bus.room().then(() => {
      hasRoom = true;
    });
    await turn();
    expect(hasRoom).toBe(false);
    isDown = false;
    await until(
      () => store.count('peer_probed') === 2_000,
      clock,
      () => ingest.tick(),
    );
    await until(
      () => hasRoom,
      clock,
      () => ingest.tick(),
    );
    expect(failures).toEqual([]);
    expect(new Set(placesOf(store.rows.get('peer_probed')!)).size).toBe(2_000);
    await kill();
  });
});

/** What a ClickHouse that cannot take rows says; and one that takes them late, or is restarted while it does. */
const AILMENTS: readonly [string, StoreError, readonly Fault[]][] = [
  ['is down', new StoreError('The ClickHouse server does not answer: connect ECONNREFUSED'), ['refuse']],
  ['is read-only', new StoreError('Table is in readonly mode.', 242, 'TABLE_IS_READ_ONLY'), ['refuse']],
  ['refuses to be changed', new StoreError('Cannot execute query in readonly mode.', 164, 'READONLY'), ['refuse']],
  ['has a full disk', new StoreError('Cannot reserve 1.00 MiB.', 243, 'NOT_ENOUGH_SPACE'), ['refuse', 'lose_answer']],
  [
    'is slow: answers come after the time limit',
    new StoreError('The operation was aborted due to timeout'),
    ['lose_answer', 'refuse'],
  ],
  ['restarts again and again', new StoreError('socket hang up'), ['lose_answer', 'refuse', 'none']],
];

test.each(AILMENTS)(
  'a store that %s: nothing lost, nothing doubled, memory bounded, and it goes on by itself',
  async (_, refusal, faults) => {
    const random = seededRandom(7);
    const clock = new ManualClock();
    const bus = new MemoryBus({ partitions: 2, firstOffset: 0n });
    const store = new ModelStore();
    store.refusal = refusal;
    let isIll = true;
    store.fault = () => (isIll ? faults[Math.floor(random() * faults.length)]! : 'none');
    const { ingest, kill, failures } = await ingestOn(bus, store, clock, 40_000);
    let most = 0;
    for (let i = 0; i < 600; i += 1) {
      bus.publish(mixed(i));
      if (i % 5 !== 0) continue;
      clock.advance(20);
      ingest.tick();
      await turn();
      most = Math.max(most, ingest.bytes);
    }
    expect(ingest.counters.insert_errors).toBeGreaterThan(0);
    expect(most).toBeLessThan(80_000);
    isIll = false;
    const total = () => [...store.rows.values()].reduce((sum, rows) => sum + rows.length, 0);
    await until(
      () => total() === 600,
      clock,
      () => ingest.tick(),
    );
    expect(await ingest.drain(10_000)).toBe(true);
    expect(total()).toBe(600);
    expect(store.count('rejected')).toBe(60);
    expect(failures).toEqual([]);
    expect(ingest.refusedMs).toBe(0);
    await kill();
  },
);

describe('the service', () => {
  test('stop inserts and commits what was read; an idle partition has a plain position', async () => {
    const clock = new ManualClock();
    const bus = new MemoryBus();
    const store = new ModelStore();
    const service = await startIngest({ bus, store, clock, log: quiet, limits: { ...LIMITS, ageMs: 1_000_000 } });
    for (let i = 0; i < 100; i += 1) bus.publish(mixed(i));
    expect(await bus.flush(0)).toBe(false);
    for (let before = -1; service.progress().bytes > before || before <= 0; ) {
      before = service.progress().bytes;
      for (let i = 0; i < 50; i += 1) await turn();
    }
    await service.stop();
    await service.stop();
    const stored = [...store.rows.values()].reduce((sum, rows) => sum + rows.length, 0);
    expect(stored).toBe(100);
    expect([...bus.uncommitted(INGEST_GROUP)]).toEqual([]);
    expect(service.progress()).toMatchObject({ rows: 90, rejected: 10 });
  });

  test('a broken invariant breaks `failed`', async () => {
    const bus = new MemoryBus();
    const store = { insert: () => Promise.reject(new TypeError('a bug')) };
    const service = await startIngest({ bus, store, clock: new ManualClock(), log: quiet, limits: { ...LIMITS, rows: 1 } });
    bus.publish(probed(1));
    await expect(service.failed).rejects.toThrow('a bug');
    await service.stop();
    expect([...bus.uncommitted(INGEST_GROUP)]).toHaveLength(1);
  });
});
