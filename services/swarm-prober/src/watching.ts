// What comes over the bus: infohashes that others met, the watch list, and the state that an earlier process left.
import { fromHex, toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Bus, Consumption } from '@swarmscope/bus/bus.ts';
import type { EventOf } from '@swarmscope/events/event.ts';
import type { Clock } from '@swarmscope/runtime/clock.ts';
import type { Prober } from './prober.ts';
import type { Scores } from './scores.ts';

/** Reads the compacted topics first, so that nothing is probed anew that another process has just done; then follows both. */
export async function followBus(options: {
  bus: Bus;
  prober: Prober;
  scores: Scores;
  clock: Clock;
  instanceId: string;
}): Promise<Consumption[]> {
  const { bus, prober, scores, clock, instanceId } = options;
  const states = new Map<string, EventOf<'probe_state'>>();
  const watches = new Map<string, EventOf<'torrent_watched'>>();
  for await (const event of bus.history(['probe_state', 'torrent_watched'])) {
    if (event.topic === 'probe_state') states.set(event.swarm_id, event);
    else watches.set(event.swarm_id, event);
  }
  for (const event of states.values()) scores.load(event.swarm_id, event.key_epoch, event.scores);
  const dueOf = ({ next_due }: EventOf<'probe_state'>) => clock.now() + Math.max(0, next_due - clock.wall());
  for (const event of watches.values()) {
    const state = states.get(event.swarm_id);
    takeWatched(prober, event, state && { dueMs: dueOf(state), censuses: state.censuses });
  }
  for (const event of states.values()) prober.met(event.swarm_id, dueOf(event), event.censuses);
  const met = await bus.consume({ group: 'swarm-prober', topics: ['infohash_sighted'] }, async ({ records }) => {
    for (const { value } of records) prober.met(value.info_hash);
  });
  // Everybody reads the whole watch list: a group of one's own.
  const watched = await bus.consume(
    { group: `swarm-prober-watch-${instanceId}`, topics: ['torrent_watched'] },
    async ({ records }) => {
      for (const { value } of records) takeWatched(prober, value);
    },
  );
  return [met, watched];
}

function takeWatched(
  prober: Prober,
  event: EventOf<'torrent_watched'>,
  state?: { readonly dueMs: number; readonly censuses: number },
): void {
  if (event.set === 0) {
    prober.unwatch(event.swarm_id);
    return;
  }
  const swarm = prober.swarm(event.swarm_id);
  swarm.watched = true;
  swarm.wantsVerify = event.verify === 1;
  swarm.wantsAnnounce = event.announce === 1;
  swarm.prefixesExcluded = event.prefixes_excluded; // bound: 256, by the event
  const v2 = event.info_hash_v2 === null ? undefined : fromHex(event.info_hash_v2);
  if (v2) prober.alsoNamed(swarm, toHex(v2.subarray(0, 20)));
  prober.want(swarm, state?.dueMs, state?.censuses);
}
