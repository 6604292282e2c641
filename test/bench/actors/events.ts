// Events on their way into the embedded store: through memory bus and ingest, and as rows inserted bare. Rounds in turns in one process.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MemoryBus } from '@swarmscope/bus/memory.ts';
import type { EventOf } from '@swarmscope/events/event.ts';
import { rowWriter } from '@swarmscope/events/table.ts';
import { startIngest } from '@swarmscope/ingest/service.ts';
import { systemClock } from '@swarmscope/runtime/clock.ts';
import { silentLog } from '@swarmscope/runtime/log.ts';
import { openEmbedded } from '@swarmscope/store/embedded.ts';
import type { Store } from '@swarmscope/store/store.ts';
import { probed } from '../../support/events.ts';
import type { Actor } from '../actor.ts';
import { cpuSeconds } from '../measure.ts';

const BATCH = 5_000;
/** Published in one go; then others get their turn, as when probes end. */
const CHUNK = 500;

export interface EventRates {
  readonly ours: number[];
  readonly bare: number[];
}

/** Answers with events per CPU second (of all threads, the engine's too) of each round as what it has ready. */
export async function memoryBusToStore({ rounds, events }: { rounds: number; events: number }): Promise<Actor> {
  const directory = mkdtempSync(join(tmpdir(), 'swarmscope-bench-'));
  const store = await openEmbedded({ directory });
  try {
    await store.migrate();
    const made = Array.from({ length: events }, (_, i) => probed(i % 20_000, { duration_ms: i }, Date.now()));
    const rates: EventRates = { ours: [], bare: [] };
    await throughBus(store, made.slice(0, BATCH));
    for (let round = 0; round < rounds; round += 1) {
      rates.ours.push(await throughBus(store, made));
      rates.bare.push(await insertedBare(store, made, round));
    }
    return { ready: rates, count: () => 0 };
  } finally {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function throughBus(store: Store, events: readonly EventOf<'peer_probed'>[]): Promise<number> {
  const bus = new MemoryBus();
  const ingest = await startIngest({ bus, store, clock: systemClock, log: silentLog });
  const start = cpuSeconds();
  for (let i = 0; i < events.length; i += CHUNK) {
    await bus.room();
    for (const event of events.slice(i, i + CHUNK)) bus.publish(event);
    await sleep(0);
  }
  while (ingest.progress().rows < events.length) await sleep(1);
  const seconds = cpuSeconds() - start;
  await ingest.stop();
  await bus.close();
  return events.length / seconds;
}

async function insertedBare(store: Store, events: readonly EventOf<'peer_probed'>[], round: number): Promise<number> {
  const write = rowWriter('peer_probed');
  const lines = events.map((event, i) => write({ ...event, _partition: 0, _offset: String(i) }));
  const start = cpuSeconds();
  for (let i = 0; i < lines.length; i += BATCH)
    await store.insert('peer_probed', lines.slice(i, i + BATCH), `bench ${round} ${i}`);
  return events.length / (cpuSeconds() - start);
}
