// The two handshakes of a session: the remote's as it arrives, ours as it is said, and which name of a hybrid torrent both end up with (BEP 3, 52).
import { equalBytes } from '../hex.ts';
import { Malformed } from '../malformed.ts';
import { decodeFeatures, encodeFeatures, encodeHandshake, type Handshake, HandshakeBuffer, NOTHING_HEARD } from './handshake.ts';
import type { Swarm } from './swarm.ts';

// The v2 bit beside the v1 name of a hybrid says: I would rather use the other name. Who dials says it; who is dialled and knows the other
// name answers with it. From then on both speak v2, and only then may hashes be asked for: libtorrent drops a v1 peer that asks.

export class Greeting {
  readonly #peerId: Uint8Array;
  /** Until the remote's handshake is whole. */
  #remote: HandshakeBuffer | undefined = new HandshakeBuffer();
  /** The names that the remote and we use: the swarm's own bytes where they are the same, so that a thousand sessions keep them once. */
  #heard: Uint8Array | undefined;
  #said: Uint8Array | undefined;
  /** The remote would rather use the v2 name. */
  #wantsV2 = false;

  constructor(peerId: Uint8Array) {
    this.#peerId = peerId;
  }

  /** We have said ours. */
  get isSaid(): boolean {
    return this.#said !== undefined;
  }

  /** The name that the remote uses, as soon as it is there. */
  get infoHash(): Uint8Array | undefined {
    return this.#heard;
  }

  /** Takes what belongs to the remote's handshake; returns how many bytes that was. */
  push(bytes: Uint8Array): number {
    const remote = this.#remote;
    if (!remote) return 0;
    const taken = remote.push(bytes);
    const { infoHash } = remote;
    if (!infoHash || this.#heard) return taken;
    this.#heard = same(infoHash, this.#said);
    this.#wantsV2 = decodeFeatures(remote.reserved).v2;
    return taken;
  }

  /** The remote's handshake, once; `truncated` while it is not whole. */
  read(): Handshake | Malformed {
    const handshake = this.#remote?.read() ?? NOTHING_HEARD;
    if (!(handshake instanceof Malformed)) this.#remote = undefined;
    return handshake;
  }

  /** Our 68 bytes: the name that we dial, or in answer the one that the remote would rather use. */
  say(swarm: Swarm): Uint8Array {
    const v2 = swarm.infoHashV2;
    this.#heard &&= same(this.#heard, swarm.infoHash);
    const infoHash = (this.#wantsV2 ? v2 : undefined) ?? this.#heard ?? swarm.infoHash;
    this.#said = infoHash;
    const reserved = encodeFeatures({ extended: true, fast: true, v2: v2 !== undefined && !equalBytes(v2, infoHash) });
    return encodeHandshake({ reserved, infoHash, peerId: this.#peerId });
  }

  /** Both use the v2 name now. */
  isV2(swarm: Swarm): boolean {
    const v2 = swarm.infoHashV2;
    const [remote, said] = [this.#heard, this.#said];
    if (!v2 || !remote || !said) return false;
    // Who was dialled has the last word: the remote's when its name differs from the one that we dialled, else ours.
    return equalBytes(v2, remote) || (equalBytes(v2, said) && this.#wantsV2);
  }
}

/** These bytes, or those that they are equal to. */
function same(bytes: Uint8Array, known: Uint8Array | undefined): Uint8Array {
  return known && equalBytes(bytes, known) ? known : bytes;
}
