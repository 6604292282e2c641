// One TCP connection with the session it carries: socket events in, session calls out, `closed` exactly once and last.
import type { Socket } from 'node:net';
import type { Endpoint, Outcome, Session, SessionOut } from '@swarmscope/bittorrent/machine.ts';
import type { Timed } from './deadlines.ts';
import type { OnInvariant } from './invariant.ts';
import { outcomeOfError } from './outcome.ts';
import { Turn } from './turn.ts';

/** How long a remote may take to read what was written before end(). */
const LINGER_MS = 5_000;

const FLUSH_BYTES = 65_536;

/** What a link needs of its transport. */
export interface LinkShell {
  now(): number;
  readonly onInvariant: OnInvariant;
  readonly counters: { connected: number; bytesIn: number; bytesOut: number };
  due(link: TcpLink, dueMs: number): void;
  ended(link: TcpLink): void;
}

type State = 'connecting' | 'open' | 'ending' | 'aborted' | 'closed';

/** The listeners are the same for all sockets: ten thousand idle ones hold no closures. */
const LINK = Symbol('link');
type Linked = Socket & { [LINK]: TcpLink };

function onConnect(this: Socket): void {
  (this as Linked)[LINK].connected();
}

function onDrain(this: Socket): void {
  (this as Linked)[LINK].drained();
}

/** The remote has ended: Node ends our side too, and its last bytes may take their time. */
function onEnd(this: Socket): void {
  (this as Linked)[LINK].end();
}

function onError(this: Socket, error: Error): void {
  (this as Linked)[LINK].failed(error);
}

function onClose(this: Socket): void {
  (this as Linked)[LINK].closed();
}

export class TcpLink implements Timed, SessionOut<unknown> {
  dueMs = Number.POSITIVE_INFINITY;
  heapIndex = -1;
  readonly remote: Endpoint;
  readonly #shell: LinkShell;
  readonly #session: Session<unknown>;
  readonly #turn: Turn<unknown>;
  #socket: Socket | undefined;
  #state: State = 'connecting';
  /** The link's own deadline: of the connect, then of the end. */
  #ownDueMs = Number.POSITIVE_INFINITY;
  #outcome: Outcome | undefined;
  /** What is written and has not left: nearly always one part. */
  #pending: Uint8Array | undefined;
  #more: Uint8Array[] | undefined; // bound: FLUSH_BYTES and one write
  #pendingBytes = 0;

  constructor(shell: LinkShell, remote: Endpoint, session: Session<unknown>, onFact: (fact: unknown, now: number) => void) {
    this.#shell = shell;
    this.remote = remote;
    this.#session = session;
    this.#turn = new Turn(onFact, shell.onInvariant);
  }

  /** `socket` dials; what it reads is given to `received`. */
  connecting(socket: Socket, timeoutMs: number): void {
    this.#ownDueMs = this.#shell.now() + timeoutMs;
    this.#watch(socket);
    socket.on('connect', onConnect);
    this.#rearm();
  }

  accepted(socket: Socket): void {
    this.#watch(socket);
    // Never a Buffer: its `slice` is a view, and sessions copy by `slice`.
    socket.on('data', (bytes) => this.received(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)));
    this.#open();
  }

  /** Bytes of the remote, valid during the call alone. */
  received(bytes: Uint8Array): void {
    this.#shell.counters.bytesIn += bytes.length;
    this.#input((now) => this.#session.receive(bytes, now, this));
  }

  /** No connection was tried. */
  refuse(outcome: Outcome): void {
    this.#outcome = outcome;
    this.closed();
  }

  act<R>(action: (session: Session<unknown>, now: number, out: SessionOut<unknown>) => R): R | undefined {
    if (this.#state !== 'open' && this.#state !== 'ending') return undefined;
    const now = this.#shell.now();
    try {
      return this.#turn.run(() => action(this.#session, now, this), now);
    } finally {
      this.#flush();
      this.#rearm();
    }
  }

  tick(now: number): void {
    if (now >= this.#ownDueMs) {
      if (this.#state === 'connecting') this.#outcome = 'timeout';
      this.abort();
      return;
    }
    if (this.#session.deadline() <= now) this.#turn.guard(() => this.#session.tick(now, this), now);
    this.#flush();
    this.#rearm(now + 1);
  }

  // What the session says.

  /** What one call of the session writes leaves as one, up to a mark: a system call costs more than everything else here. */
  write(bytes: Uint8Array): boolean {
    if (this.#state !== 'open') return false;
    const copy = Buffer.from(bytes);
    if (!this.#pending) this.#pending = copy;
    else if (this.#more) this.#more.push(copy);
    else this.#more = [copy]; // bound: as above
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes >= FLUSH_BYTES) this.#flush();
    // `drain` follows exactly when this is so.
    return !this.#socket!.writableNeedDrain;
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  end(): void {
    if (this.#state !== 'open') return;
    this.#flush();
    this.#state = 'ending';
    this.#ownDueMs = this.#shell.now() + LINGER_MS;
    this.#socket!.end();
  }

  abort(): void {
    if (this.#state === 'closed' || !this.#socket) return;
    this.#flush(); // last words: who we are is said before a session with ourselves is cut
    this.#state = 'aborted';
    this.#socket.destroy();
  }

  emit(fact: unknown): void {
    this.#turn.emit(fact);
  }

  // What the socket says.

  #watch(socket: Socket): void {
    this.#socket = socket;
    (socket as Linked)[LINK] = this;
    socket.on('drain', onDrain).on('end', onEnd).on('error', onError).on('close', onClose);
  }

  connected(): void {
    this.#shell.counters.connected += 1;
    this.#open();
  }

  drained(): void {
    this.#input((now) => this.#session.writable(now, this));
  }

  failed(error: Error): void {
    this.#outcome ??= outcomeOfError(error) ?? this.#strange(error);
  }

  #open(): void {
    this.#state = 'open';
    this.#ownDueMs = Number.POSITIVE_INFINITY;
    this.#input((now) => this.#session.opened(now, this));
  }

  #input(call: (now: number) => void): void {
    if (this.#state === 'closed' || this.#state === 'aborted') return;
    const now = this.#shell.now();
    this.#turn.guard(call, now);
    this.#flush();
    this.#rearm();
  }

  #flush(): void {
    const pending = this.#pending;
    if (!pending) return;
    const bytes = this.#more ? Buffer.concat([pending, ...this.#more], this.#pendingBytes) : pending;
    this.#pending = undefined;
    this.#more = undefined;
    this.#shell.counters.bytesOut += this.#pendingBytes;
    this.#pendingBytes = 0;
    if (this.#state === 'open' && !this.#turn.broken) this.#socket!.write(bytes);
  }

  closed(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#shell.ended(this);
    const now = this.#shell.now();
    this.#turn.guard(() => this.#session.closed(this.#outcome ?? 'closed_early', now, this), now);
  }

  /** An error without a known code is a defect of ours, not of the network. */
  #strange(error: Error): Outcome {
    this.#shell.onInvariant(error);
    return 'reset';
  }

  /** A broken session is not driven on: the connection is cut. */
  #rearm(earliestMs = 0): void {
    if (this.#turn.broken) this.abort();
    if (this.#state === 'closed') return;
    this.#shell.due(this, Math.max(this.#nextDueMs(), earliestMs));
  }

  #nextDueMs(): number {
    if (this.#state === 'aborted') return Number.POSITIVE_INFINITY;
    return this.#state === 'connecting' ? this.#ownDueMs : Math.min(this.#session.deadline(), this.#ownDueMs);
  }
}
