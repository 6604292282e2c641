// What comes over the bus: which swarms are ours, infohashes that others met, the watch list, and the state that an earlier process left.
import { fromHex, toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Bus, Consumption, Membership } from '@swarmscope/bus/bus.ts';
import type { EventOf } from '@swarmscope/events/event.ts';
import type { Clock } from '@swarmscope/runtime/clock.ts';
import type { Prober } from './prober.ts';
import { ALIAS } from './publish.ts';
import type { Scores } from './scores.ts';
import type { Share } from './share.ts';

export interface FollowOptions {
  readonly bus: Bus;
  readonly prober: Prober;
  readonly scores: Scores;
  readonly share: Share;
  readonly clock: Clock;
  readonly instanceId: string;
}

/** Follows what is met, in the partitions that the group gives us, and the watch list whole. Each time that we get partitions their state is read first, so that nothing is probed anew that another process has just done. */
export async function followBus(options: FollowOptions): Promise<Consumption[]> {
  const { bus, prober, share, instanceId } = options;
  const met = await bus.consume(
    { group: 'swarm-prober', topics: ['infohash_sighted'] },
    async ({ records }) => {
      for (const { value } of records) prober.met(value.info_hash);
    },
    membership(options),
  );
  // Everybody reads the whole watch list: a group of one's own.
  const watched = await bus.consume(
    { group: `swarm-prober-watch-${instanceId}`, topics: ['torrent_watched'] },
    async ({ records }) => {
      for (const { value } of records) takeWatched(prober, share, value);
    },
  );
  return [met, watched];
}

function membership(options: FollowOptions): Membership {
  const { prober, share } = options;
  return {
    revoked: () => share.revoked(),
    async assigned(positions) {
      const { gained, isLess } = share.assigned(positions.map(({ partition }) => partition));
      if (isLess) prober.disown();
      if (gained.size > 0) await takeOver(options, gained);
      share.settle();
      prober.pump();
    },
  };
}

/** Loads what is known of the swarms in these partitions: first the watched ones, then what an earlier owner met. */
async function takeOver({ bus, prober, scores, share, clock }: FollowOptions, gained: ReadonlySet<number>): Promise<void> {
  const states = new Map<string, EventOf<'probe_state'>>(); // bound: the swarms of some partitions, while they are loaded
  const watches = new Map<string, EventOf<'torrent_watched'>>(); // bound: the watch list, while it is loaded
  for await (const event of bus.history(['probe_state', 'torrent_watched'])) {
    if (event.topic === 'torrent_watched') watches.set(event.swarm_id, event);
    else if (share.isIn(event.swarm_id, gained)) states.set(event.swarm_id, event);
  }
  for (const event of states.values()) scores.load(event.swarm_id, event.key_epoch, event.scores);
  const dueOf = ({ next_due }: EventOf<'probe_state'>) => clock.now() + Math.max(0, next_due - clock.wall());
  for (const event of watches.values()) {
    const state = states.get(event.swarm_id);
    takeWatched(prober, share, event, state && { dueMs: dueOf(state), censuses: state.censuses });
  }
  for (const event of states.values())
    if (event.last_outcome === ALIAS) prober.aliases.add(event.swarm_id);
    else prober.met(event.swarm_id, dueOf(event), event.censuses);
}

function takeWatched(
  prober: Prober,
  share: Share,
  event: EventOf<'torrent_watched'>,
  state?: { readonly dueMs: number; readonly censuses: number },
): void {
  const v2 = event.info_hash_v2 === null ? undefined : toHex(fromHex(event.info_hash_v2)!.subarray(0, 20));
  if (!share.owns(event.swarm_id)) {
    // Under its other name it is not to be probed here either.
    if (v2 !== undefined && v2 !== event.swarm_id && event.set === 1) prober.aliases.add(v2);
    return;
  }
  if (event.set === 0) {
    prober.unwatch(event.swarm_id);
    return;
  }
  const swarm = prober.swarm(event.swarm_id);
  swarm.watched = true;
  swarm.wantsVerify = event.verify === 1;
  swarm.wantsAnnounce = event.announce === 1;
  swarm.prefixesExcluded = event.prefixes_excluded; // bound: 256, by the event
  if (v2 !== undefined) prober.alsoNamed(swarm, v2);
  prober.want(swarm, state?.dueMs, state?.censuses);
}
