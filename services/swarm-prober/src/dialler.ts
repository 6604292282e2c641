// Dials a peer by the ways of ways.ts until one works: to its owner it is one dial with one end, however many attempts it takes.
import type { Endpoint, Random, SessionOut } from '@swarmscope/bittorrent/machine.ts';
import { DiallingMseSession, type EncryptionFact } from '@swarmscope/bittorrent/mse/session.ts';
import type { PeerFact } from '@swarmscope/bittorrent/peer/facts.ts';
import type { PeerSession } from '@swarmscope/bittorrent/peer/session.ts';
import type { Encryption } from '@swarmscope/events/enums.ts';
import type { Conversation, TcpTransport } from '@swarmscope/runtime/tcp.ts';
import type { UtpTransport } from '@swarmscope/runtime/utp.ts';
import { type Agenda, Task } from './agenda.ts';
import { isSameWay, nextWay, PLAIN_TCP, PLAIN_UTP, type Tried, tellingOf, type Way, WayMemory } from './ways.ts';

/** A TCP dial that is not answered for so long gets uTP beside it: the first stream that opens is taken. */
const HEAD_START_MS = 1_000;

export interface DiallerOptions {
  readonly tcp: TcpTransport;
  /** One of each family, or none. */
  readonly utp: readonly UtpTransport[];
  readonly agenda: Agenda;
  readonly random: Random;
  readonly localAddress: string | undefined;
  now(): number;
}

export interface DialRequest {
  readonly to: Endpoint;
  /** The name that is dialled: encryption is keyed with it. */
  readonly infoHash: Uint8Array;
  /** A session for one attempt. */
  session(): PeerSession;
  /** Facts of the attempt whose stream is open, or was the last to fail; `closed` exactly once, last. */
  onFact(fact: PeerFact, now: number, attempt: Attempt): void;
  /** The only way to try, where there is no choice. */
  readonly only?: Way;
}

/** One attempt: a session on its way. */
export interface Attempt extends Tried {
  readonly session: PeerSession;
  readonly encryption: Encryption;
}

interface Running extends Attempt {
  opened: boolean;
  outcome: Tried['outcome'];
  encryption: Encryption;
  conversation: Conversation<PeerSession, PeerFact> | undefined;
  end: PeerFact | undefined;
}

export class Dialler {
  readonly #options: DiallerOptions;
  readonly #memory = new WayMemory();

  constructor(options: DiallerOptions) {
    this.#options = options;
  }

  /** Somebody waits there for a uTP dial: the next one begins with that. */
  preferUtp(endpoint: Endpoint): void {
    this.#memory.worked(endpoint, PLAIN_UTP);
  }

  dial(request: DialRequest): Conversation<PeerSession, PeerFact> {
    return new Dial(this.#options, this.#memory, request);
  }
}

class Dial implements Conversation<PeerSession, PeerFact> {
  readonly #options: DiallerOptions;
  readonly #memory: WayMemory;
  readonly #request: DialRequest;
  readonly #utp: UtpTransport | undefined;
  readonly #attempts: Running[] = []; // bound: the four ways
  readonly #second = new Task(() => this.#join());
  #lead: Running | undefined;
  #isAborted = false;

