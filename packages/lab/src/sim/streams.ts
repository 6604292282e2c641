// Streams in the simulated world: dials, listeners and sessions with the surface of the runtime's TcpTransport, over virtual links.
import { endpointKey } from '@swarmscope/bittorrent/endpoint.ts';
import type { Endpoint, Session } from '@swarmscope/bittorrent/machine.ts';
import type { Acceptance, Conversation, TcpListener } from '@swarmscope/runtime/tcp.ts';
import { StreamEnd } from './stream-end.ts';
import type { SimWorld } from './world.ts';

export interface StreamOptions {
  /** One way; a connection takes one round trip. */
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly connectTimeoutMs: number;
}

interface Listening {
  readonly accept: (from: Endpoint) => Acceptance<unknown> | undefined;
  /** Behind a NAT: who dials it hears nothing. */
  readonly nat: boolean;
}

const FIRST_EPHEMERAL = 32_768;
const EPHEMERAL = 28_000;
const DEFAULT_ADDRESS = '198.41.0.1';

/** Nothing is lost on an open stream, and bytes come in order. An address where somebody listens refuses other ports; elsewhere a dial hears nothing. */
export class SimStreams {
  readonly #world: SimWorld;
  readonly #options: StreamOptions;
  readonly #random: () => number;
  readonly #listening = new Map<string, Listening>(); // bound: the listeners of the scenario
  readonly #addresses = new Map<string, number>(); // bound: as many as listeners
  readonly #ends = new Set<StreamEnd>(); // bound: twice the dials of the scenario
  #nextPort = 0;

  constructor(world: SimWorld, random: () => number, options: StreamOptions) {
    this.#world = world;
    this.#random = random;
    this.#options = options;
  }

  /** Live sessions, those that still connect included. */
  get sessions(): number {
    return this.#ends.size;
  }

  /** As the runtime's: `accept` says who talks to whom. Port 0 is any free one. */
  listen<F>(
    at: Endpoint,
    accept: (from: Endpoint) => Acceptance<F> | undefined,
    options: { readonly nat?: boolean } = {},
  ): Promise<TcpListener> {
    const local = at.port > 0 ? at : { address: at.address, port: this.#ephemeral() };
    const key = endpointKey(local);
    if (this.#listening.has(key)) throw new Error(`two listeners at ${key}`);
    this.#listening.set(key, {
      accept: accept as (from: Endpoint) => Acceptance<unknown> | undefined,
      nat: options.nat ?? false,
    });
    this.#addresses.set(local.address, (this.#addresses.get(local.address) ?? 0) + 1);
    const close = () => {
      if (this.#listening.delete(key)) this.#addresses.set(local.address, this.#addresses.get(local.address)! - 1);
      return Promise.resolve();
    };
    return Promise.resolve({ local, close });
  }

  /** As the runtime's. */
  dial<F, S extends Session<F>>(
    to: Endpoint,
    session: S & Session<F>,
    onFact: (fact: F, now: number) => void,
    options: { readonly localAddress?: string } = {},
  ): Conversation<S, F> {
    const from = { address: options.localAddress ?? DEFAULT_ADDRESS, port: this.#ephemeral() };
    const end = this.#end(to, session as unknown as Session<unknown>, onFact as (fact: unknown, now: number) => void);
    const delayMs = this.#delay();
    this.#world.at(this.#world.now + delayMs, () => this.#arriveAt(to, from, end));
    this.#world.at(this.#world.now + this.#options.connectTimeoutMs, () => end.giveUp('timeout'));
    return end as unknown as Conversation<S, F>;
  }

  /** Ends every session and listener. */
  close(): Promise<void> {
    this.#listening.clear();
    for (const end of this.#ends) end.abort();
    return Promise.resolve();
  }

  /** A SYN has come to `to`. */
  #arriveAt(to: Endpoint, from: Endpoint, dialler: StreamEnd): void {
    const listening = this.#listening.get(endpointKey(to));
    if (listening?.nat || (!listening && !this.#addresses.get(to.address))) return;
    const backMs = this.#world.now + this.#delay();
    const acceptance = listening?.accept(from);
    if (!acceptance) {
      // Nobody on that port refuses; who accepts and wants nobody hangs up.
      this.#world.at(backMs, () => dialler.giveUp(listening ? 'closed_early' : 'refused'));
      return;
    }
    const accepted = this.#end(from, acceptance.session, acceptance.onFact);
    accepted.join(dialler);
    dialler.join(accepted);
    accepted.open();
    this.#world.at(backMs, () => dialler.open());
  }

  #end(remote: Endpoint, session: Session<unknown>, onFact: (fact: unknown, now: number) => void): StreamEnd {
    const end = new StreamEnd(
      { world: this.#world, delay: () => this.#delay(), ended: (gone) => this.#ends.delete(gone) },
      remote,
      session,
      onFact,
    );
    this.#ends.add(end);
    return end;
  }

  #delay(): number {
    return this.#options.latencyMs + this.#random() * this.#options.jitterMs;
  }

  #ephemeral(): number {
    return FIRST_EPHEMERAL + (this.#nextPort++ % EPHEMERAL);
  }
}
