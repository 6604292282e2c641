// The extension side of a session (BEP 10): the handshake both ways, metadata fetched and served (BEP 9), peers exchanged (BEP 11), upload_only (BEP 21), holepunching (BEP 55).
import type { Endpoint, SessionOut } from '../machine.ts';
import { Malformed } from '../malformed.ts';
import {
  decodeExtensionHandshake,
  type ExtensionName,
  encodeExtensionHandshake,
  extensionOfId,
  OUR_EXTENSIONS,
} from './extension.ts';
import type { PeerFact, SessionTimes, Useless, Violation } from './facts.ts';
import { decodeHolepunch, encodeHolepunch, type HolepunchMessage, MAX_HOLEPUNCHES } from './holepunch.ts';
import { encodeMessage } from './messages.ts';
import { decodeMetadataMessage, encodeMetadataMessage, infoHashKind, METADATA_BLOCK_BYTES, serveMetadata } from './metadata.ts';
import { type MetadataFailure, MetadataFetch } from './metadata-fetch.ts';
import { decodePex, encodePex, MAX_PEX_SENT, PexMeter, type PexPeer } from './pex.ts';
import { MAX_QUEUED_REQUESTS } from './serving.ts';
import type { Swarm } from './swarm.ts';

/** Names of extensions that a peer offers which are kept: what `peer_probed.extensions` holds. */
const MAX_NAMES = 64;
/** Requests a peer queues when it does not say (`reqq`). */
const DEFAULT_QUEUE = 50;
/** BEP 11: one message a minute. */
const PEX_INTERVAL_MS = 60_000;

/** What a message amounts to: undefined is useful, a Useless is counted, a Violation ends the session. */
export type Judgement = undefined | { readonly useless: Useless } | { readonly violation: Violation };

type Out = SessionOut<PeerFact>;

/** Who we are, as told in our extension handshake. */
export interface SelfDescription {
  readonly client: string;
  readonly listenPort: number | undefined;
  /** We speak uTP, so that holes can be punched to us. */
  readonly hasUtp?: boolean;
}

const offering = (...without: readonly ExtensionName[]): ReadonlyMap<string, number> =>
  new Map(Object.entries(OUR_EXTENSIONS).filter(([name]) => !without.includes(name as ExtensionName)));

/** What we offer: peers of a private torrent are not told of each other, holes are punched over uTP. */
const OFFERS = { all: offering(), withoutHoles: offering('ut_holepunch'), private: offering('ut_pex', 'ut_holepunch') };

export class Extended {
  readonly #swarm: () => Swarm;
  readonly #times: SessionTimes;
  #ids: Map<string, number> | undefined; // bound: MAX_NAMES
  #pexMeter: PexMeter | undefined;
  #pexSentAt = Number.NEGATIVE_INFINITY;
  #metadataBytes: number | undefined;
  #metadataServed = 0;
  #holepunches = 0;
  #fetch: MetadataFetch | undefined;
  /** What the peer says of itself: downloads nothing. Undefined when it never said. */
  uploadOnly: boolean | undefined;
  /** Requests it queues. */
  queue = DEFAULT_QUEUE;

  constructor(swarm: () => Swarm, times: SessionTimes) {
    this.#swarm = swarm;
    this.#times = times;
  }

  /** When `tick` is wanted. */
  get due(): number {
    return this.#fetch?.due ?? Number.POSITIVE_INFINITY;
  }

