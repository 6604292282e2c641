// The two handshakes of a session: the remote's as it arrives, ours as it is said, and which name of a hybrid torrent both end up with (BEP 3, 52).
import { equalBytes } from '../hex.ts';
import type { Malformed } from '../malformed.ts';
import { decodeFeatures, encodeFeatures, encodeHandshake, type Handshake, HandshakeBuffer } from './handshake.ts';
import type { Swarm } from './swarm.ts';

// The v2 bit beside the v1 name of a hybrid says: I would rather use the other name. Who dials says it; who is dialled and knows the other
// name answers with it. From then on both speak v2, and only then may hashes be asked for: libtorrent drops a v1 peer that asks.

export class Greeting {
  readonly #peerId: Uint8Array;
  readonly #remote = new HandshakeBuffer();
  #said: Uint8Array | undefined;

  constructor(peerId: Uint8Array) {
    this.#peerId = peerId;
  }

  /** We have said ours. */
  get isSaid(): boolean {
    return this.#said !== undefined;
  }

  /** The name that the remote uses, as soon as it is there. */
  get infoHash(): Uint8Array | undefined {
    return this.#remote.infoHash;
  }

  /** Takes what belongs to the remote's handshake; returns how many bytes that was. */
  push(bytes: Uint8Array): number {
    return this.#remote.push(bytes);
  }

  /** The remote's handshake; `truncated` while it is not whole. */
  read(): Handshake | Malformed {
    return this.#remote.read();
  }

  /** Our 68 bytes: the name that we dial, or in answer the one that the remote would rather use. */
  say(swarm: Swarm): Uint8Array {
    const asked = this.#remote.infoHash;
    const v2 = swarm.infoHashV2;
    const wantsV2 = asked !== undefined && decodeFeatures(this.#remote.reserved).v2;
    const infoHash = asked === undefined ? swarm.infoHash : ((wantsV2 ? v2 : undefined) ?? asked);
    this.#said = infoHash;
    const reserved = encodeFeatures({ extended: true, fast: true, v2: v2 !== undefined && !equalBytes(v2, infoHash) });
    return encodeHandshake({ reserved, infoHash, peerId: this.#peerId });
  }

  /** Both use the v2 name now. */
  isV2(swarm: Swarm): boolean {
    const v2 = swarm.infoHashV2;
    const [remote, said] = [this.#remote.infoHash, this.#said];
    if (!v2 || !remote || !said) return false;
    // Who was dialled has the last word: the remote's when its name differs from the one that we dialled, else ours.
    return equalBytes(v2, remote) || (equalBytes(v2, said) && decodeFeatures(this.#remote.reserved).v2);
  }
}
