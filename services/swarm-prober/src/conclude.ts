// The end of a census, told to the bus: its peers, its figures, and the state that outlives it.
import type { Peer } from './peer.ts';
import type { Publisher } from './publish.ts';
import type { Entry } from './schedule.ts';
import type { Scores } from './scores.ts';
import { summarize } from './summary.ts';
import type { ProbedSwarm } from './swarm.ts';

export interface Conclusion {
  readonly publisher: Publisher;
  readonly scores: Scores;
  readonly reachableSelf: boolean | undefined;
  /** A census that the end of the process cuts short tells of its peers, but has no figures: fewer seeders would be seen in them than there are. */
  readonly isCut: boolean;
  readonly now: number;
}

/** Publishes `peer_probed` of everybody tried and `swarm_sampled`; returns those peers. */
export function conclude(swarm: ProbedSwarm, { publisher, scores, reachableSelf, isCut, now }: Conclusion): Peer[] {
  const { id, layout, prefixesExcluded } = swarm;
  const census = swarm.census!;
  const peers = [...census.peers.values()].filter((peer) => peer.attempts > 0 || peer.direction === 'in');
  for (const peer of peers) publisher.probed(id, census.id, peer, layout?.pieces, now);
  if (!isCut)
    publisher.publish(
      'swarm_sampled',
      summarize({ swarmId: id, census, layout, prefixesExcluded, reachableSelf, tellsFilters: publisher.isFull, now }),
    );
  scores.add(id, peers, publisher.naming);
  return peers;
}

/** Publishes `probe_state`. `dueWall`: when the next census is due, epoch milliseconds. */
export function keepState(swarmId: string, entry: Entry, outcome: string, dueWall: number, to: Conclusion): void {
  const { backoffMs, censuses } = entry;
  to.publisher.state(swarmId, { dueWall, outcome, backoffMs, censuses, scores: to.scores.of(swarmId) });
}
