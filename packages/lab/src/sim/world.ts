// The simulated world: one virtual clock, an event heap, links with latency and loss, NAT and hosts that come and go; machines run in it unchanged.
import { endpointKey } from '@swarmscope/bittorrent/endpoint.ts';
import type { Endpoint, Machine, Out, Random } from '@swarmscope/bittorrent/machine.ts';
import { Turn } from '@swarmscope/runtime/turn.ts';
import { Schedule } from './schedule.ts';

/** One-way delay, in milliseconds, uniform in [latency, latency + jitter); `loss` is the share of packets that vanish. */
export interface Link {
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly loss: number;
}

/** A datagram on its way. `bytes` are the sender's copy: whoever looks must not change them. */
export interface Packet {
  readonly bytes: Uint8Array;
  readonly from: Endpoint;
  readonly to: Endpoint;
}

/** Sees packets as they leave and as they arrive: how referees and logs look on. */
export interface Observer {
  sent?(packet: Packet, now: number): void;
  arrived?(packet: Packet, now: number): void;
}

export interface WorldCounts {
  sent: number;
  arrived: number;
  lost: number;
  /** Nobody there, host down, or kept out by a NAT. */
  undelivered: number;
}

interface Arrival extends Packet {
  readonly kind: 'arrival';
}
interface Wake {
  readonly kind: 'wake';
  readonly host: SimHost<unknown>;
  readonly atMs: number;
}
interface Deed {
  readonly kind: 'deed';
  act(now: number): void;
}

/** A NAT forgets whom its host wrote to after this long, and remembers so many. */
const NAT_MS = 120_000;
const MAX_NAT_ENTRIES = 4_096;
/** A machine whose deadline does not move on when it is ticked would stop the virtual clock. */
const MAX_WAKES_AT_ONCE = 10_000;
const EPOCH_MS = 1_700_000_000_000;

/** A machine in the world. It has the surface of the runtime's `Driven`, so that what drives a socket drives this too. */
export class SimHost<F, M extends Machine<F> = Machine<F>> implements Out<F> {
  readonly local: Endpoint;
  readonly machine: M;
  readonly #world: SimWorld;
  readonly #listeners = new Set<(fact: F, now: number) => void>(); // bound: one per part that listens, added at start
  /** As in the runtime's loop: facts are handed on when the machine has returned. Without listeners there is none. */
  #turn: Turn<F> | undefined;
  /** Endpoints that a host behind a NAT has written to, and when; undefined without a NAT. */
  readonly #opened: Map<string, number> | undefined; // bound: MAX_NAT_ENTRIES, the oldest goes
  up = true;
  /** How often it came or went: 0 for who was there all the time. */
  changes = 0;
  /** The wake that counts; others are stale. */
  wakeMs = Number.POSITIVE_INFINITY;
  wokenMs = Number.NEGATIVE_INFINITY;
  wakesHere = 0;

  constructor(world: SimWorld, machine: M, local: Endpoint, nat: boolean) {
    this.#world = world;
    this.machine = machine;
    this.local = local;
    this.#opened = nat ? new Map() : undefined;
  }

  /** Runs `action` on the machine now; its deadline is read anew after it. */
  act<R>(action: (machine: M, now: number, out: Out<F>) => R): R {
    const { now } = this.#world;
    const run = () => action(this.machine, now, this);
    const result = this.#turn ? this.#turn.run(run, now) : run();
    this.#world.rearm(this as unknown as SimHost<unknown>);
    return result;
  }

  /** Calls `listener` with every fact; the returned function ends that. What it throws ends the run. */
  listen(listener: (fact: F, now: number) => void): () => void {
    this.#listeners.add(listener);
    this.#turn ??= new Turn<F>(
      (fact, now) => {
        for (const each of this.#listeners) each(fact, now);
      },
      (error) => {
        throw error;
      },
    );
    return () => void this.#listeners.delete(listener);
  }

  /** Takes the host out of the world. */
  stop(): Promise<void> {
    this.#world.remove(this as unknown as SimHost<unknown>);
    return Promise.resolve();
  }

