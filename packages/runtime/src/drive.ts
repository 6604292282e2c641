// The only loop that joins a datagram machine to a socket and a timer.
import type { Endpoint, Machine, Out } from '@swarmscope/bittorrent/machine.ts';
import { Alarm } from './alarm.ts';
import type { Clock } from './clock.ts';
import type { OnInvariant } from './invariant.ts';
import { Turn } from './turn.ts';
import type { UdpSocket } from './udp.ts';

export interface Driven<M, F> {
  readonly local: Endpoint;
  /** A call from outside (ask, look up): with the time and the outlet; the deadline is read anew after it. After stop() what it sends is lost. */
  act<R>(action: (machine: M, now: number, out: Out<F>) => R): R;
  /** Every fact, in order, after the call that found it; a listener may act. Returns the way to stop listening. */
  listen(listener: (fact: F, now: number) => void): () => void;
  /** Ends the timer and closes the socket. */
  stop(): Promise<void>;
}

/** A timer that fires so late tells of a process that stood still: what arrived meanwhile waits in the socket, and is read before anything is called overdue. */
const STALL_MS = 50;
/** Turns of the event loop that reading may take; each reads some dozens of datagrams. */
const STALL_TURNS = 64;

/** What a machine or a listener throws is a broken invariant: it is reported, and this machine is driven no further. */
export function drive<M, F>(machine: M & Machine<F>, socket: UdpSocket, clock: Clock, onInvariant: OnInvariant): Driven<M, F> {
  const listeners = new Set<(fact: F, now: number) => void>(); // bound: the listeners of the composition
  const turn = new Turn<F>((fact, now) => {
    for (const listener of listeners) listener(fact, now);
  }, onInvariant);
  const out: Out<F> = { send: (bytes, to) => socket.send(bytes, to), emit: (fact) => turn.emit(fact) };
  let stopped = false;
  const rearm = () => alarm.set(stopped || turn.broken ? Number.POSITIVE_INFINITY : machine.deadline());
  let received = 0;
  const tick = () => {
    const now = clock.now();
    if (!stopped && machine.deadline() <= now) turn.guard(() => machine.tick(now, out), now);
    rearm();
  };
  /** Timers come before sockets in a turn of the event loop: lets turns pass until one brought nothing. */
  const tickAfterReading = (turns: number) => {
    const before = received;
    setImmediate(() => {
      if (received === before || turns === 0) tick();
      else tickAfterReading(turns - 1);
    });
  };
  const alarm = new Alarm(clock, () => {
    if (clock.now() - machine.deadline() < STALL_MS) tick();
    else tickAfterReading(STALL_TURNS);
  });
  socket.onDatagram((bytes, from) => {
    received += 1;
    const now = clock.now();
    turn.guard(() => machine.receive(bytes, from, now, out), now);
    rearm();
  });
  rearm();
  return {
    local: socket.local,
    act(action) {
      const now = clock.now();
      try {
        return turn.run(() => action(machine, now, out), now);
      } finally {
        rearm();
      }
    },
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    stop() {
      stopped = true;
      alarm.clear();
      return socket.close();
    },
  };
}
