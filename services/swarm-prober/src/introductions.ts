// Whom we tell a peer of by PEX (BEP 11, 40), and what we say of them: only peers that we have talked to, and how they can be reached.
import {
  MAX_PEX_SENT,
  PEX_ENCRYPTION,
  PEX_HOLEPUNCH,
  PEX_REACHABLE,
  PEX_SEED,
  PEX_UTP,
  type PexPeer,
} from '@swarmscope/bittorrent/peer/pex.ts';
import { peerPriority } from '@swarmscope/bittorrent/peer/priority.ts';
import type { Census } from './census.ts';
import type { Peer } from './peer.ts';

/**
 * Others of the census for a peer: where there are more than may be told, those whose connection with it has the highest canonical priority, so that
 * the swarm stays well mixed. Who dialled us is told of only where a hole can be punched to it: we would be the relay.
 */
export function introductions(census: Census, to: Peer): PexPeer[] {
  const others = [...census.peers.values()].filter(
    (peer) => peer !== to && peer.isHandshaken && (peer.direction === 'out' || canPunch(peer)),
  );
  const told = others.length > MAX_PEX_SENT ? preferred(others, to) : others;
  return told.map((peer) => ({ endpoint: peer.endpoint, flags: flagsOf(peer) }));
}

function preferred(others: readonly Peer[], to: Peer): Peer[] {
  const ranked = others.map((peer) => ({ peer, priority: peerPriority(peer.endpoint, to.endpoint) ?? 0 }));
  return ranked
    .sort((a, b) => b.priority - a.priority)
    .slice(0, MAX_PEX_SENT)
    .map(({ peer }) => peer);
}

function canPunch(peer: Peer): boolean {
  return peer.state === 'talking' && peer.transport === 'utp' && peer.extensions.includes('ut_holepunch');
}

function flagsOf(peer: Peer): number {
  return (
    (peer.encryption === 'none' ? 0 : PEX_ENCRYPTION) |
    (peer.pieces?.claimsAll ? PEX_SEED : 0) |
    (peer.transport === 'utp' ? PEX_UTP : 0) |
    (canPunch(peer) ? PEX_HOLEPUNCH : 0) |
    (peer.direction === 'out' && !peer.holepunch ? PEX_REACHABLE : 0)
  );
}
