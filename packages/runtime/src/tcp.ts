// TCP for stream sessions: dials, listeners, one heap for the deadlines of all, one cap for their number.
import { connect, createServer, isIP, type Server, type Socket } from 'node:net';
import type { Endpoint, Session, SessionOut } from '@swarmscope/bittorrent/machine.ts';
import { withoutZone } from './address-numbers.ts';
import { Alarm } from './alarm.ts';
import type { Clock } from './clock.ts';
import { Deadlines } from './deadlines.ts';
import type { OnInvariant } from './invariant.ts';
import { type LinkShell, TcpLink } from './tcp-link.ts';

export interface TcpOptions {
  readonly clock: Clock;
  /** Sessions at one time, dialled and accepted together. A dial beyond it ends as `busy`, an inbound connection is closed. */
  readonly maxSessions: number;
  readonly connectTimeoutMs: number;
  readonly onInvariant: OnInvariant;
}

/** The most that is read at once: what Node reads. */
const READ_BYTES = 65_536;

/** A session and its connection, for whoever dialled it. */
export interface Conversation<S, F> {
  readonly remote: Endpoint;
  /** A call from outside; undefined (and no call) while connecting and after the end. */
  act<R>(action: (session: S, now: number, out: SessionOut<F>) => R): R | undefined;
  /** Ends it now; the session hears `closed`, by default as `closed_early`. */
  abort(): void;
}

/** Whom an inbound connection is for. */
export interface Acceptance<F> {
  readonly session: Session<F>;
  readonly onFact: (fact: F, now: number) => void;
  /** Gets the conversation before the session is opened, where calls from outside are wanted. */
  readonly joined?: (conversation: Conversation<Session<F>, F>) => void;
}

export interface TcpListener {
  readonly local: Endpoint;
  /** Takes no more; the sessions it has accepted go on. */
  close(): Promise<void>;
}

export interface TcpCounters {
  dialled: number;
  connected: number;
  accepted: number;
  /** Inbound connections closed at once: at the cap, or wanted by nobody. */
  declined: number;
  bytesIn: number;
  bytesOut: number;
}

export class TcpTransport {
  readonly counters: TcpCounters = { dialled: 0, connected: 0, accepted: 0, declined: 0, bytesIn: 0, bytesOut: 0 };
  readonly #options: TcpOptions;
  readonly #links = new Set<TcpLink>(); // bound: maxSessions
  readonly #listeners = new Set<TcpListener>(); // bound: the listen() calls of the composition
  readonly #deadlines = new Deadlines<TcpLink>();
  readonly #alarm: Alarm;
  readonly #reading = new Uint8Array(READ_BYTES);
  #closed: (() => void) | undefined;
  readonly #shell: LinkShell = {
    now: () => this.#options.clock.now(),
    onInvariant: (error: unknown) => this.#options.onInvariant(error),
    counters: this.counters,
    due: (link: TcpLink, dueMs: number) => {
      this.#deadlines.set(link, dueMs);
      this.#alarm.set(this.#deadlines.next());
    },
    ended: (link: TcpLink) => {
      this.#deadlines.remove(link);
      this.#links.delete(link);
      if (this.#links.size === 0) this.#closed?.();
    },
  };

  constructor(options: TcpOptions) {
    this.#options = options;
    this.#alarm = new Alarm(options.clock, () => this.#tick());
  }

  /** Live sessions, those that still connect included. */
  get sessions(): number {
    return this.#links.size;
  }

  /** Connects and drives `session`: `opened` or not, then `closed` with how it ended. `to.address` is an IP address; a name breaks an invariant. */
  dial<F, S extends Session<F>>(
    to: Endpoint,
    session: S & Session<F>,
    onFact: (fact: F, now: number) => void,
    options: { readonly localAddress?: string } = {},
  ): Conversation<S, F> {
    if (isIP(to.address) === 0) throw new Error(`not an IP address: ${to.address}`);
    const full = this.#closed !== undefined || this.#links.size >= this.#options.maxSessions;
    const link = new TcpLink(this.#shell, to, session as unknown as Session<unknown>, onFact as (fact: unknown) => void);
    if (full) {
      queueMicrotask(() => link.refuse('busy'));
    } else {
      this.counters.dialled += 1;
      this.#links.add(link);
      link.connecting(this.#connect(to, link, options.localAddress), this.#options.connectTimeoutMs);
    }
    return link as unknown as Conversation<S, F>;
  }

  /** Every socket reads into the one buffer: what it read is taken before the next one reads, and none holds memory while it waits. */
  #connect({ address, port }: Endpoint, link: TcpLink, localAddress: string | undefined): Socket {
    const callback = (length: number): boolean => {
      link.received(this.#reading.subarray(0, length));
      return true;
    };
    return connect({ host: address, port, noDelay: true, localAddress, onread: { buffer: this.#reading, callback } });
  }

  /** Listens; `accept` says who talks to whom, undefined closes the connection. Rejects with the system's error. */
  async listen<F>(at: Endpoint, accept: (from: Endpoint) => Acceptance<F> | undefined): Promise<TcpListener> {
    const server = createServer({ noDelay: true }, (socket) =>
      this.#accept(socket, accept as (from: Endpoint) => Acceptance<unknown>),
    );
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: at.address, port: at.port, ipv6Only: true }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    // Later errors are failed accepts (EMFILE): the listener lives on, the remote sees a reset.
    server.on('error', () => {
      this.counters.declined += 1;
    });
    const { address, port } = server.address() as { address: string; port: number };
    const listener: TcpListener = { local: { address, port }, close: () => this.#unlisten(listener, server) };
    this.#listeners.add(listener);
    return listener;
  }

  /** Ends every session and listener; kept when all have heard `closed`. */
  async close(): Promise<void> {
    const empty = new Promise<void>((resolve) => {
      this.#closed = resolve;
    });
    await Promise.all([...this.#listeners].map((listener) => listener.close()));
    for (const link of this.#links) link.abort();
    if (this.#links.size === 0) this.#closed?.();
    await empty;
    this.#alarm.clear();
  }

  #unlisten(listener: TcpListener, server: Server): Promise<void> {
    if (!this.#listeners.delete(listener)) return Promise.resolve();
    // The callback of server.close waits for the last connection; the port is free at once.
    server.close();
    return Promise.resolve();
  }

  #accept(socket: Socket, accept: (from: Endpoint) => Acceptance<unknown> | undefined): void {
    const { remoteAddress, remotePort } = socket;
    // A connection that is gone already has no address.
    const isWanted = remoteAddress !== undefined && remotePort !== undefined && this.#links.size < this.#options.maxSessions;
    if (!isWanted || this.#closed) {
      this.#decline(socket);
      return;
    }
    const from = { address: withoutZone(remoteAddress), port: remotePort };
    let acceptance: Acceptance<unknown> | undefined;
    try {
      acceptance = accept(from);
    } catch (error) {
      this.#options.onInvariant(error);
    }
    if (!acceptance) {
      this.#decline(socket);
      return;
    }
    this.counters.accepted += 1;
    const link = new TcpLink(this.#shell, from, acceptance.session, acceptance.onFact);
    this.#links.add(link);
    acceptance.joined?.(link);
    link.accepted(socket);
  }

  #decline(socket: Socket): void {
    this.counters.declined += 1;
    socket.on('error', () => {});
    socket.destroy();
  }

  #tick(): void {
    const now = this.#options.clock.now();
    for (let link = this.#deadlines.takeDue(now); link; link = this.#deadlines.takeDue(now)) link.tick(now);
    this.#alarm.set(this.#deadlines.next());
  }
}