  /** Sends our handshake. We never say `upload_only`: seeds drop such peers, and we do load. */
  greet(self: SelfDescription, remote: Endpoint, out: Out): void {
    const { info, allowsPex } = this.#swarm();
    this.#write(0, out, {
      extensions: allowsPex ? (self.hasUtp ? OFFERS.all : OFFERS.withoutHoles) : OFFERS.private,
      client: self.client,
      listenPort: self.listenPort,
      queue: MAX_QUEUED_REQUESTS,
      yourAddress: remote.address,
      metadataBytes: info?.length,
      uploadOnly: undefined,
    });
  }

  /** An extended message. */
  receive(id: number, payload: Uint8Array, now: number, out: Out): Judgement {
    if (id === 0) return this.#handshake(payload, out);
    switch (extensionOfId(id)) {
      case 'ut_metadata':
        return this.#metadata(payload, now, out);
      case 'ut_pex':
        return this.#pex(payload, now, out);
      case 'ut_holepunch':
        return this.#holepunch(payload, out);
      case 'upload_only':
        if (payload.length !== 1) return { violation: 'extension_bad_length' };
        this.uploadOnly = payload[0] !== 0;
        out.emit({ type: 'upload_only', uploadOnly: this.uploadOnly });
        return undefined;
      default:
        return { useless: 'extension_unknown' };
    }
  }

  /** Whether the peer has said that it can give the metadata. */
  get offersMetadata(): boolean {
    return (this.#ids?.get('ut_metadata') ?? 0) > 0 && (this.#metadataBytes ?? 0) > 0;
  }

  /** Begins to fetch the metadata. False when it offers none, too much, or is being asked already. */
  fetchMetadata(now: number, out: Out): boolean {
    if (!this.offersMetadata || this.#fetch) return false;
    if (!MetadataFetch.accepts(this.#metadataBytes!)) {
      out.emit({ type: 'metadata_failed', reason: 'too_large' });
      return false;
    }
    this.#fetch = new MetadataFetch(this.#metadataBytes!, this.#times.metadataMs);
    this.#ask(now, out);
    return true;
  }

  /** Somebody else was faster. */
  stopFetching(): void {
    this.#fetch = undefined;
  }

  /** Tells the peer of others, if it wants to know and the last time is a minute ago. False when nothing was sent. */
  sendPex(added: readonly PexPeer[], now: number, out: Out): boolean {
    if (!this.#swarm().allowsPex || added.length === 0 || now < this.#pexSentAt + PEX_INTERVAL_MS) return false;
    this.#pexSentAt = now;
    return this.#send('ut_pex', encodePex({ added: added.slice(0, MAX_PEX_SENT), dropped: [] }), out);
  }

  /** Asks it to relay, or answers as a relay. False when it does not speak of holes, or the torrent is private. */
  sendHolepunch(message: HolepunchMessage, out: Out): boolean {
    return this.#swarm().allowsPex && this.#send('ut_holepunch', encodeHolepunch(message), out);
  }

  tick(now: number, out: Out): void {
    if (!this.#fetch || now < this.#fetch.due) return;
    this.#fetch = undefined;
    out.emit({ type: 'metadata_failed', reason: 'timeout' });
  }

  #handshake(payload: Uint8Array, out: Out): Judgement {
    const handshake = decodeExtensionHandshake(payload);
    if (handshake instanceof Malformed) return { violation: `extension_${handshake.reason}` };
    const ids = this.#learnIds(handshake.extensions);
    if (handshake.queue !== undefined && handshake.queue > 0) this.queue = handshake.queue;
    this.#metadataBytes = handshake.metadataBytes ?? this.#metadataBytes;
    this.uploadOnly = handshake.uploadOnly ?? this.uploadOnly;
    const { client, listenPort, yourAddress } = handshake;
    out.emit({
      type: 'extended',
      client,
      extensions: [...ids.keys()].sort(),
      uploadOnly: this.uploadOnly,
      listenPort,
      yourAddress,
      metadataBytes: this.#metadataBytes,
    });
    return undefined;
  }

  #learnIds(told: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
    this.#ids ??= new Map();
    const ids = this.#ids;
    for (const [name, id] of told) {
      if (id === 0) ids.delete(name);
      else if (ids.has(name) || ids.size < MAX_NAMES) ids.set(name, id);
    }
    return ids;
  }

  #metadata(payload: Uint8Array, now: number, out: Out): Judgement {
    const message = decodeMetadataMessage(payload);
    if (message instanceof Malformed)
      return message.reason === 'unknown_message'
        ? { useless: 'extension_unknown' }
        : { violation: `metadata_${message.reason}` };
    if (message.type === 'request') return this.#serveMetadata(message.piece, out);
    const taken = this.#fetch?.take(message, now) ?? 'useless';
    if (taken === 'useless') return { useless: 'metadata_unasked' };
    if (taken === 'taken') this.#ask(now, out);
    else if (taken instanceof Uint8Array) this.#complete(taken, out);
    else this.#failFetch(taken, out);
    return undefined;
  }

  /** Twice the whole is what a peer may ask for; more is counted against it. */
  #serveMetadata(piece: number, out: Out): Judgement {
    const { info } = this.#swarm();
    const answer = info ? serveMetadata(info, piece) : ({ type: 'reject', piece } as const);
    this.#send('ut_metadata', encodeMetadataMessage(answer), out);
    const enough = 2 * Math.ceil((info?.length ?? 0) / METADATA_BLOCK_BYTES);
    return ++this.#metadataServed > enough ? { useless: 'metadata_again' } : undefined;
  }

  #complete(info: Uint8Array, out: Out): void {
    if (infoHashKind(info, this.#swarm().infoHash) === undefined) {
      this.#failFetch('bad_hash', out);
      return;
    }
    this.#fetch = undefined;
    out.emit({ type: 'metadata', info });
  }

  #failFetch(reason: MetadataFailure, out: Out): void {
    this.#fetch = undefined;
    out.emit({ type: 'metadata_failed', reason });
  }

  #pex(payload: Uint8Array, now: number, out: Out): Judgement {
    if (!this.#swarm().allowsPex) return { useless: 'pex_private' };
    this.#pexMeter ??= new PexMeter();
    if (!this.#pexMeter.admits(now)) return { useless: 'pex_early' };
    const message = decodePex(payload);
    if (message instanceof Malformed) return { violation: `pex_${message.reason}` };
    out.emit({ type: 'pex', added: message.added, dropped: message.dropped });
    return undefined;
  }

  #holepunch(payload: Uint8Array, out: Out): Judgement {
    if (!this.#swarm().allowsPex || ++this.#holepunches > MAX_HOLEPUNCHES) return { useless: 'holepunch_again' };
    const message = decodeHolepunch(payload);
    if (!(message instanceof Malformed)) out.emit({ type: 'holepunch', message });
    else if (message.reason === 'unknown_message') return { useless: 'extension_unknown' };
    else return { violation: `holepunch_${message.reason}` };
    return undefined;
  }

  #ask(now: number, out: Out): void {
    for (const piece of this.#fetch?.requests(now) ?? [])
      this.#send('ut_metadata', encodeMetadataMessage({ type: 'request', piece }), out);
  }

  #send(name: ExtensionName, payload: Uint8Array, out: Out): boolean {
    const id = this.#ids?.get(name);
    if (id === undefined) return false;
    out.write(encodeMessage({ type: 'extended', id, payload }));
    return true;
  }

  #write(id: number, out: Out, handshake: Parameters<typeof encodeExtensionHandshake>[0]): void {
    out.write(encodeMessage({ type: 'extended', id, payload: encodeExtensionHandshake(handshake) }));
  }
}