  constructor(options: DiallerOptions, memory: WayMemory, request: DialRequest) {
    this.#options = options;
    this.#memory = memory;
    this.#request = request;
    this.#utp = options.utp.find((each) => isV6(each.local) === isV6(request.to));
    const remembered = memory.recall(request.to);
    const isPossible = remembered !== undefined && (remembered.transport === 'tcp' || this.#utp !== undefined);
    this.#begin(request.only ?? (isPossible ? remembered : PLAIN_TCP));
    if (this.#utp && !request.only) options.agenda.set(this.#second, options.now() + HEAD_START_MS);
  }

  get remote(): Endpoint {
    return this.#request.to;
  }

  act<R>(action: (session: PeerSession, now: number, out: SessionOut<PeerFact>) => R): R | undefined {
    return this.#lead?.conversation?.act(action);
  }

  abort(): void {
    this.#isAborted = true;
    for (const attempt of this.#attempts) attempt.conversation?.abort();
  }

  #begin(way: Way): void {
    const { to, infoHash, session: makeSession } = this.#request;
    const { tcp, random, localAddress } = this.#options;
    const session = makeSession();
    const attempt: Running = {
      way,
      session,
      opened: false,
      outcome: undefined,
      encryption: 'none',
      conversation: undefined,
      end: undefined,
    };
    this.#attempts.push(attempt);
    const onFact = (fact: PeerFact | EncryptionFact, now: number) => this.#fact(attempt, fact, now);
    const bind = localAddress !== undefined && isV6(to) === localAddress.includes(':') ? { localAddress } : {};
    const open = <S extends PeerSession | DiallingMseSession<PeerFact>>(carried: S) =>
      way.transport === 'tcp'
        ? tcp.dial<PeerFact | EncryptionFact, S>(to, carried as never, onFact, bind)
        : this.#utp!.dial<PeerFact | EncryptionFact, S>(to, carried as never, onFact);
    if (way.encrypted)
      attempt.conversation = within(open(new DiallingMseSession(session, { infoHash, random, offers: 'both' })), session);
    else attempt.conversation = open(session) as unknown as Conversation<PeerSession, PeerFact>;
  }

  /** The first dial is not answered: uTP beside it. */
  #join(): void {
    const isWaiting = this.#attempts.every(({ opened, end }) => !opened && !end);
    if (this.#isAborted || !isWaiting || this.#attempts.some(({ way }) => isSameWay(way, PLAIN_UTP))) return;
    this.#begin(PLAIN_UTP);
  }

  #fact(attempt: Running, fact: PeerFact | EncryptionFact, now: number): void {
    if (fact.type === 'encrypted') attempt.encryption = fact.encryption;
    else if (fact.type === 'closed') this.#closed(attempt, fact, now);
    else if (fact.type !== 'opened' || this.#takeLead(attempt)) {
      if (attempt !== this.#lead) return;
      if (fact.type === 'handshaken') this.#memory.worked(this.#request.to, attempt.way);
      this.#request.onFact(fact, now, attempt);
    }
  }

  /** Whether this stream is the one: the others are given up then. */
  #takeLead(attempt: Running): boolean {
    if (this.#lead && !this.#lead.end) {
      attempt.conversation?.abort();
      return false;
    }
    attempt.opened = true;
    this.#lead = attempt;
    for (const other of this.#attempts) if (other !== attempt && !other.end) other.conversation?.abort();
    return true;
  }

  #closed(attempt: Running, fact: Extract<PeerFact, { type: 'closed' }>, now: number): void {
    attempt.outcome = fact.outcome;
    attempt.end = fact;
    if (this.#attempts.some((each) => !each.end)) return;
    const isOver = this.#isAborted || this.#request.only !== undefined || this.#lead?.outcome === 'handshaken';
    const next = isOver ? undefined : nextWay(this.#attempts, this.#utp !== undefined);
    if (next) {
      this.#begin(next);
      return;
    }
    this.#options.agenda.set(this.#second, Number.POSITIVE_INFINITY);
    const told = this.#lead?.outcome === 'handshaken' ? this.#lead : tellingOf(this.#attempts)!;
    this.#request.onFact(told.end!, now, told);
  }
}

function isV6({ address }: Endpoint): boolean {
  return address.includes(':');
}

/** The conversation of a session inside of an encrypting one. */
export function within(
  outer: Conversation<
    { act<R>(action: (out: SessionOut<PeerFact>) => R, out: SessionOut<PeerFact | EncryptionFact>): R },
    PeerFact | EncryptionFact
  >,
  session: PeerSession,
): Conversation<PeerSession, PeerFact> {
  return {
    remote: outer.remote,
    act: (action) => outer.act((mse, now, out) => mse.act((inside) => action(session, now, inside), out)),
    abort: () => outer.abort(),
  };
}
