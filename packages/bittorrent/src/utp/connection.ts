// One uTP connection with the session it carries (BEP 29): packets in, calls of the session, packets out.
import type { Endpoint, Out, Outcome, Session, SessionOut } from '../machine.ts';
import { Incoming } from './incoming.ts';
import { Outgoing, type Transmission } from './outgoing.ts';
import { encodePacket, type Packet, type PacketType } from './packet.ts';

// state     | meaning                                               | next
// dialling  | SYN sent                                              | STATE for it: open. RESET: closed (refused). connectMs: closed (timeout)
// answered  | STATE sent for a SYN, no session yet: the SYN may be  | a packet that knows our random sequence number: open
//           | forged                                                | connectMs: closed, and nobody hears of it
// open      | bytes both ways                                       | end(): ending. FIN of the peer: ending. RESET: closed (reset). dead: closed (timeout)
// ending    | what was written still goes out, then our FIN         | FIN acknowledged, or lingerMs: closed
// closed    | nothing is sent or read                               |
//
// The session hears `closed` exactly once, last, when the call that closed has ended.

/** After `end`: how long without anything of ours being acknowledged, and how long in all. */
const LINGER_MS = 10_000;
const LINGER_MOST_MS = 120_000;

/** What a machine of connections finds out: a fact of one of its sessions. */
export interface UtpFact<F> {
  readonly session: Session<F>;
  readonly fact: F;
}

export type State = 'dialling' | 'answered' | 'open' | 'ending' | 'closed';

export interface ConnectionOptions<F> {
  readonly remote: Endpoint;
  /** The session; or, accepted, who makes it once the peer has proved its address. */
  readonly session: Session<F> | (() => Session<F> | undefined);
  /** What the peer's packets carry, and what ours do. */
  readonly receiveId: number;
  readonly sendId: number;
  readonly firstSeq: number;
  /** Of the SYN that is answered. */
  readonly synSeq?: number;
  readonly connectByMs: number;
}

export class UtpConnection<F> implements SessionOut<F> {
  // Its place among the deadlines.
  dueMs = Number.POSITIVE_INFINITY;
  heapIndex = -1;
  readonly remote: Endpoint;
  readonly receiveId: number;
  readonly #sendId: number;
  readonly #firstSeq: number;
  readonly #makeSession: (() => Session<F> | undefined) | undefined;
  readonly #outgoing: Outgoing;
  #session: Session<F> | undefined;
  #incoming: Incoming | undefined;
  #state: State;
  #connectByMs: number;
  #lingerMs = Number.POSITIVE_INFINITY;
  #lingerMostMs = Number.POSITIVE_INFINITY;
  #paused = false;
  #mustAck = false;
  /** What we measured of the peer's packets' way, told in each of ours. */
  #differenceUs = 0;
  #out: Out<UtpFact<F>> | undefined;
  #closing: Outcome | undefined;

  constructor(options: ConnectionOptions<F>) {
    this.remote = options.remote;
    this.receiveId = options.receiveId;
    this.#sendId = options.sendId;
    this.#firstSeq = options.firstSeq;
    this.#connectByMs = options.connectByMs;
    this.#outgoing = new Outgoing(options.firstSeq);
    if (typeof options.session === 'function') this.#makeSession = options.session;
    else this.#session = options.session;
    this.#state = options.synSeq === undefined ? 'dialling' : 'answered';
    if (options.synSeq !== undefined) this.#incoming = new Incoming(options.synSeq);
  }

  get state(): State {
    return this.#state;
  }

