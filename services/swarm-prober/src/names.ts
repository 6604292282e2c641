// A swarm gets its names: both infohashes of a hybrid (BEP 52) are one swarm, with one census and one place in the schedule, whatever there was before.
import type { Looks } from './looks.ts';
import type { Registry } from './registry.ts';
import { Entry, type Schedule } from './schedule.ts';
import type { ProbedSwarm, SwarmView } from './swarm.ts';

export interface NamesOptions {
  readonly registry: Registry;
  readonly schedule: Schedule;
  readonly looks: Looks;
  /** Swarms with a census under way. */
  readonly active: Map<ProbedSwarm, Entry>;
}

export class Names {
  readonly #options: NamesOptions;

  constructor(options: NamesOptions) {
    this.#options = options;
  }

  /** These are names of the swarm: swarms that had them come over with their peers. Returns the views that are new. */
  unite(swarm: ProbedSwarm, names: readonly string[]): SwarmView[] {
    const { added, absorbed } = this.#options.registry.unite(swarm, names);
    for (const other of absorbed) this.#absorb(swarm, other);
    return added;
  }

  #absorb(swarm: ProbedSwarm, other: ProbedSwarm): void {
    const { active, looks } = this.#options;
    const entry = active.get(other);
    active.delete(other);
    if (swarm.census && other.census) {
      if (other.census.isLook) looks.ended();
      swarm.census.absorb(other.census, swarm.views.length - 1);
    } else if (other.census && entry) {
      swarm.census = other.census;
      active.set(swarm, entry);
    }
    other.census = undefined;
  }

  /** From now on events carry this swarm_id, and the schedule has it in one place. */
  rename(swarm: ProbedSwarm, id: string, now: number): void {
    const { active, schedule } = this.#options;
    const entry = active.get(swarm);
    const names = [swarm.id, ...swarm.names];
    swarm.id = id;
    // A source that nobody wants probed has a name, and no place in the schedule.
    const renamed = schedule.unite(names, id, swarm.watched, entry !== undefined, now);
    if (entry) active.set(swarm, renamed ?? new Entry(id));
  }
}
