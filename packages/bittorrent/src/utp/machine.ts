// All uTP connections of one socket (BEP 29): which packet belongs to which, who may come in, and when the next deadline is.
import { endpointKey } from '../endpoint.ts';
import type { Endpoint, Machine, Out, Random, Session, SessionOut } from '../machine.ts';
import { Malformed } from '../malformed.ts';
import { UtpConnection, type UtpFact } from './connection.ts';
import { decodePacket, type Packet } from './packet.ts';

/** One heap for the deadlines of all connections (runtime/deadlines.ts is one). */
export interface DeadlineHeap<T> {
  set(item: T, dueMs: number): void;
  remove(item: T): void;
  next(): number;
  takeDue(nowMs: number): T | undefined;
}

export interface UtpOptions<F> {
  readonly random: Random;
  readonly deadlines: DeadlineHeap<UtpConnection<F>>;
  /** Connections at one time, both directions; further ones are not begun, and not answered. */
  readonly maxConnections: number;
  readonly connectTimeoutMs: number;
  /** Who talks to a peer that has connected and proved its address; undefined: nobody. The connection is for later calls of `act`. */
  readonly accept?: (from: Endpoint, connection: UtpConnection<F>) => Session<F> | undefined;
}

/** Of the connections, so many may be SYNs that were answered and nothing more: they cost an attacker one packet each. */
const HALF_OPEN_SHARE = 0.25;

export interface UtpCounters {
  malformed: number;
  /** Packets of no connection. */
  stray: number;
  accepted: number;
  /** SYNs that were not answered. */
  declined: number;
}

export class UtpMachine<F> implements Machine<UtpFact<F>> {
  readonly counters: UtpCounters = { malformed: 0, stray: 0, accepted: 0, declined: 0 };
  readonly #options: UtpOptions<F>;
  readonly #connections = new Map<string, UtpConnection<F>>(); // bound: maxConnections
  #halfOpen = 0;

  constructor(options: UtpOptions<F>) {
    this.#options = options;
  }

  get size(): number {
    return this.#connections.size;
  }

  /** Connects and carries `session`; undefined when there are too many connections (the session hears nothing). */
  dial(to: Endpoint, session: Session<F>, now: number, out: Out<UtpFact<F>>): UtpConnection<F> | undefined {
    const receiveId = this.#freeId(to);
    if (receiveId === undefined) return undefined;
    const connection = new UtpConnection<F>({
      remote: to,
      session,
      receiveId,
      sendId: (receiveId + 1) & 0xffff,
      firstSeq: 1 + Math.floor(this.#options.random() * 0xfffe),
      connectByMs: now + this.#options.connectTimeoutMs,
    });
    this.#connections.set(keyOf(to, receiveId), connection);
    this.#during(connection, now, out, () => connection.begin(now, out));
    return connection;
  }

  /** A call of a session from outside. */
  act<S extends Session<F>, R>(
    connection: UtpConnection<F>,
    action: (session: S, now: number, out: SessionOut<F>) => R,
    now: number,
    out: Out<UtpFact<F>>,
  ): R | undefined {
    let result: R | undefined;
    this.#during(connection, now, out, () => {
      result = connection.act(action, now);
    });
    return result;
  }

  /** Ends a connection now, with a RESET. */
  abort(connection: UtpConnection<F>, now: number, out: Out<UtpFact<F>>): void {
    this.#during(connection, now, out, () => connection.abort());
  }

  /** Ends all connections now. */
  abortAll(now: number, out: Out<UtpFact<F>>): void {
    for (const connection of [...this.#connections.values()]) this.abort(connection, now, out);
  }

  receive(bytes: Uint8Array, from: Endpoint, now: number, out: Out<UtpFact<F>>): void {
    const packet = decodePacket(bytes);
    if (packet instanceof Malformed) {
      this.counters.malformed++;
      return;
    }
    const connection = this.#find(packet, from);
    if (connection) this.#during(connection, now, out, () => connection.receive(packet, now));
    else if (packet.type === 'syn') this.#answer(packet, from, now, out);
    else this.counters.stray++;
  }

  tick(now: number, out: Out<UtpFact<F>>): void {
    const { deadlines } = this.#options;
    for (let connection = deadlines.takeDue(now); connection; connection = deadlines.takeDue(now)) {
      const due = connection;
      this.#during(due, now, out, () => due.tick(now));
      // A deadline that did not move would hold this loop: it waits for the next turn.
      if (due.state !== 'closed' && due.deadline() <= now) deadlines.set(due, now + 1);
    }
  }

  deadline(): number {
    return this.#options.deadlines.next();
  }

  #find(packet: Packet, from: Endpoint): UtpConnection<F> | undefined {
    // A SYN names the other side's id, one below what its data will carry; a RESET may carry either id.
    if (packet.type === 'syn') return this.#connections.get(keyOf(from, (packet.connectionId + 1) & 0xffff));
    const own = this.#connections.get(keyOf(from, packet.connectionId));
    if (own || packet.type !== 'reset') return own;
    return (
      this.#connections.get(keyOf(from, (packet.connectionId - 1) & 0xffff)) ??
      this.#connections.get(keyOf(from, (packet.connectionId + 1) & 0xffff))
    );
  }

  #answer(packet: Packet, from: Endpoint, now: number, out: Out<UtpFact<F>>): void {
    const { accept, maxConnections, random, connectTimeoutMs } = this.#options;
    if (!accept || this.#connections.size >= maxConnections || this.#halfOpen >= maxConnections * HALF_OPEN_SHARE) {
      this.counters.declined++;
      return;
    }
    const receiveId = (packet.connectionId + 1) & 0xffff;
    const connection: UtpConnection<F> = new UtpConnection<F>({
      remote: { address: from.address, port: from.port },
      session: () => {
        this.counters.accepted++;
        return accept(connection.remote, connection);
      },
      receiveId,
      sendId: packet.connectionId,
      firstSeq: 1 + Math.floor(random() * 0xfffe),
      synSeq: packet.seq,
      connectByMs: now + connectTimeoutMs,
    });
    this.#connections.set(keyOf(from, receiveId), connection);
    this.#halfOpen++;
    this.#during(connection, now, out, () => connection.begin(now, out));
  }

  #during(connection: UtpConnection<F>, now: number, out: Out<UtpFact<F>>, step: () => void): void {
    const wasHalfOpen = connection.state === 'answered';
    connection.during(now, out, step);
    if (wasHalfOpen && connection.state !== 'answered') this.#halfOpen--;
    const { deadlines } = this.#options;
    if (connection.state !== 'closed') {
      deadlines.set(connection, connection.deadline());
      return;
    }
    deadlines.remove(connection);
    const key = keyOf(connection.remote, connection.receiveId);
    if (this.#connections.get(key) === connection) this.#connections.delete(key);
  }

  /** A random id that no connection with this endpoint has; undefined when there are too many connections. */
  #freeId(to: Endpoint): number | undefined {
    if (this.#connections.size >= this.#options.maxConnections) return undefined;
    for (let tries = 0; tries < 16; tries++) {
      const id = Math.floor(this.#options.random() * 0xffff);
      if (!this.#connections.has(keyOf(to, id))) return id;
    }
    return undefined;
  }
}

function keyOf(endpoint: Endpoint, id: number): string {
  return `${endpointKey(endpoint)}/${id}`;
}
