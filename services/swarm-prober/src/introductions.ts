// Whom we tell a peer of by PEX (BEP 11), and what we say of them: only peers that we have talked to, and how they can be reached.
import {
  MAX_PEX_SENT,
  PEX_ENCRYPTION,
  PEX_HOLEPUNCH,
  PEX_REACHABLE,
  PEX_SEED,
  PEX_UTP,
  type PexPeer,
} from '@swarmscope/bittorrent/peer/pex.ts';
import type { Census } from './census.ts';
import type { Peer } from './peer.ts';

/** Others of the census for a peer. Who dialled us is told of only where a hole can be punched to it: we would be the relay. */
export function introductions(census: Census, to: Peer): PexPeer[] {
  const added: PexPeer[] = [];
  for (const peer of census.peers.values()) {
    if (added.length === MAX_PEX_SENT) break;
    if (peer === to || !peer.isHandshaken || (peer.direction === 'in' && !canPunch(peer))) continue;
    added.push({ endpoint: peer.endpoint, flags: flagsOf(peer) });
  }
  return added;
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
