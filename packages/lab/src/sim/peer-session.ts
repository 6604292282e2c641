// A conversation of a lab peer (BEP 3, 6, 9, 10, 11, 16, 21, 52): truthful or lying as its kind says, over any transport.
import { equalBytes } from '@swarmscope/bittorrent/hex.ts';
import type { Outcome, Session, SessionOut } from '@swarmscope/bittorrent/machine.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import { Framer } from '@swarmscope/bittorrent/peer/framer.ts';
import {
  decodeFeatures,
  decodeHandshake,
  encodeFeatures,
  encodeHandshake,
  HANDSHAKE_BYTES,
  type Handshake,
} from '@swarmscope/bittorrent/peer/handshake.ts';
import {
  BLOCK_BYTES,
  type BlockMessage,
  decodeMessage,
  encodeMessage,
  type HashRange,
  type Message,
} from '@swarmscope/bittorrent/peer/messages.ts';
import {
  answerMetadata,
  decodeExtensionIds,
  encodeExtensionHandshake,
  encodePex,
  METADATA_ID,
  type PexEntry,
} from './extensions.ts';
import type { LabPeer } from './peer.ts';

/** What the lab's log keeps of a conversation. */
export type PeerSessionFact =
  | { readonly type: 'met'; readonly peerId: Uint8Array; readonly infoHash: Uint8Array }
  | { readonly type: 'served'; readonly piece: number; readonly bytes: number; readonly corrupt: boolean }
  | { readonly type: 'withheld'; readonly piece: number }
  | { readonly type: 'parted' };

type Sink = SessionOut<PeerSessionFact>;

const MAX_PENDING = 500;
const IDLE_MS = 120_000;
const PEX_AFTER_MS = 500;
/** A super-seeder shows another piece once others had time to spread the last one it gave away. */
const REVEAL_AFTER_MS = 1_500;
const DEFAULT_UNCHOKE_MS = 300;

const never = Number.POSITIVE_INFINITY;

export class LabPeerSession implements Session<PeerSessionFact> {
  readonly #peer: LabPeer;
  readonly #others: () => readonly PexEntry[];
  /** The infohash to ask for when this side dials; undefined when it was dialled. */
  readonly #dials: Uint8Array | undefined;
  readonly #framer = new Framer();
  #head = new Uint8Array(0);
  #met = false;
  #fast = false;
  #choking = true;
  /** The send buffer is above its mark. */
  #full = false;
  #pexId = 0;
  #metadataId = 0;
  /** Requests that wait for room in the send buffer. */
  readonly #pending: BlockMessage[] = []; // bound: MAX_PENDING
  /** Pieces of the peer's order that this side has been told of. */
  #told = 0;
  #unchokeAtMs = never;
  #pexAtMs = never;
  #gainAtMs = never;
  #revealAtMs = never;
  #idleAtMs = never;

  /** `others` are the peers that PEX tells of; `dials` is given when the lab peer is the one that calls. */
  constructor(peer: LabPeer, others: () => readonly PexEntry[] = () => [], dials?: Uint8Array) {
    this.#peer = peer;
    this.#others = others;
    this.#dials = dials;
  }