  send(bytes: Uint8Array, to: Endpoint): void {
    if (this.#opened) {
      const key = endpointKey(to);
      this.#opened.delete(key);
      this.#opened.set(key, this.#world.now);
      if (this.#opened.size > MAX_NAT_ENTRIES) this.#opened.delete(this.#opened.keys().next().value!);
    }
    this.#world.carry(bytes, this.local, to);
  }

  emit(fact: F): void {
    this.#turn?.emit(fact);
  }

  /** Goes down, or comes back with its machine as it was. */
  setUp(up: boolean): void {
    if (this.up === up) return;
    this.up = up;
    this.changes++;
    this.#world.rearm(this as unknown as SimHost<unknown>);
  }

  /** Whether a packet from there gets in. */
  lets(from: Endpoint): boolean {
    if (!this.up) return false;
    if (!this.#opened) return true;
    const openedMs = this.#opened.get(endpointKey(from));
    return openedMs !== undefined && this.#world.now - openedMs <= NAT_MS;
  }
}

/** The same random source gives the same run, packet by packet. */
export class SimWorld {
  readonly counts: WorldCounts = { sent: 0, arrived: 0, lost: 0, undelivered: 0 };
  readonly #random: Random;
  readonly #link: Link;
  readonly #hosts = new Map<string, SimHost<unknown>>(); // bound: the hosts that the scenario adds
  readonly #observers: Observer[] = []; // bound: the observers that the scenario adds
  readonly #events = new Schedule<Arrival | Wake | Deed>();
  #now = 0;

  constructor(random: Random, link: Link) {
    this.#random = random;
    this.#link = link;
  }

  /** Monotonic milliseconds since the world began. */
  get now(): number {
    return this.#now;
  }

  /** The runtime's two clocks, virtual. */
  get clock(): { now(): number; wall(): number } {
    return { now: () => this.#now, wall: () => Math.round(EPOCH_MS + this.#now) };
  }

  /** Puts a machine at an endpoint. Two at one endpoint break an invariant. */
  add<F, M extends Machine<F>>(machine: M, local: Endpoint, options: { nat?: boolean } = {}): SimHost<F, M> {
    const key = endpointKey(local);
    if (this.#hosts.has(key)) throw new Error(`two hosts at ${key}`);
    const host = new SimHost<F, M>(this, machine, local, options.nat ?? false);
    this.#hosts.set(key, host as unknown as SimHost<unknown>);
    this.rearm(host as unknown as SimHost<unknown>);
    return host;
  }

  remove(host: SimHost<unknown>): void {
    this.#hosts.delete(endpointKey(host.local));
    host.up = false;
    host.wakeMs = Number.POSITIVE_INFINITY;
  }

  observe(observer: Observer): void {
    this.#observers.push(observer);
  }

  /** Calls `act` at that time. */
  at(atMs: number, act: (now: number) => void): void {
    this.#events.add(Math.max(atMs, this.#now), { kind: 'deed', act });
  }

  /** Puts a packet on its way (the bytes are copied). */
  carry(bytes: Uint8Array, from: Endpoint, to: Endpoint): void {
    const packet: Arrival = { kind: 'arrival', bytes: new Uint8Array(bytes), from, to };
    this.counts.sent++;
    for (const observer of this.#observers) observer.sent?.(packet, this.#now);
    if (this.#link.loss > 0 && this.#random() < this.#link.loss) this.counts.lost++;
    else this.#events.add(this.#now + this.#link.latencyMs + this.#random() * this.#link.jitterMs, packet);
  }

  /** Asks a machine anew when it wants to be woken. */
  rearm(host: SimHost<unknown>): void {
    const dueMs = host.machine.deadline();
    if (dueMs >= host.wakeMs) return;
    // A deadline that has passed is due now: virtual time never goes back.
    const atMs = Math.max(dueMs, this.#now);
    host.wakeMs = atMs;
    this.#events.add(atMs, { kind: 'wake', host, atMs });
  }

  /** Runs until that time, or until nothing is left to happen, or until `done` says so (asked after every event). Returns the events that happened. */
  run(untilMs: number, done: () => boolean = () => false): number {
    let happened = 0;
    while (this.#events.nextMs() <= untilMs && !done()) {
      this.#now = this.#events.nextMs();
      this.#happen(this.#events.take()!);
      happened++;
    }
    if (!done()) this.#now = Math.max(this.#now, Math.min(untilMs, Number.MAX_SAFE_INTEGER));
    return happened;
  }

  #happen(event: Arrival | Wake | Deed): void {
    if (event.kind === 'deed') event.act(this.#now);
    else if (event.kind === 'arrival') this.#arrive(event);
    else if (event.host.wakeMs === event.atMs) this.#wake(event.host);
  }

  #wake(host: SimHost<unknown>): void {
    host.wakeMs = Number.POSITIVE_INFINITY;
    if (!host.up) return;
    if (host.machine.deadline() > this.#now) {
      this.rearm(host);
      return;
    }
    host.act((machine, now, out) => machine.tick(now, out));
    host.wakesHere = host.wokenMs === this.#now ? host.wakesHere + 1 : 0;
    host.wokenMs = this.#now;
    if (host.wakesHere > MAX_WAKES_AT_ONCE) throw new Error(`${endpointKey(host.local)} wants to be woken without end`);
  }

  #arrive(packet: Arrival): void {
    const host = this.#hosts.get(endpointKey(packet.to));
    if (!host?.lets(packet.from)) {
      this.counts.undelivered++;
      return;
    }
    this.counts.arrived++;
    for (const observer of this.#observers) observer.arrived?.(packet, this.#now);
    host.act((machine, now, out) => machine.receive(packet.bytes, packet.from, now, out));
  }
}
