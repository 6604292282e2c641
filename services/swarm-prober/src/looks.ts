// First looks: which swarms wait for one, and how many are under way. They have places of their own, so that no census waits for them.
/** Beyond it the oldest gets no first look: its census comes all the same. */
const WAITING_MAX = 20_000;

export class Looks {
  readonly #max: number;
  /** In the order in which they were heard of. */
  readonly #waiting = new Set<string>(); // bound: WAITING_MAX
  #active = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get active(): number {
    return this.#active;
  }

  /** One may begin now. */
  get isDue(): boolean {
    return this.#waiting.size > 0 && this.#active < this.#max;
  }

  add(id: string): void {
    this.#waiting.add(id);
    if (this.#waiting.size > WAITING_MAX) this.take();
  }

  /** The next one, as long as `isDue`. */
  take(): string {
    const [id] = this.#waiting;
    this.#waiting.delete(id!);
    return id!;
  }

  began(): void {
    this.#active++;
  }

  ended(): void {
    this.#active--;
  }
}
