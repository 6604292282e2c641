// Two uTP machines joined by a line of a virtual clock that delays, loses, doubles and reorders; what their sessions said and heard.
import type { Endpoint, Outcome, Session, SessionOut } from '@swarmscope/bittorrent/machine.ts';
import type { UtpConnection, UtpFact } from '@swarmscope/bittorrent/utp/connection.ts';
import { UtpMachine, type UtpOptions } from '@swarmscope/bittorrent/utp/machine.ts';
import { Deadlines } from '@swarmscope/runtime/deadlines.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';

export interface Line {
  readonly delayMs: number;
  readonly jitterMs: number;
  readonly loss: number;
  readonly doubling: number;
  /** Bytes a millisecond; beyond it packets queue, beyond `queueMs` of queue they are dropped. */
  readonly bytesPerMs?: number;
  readonly queueMs?: number;
}

export const CLEAN: Line = { delayMs: 20, jitterMs: 0, loss: 0, doubling: 0 };

/** A session that writes `toSend` as fast as it may, and keeps what it hears. */
export class Pipe implements Session<string> {
  readonly heard: Uint8Array[] = []; // bound: one test
  outcome: Outcome | undefined;
  openedAt: number | undefined;
  closes = 0;
  #toSend: Uint8Array;
  readonly #endsAfter: boolean;

  constructor(toSend = new Uint8Array(0), endsAfter = false) {
    this.#toSend = toSend;
    this.#endsAfter = endsAfter;
  }

  get bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.heard));
  }

  opened(now: number, out: SessionOut<string>): void {
    this.openedAt = now;
    out.emit('opened');
    this.#pump(out);
  }

  receive(bytes: Uint8Array, _now: number, _out: SessionOut<string>): void {
    this.heard.push(bytes.slice());
  }

  writable(_now: number, out: SessionOut<string>): void {
    this.#pump(out);
  }

  closed(outcome: Outcome): void {
    this.outcome = outcome;
    this.closes++;
  }

  tick(): void {}

  deadline(): number {
    return Number.POSITIVE_INFINITY;
  }

  #pump(out: SessionOut<string>): void {
    let open = true;
    while (open && this.#toSend.length > 0) {
      open = out.write(this.#toSend.subarray(0, 10_000));
      this.#toSend = this.#toSend.subarray(10_000);
    }
    if (this.#toSend.length === 0 && this.#endsAfter) out.end();
  }
}

type Side = 'a' | 'b';
const ENDPOINTS: Record<Side, Endpoint> = { a: { address: '192.0.2.1', port: 1 }, b: { address: '192.0.2.2', port: 2 } };

export class Link {
  now = 0;
  readonly facts: UtpFact<string>[] = []; // bound: one test
  readonly machines: Record<Side, UtpMachine<string>>;
  sent = 0;
  mostQueuedMs = 0;
  readonly #line: Line;
  readonly #random: () => number;
  readonly #wire: { at: number; order: number; to: Side; bytes: Uint8Array }[] = []; // bound: one test
  readonly #freeAt: Record<Side, number> = { a: 0, b: 0 };
  cut = false;

  constructor(seed: number, line: Line, options: Partial<UtpOptions<string>> = {}) {
    this.#line = line;
    this.#random = seededRandom(seed);
    const make = (accept?: UtpOptions<string>['accept']) =>
      new UtpMachine<string>({
        random: this.#random,
        deadlines: new Deadlines<UtpConnection<string>>(),
        maxConnections: 100,
        connectTimeoutMs: 6_000,
        ...options,
        ...(accept ? { accept } : {}),
      });
    this.machines = { a: make(), b: make(options.accept) };
  }

  out(side: Side) {
    return {
      send: (bytes: Uint8Array, _to: Endpoint) => this.#carry(side === 'a' ? 'b' : 'a', bytes.slice()),
      emit: (fact: UtpFact<string>) => void this.facts.push(fact),
    };
  }

  /** Puts raw bytes on the wire. */
  inject(to: Side, bytes: Uint8Array, at = this.now): void {
    this.#wire.push({ at, order: this.sent++, to, bytes });
  }

  #carry(to: Side, bytes: Uint8Array): void {
    const { delayMs, jitterMs, loss, doubling, bytesPerMs, queueMs = 1_000 } = this.#line;
    if (this.cut || this.#random() < loss) {
      this.sent++;
      return;
    }
    let leaves = this.now;
    if (bytesPerMs) {
      leaves = Math.max(this.now, this.#freeAt[to]);
      if (leaves - this.now > queueMs) return;
      this.mostQueuedMs = Math.max(this.mostQueuedMs, leaves - this.now);
      leaves += bytes.length / bytesPerMs;
      this.#freeAt[to] = leaves;
    }
    const copies = this.#random() < doubling ? 2 : 1;
    for (let i = 0; i < copies; i++) this.inject(to, bytes, leaves + delayMs + this.#random() * jitterMs);
  }

  /** Runs until nothing is on the wire and no deadline is left, or `untilMs`. */
  run(untilMs: number): void {
    for (let steps = 0; steps < 2_000_000; steps++) {
      this.#wire.sort((x, y) => x.at - y.at || x.order - y.order);
      const arrival = this.#wire[0]?.at ?? Number.POSITIVE_INFINITY;
      const due = Math.min(this.machines.a.deadline(), this.machines.b.deadline());
      const next = Math.min(arrival, due);
      if (next > untilMs) break;
      this.now = Math.max(this.now, next);
      if (arrival <= due) {
        const { to, bytes } = this.#wire.shift()!;
        this.machines[to].receive(bytes, ENDPOINTS[to === 'a' ? 'b' : 'a'], this.now, this.out(to));
      } else
        for (const side of ['a', 'b'] as const)
          if (this.machines[side].deadline() <= this.now) this.machines[side].tick(this.now, this.out(side));
    }
    if (Number.isFinite(untilMs)) this.now = Math.max(this.now, untilMs);
  }

  dial(session: Session<string>): UtpConnection<string> {
    return this.machines.a.dial(ENDPOINTS.b, session, this.now, this.out('a'))!;
  }

  /** Endpoint `a`, for packets forged in its name. */
  static readonly ENDPOINTS = ENDPOINTS;
}
