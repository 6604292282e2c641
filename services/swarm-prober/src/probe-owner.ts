// What the sessions of the prober tell their owner and ask of it: the one face by which probes.ts knows prober.ts.
import type { PexPeer } from '@swarmscope/bittorrent/peer/pex.ts';
import type { Peer } from './peer.ts';
import type { SwarmView } from './swarm.ts';

/** What the probes tell the prober, and ask of it. */
export interface ProbeOwner {
  /** The swarm that an infohash names, if we are in it. */
  viewOf(infoHash: Uint8Array): SwarmView | undefined;
  /** The infohash that an encrypted stream names by its hash (`swarmHash`), if we are in that swarm. */
  hiddenName(hash: Uint8Array): Uint8Array | undefined;
  metadata(view: SwarmView, info: Uint8Array): void;
  verified(view: SwarmView, piece: number, data: Uint8Array): void;
  learned(view: SwarmView, from: Peer, peers: readonly PexPeer[]): void;
  inbound(view: SwarmView, peer: Peer): void;
  reached(view: SwarmView): void;
  /** Whether a piece of this many bytes may be asked for; it is then counted. */
  spendVerify(view: SwarmView, bytes: number): boolean;
  /** A dial or session ended, or a slot became free. */
  released(view: SwarmView): void;
  violation(reason: string): void;
}
