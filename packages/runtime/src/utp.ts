// uTP for session machines, with the face of TcpTransport: dials, inbound sessions, and every fact to the one whose session it is.
import type { Endpoint, Out, Session, SessionOut } from '@swarmscope/bittorrent/machine.ts';
import type { UtpConnection, UtpFact } from '@swarmscope/bittorrent/utp/connection.ts';
import type { UtpMachine } from '@swarmscope/bittorrent/utp/machine.ts';
import type { Driven } from './drive.ts';
import type { Acceptance, Conversation } from './tcp.ts';

type AnyMachine = UtpMachine<unknown>;
type AnyFact = UtpFact<unknown>;
type OnFact = (fact: unknown, now: number) => void;
export type AcceptUtp = (from: Endpoint, connection: UtpConnection<unknown>) => Session<unknown> | undefined;

export class UtpTransport {
  readonly #driven: Driven<AnyMachine, AnyFact>;
  readonly #listeners = new WeakMap<Session<unknown>, OnFact>();
  #accept: ((from: Endpoint) => Acceptance<unknown> | undefined) | undefined;

  /** `start` drives a machine whose `accept` is the one given: what a peer that connects talks to is said by `listen`. */
  constructor(start: (accept: AcceptUtp) => Driven<AnyMachine, AnyFact>) {
    this.#driven = start((from, connection) => {
      const acceptance = this.#accept?.(from);
      if (!acceptance) return undefined;
      this.#listeners.set(acceptance.session, acceptance.onFact);
      acceptance.joined?.(this.#conversation(from, connection));
      return acceptance.session;
    });
    this.#driven.listen(({ session, fact }, now) => this.#listeners.get(session)?.(fact, now));
  }

  get local(): Endpoint {
    return this.#driven.local;
  }

  /** Live connections, those that still connect included. */
  get sessions(): number {
    return this.#driven.act((machine) => machine.size);
  }

  /** Connects and carries `session`: `opened` or not, then `closed` with how it ended (`busy` when there are too many). */
  dial<F, S extends Session<F>>(
    to: Endpoint,
    session: S & Session<F>,
    onFact: (fact: F, now: number) => void,
  ): Conversation<S, F> {
    const carried = session as unknown as Session<unknown>;
    this.#listeners.set(carried, onFact as OnFact);
    const connection = this.#driven.act((machine, now, out) => machine.dial(to, carried, now, out));
    if (connection) return this.#conversation<F, S>(to, connection);
    queueMicrotask(() => this.#driven.act((_machine, now, out) => carried.closed('busy', now, silent(carried, out))));
    return { remote: to, act: () => undefined, abort: () => {} };
  }

  /** From now on `accept` says who talks to a peer that connects. The machine of this transport must accept at all. */
  listen<F>(accept: (from: Endpoint) => Acceptance<F> | undefined): void {
    this.#accept = accept as (from: Endpoint) => Acceptance<unknown> | undefined;
  }

  /** Sends nothing more. Sessions that live hear `closed` first. */
  async close(): Promise<void> {
    this.#accept = undefined;
    this.#driven.act((machine, now, out) => machine.abortAll(now, out));
    await this.#driven.stop();
  }

  #conversation<F, S extends Session<F>>(remote: Endpoint, connection: UtpConnection<unknown>): Conversation<S, F> {
    return {
      remote,
      act: (action) =>
        this.#driven.act((machine, now, out) =>
          machine.act(
            connection,
            action as unknown as (session: Session<unknown>, now: number, out: SessionOut<unknown>) => never,
            now,
            out,
          ),
        ),
      abort: () => this.#driven.act((machine, now, out) => machine.abort(connection, now, out)),
    };
  }
}

/** The outlet of a session that has no connection: its facts are heard, nothing else. */
function silent(session: Session<unknown>, out: Out<AnyFact>): SessionOut<unknown> {
  return {
    write: () => false,
    pause() {},
    resume() {},
    end() {},
    abort() {},
    emit: (fact) => out.emit({ session, fact }),
  };
}
