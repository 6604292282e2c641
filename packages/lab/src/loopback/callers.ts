// Peers behind a NAT: they look from time to time for strangers who announced themselves, and dial each of them once at a time.
import { endpointKey } from '@swarmscope/bittorrent/endpoint.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import type { LabPeer } from '../sim/peer.ts';
import type { LoopbackSwarm } from './swarm.ts';

/** Starts them; the returned function ends their looking. Without such peers nothing is started. */
export function startCallers(
  swarms: readonly LoopbackSwarm[],
  visitorsOf: (swarm: LoopbackSwarm) => readonly Endpoint[],
  everyMs: number,
): () => void {
  const calling = swarms.flatMap((swarm) => {
    const peers = swarm.peers.filter((peer) => peer.plan.nat);
    return peers.length === 0 ? [] : [{ swarm, peers, talking: new Map<LabPeer, Set<string>>() }];
  });
  if (calling.length === 0) return () => {};
  const timer = setInterval(() => {
    for (const { swarm, peers, talking } of calling) {
      const visitors = visitorsOf(swarm);
      for (const peer of peers) for (const visitor of visitors) call(swarm, peer, visitor, talking);
    }
  }, everyMs);
  return () => clearInterval(timer);
}

function call(swarm: LoopbackSwarm, peer: LabPeer, visitor: Endpoint, talking: Map<LabPeer, Set<string>>): void {
  const others = talking.get(peer) ?? new Set<string>();
  talking.set(peer, others);
  const key = endpointKey(visitor);
  if (others.has(key)) return;
  others.add(key);
  swarm.call(peer, visitor, () => others.delete(key));
}
