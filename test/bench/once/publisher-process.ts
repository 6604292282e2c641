// An ordinary producer: publishes so many events at a pace, waits for room as probers do, and says how many the bus has taken.
import { setTimeout as sleep } from 'node:timers/promises';
import { openKafkaBus } from '@swarmscope/bus/kafka.ts';
import { eventOf } from './events.ts';

/** Told to whoever started it; `flushed` at the end: the log has everything. */
export interface Published {
  readonly published: number;
  readonly flushed: boolean;
}

const [broker, prefix, partitions, events, rate] = process.argv.slice(2);
const TURN_MS = 20;
const WAIT_MS = 50;

const bus = await openKafkaBus({
  brokers: [broker!],
  clientId: 'publisher',
  prefix: prefix!,
  partitions: Number(partitions),
  onTrouble: (what, error) => console.error(`${what}: ${(error as Error | undefined)?.stack?.split('\n')[0] ?? String(error)}`),
});
const total = Number(events);
/** What is due by the clock, and in one turn at most what ten turns make: a producer that was held up does not burst. */
const perTurn = Math.max(1, (Number(rate) * TURN_MS) / 1_000);
let due = 0;
let last = performance.now();
let published = 0;
const tell = (flushed: boolean) => process.send!({ published, flushed } satisfies Published);
process.on('disconnect', () => process.exit());

while (published < total) {
  await bus.room();
  const now = performance.now();
  due = Math.min(due + (perTurn * (now - last)) / TURN_MS, 10 * perTurn);
  last = now;
  for (; due >= 1 && published < total; due -= 1) {
    // A sighting that is given up under pressure is published later: what counts is what the bus took.
    while (bus.publish(eventOf(published, Date.now())) === 'dropped') await sleep(WAIT_MS);
    published += 1;
  }
  tell(false);
  await sleep(TURN_MS);
}
await bus.flush();
await bus.close();
tell(true);
process.disconnect();
