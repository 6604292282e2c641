// Events from publish() to rows in the embedded store, beside bare inserts of the same rows.

import { startActor } from './actor.ts';
import type { EventRates } from './actors/events.ts';
import type { Entry } from './entry.ts';
import { compared } from './figure.ts';

export const events: readonly Entry[] = [
  {
    name: 'bus_to_store',
    title: 'peer_probed events per CPU second, memory bus through ingest to the embedded store',
    run: async () => {
      const actor = await startActor<EventRates>('events', 'memoryBusToStore', { rounds: 5, events: 60_000 });
      await actor.stop();
      return [compared({ name: 'memory_bus_to_store', unit: '1/CPU s', goal: 0.7 }, actor.ready.ours, actor.ready.bare)];
    },
  },
];
