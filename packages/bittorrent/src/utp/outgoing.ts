// The sending half of a uTP connection: bytes become packets, packets are kept until acknowledged, and sent again when they seem lost.
import { Congestion, RoundTrip } from './congestion.ts';
import { type Packet, seqDistance } from './packet.ts';

/** Payload of a packet: with the headers of uTP, UDP and IPv6 below 1 280 bytes, what every path carries. */
export const PAYLOAD_BYTES = 1_200;
/** Above this much waiting, `write` says that the buffer is full. */
const HIGH_WATER = 64 * 1024;
/** Packets in flight: half of what a selective ack can name. */
const MAX_IN_FLIGHT = 512;
/** So many later packets acknowledged, and a packet counts as lost. */
const LOST_AFTER = 3;
/** Sent so often without an answer, and the connection is dead. */
const MAX_TRANSMISSIONS = 6;
/** A receiver without room is asked again after this. */
const WINDOW_PROBE_MS = 15_000;

interface Sent {
  readonly seq: number;
  readonly type: 'data' | 'fin' | 'syn';
  readonly payload: Uint8Array;
  sentMs: number;
  transmissions: number;
  /** Lost, as far as we know: goes out again before anything new. */
  again: boolean;
}

export type Transmission = Pick<Sent, 'seq' | 'type' | 'payload'>;

export class Outgoing {
  readonly roundTrip = new RoundTrip();
  readonly #congestion = new Congestion();
  /** Sequence number of the next new packet. */
  nextSeq: number;
  #queue: Uint8Array[] = []; // bound: what the session writes after `write` said no: one message
  #queuedBytes = 0;
  readonly #inFlight: Sent[] = []; // bound: MAX_IN_FLIGHT, in order of seq
  #inFlightBytes = 0;
  /** Bytes that the receiver has room for. */
  #peerWindow = PAYLOAD_BYTES;
  readonly #before: number;
  #lastAck: number;
  #repeatedAcks = 0;
  #finWanted = false;
  #finSent = false;
  #dueMs = Number.POSITIVE_INFINITY;
  #wasFull = false;

  constructor(firstSeq: number) {
    this.nextSeq = firstSeq;
    this.#before = (firstSeq - 1) & 0xffff;
    this.#lastAck = this.#before;
  }

  /** When `expired` is wanted. */
  get dueMs(): number {
    return this.#dueMs;
  }

  /** Everything written and the FIN have arrived. */
  get isDone(): boolean {
    return this.#finSent && this.#inFlight.length === 0;
  }

  /** Packets that were sent and not acknowledged. */
  get inFlight(): number {
    return this.#inFlight.length;
  }

