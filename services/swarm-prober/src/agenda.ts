// What is to be looked at again, and when: one heap and one timer for all peers, censuses and the schedule.
import { Alarm } from '@swarmscope/runtime/alarm.ts';
import type { Clock } from '@swarmscope/runtime/clock.ts';
import { Deadlines, type Timed } from '@swarmscope/runtime/deadlines.ts';
import type { OnInvariant } from '@swarmscope/runtime/invariant.ts';

/** Something with a next time. `run` is called when it is due, and is then no longer in the agenda. */
export class Task implements Timed {
  dueMs = Number.POSITIVE_INFINITY;
  heapIndex = -1;
  readonly run: (now: number) => void;

  constructor(run: (now: number) => void) {
    this.run = run;
  }
}

export class Agenda {
  readonly #clock: Clock;
  readonly #deadlines = new Deadlines<Task>();
  readonly #alarm: Alarm;
  #stopped = false;

  constructor(clock: Clock, onInvariant: OnInvariant) {
    this.#clock = clock;
    this.#alarm = new Alarm(clock, () => {
      try {
        this.#run();
      } catch (error) {
        onInvariant(error);
      }
    });
  }

  /** Inserts, moves, or (Infinity) removes. Monotonic milliseconds. */
  set(task: Task, dueMs: number): void {
    if (this.#stopped) return;
    this.#deadlines.set(task, dueMs);
    this.#alarm.set(this.#deadlines.next());
  }

  stop(): void {
    this.#stopped = true;
    this.#alarm.clear();
  }

  #run(): void {
    const now = this.#clock.now();
    for (let task = this.#deadlines.takeDue(now); task && !this.#stopped; task = this.#deadlines.takeDue(now)) task.run(now);
    if (!this.#stopped) this.#alarm.set(this.#deadlines.next());
  }
}
