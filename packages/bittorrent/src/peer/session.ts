// A peer session without IO: handshake out and in, extensions, what the peer has, challenges asked of it, verified pieces given to it (BEP 3, 6, 9, 10, 11, 21, 52, 54, 55).
import { equalBytes } from '../hex.ts';
import type { Endpoint, Outcome, Session, SessionOut } from '../machine.ts';
import { Malformed } from '../malformed.ts';
import { Asking } from './asking.ts';
import { Extended, type Judgement, type SelfDescription } from './extended.ts';
import { OUR_EXTENSIONS } from './extension.ts';
import type { Ending, PeerFact, SessionTimes, Violation } from './facts.ts';
import { Framer } from './framer.ts';
import { Greeting } from './greeting.ts';
import { decodeFeatures, type Features, type Handshake } from './handshake.ts';
import type { HolepunchMessage } from './holepunch.ts';
import { decodeMessage, encodeMessage, type Message } from './messages.ts';
import { Patience } from './patience.ts';
import type { PexPeer } from './pex.ts';
import { PeerPieces } from './pieces.ts';
import { Serving } from './serving.ts';
import type { Swarm } from './swarm.ts';

// state      | what happens                                                     | deadline          | next
// connecting | nothing: the transport dials                                     | the transport's   | opened: greeting
// greeting   | out: our 68 bytes go first. in: the remote's name the swarm, then | handshakeMs       | 68 good bytes: talking
//            | ours go. A byte that fits no handshake ends it                    |                   |
// talking    | messages; challenges and metadata when the owner asks for them    | idle, life, frame | ended
// ended      | nothing is read or said any more; `closed` emits the last fact    | none              |
//
// Theory: the session knows one peer and judges only its manners; what the peer *is* (verdict) is decided by the owner from the facts. It asks for
// nothing by itself: the owner says `challenge`, `fetchMetadata`. It answers everything by itself: requests from the verified pieces of the
// swarm, metadata, choking. Every message of the peer is useful, useless (counted, and a bucket of patience runs out) or a violation (the end).
// Nothing is allocated by a length that the peer names, and every wait has a deadline.

type State = 'connecting' | 'greeting' | 'talking' | 'ended';

export interface SessionOptions {
  /** Our 20 bytes. */
  readonly peerId: Uint8Array;
  /** The swarm that is dialled; or, inbound, which one an infohash names (undefined: none that we are in). */
  readonly swarm: Swarm | ((infoHash: Uint8Array) => Swarm | undefined);
  readonly remote: Endpoint;
  readonly self: SelfDescription;
  readonly times: SessionTimes;
  /** Whether a peer id is one of our own: a session with ourselves tells nothing. */
  readonly isOwn?: (peerId: Uint8Array) => boolean;
}

const NO_FEATURES = decodeFeatures(new Uint8Array(8));

type Out = SessionOut<PeerFact>;

