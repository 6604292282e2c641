// Events through a real Kafka: rate and memory of ingest, and how soon a row can be asked for. Skipped with a sentence where there is no broker.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXTRAS, missing } from '../support/extras.ts';
import { startActor } from './actor.ts';
import type { KafkaRates } from './actors/kafka.ts';
import type { Entry } from './entry.ts';
import { alone, compared, type Figure, note } from './figure.ts';
import { latencies } from './once/latency.ts';
import { storedRows } from './once/tally.ts';
import { OnceWorld } from './once/world.ts';

const EVENTS = 60_000;
const BACKLOG = 300_000;
const LIVE_RATE = 5_000;
const LIVE_EVENTS = 300_000;
const POLL_MS = 200;

export const kafka: readonly Entry[] = [
  withBroker('kafka_to_store', 'peer_probed events per CPU second, Kafka through one ingest to the embedded store', kafkaToStore),
  withBroker(
    'ingest_memory',
    'resident memory of an ingest that works off a backlog at full speed, store behind HTTP',
    ingestMemory,
  ),
  withBroker('row_latency', `from publish() to a row that can be asked for, at ${LIVE_RATE} events a second`, rowLatency),
];

function withBroker(name: string, title: string, run: () => Promise<Figure[]>): Entry {
  return {
    name,
    title,
    isHeavy: true,
    run: async () => {
      if (missing('kafka').length === 0) return run();
      note(`Skipped: it needs a Kafka broker (${EXTRAS.kafka}).`);
      return [];
    },
  };
}

/** What both halves take one after the other is what ingest can do at best. */
async function kafkaToStore(): Promise<Figure[]> {
  const actor = await startActor<KafkaRates>('kafka', 'kafkaToStore', { rounds: 5, events: EVENTS });
  await actor.stop();
  const { ours, consume, insert } = actor.ready;
  const halves = consume.map((rate, i) => 1 / (1 / rate + 1 / insert[i]!));
  return [
    alone({ name: 'kafka_bare_consume', unit: '1/CPU s' }, consume),
    alone({ name: 'embedded_bare_insert', unit: '1/CPU s' }, insert),
    compared({ name: 'kafka_to_store', unit: '1/CPU s', goal: 0.7 }, ours, halves),
  ];
}

async function ingestMemory(): Promise<Figure[]> {
  const world = await OnceWorld.start('ours');
  try {
    world.publish(BACKLOG, 1_000_000);
    while (!world.published.flushed) await sleep(POLL_MS);
    const [ingest] = world.ingests;
    ingest!.up();
    let most = 0;
    while (((await storedRows(world.storeUrl)) ?? 0) < BACKLOG) {
      most = Math.max(most, peakOf(ingest!.pid));
      await sleep(POLL_MS);
    }
    return [alone({ name: 'ingest_memory', unit: 'MB', goal: 400, direction: 'max' }, [most])];
  } finally {
    await world.stop();
  }
}

/** The most that was ever resident of a process, in MB, as Linux says. */
function peakOf(pid: number | undefined): number {
  const kib = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return (Number(kib) * 1_024) / 1e6;
}

async function rowLatency(): Promise<Figure[]> {
  const world = await OnceWorld.start('ours');
  try {
    world.ingests[0]!.up();
    // Topics, groups and code are warm before it counts.
    world.publish(LIVE_EVENTS, LIVE_RATE);
    const { p50, p95, most, rate } = await latencies(world, LIVE_EVENTS);
    note(`${LIVE_EVENTS} events, ${Math.round(rate)} a second; half of them within ${p50} ms, the last within ${most} ms`);
    return [
      alone({ name: 'row_latency_rate', unit: '1/s', goal: LIVE_RATE * 0.9 }, [rate]),
      alone({ name: 'row_latency_p95', unit: 'ms', goal: 5_000, direction: 'max' }, [p95]),
    ];
  } finally {
    await world.stop();
  }
}