  opened(now: number, out: Sink): void {
    this.#idleAtMs = now + IDLE_MS;
    if (this.#dials) this.#greet(this.#dials, out);
  }

  receive(bytes: Uint8Array, now: number, out: Sink): void {
    this.#idleAtMs = now + IDLE_MS;
    const { kind } = this.#peer.plan;
    if (kind === 'tarpit') return;
    if (kind === 'encrypted_only') out.abort();
    else if (this.#met) this.#frames(bytes, now, out);
    else this.#meet(bytes, now, out);
  }

  writable(now: number, out: Sink): void {
    this.#full = false;
    while (!this.#full && this.#pending.length > 0) this.#serve(this.#pending.shift()!, now, out);
  }

  closed(_outcome: Outcome, _now: number, out: Sink): void {
    this.#pending.length = 0;
    out.emit({ type: 'parted' });
  }

  tick(now: number, out: Sink): void {
    if (now >= this.#idleAtMs) {
      out.abort();
      return;
    }
    if (now >= this.#unchokeAtMs) {
      this.#unchokeAtMs = never;
      this.#choking = false;
      out.write(encodeMessage({ type: 'unchoke' }));
    }
    if (now >= this.#pexAtMs) {
      this.#pexAtMs = now + 60_000;
      out.write(encodeMessage({ type: 'extended', id: this.#pexId, payload: encodePex(this.#others()) }));
    }
    if (now >= this.#revealAtMs) {
      this.#revealAtMs = never;
      this.#tell(this.#told + 1, out);
    }
    if (now >= this.#gainAtMs) {
      this.#tell(this.#peer.count(now), out);
      this.#gainAtMs = this.#peer.nextGainMs(now);
    }
  }

  deadline(): number {
    return Math.min(this.#idleAtMs, this.#unchokeAtMs, this.#pexAtMs, this.#gainAtMs, this.#revealAtMs);
  }

  /** Collects the handshake; goes on when it is whole. */
  #meet(bytes: Uint8Array, now: number, out: Sink): void {
    const head = new Uint8Array(this.#head.length + bytes.length);
    head.set(this.#head);
    head.set(bytes, this.#head.length);
    this.#head = head;
    const handshake = decodeHandshake(head);
    if (!(handshake instanceof Malformed)) this.#answer(handshake, head.subarray(HANDSHAKE_BYTES), now, out);
    else if (handshake.reason !== 'truncated') out.abort();
  }

  #answer({ infoHash, peerId, reserved }: Handshake, rest: Uint8Array, now: number, out: Sink): void {
    this.#head = new Uint8Array(0);
    const { kind, content, fast } = this.#peer.plan;
    const known = content.wireHashes.some((hash) => equalBytes(hash, infoHash));
    if (known && !this.#dials) this.#greet(infoHash, out);
    if (!known || kind === 'wrong_infohash') {
      out.end();
      return;
    }
    this.#met = true;
    out.emit({ type: 'met', peerId, infoHash });
    if (kind === 'mute') return;
    const features = decodeFeatures(reserved);
    this.#fast = features.fast && fast !== false;
    this.#introduce(features.extended, now, out);
    if (rest.length > 0) this.#frames(rest, now, out);
  }

  #greet(infoHash: Uint8Array, out: Sink): void {
    const { plan, peerId } = this.#peer;
    const other = infoHash.map((byte) => byte ^ 0xff);
    const reserved = encodeFeatures({ extended: true, fast: plan.fast !== false, v2: plan.content.infoHashV2 !== undefined });
    out.write(encodeHandshake({ reserved, infoHash: plan.kind === 'wrong_infohash' ? other : infoHash, peerId }));
  }

  /** What a peer says right after the handshake: its extensions, then its pieces. */
  #introduce(extended: boolean, now: number, out: Sink): void {
    const { plan, rule } = this.#peer;
    if (extended) {
      const payload = encodeExtensionHandshake({
        metadataBytes: plan.content.info.length,
        pex: plan.content.plan.private !== true,
        uploadOnly: rule.uploadOnly,
        listenPort: plan.endpoint.port,
        client: 'Swarm Lab 1',
      });
      out.write(encodeMessage({ type: 'extended', id: 0, payload }));
    }
    const shown = this.#peer.shown(now);
    if (this.#fast && shown.complete) out.write(encodeMessage({ type: 'have_all' }));
    else if (this.#fast && shown.count === 0) out.write(encodeMessage({ type: 'have_none' }));
    else out.write(encodeMessage({ type: 'bitfield', bits: shown.toBytes() }));
    this.#told = plan.kind === 'super_seeder' ? 0 : this.#peer.count(now);
    this.#gainAtMs = this.#peer.nextGainMs(now);
    if (plan.kind === 'super_seeder') this.#tell(1, out);
  }

  /** Tells of the pieces up to place `count` of the order. */
  #tell(count: number, out: Sink): void {
    for (const index of this.#peer.order.subarray(this.#told, count)) out.write(encodeMessage({ type: 'have', index }));
    this.#told = Math.max(this.#told, Math.min(count, this.#peer.order.length));
  }

  #frames(bytes: Uint8Array, now: number, out: Sink): void {
    if (this.#peer.plan.kind === 'mute') return;
    let open = true;
    const failure = this.#framer.push(bytes, (frame) => {
      const message = decodeMessage(frame);
      if (!(message instanceof Malformed)) this.#take(message, now, out);
      else if (message.reason !== 'unknown_message') open = false;
      return open;
    });
    if (failure || !open) out.abort();
  }

  #take(message: Message, now: number, out: Sink): void {
    if (message.type === 'interested' && this.#choking && this.#peer.rule.unchokes) {
      this.#unchokeAtMs = Math.min(this.#unchokeAtMs, now + (this.#peer.plan.unchokeMs ?? DEFAULT_UNCHOKE_MS));
    } else if (message.type === 'request') this.#asked(message, now, out);
    else if (message.type === 'extended') this.#extended(message.id, message.payload, now, out);
    else if (message.type === 'hash_request') this.#hashes(message, out);
    else if (message.type === 'cancel') {
      const at = this.#pending.findIndex((asked) => asked.index === message.index && asked.begin === message.begin);
      if (at >= 0) this.#pending.splice(at, 1);
    }
  }

  #asked(request: BlockMessage, now: number, out: Sink): void {
    const { content } = this.#peer.plan;
    const inside = request.index < content.pieces && request.begin + request.length <= content.pieceLength(request.index);
    if (!inside || request.length === 0 || request.length > BLOCK_BYTES || this.#pending.length >= MAX_PENDING) out.abort();
    else if (this.#full) this.#pending.push({ ...request });
    else this.#serve(request, now, out);
  }

  /** Answers one request. */
  #serve(request: BlockMessage, now: number, out: Sink): void {
    const { kind, content } = this.#peer.plan;
    const { index, begin, length } = request;
    const hidden = kind === 'super_seeder' && this.#peer.place(index) >= this.#told;
    const has = !hidden && this.#peer.has(index, now);
    if (this.#choking || (!has && kind !== 'liar_corrupt')) {
      out.emit({ type: 'withheld', piece: index });
      const silent = !this.#fast || (kind === 'liar_silent' && !this.#choking);
      if (!silent) this.#full = !out.write(encodeMessage({ type: 'reject', index, begin, length }));
      return;
    }
    const block = content.range(index * content.plan.pieceBytes + begin, length);
    if (!has) block[0]! ^= 0xff;
    out.emit({ type: 'served', piece: index, bytes: length, corrupt: !has });
    if (kind === 'super_seeder' && this.#revealAtMs === never) this.#revealAtMs = now + REVEAL_AFTER_MS;
    this.#full = !out.write(encodeMessage({ type: 'piece', index, begin, block }));
  }

  #extended(id: number, payload: Uint8Array, now: number, out: Sink): void {
    const { content } = this.#peer.plan;
    if (id === 0) {
      const ids = decodeExtensionIds(payload);
      this.#metadataId = ids?.metadata ?? this.#metadataId;
      this.#pexId = ids?.pex ?? this.#pexId;
      if (this.#pexId > 0 && !content.plan.private && this.#pexAtMs === never) this.#pexAtMs = now + PEX_AFTER_MS;
    } else if (id === METADATA_ID && this.#metadataId > 0) {
      const answer = answerMetadata(payload, content.info);
      if (answer) out.write(encodeMessage({ type: 'extended', id: this.#metadataId, payload: answer }));
    }
  }

  #hashes(range: Message & HashRange, out: Sink): void {
    const tree = this.#peer.plan.content.treeOf(range.root);
    const hashes = tree?.range(range.base, range.index, range.length, range.proof);
    const { root, base, index, length, proof } = range;
    const echoed = { root, base, index, length, proof };
    if (hashes) out.write(encodeMessage({ type: 'hashes', ...echoed, hashes }));
    else out.write(encodeMessage({ type: 'hash_reject', ...echoed }));
  }
}