export class PeerSession implements Session<PeerFact> {
  readonly #options: SessionOptions;
  readonly #times: SessionTimes;
  readonly #framer = new Framer();
  readonly #patience = new Patience();
  readonly #serving: Serving;
  readonly #extended: Extended;
  readonly #asking: Asking;
  readonly pieces = new PeerPieces();
  #swarm: Swarm | undefined;
  #state: State = 'connecting';
  readonly #greeting: Greeting;
  #handshaken = false;
  #features: Features = NO_FEATURES;
  #ending: { outcome: Outcome | undefined; ending: Ending } | undefined;
  #startDue = Number.POSITIVE_INFINITY;
  #lifeDue = Number.POSITIVE_INFINITY;
  #idleDue = Number.POSITIVE_INFINITY;
  #frameDue = Number.POSITIVE_INFINITY;
  #keepAliveDue = Number.POSITIVE_INFINITY;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#times = options.times;
    this.#greeting = new Greeting(options.peerId);
    if (typeof options.swarm !== 'function') this.#swarm = options.swarm;
    const swarm = () => this.#swarm!;
    this.#serving = new Serving(swarm);
    this.#extended = new Extended(swarm, options.times);
    this.#asking = new Asking(swarm, this.#extended, options.times);
  }

  /** The handshake was good and nothing has ended it. */
  get isTalking(): boolean {
    return this.#state === 'talking';
  }

  /** It chokes us (or has not unchoked us yet). */
  get isChoked(): boolean {
    return this.#asking.isChoked;
  }

  get uploadOnly(): boolean | undefined {
    return this.#extended.uploadOnly;
  }

  get isChallenged(): boolean {
    return this.#asking.isBusy;
  }

  /** Pieces it would give while choking. */
  get allowedFast(): ReadonlySet<number> {
    return this.#asking.allowedFast;
  }

  get offersMetadata(): boolean {
    return this.isTalking && this.#extended.offersMetadata;
  }

  // ---- what the owner asks for

  /** Asks for the info dictionary; a `metadata` or `metadata_failed` fact follows. False when the peer offers none. */
  fetchMetadata(now: number, out: Out): boolean {
    return this.isTalking && this.#extended.fetchMetadata(now, out);
  }

  /** Asks for a piece, or for one 16 KiB leaf of it (v2); a `challenge` fact follows. False when one is under way, the piece is not there, or no hashes are. */
  challenge(piece: number, now: number, out: Out, leaf?: number): boolean {
    const layout = this.#swarm?.layout;
    if (!this.isTalking || this.#asking.isBusy || !layout || !this.pieces.field?.has(piece)) return false;
    const needsHashes = leaf !== undefined || layout.hashesFor?.(piece) !== undefined;
    if (needsHashes && !this.answersHashes) return false;
    this.#asking.begin(piece, leaf, now, out);
    return true;
  }

  /** It can be asked for hashes: both sides use the v2 name of the torrent (libtorrent drops who asks without), and it has not refused too often. */
  get answersHashes(): boolean {
    return this.isTalking && this.#greeting.isV2(this.#swarm!) && !this.#asking.hashes.isRefused;
  }

  /** The swarm knows more than before: its metadata (then what the peer showed is held against it), or that somebody else fetched it. */
  learn(out: Out): void {
    const layout = this.#swarm?.layout;
    if (!this.isTalking || !layout) return;
    this.#extended.stopFetching();
    if (this.pieces.field) return;
    const wrong = this.pieces.know(layout.pieces);
    if (wrong) this.#violate(`bitfield_${wrong.reason}`, out);
    else if (this.pieces.said) this.#emitPieces(undefined, out);
    if (this.isTalking) this.#serving.update(out);
  }

  /** We have a verified piece to give. */
  offer(piece: number, now: number, out: Out): void {
    if (!this.isTalking) return;
    this.#write({ type: 'have', index: piece }, now, out);
    this.#serving.update(out);
  }

  sendPex(added: readonly PexPeer[], now: number, out: Out): boolean {
    return this.isTalking && this.#extended.sendPex(added, now, out);
  }

  sendHolepunch(message: HolepunchMessage, out: Out): boolean {
    return this.isTalking && this.#extended.sendHolepunch(message, out);
  }

  /** We have learned what we wanted. */
  finish(out: Out): void {
    if (this.#state === 'ended') return;
    this.#ending = { outcome: undefined, ending: 'finished' };
    this.#state = 'ended';
    out.end();
  }

  // ---- the stream

  opened(now: number, out: Out): void {
    this.#state = 'greeting';
    this.#startDue = now + this.#times.handshakeMs;
    this.#lifeDue = now + this.#times.lifeMs;
    out.emit({ type: 'opened' });
    if (this.#swarm) this.#greet(now, out);
  }

  receive(bytes: Uint8Array, now: number, out: Out): void {
    if (this.#state === 'greeting') this.#receiveGreeting(bytes, now, out);
    else if (this.#state === 'talking') this.#receiveFrames(bytes, now, out);
  }

  writable(now: number, out: Out): void {
    if (this.isTalking) this.#serving.writable(now, out);
  }

  closed(outcome: Outcome, _now: number, out: Out): void {
    const before = this.#ending?.outcome ?? (outcome === 'handshaken' ? 'closed_early' : outcome);
    this.#state = 'ended';
    out.emit({
      type: 'closed',
      outcome: this.#handshaken ? 'handshaken' : before,
      ending: this.#ending?.ending ?? 'remote',
      bytesDown: this.#asking.bytesDown,
      bytesUp: this.#serving.bytesUp,
      useless: this.#patience.counts,
    });
  }

  tick(now: number, out: Out): void {
    if (this.#state === 'greeting' && now >= this.#startDue) this.#stop('timeout', 'silent', out);
    else if (now >= this.#lifeDue) this.#stop(undefined, 'lifetime', out);
    else if (now >= this.#frameDue) this.#violate('frame_slow', out);
    else if (now >= this.#idleDue) this.#stop(undefined, 'idle', out);
    if (!this.isTalking) return;
    if (now >= this.#keepAliveDue) this.#write({ type: 'keep_alive' }, now, out);
    this.#extended.tick(now, out);
    this.#asking.tick(now, out);
    if (now >= this.#serving.due) this.#serving.pump(now, out);
  }

  deadline(): number {
    if (this.#state === 'greeting') return Math.min(this.#startDue, this.#lifeDue);
    if (this.#state !== 'talking') return Number.POSITIVE_INFINITY;
    const own = Math.min(this.#lifeDue, this.#idleDue, this.#frameDue, this.#keepAliveDue);
    return Math.min(own, this.#extended.due, this.#asking.due, this.#serving.due);
  }

  // ---- greeting

  #greet(now: number, out: Out): void {
    out.write(this.#greeting.say(this.#swarm!));
    this.#keepAliveDue = now + this.#times.keepAliveMs;
  }

  #receiveGreeting(bytes: Uint8Array, now: number, out: Out): void {
    const taken = this.#greeting.push(bytes);
    const handshake = this.#greeting.read();
    if (handshake instanceof Malformed && handshake.reason !== 'truncated') {
      this.#stop('protocol_error', 'handshake_bad_field', out);
      return;
    }
    const { infoHash } = this.#greeting;
    if (infoHash && !this.#chooseSwarm(infoHash, now, out)) return;
    if (handshake instanceof Malformed) return;
    this.#begin(handshake, now, out);
    if (this.isTalking && taken < bytes.length) this.#receiveFrames(bytes.subarray(taken), now, out);
  }

  /** Whether the remote is in the swarm we dialled; inbound: finds the swarm, and answers. */
  #chooseSwarm(infoHash: Uint8Array, now: number, out: Out): boolean {
    const { swarm } = this.#options;
    if (typeof swarm === 'function') this.#swarm ??= swarm(infoHash);
    if (!this.#swarm?.isNamed(infoHash)) {
      this.#stop('wrong_infohash', 'finished', out);
      return false;
    }
    if (!this.#greeting.isSaid) this.#greet(now, out);
    return true;
  }

  #begin(handshake: Handshake, now: number, out: Out): void {
    const { peerId } = this.#options;
    if (equalBytes(handshake.peerId, peerId) || this.#options.isOwn?.(handshake.peerId)) {
      this.#stop('self', 'finished', out);
      return;
    }
    this.#state = 'talking';
    this.#handshaken = true;
    this.#features = decodeFeatures(handshake.reserved);
    this.#idleDue = now + this.#times.idleMs;
    const { layout } = this.#swarm!;
    if (layout) this.pieces.know(layout.pieces);
    out.emit({ type: 'handshaken', infoHash: this.#greeting.infoHash!, peerId: handshake.peerId, features: this.#features });
    if (this.#features.extended) this.#extended.greet(this.#options.self, this.#options.remote, out);
    this.#showPieces(now, out);
  }

  /** What we can give, right after the handshake: BEP 6 wants one of three messages, BEP 3 none when there is nothing. */
  #showPieces(now: number, out: Out): void {
    const { layout, pieces } = this.#swarm!;
    if (!layout || pieces.size === 0) {
      if (this.#features.fast) this.#write({ type: 'have_none' }, now, out);
      return;
    }
    const bits = new Uint8Array(Math.ceil(layout.pieces / 8));
    for (const index of pieces.indices()) bits[index >> 3]! |= 0x80 >> (index & 7);
    this.#write({ type: 'bitfield', bits }, now, out);
  }

  // ---- talking

  #receiveFrames(bytes: Uint8Array, now: number, out: Out): void {
    const wrong = this.#framer.push(bytes, (frame) => {
      this.#idleDue = now + this.#times.idleMs;
      this.#frameDue = Number.POSITIVE_INFINITY;
      this.#judge(this.#receiveFrame(frame, now, out), now, out);
      return this.isTalking;
    });
    if (wrong) this.#violate(`frame_${wrong.reason}`, out);
    if (this.#framer.heldBytes > 0) this.#frameDue = Math.min(this.#frameDue, now + this.#times.frameMs);
  }

  #receiveFrame(frame: Uint8Array, now: number, out: Out): Judgement {
    const message = decodeMessage(frame);
    if (!(message instanceof Malformed)) return this.#take(message, now, out);
    return message.reason === 'unknown_message' ? { useless: 'unknown_message' } : { violation: `message_${message.reason}` };
  }

  #judge(judgement: Judgement, now: number, out: Out): void {
    if (judgement === undefined) return;
    if ('violation' in judgement) this.#violate(judgement.violation, out);
    else if (!this.#patience.bear(judgement.useless, now)) this.#violate('flood', out);
  }

  #take(message: Message, now: number, out: Out): Judgement {
    switch (message.type) {
      case 'keep_alive':
        return { useless: 'keep_alive' };
      case 'choke':
      case 'unchoke':
        return this.#asking.setChoked(message.type === 'choke', now, out);
      case 'interested':
      case 'not_interested':
        return this.#setInterest(message.type === 'interested', now, out);
      case 'bitfield':
      case 'have_all':
      case 'have_none':
        return this.#show(message, out);
      case 'have':
        return this.#have(message.index, true, out);
      case 'request':
        return this.#serving.request(message, this.#features.fast, now, out) ? undefined : { useless: 'request_senseless' };
      case 'cancel':
        return this.#serving.cancel(message) ? undefined : { useless: 'cancel_unknown' };
      case 'piece':
        return this.#asking.block(message.index, message.begin, message.block, now, out);
      case 'reject':
        return this.#asking.reject(message.index, message.begin, now, out);
      case 'allowed_fast':
        return this.#asking.allow(message.index, now, out);
      case 'extended':
        return this.#extendedMessage(message.id, message.payload, now, out);
      case 'hash_request':
        return this.#asking.hashes.serve(message, now, out);
      case 'hashes':
        return this.#asking.takeHashes(message, now, out);
      case 'hash_reject':
        return this.#asking.rejectHashes(message, now, out);
      case 'port':
      case 'suggest':
        return undefined;
    }
  }

  #extendedMessage(id: number, payload: Uint8Array, now: number, out: Out): Judgement {
    if (id === OUR_EXTENSIONS.lt_donthave) {
      if (payload.length !== 4) return { violation: 'extension_bad_length' };
      const view = new DataView(payload.buffer, payload.byteOffset, 4);
      return this.#have(view.getUint32(0), false, out);
    }
    return this.#extended.receive(id, payload, now, out);
  }

  #setInterest(interested: boolean, now: number, out: Out): Judgement {
    if (interested === this.#serving.interested) return { useless: 'repeated_state' };
    const isFlapping = this.#serving.setInterest(interested, now, out);
    out.emit({ type: 'interested', interested });
    return isFlapping ? { useless: 'flapping_state' } : undefined;
  }

  #show(message: Message, out: Out): Judgement {
    const again = this.pieces.said;
    if (message.type === 'bitfield') {
      const wrong = this.pieces.showBits(message.bits);
      if (wrong) return { violation: `bitfield_${wrong.reason}` };
    } else this.pieces.show(message.type === 'have_all');
    this.#emitPieces(undefined, out);
    return again ? { useless: 'bitfield_again' } : undefined;
  }

  #have(index: number, has: boolean, out: Out): Judgement {
    const change = has ? this.pieces.add(index) : this.pieces.remove(index);
    if (change instanceof Malformed) return { violation: `have_${change.reason}` };
    if (change === 'known') return { useless: 'have_known' };
    this.#emitPieces(index, out);
    return undefined;
  }

  #emitPieces(index: number | undefined, out: Out): void {
    out.emit({ type: 'pieces', have: this.pieces.have, total: this.pieces.field?.length, index });
  }

  // ---- the end

  #write(message: Message, now: number, out: Out): void {
    this.#keepAliveDue = now + this.#times.keepAliveMs;
    out.write(encodeMessage(message));
  }

  #violate(violation: Violation, out: Out): void {
    this.#stop('protocol_error', violation, out);
  }

  #stop(outcome: Outcome | undefined, ending: Ending, out: Out): void {
    if (this.#state === 'ended') return;
    this.#ending = { outcome, ending };
    this.#state = 'ended';
    out.abort();
  }
}
