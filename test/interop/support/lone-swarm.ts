// A swarm as one session needs it, for suites that try the wire alone: nothing is known but the infohash, until the metadata comes.
import { equalBytes } from '@swarmscope/bittorrent/hex.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import { parseInfo } from '@swarmscope/bittorrent/metainfo-info.ts';
import { TorrentLayout } from '@swarmscope/bittorrent/metainfo-layout.ts';
import type { PieceLayout, Swarm } from '@swarmscope/bittorrent/peer/swarm.ts';

export class LoneSwarm implements Swarm {
  readonly infoHash: Uint8Array;
  readonly pieces = { size: 0, has: () => false, read: () => undefined, indices: () => [] };
  readonly upload = { take: () => true };
  readonly allowsPex = true;
  info: Uint8Array | undefined;
  layout: PieceLayout | undefined;

  /** The v2 name, 20 bytes: given for a hybrid, or known from the metadata. */
  infoHashV2: Uint8Array | undefined;

  constructor(infoHash: Uint8Array, infoHashV2?: Uint8Array) {
    this.infoHash = infoHash;
    this.infoHashV2 = infoHashV2;
  }

  isNamed(infoHash: Uint8Array): boolean {
    return [this.infoHash, this.infoHashV2].some((name) => name && equalBytes(infoHash, name));
  }

  /** Takes an info dictionary that a session has checked. */
  know(bytes: Uint8Array): void {
    const info = parseInfo(bytes);
    if (info instanceof Malformed) throw new Error(`no info dictionary: ${info.reason}`);
    this.info = bytes;
    this.infoHashV2 = info.infoHashV2?.subarray(0, 20);
    this.layout = new TorrentLayout(info);
  }
}
