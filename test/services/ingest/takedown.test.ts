// The takedown list at the store: which events are not stored, that the log goes on past them, and when the store is told to erase.
import { MemoryBus } from '@swarmscope/bus/memory.ts';
import type { Event } from '@swarmscope/events/event.ts';
import { startIngest } from '@swarmscope/ingest/service.ts';
import { isTakenDown } from '@swarmscope/ingest/takedown.ts';
import { ManualClock } from '@swarmscope/runtime/clock.ts';
import { silentLog } from '@swarmscope/runtime/log.ts';
import { parseTakedown, Takedown } from '@swarmscope/runtime/takedown.ts';
import type { Erasure } from '@swarmscope/store/erase.ts';
import { expect, test } from 'vitest';
import { hashOf, probed, resolved, sighting, watched } from '../../support/events.ts';

function listOf(text: string): Takedown {
  const takedown = new Takedown();
  takedown.replace(parseTakedown(text));
  return takedown;
}

test('every event that names a swarm of the list, and none else', () => {
  const takedown = listOf(`${hashOf(1)}\nname *secret*`);
  const isOn = (event: Event) => isTakenDown(takedown, event);
  const ofSwarm = (n: number) => ({ ...probed(n), swarm_id: hashOf(n) });
  expect([1, 2].map((n) => [isOn(sighting(n)), isOn(ofSwarm(n)), isOn(watched(n, 1)), isOn(resolved(n))])).toEqual([
    [true, true, true, true],
    [false, false, false, false],
  ]);
  expect(isOn(resolved(3, { name: 'a secret' }))).toBe(true);
  expect([isOn(sighting(3)), isOn(ofSwarm(3))]).toEqual([true, true]);
  expect(isTakenDown(new Takedown(), sighting(1))).toBe(false);
});

/** A store that keeps what it is given. */
function storeOf() {
  const rows: string[] = [];
  const erased: Erasure[] = [];
  return {
    rows,
    erased,
    insert: async (_: string, lines: readonly string[]) => void rows.push(...lines),
    erase: async (swarms: Erasure) => {
      erased.push(swarms);
      return ['infohash_sighted'];
    },
  };
}

async function ingestOf(takedown: Takedown) {
  const store = storeOf();
  const bus = new MemoryBus();
  const limits = { rows: 1, bytes: 1_000_000, ageMs: 1 };
  const ingest = await startIngest({ bus, store, takedown, clock: new ManualClock(), log: silentLog, limits });
  return { store, bus, ingest };
}

test('what is on the list is read and not stored; the position goes past it', async () => {
  const { store, bus, ingest } = await ingestOf(listOf(hashOf(2)));
  for (const n of [1, 2, 3, 2, 2]) bus.publish(sighting(n));
  await bus.flush();
  await ingest.stop();
  expect(store.rows.map((row) => /[0-9a-f]{40}/.exec(row)![0])).toEqual([hashOf(1), hashOf(3)]);
  expect(await bus.flush()).toBe(true);
  await bus.close();
});

test('the store erases at the start and whenever the list changes, what was found out included', async () => {
  const takedown = listOf(`name *secret*\nhashed ${'0'.repeat(64)}`);
  const { store, bus, ingest } = await ingestOf(takedown);
  bus.publish(resolved(5, { name: 'secret' }));
  await bus.flush();
  takedown.meets([hashOf(6)], 'Secret');
  takedown.replace(parseTakedown(hashOf(9)));
  await ingest.stop();
  expect(store.erased).toEqual([
    { infoHashes: [], hashed: ['0'.repeat(64)], names: ['*secret*'] },
    { infoHashes: [hashOf(9)], hashed: [], names: [] },
  ]);
  expect(store.rows).toEqual([]);
  await bus.close();
});
