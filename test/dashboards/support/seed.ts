// A made-up network for board tests: torrents with different lives over a day, their peers, trackers, a crawl and services; the same on every run.
import { TOPICS } from '@swarmscope/events/definitions.ts';
import { type Event, makeEvent } from '@swarmscope/events/event.ts';
import { rowWriter } from '@swarmscope/events/table.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import type { Store } from '@swarmscope/store/store.ts';
import { alertEvents, dhtEvents, serviceEvents } from './seed-network.ts';
import { swarmEvents, watchedColumns } from './seed-torrents.ts';

export { nameOf, swarmOf } from './seed-torrents.ts';

export interface SeedOptions {
  readonly network: string;
  /** Where the day ends. */
  readonly endMs: number;
  readonly hours: number;
  readonly torrents: number;
  readonly censusEveryMs: number;
}

export const SEED: SeedOptions = {
  network: 'lab',
  endMs: 4_000_000_000_000,
  hours: 24,
  torrents: 24,
  censusEveryMs: 20 * 60_000,
};

export type Stamp = (ts: number, instance?: string) => { ts: number; instance_id: string; network: string };

/** Every event of the made-up day, oldest first within a topic. */
export function seedEvents(options: SeedOptions = SEED): Event[] {
  const random = seededRandom(20_261_124);
  const stamp = (ts: number, instance = 'up-1') => ({ ts: Math.floor(ts), instance_id: instance, network: options.network });
  const swarms = Array.from({ length: options.torrents }, (_, n) => swarmEvents(n, options, random, stamp));
  const unmeasured = makeEvent(
    'torrent_watched',
    watchedColumns(options.torrents),
    stamp(options.endMs - options.hours * 3_600_000),
  );
  return [
    ...swarms.flat(),
    unmeasured,
    ...dhtEvents(options, random, stamp),
    ...serviceEvents(options, random, stamp),
    ...alertEvents(options, stamp),
  ];
}

/** Puts events into a store: one insert per topic and 5 000 rows, with positions as a log would give them; another `partition` for another call. */
export async function insertEvents(store: Store, events: readonly Event[], partition = 0): Promise<void> {
  for (const topic of TOPICS) {
    const rows = events.filter((event) => event.topic === topic);
    const write = rowWriter(topic);
    for (let i = 0; i < rows.length; i += 5_000) {
      const lines = rows.slice(i, i + 5_000).map((row, j) => write({ ...row, _partition: partition, _offset: i + j }));
      await store.insert(topic, lines, `seed|${partition}|${topic}|${i}`);
    }
  }
}