  /** Whether `ack` names a packet of ours (or the number before the first): what one who never saw them would have to guess. */
  hasSent(ack: number): boolean {
    return seqDistance(this.#before, ack) >= 0 && seqDistance(ack, (this.nextSeq - 1) & 0xffff) >= 0;
  }

  /** Takes a copy. False when the buffer is above its mark: `hasRoomAgain` tells when it is not any more. */
  write(bytes: Uint8Array): boolean {
    if (this.#finWanted) return false;
    if (bytes.length > 0) this.#queue.push(bytes.slice());
    this.#queuedBytes += bytes.length;
    this.#wasFull ||= this.#queuedBytes > HIGH_WATER;
    return this.#queuedBytes <= HIGH_WATER;
  }

  /** Nothing more is written: a FIN follows the last byte. */
  end(): void {
    this.#finWanted = true;
  }

  /** Whether the buffer was full and has room now; asks once. */
  hasRoomAgain(): boolean {
    if (!this.#wasFull || this.#queuedBytes > HIGH_WATER / 2) return false;
    this.#wasFull = false;
    return true;
  }

  /** The first packet of the side that dials. */
  syn(now: number): Transmission {
    return this.#begin('syn', new Uint8Array(0), now);
  }

  /** The next packet that may go out now; call it until undefined. */
  next(now: number): Transmission | undefined {
    const again = this.#inFlight.find((packet) => packet.again);
    if (again) {
      if (this.#inFlightBytes > 0 && this.#inFlightBytes + again.payload.length > this.#congestion.windowBytes) return undefined;
      again.again = false;
      again.transmissions++;
      again.sentMs = now;
      this.#inFlightBytes += again.payload.length;
      this.#dueMs = now + this.roundTrip.timeoutMs;
      return again;
    }
    if (this.#inFlight.length >= MAX_IN_FLIGHT || this.#finSent) return undefined;
    if (this.#queuedBytes > 0) return this.#nextData(now);
    if (!this.#finWanted) return undefined;
    this.#finSent = true;
    return this.#begin('fin', new Uint8Array(0), now);
  }

  #nextData(now: number): Transmission | undefined {
    const bytes = Math.min(PAYLOAD_BYTES, this.#queuedBytes);
    const room = Math.min(this.#congestion.windowBytes, this.#peerWindow);
    if (this.#inFlightBytes + bytes > room && (this.#inFlightBytes > 0 || bytes > this.#peerWindow)) {
      if (this.#inFlight.length === 0) this.#dueMs = Math.min(this.#dueMs, now + WINDOW_PROBE_MS);
      return undefined;
    }
    return this.#begin('data', this.#dequeue(bytes), now);
  }

  #dequeue(bytes: number): Uint8Array {
    const payload = new Uint8Array(bytes);
    let filled = 0;
    while (filled < bytes) {
      const head = this.#queue[0]!;
      const part = head.subarray(0, bytes - filled);
      payload.set(part, filled);
      filled += part.length;
      if (part.length === head.length) this.#queue.shift();
      else this.#queue[0] = head.subarray(part.length);
    }
    this.#queuedBytes -= bytes;
    return payload;
  }

  #begin(type: Sent['type'], payload: Uint8Array, now: number): Transmission {
    const packet: Sent = { seq: this.nextSeq, type, payload, sentMs: now, transmissions: 1, again: false };
    this.nextSeq = (this.nextSeq + 1) & 0xffff;
    this.#inFlight.push(packet);
    this.#inFlightBytes += payload.length;
    if (this.#inFlight.length === 1) this.#dueMs = now + this.roundTrip.timeoutMs;
    return packet;
  }

  /** What a packet of the peer says of ours. False when it acknowledges what was never sent. */
  acknowledged(packet: Packet, now: number): boolean {
    const newest = (this.nextSeq - 1) & 0xffff;
    const advance = seqDistance(this.#lastAck, packet.ack);
    if (seqDistance(packet.ack, newest) < 0 || advance < -MAX_IN_FLIGHT) return false;
    this.#peerWindow = packet.window;
    if (advance === 0 && packet.type === 'state' && this.#inFlight.length > 0) this.#repeatedAcks++;
    else if (advance > 0) {
      this.#repeatedAcks = 0;
      this.#lastAck = packet.ack;
    }
    const before = this.#inFlight.length;
    let bytes = this.#drop((sent) => seqDistance(sent.seq, packet.ack) >= 0, now);
    if (packet.sack) bytes += this.#selective(packet, packet.sack, now);
    else if (this.#repeatedAcks === LOST_AFTER) this.#loseFirst(now);
    if (bytes > 0) this.#congestion.acknowledged(bytes, packet.differenceUs, now);
    if (this.#inFlight.length < before)
      this.#dueMs = this.#inFlight.length > 0 ? now + this.roundTrip.timeoutMs : Number.POSITIVE_INFINITY;
    return true;
  }

  #drop(isThere: (sent: Sent) => boolean, now: number): number {
    let bytes = 0;
    for (let i = 0; i < this.#inFlight.length; ) {
      const sent = this.#inFlight[i]!;
      if (!isThere(sent)) {
        i++;
        continue;
      }
      this.#inFlight.splice(i, 1);
      if (!sent.again) this.#inFlightBytes -= sent.payload.length;
      if (sent.transmissions === 1) this.roundTrip.note(now - sent.sentMs);
      bytes += sent.payload.length;
    }
    return bytes;
  }

  /** Bit i of a selective ack is the packet ack + 2 + i. */
  #selective(packet: Packet, sack: Uint8Array, now: number): number {
    const has = (seq: number) => {
      const bit = seqDistance(packet.ack, seq) - 2;
      return bit >= 0 && bit < sack.length * 8 && (sack[bit >> 3]! & (1 << (bit & 7))) !== 0;
    };
    const bytes = this.#drop((sent) => has(sent.seq), now);
    let later = 0;
    for (const byte of sack) for (let rest = byte; rest > 0; rest &= rest - 1) later++;
    if (later >= LOST_AFTER) this.#loseFirst(now);
    return bytes;
  }

  #loseFirst(now: number): void {
    const first = this.#inFlight[0];
    // Sent again already, and not a round trip ago: the answer to that is still on its way.
    if (!first || first.again || now - first.sentMs < this.roundTrip.timeoutMs / 4) return;
    this.#markLost(first);
    this.#congestion.lost(now, this.roundTrip.timeoutMs);
  }

  #markLost(sent: Sent): void {
    if (sent.again) return;
    sent.again = true;
    this.#inFlightBytes -= sent.payload.length;
  }

  /** The timeout: everything in flight counts as lost. False when the connection is dead. */
  expired(now: number): boolean {
    this.#dueMs = Number.POSITIVE_INFINITY;
    if (this.#inFlight.length === 0) {
      this.#peerWindow = Math.max(this.#peerWindow, PAYLOAD_BYTES);
      return true;
    }
    if (this.#inFlight.some((sent) => sent.transmissions >= MAX_TRANSMISSIONS)) return false;
    this.roundTrip.timedOut();
    this.#congestion.timedOut();
    for (const sent of this.#inFlight) this.#markLost(sent);
    this.#dueMs = now + this.roundTrip.timeoutMs;
    return true;
  }
}
