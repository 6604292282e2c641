// One end of a simulated stream with the session it carries: the virtual counterpart of the runtime's TCP link, with the same order of calls.
import type { Endpoint, Outcome, Session, SessionOut } from '@swarmscope/bittorrent/machine.ts';
import { Turn } from '@swarmscope/runtime/turn.ts';
import type { SimWorld } from './world.ts';

/** What an end needs of its transport. */
export interface EndShell {
  readonly world: SimWorld;
  /** One-way delay of the next bytes. */
  delay(): number;
  ended(end: StreamEnd): void;
}

type State = 'connecting' | 'open' | 'ending' | 'aborted' | 'closed';

/** Above so many bytes on their way, `write` says to wait. */
const MARK_BYTES = 65_536;

export class StreamEnd implements SessionOut<unknown> {
  readonly remote: Endpoint;
  readonly #shell: EndShell;
  readonly #session: Session<unknown>;
  readonly #turn: Turn<unknown>;
  #other: StreamEnd | undefined;
  #state: State = 'connecting';
  /** Bytes written and not yet arrived. */
  #underWay = 0;
  #full = false;
  /** Arrivals keep their order: none before the last. */
  #lastArrivalMs = 0;
  #paused = false;
  /** What arrived while paused. */
  readonly #held: Uint8Array[] = []; // bound: MARK_BYTES of the other end, if it heeds `write`
  #wakeMs = Number.POSITIVE_INFINITY;

  constructor(shell: EndShell, remote: Endpoint, session: Session<unknown>, onFact: (fact: unknown, now: number) => void) {
    this.#shell = shell;
    this.remote = remote;
    this.#session = session;
    this.#turn = new Turn(onFact, (error) => {
      throw error;
    });
  }

  join(other: StreamEnd): void {
    this.#other = other;
  }

  open(): void {
    if (this.#state !== 'connecting') return;
    this.#state = 'open';
    this.#input((now) => this.#session.opened(now, this));
    this.#release();
  }

  /** The dial came to nothing; too late when it is open. */
  giveUp(outcome: Outcome): void {
    if (this.#state === 'connecting') this.#close(outcome);
  }

  /** A call from outside; undefined while connecting and after the end. */
  act<R>(action: (session: Session<unknown>, now: number, out: SessionOut<unknown>) => R): R | undefined {
    if (this.#state !== 'open' && this.#state !== 'ending') return undefined;
    const { now } = this.#shell.world;
    const result = this.#turn.run(() => action(this.#session, now, this), now);
    this.#rearm();
    return result;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#state !== 'open') return false;
    const copy = new Uint8Array(bytes);
    this.#underWay += copy.length;
    this.#later(() => {
      this.#other?.arrived(copy);
      this.#underWay -= copy.length;
      if (!this.#full || this.#underWay > 0) return;
      this.#full = false;
      this.#input((now) => this.#session.writable(now, this));
    });
    if (this.#underWay > MARK_BYTES) this.#full = true;
    return !this.#full;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#shell.world.at(this.#shell.world.now, () => this.#release());
  }

  end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    this.#later(() => this.#other?.hungUp());
  }

  abort(): void {
    if (this.#state === 'closed' || this.#state === 'aborted') return;
    const wasConnecting = this.#state === 'connecting';
    this.#state = 'aborted';
    if (!wasConnecting) this.#later(() => this.#other?.hungUp());
    this.#shell.world.at(this.#shell.world.now, () => this.#close('closed_early'));
  }

  emit(fact: unknown): void {
    this.#turn.emit(fact);
  }

  arrived(bytes: Uint8Array): void {
    if (this.#state === 'aborted' || this.#state === 'closed') return;
    this.#held.push(bytes);
    this.#release();
  }

  /** The other side will say nothing more: this side answers with its own end, and both are done. */
  hungUp(): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'open') this.end();
    this.#close('closed_early');
  }

  #release(): void {
    while (!this.#paused && this.#state !== 'connecting' && this.#held.length > 0) {
      const bytes = this.#held.shift()!;
      this.#input((now) => this.#session.receive(bytes, now, this));
    }
  }

  #input(call: (now: number) => void): void {
    if (this.#state === 'closed' || this.#state === 'aborted') return;
    const { now } = this.#shell.world;
    this.#turn.guard(() => call(now), now);
    this.#rearm();
  }

  /** Does `deed` when what is sent now arrives. */
  #later(deed: () => void): void {
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, this.#shell.world.now + this.#shell.delay());
    this.#shell.world.at(this.#lastArrivalMs, deed);
  }

  #rearm(): void {
    if (this.#state === 'closed' || this.#state === 'aborted') return;
    const dueMs = Math.max(this.#session.deadline(), this.#shell.world.now);
    if (dueMs >= this.#wakeMs) return;
    this.#wakeMs = dueMs;
    this.#shell.world.at(dueMs, (now) => this.#woken(dueMs, now));
  }

  #woken(dueMs: number, now: number): void {
    if (this.#wakeMs !== dueMs) return;
    this.#wakeMs = Number.POSITIVE_INFINITY;
    if (this.#session.deadline() <= now) this.#input(() => this.#session.tick(now, this));
    else this.#rearm();
  }

  #close(outcome: Outcome): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#held.length = 0;
    this.#shell.ended(this);
    const { now } = this.#shell.world;
    this.#turn.guard(() => this.#session.closed(outcome, now, this), now);
  }
}
