// Which swarm is due for a census: the watch list first, then what was met; backing off where nobody is. Pure; bounded.
import { Deadlines, type Timed } from '@swarmscope/runtime/deadlines.ts';
import type { ProberTimes } from './settings.ts';

/** A swarm in the schedule. `dueMs` is monotonic. */
export class Entry implements Timed {
  dueMs = Number.POSITIVE_INFINITY;
  heapIndex = -1;
  readonly id: string;
  watched = false;
  /** Its census is under way: it has no time until that is done. */
  isActive = false;
  backoffMs = 0;
  censuses = 0;

  constructor(id: string) {
    this.id = id;
  }
}

export class Schedule {
  readonly #entries = new Map<string, Entry>(); // bound: max
  readonly #watched = new Deadlines<Entry>();
  readonly #met = new Deadlines<Entry>();
  readonly #max: number;
  readonly #times: ProberTimes;
  #fresh = 0;
  /** Swarms that are never probed, watched or not: the takedown list. */
  readonly refuses: (id: string) => boolean;
  /** Infohashes that found no room. */
  refused = 0;

  constructor(max: number, times: ProberTimes, refuses: (id: string) => boolean = () => false) {
    this.#max = max;
    this.refuses = refuses;
    this.#times = times;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Entries that no census has been made of. */
  get fresh(): number {
    return this.#fresh;
  }

  get(id: string): Entry | undefined {
    return this.#entries.get(id);
  }

  /** Takes a swarm in, due at once (or at `dueMs`, as state of an earlier process says). `censuses`: made by an earlier process. A met one beyond the bound is refused; a watched one never, but by the takedown list. */
  add(id: string, watched: boolean, now: number, dueMs = now, censuses = 0): Entry | undefined {
    const known = this.#entries.get(id);
    if (known) {
      if (watched && !known.watched) this.#rank(known, true, Math.min(known.dueMs, dueMs));
      return known;
    }
    if (this.refuses(id)) return undefined;
    if (!watched && this.#entries.size >= this.#max) {
      this.refused++;
      return undefined;
    }
    const entry = new Entry(id);
    entry.censuses = censuses;
    if (censuses === 0) this.#fresh++;
    this.#entries.set(id, entry);
    this.#rank(entry, watched, dueMs);
    return entry;
  }

  /** Forgets what may no longer be probed; what is under way is ended by the prober. */
  purge(): void {
    for (const entry of [...this.#entries.values()]) if (this.refuses(entry.id)) this.remove(entry.id);
  }

  /** No longer watched: it is a met swarm again. */
  unwatch(id: string): void {
    const entry = this.#entries.get(id);
    if (entry?.watched) this.#rank(entry, false, entry.dueMs);
  }

  /** Gone: another name of a swarm that is here. */
  remove(id: string): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.#entries.delete(id);
    if (entry.censuses === 0) this.#fresh--;
    this.#heapOf(entry).remove(entry);
  }

  /** What these names have here is one entry from now on, under `id`: due as the first of them; or, with its census under way, after that. Undefined when there is none. */
  unite(names: readonly string[], id: string, watched: boolean, isActive: boolean, now: number): Entry | undefined {
    const known = names.map((name) => this.get(name)).filter((entry) => entry !== undefined);
    for (const entry of known) this.remove(entry.id);
    if (known.length === 0 && !isActive) return undefined;
    const due = isActive ? Number.POSITIVE_INFINITY : Math.min(...known.map((entry) => entry.dueMs));
    const censuses = Math.max(0, ...known.map((entry) => entry.censuses));
    const united = this.add(id, watched, now, due, censuses);
    if (united) united.isActive = isActive;
    return united;
  }

  /** Keeps those that fit. */
  retain(fits: (id: string) => boolean): void {
    for (const id of this.#entries.keys()) if (!fits(id)) this.remove(id);
  }

  /** The next one that is due, watched before met; it has then no time until `done`. */
  take(now: number): Entry | undefined {
    const entry = this.#watched.takeDue(now) ?? this.#met.takeDue(now);
    if (entry) entry.isActive = true;
    return entry;
  }

  /** The next one is watched. */
  isWatchedDue(now: number): boolean {
    return this.#watched.next() <= now;
  }

  /** It is in the schedule, no census of it was made, and none is under way. */
  isFresh(id: string): boolean {
    const entry = this.#entries.get(id);
    return entry !== undefined && !entry.isActive && entry.censuses === 0;
  }

  /** Takes this one out of turn, if no census of it was made and none is under way. */
  takeFresh(id: string): Entry | undefined {
    const entry = this.#entries.get(id);
    if (!entry || !this.isFresh(id)) return undefined;
    this.#heapOf(entry).remove(entry);
    entry.isActive = true;
    return entry;
  }

  /** One that was taken out of turn has no census yet: its turn comes. */
  giveBack(entry: Entry, now: number): void {
    entry.isActive = false;
    if (this.#entries.get(entry.id) === entry) this.#rank(entry, entry.watched, now);
  }

  /** When the next one is due. */
  next(): number {
    return Math.min(this.#watched.next(), this.#met.next());
  }

  /** A census is over. Who was reached is visited at its interval; where nobody was, the distance doubles. Returns the distance in ms. */
  done(entry: Entry, reached: number, now: number): number {
    const { watchedIntervalMs, metIntervalMs, backoffMinMs, backoffMaxMs } = this.#times;
    entry.isActive = false;
    if (entry.censuses++ === 0 && this.#entries.get(entry.id) === entry) this.#fresh--;
    const interval = entry.watched ? watchedIntervalMs : metIntervalMs;
    entry.backoffMs = reached > 0 ? 0 : Math.min(backoffMaxMs, Math.max(backoffMinMs, 2 * entry.backoffMs));
    const distance = entry.watched ? interval : Math.max(interval, entry.backoffMs);
    if (this.#entries.get(entry.id) === entry) this.#rank(entry, entry.watched, now + distance);
    return distance;
  }

  #heapOf(entry: Entry): Deadlines<Entry> {
    return entry.watched ? this.#watched : this.#met;
  }

  #rank(entry: Entry, watched: boolean, dueMs: number): void {
    this.#heapOf(entry).remove(entry);
    entry.watched = watched;
    if (!entry.isActive) this.#heapOf(entry).set(entry, dueMs);
  }
}