  deadline(): number {
    if (this.#state === 'closed') return Number.POSITIVE_INFINITY;
    if (this.#state === 'answered') return this.#connectByMs;
    const own = Math.min(this.#outgoing.dueMs, this.#state === 'dialling' ? this.#connectByMs : this.#lingerMs);
    return this.#state === 'open' ? Math.min(own, this.#session!.deadline()) : own;
  }

  // ---- calls of the machine, each inside `during`

  /** Runs a step, then sends what it made, and closes if it said so. */
  during(now: number, out: Out<UtpFact<F>>, step: () => void): void {
    this.#out = out;
    step();
    this.#deliver(now);
    if (this.#closing === undefined) this.#flush(now, out);
    if (this.#closing !== undefined && this.#state !== 'closed') this.#close(now);
    this.#out = undefined;
  }

  /** SYN, or the STATE that answers one. */
  begin(now: number, out: Out<UtpFact<F>>): void {
    if (this.#state === 'dialling') this.#send(this.#outgoing.syn(now), now, out);
    else this.#mustAck = true;
  }

  receive(packet: Packet, now: number): void {
    if (this.#state === 'closed') return;
    this.#differenceUs = (microseconds(now) - packet.timestampUs) >>> 0;
    if (packet.type === 'reset') {
      if (this.#outgoing.hasSent(packet.ack)) this.#closing = this.#state === 'dialling' ? 'refused' : 'reset';
      return;
    }
    if (packet.type === 'syn') {
      this.#mustAck = this.#state === 'answered';
      return;
    }
    const inFlight = this.#outgoing.inFlight;
    if (!this.#outgoing.acknowledged(packet, now) || !this.#connected(packet, now)) return;
    if (this.#state === 'ending' && this.#outgoing.inFlight < inFlight) this.#linger(now);
    if (packet.type === 'data' || packet.type === 'fin') {
      this.#incoming!.take(packet.seq, packet.payload, packet.type === 'fin');
      this.#mustAck = true;
    }
    if (this.#state === 'open' && this.#outgoing.hasRoomAgain()) this.#session!.writable(now, this);
  }

  tick(now: number): void {
    if (this.#state === 'answered' || this.#state === 'dialling') {
      if (now >= this.#connectByMs) this.#closing = 'timeout';
    } else if (now >= this.#lingerMs) this.#closing = 'closed_early';
    if (this.#closing !== undefined) return;
    if (now >= this.#outgoing.dueMs && !this.#outgoing.expired(now)) this.#closing = 'timeout';
    else if (this.#state === 'open' && now >= this.#session!.deadline()) this.#session!.tick(now, this);
  }

  /** A call of the session from outside; undefined (and no call) while connecting and after the end. */
  act<S extends Session<F>, R>(action: (session: S, now: number, out: SessionOut<F>) => R, now: number): R | undefined {
    return this.#state === 'open' ? action(this.#session as S, now, this) : undefined;
  }

  /** Whether the connection stands; makes it stand when this packet shows that the peer has our first one. */
  #connected(packet: Packet, now: number): boolean {
    if (this.#state === 'dialling') {
      if (packet.ack !== this.#firstSeq) return false;
      // The STATE that answers a SYN carries the number of the first DATA that will follow it.
      this.#incoming = new Incoming((packet.seq - 1) & 0xffff);
      // It waits for a sign that we have its number, and our session may have nothing to say yet.
      this.#mustAck = true;
    } else if (this.#state === 'answered') {
      if (packet.ack !== ((this.#firstSeq - 1) & 0xffff)) return false;
      this.#session = this.#makeSession?.();
      if (!this.#session) {
        this.#closing = 'closed_early';
        return false;
      }
    } else return true;
    this.#state = 'open';
    this.#session!.opened(now, this);
    return true;
  }

  #deliver(now: number): void {
    while (this.#state === 'open' && !this.#paused && this.#closing === undefined) {
      const bytes = this.#incoming!.read();
      if (!bytes) break;
      this.#session!.receive(bytes, now, this);
    }
    if (this.#state === 'open' && this.#incoming!.isEnded && !this.#paused) this.end();
  }

  // ---- what the session says

  write(bytes: Uint8Array): boolean {
    return this.#state === 'open' && this.#outgoing.write(bytes);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    // The peer must learn that there is room again.
    this.#mustAck = true;
  }

  end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    this.#outgoing.end();
    this.#lingerMs = Number.NEGATIVE_INFINITY;
  }

  #linger(now: number): void {
    if (this.#lingerMostMs === Number.POSITIVE_INFINITY) this.#lingerMostMs = now + LINGER_MOST_MS;
    this.#lingerMs = Math.min(now + LINGER_MS, this.#lingerMostMs);
  }

  abort(): void {
    this.#closing ??= 'closed_early';
  }

  emit(fact: F): void {
    this.#out?.emit({ session: this.#session!, fact });
  }

  // ---- packets out

  #flush(now: number, out: Out<UtpFact<F>>): void {
    if (this.#lingerMs === Number.NEGATIVE_INFINITY) this.#linger(now);
    if (this.#state === 'open' || this.#state === 'ending' || this.#state === 'dialling') {
      for (let packet = this.#outgoing.next(now); packet; packet = this.#outgoing.next(now)) this.#send(packet, now, out);
      if (this.#state === 'ending' && this.#outgoing.isDone) this.#closing = 'closed_early';
    }
    if (this.#mustAck && this.#state !== 'dialling') this.#write('state', this.#outgoing.nextSeq, new Uint8Array(0), now, out);
  }

  #send(packet: Transmission, now: number, out: Out<UtpFact<F>>): void {
    this.#write(packet.type, packet.seq, packet.payload, now, out);
  }

  #write(type: PacketType, seq: number, payload: Uint8Array, now: number, out: Out<UtpFact<F>>): void {
    this.#mustAck = false;
    const incoming = this.#incoming;
    const bytes = encodePacket({
      type,
      connectionId: type === 'syn' ? this.receiveId : this.#sendId,
      timestampUs: microseconds(now),
      differenceUs: this.#differenceUs,
      window: incoming?.window ?? 0x10000,
      seq,
      ack: incoming?.ack ?? 0,
      sack: type === 'state' ? incoming?.sack() : undefined,
      payload,
    });
    out.send(bytes, this.remote);
  }

  /** Says RESET unless both sides have ended, and tells the session. */
  #close(now: number): void {
    const wasOrderly = this.#state === 'ending' && this.#outgoing.isDone;
    const isTold = this.#closing === 'refused' || this.#closing === 'reset';
    if (!wasOrderly && !isTold && this.#state !== 'answered')
      this.#write('reset', this.#outgoing.nextSeq, new Uint8Array(0), now, this.#out!);
    this.#state = 'closed';
    this.#session?.closed(this.#closing!, now, this);
  }
}

function microseconds(now: number): number {
  return Math.floor(now * 1000) >>> 0;
}
