// A fixed number of places for work that runs at the same time, with a bounded queue before them: one class of work cannot take another's places.

/** The queue is full: too much at once. */
export class NoSlot extends Error {
  override readonly name = 'NoSlot';
}

export class Slots {
  readonly #queueMax: number;
  readonly #waiting: (() => void)[] = []; // bound: queueMax
  #free: number;

  constructor(count: number, queueMax: number) {
    this.#free = count;
    this.#queueMax = queueMax;
  }

  /** Runs `work` as soon as a place is free, first come first served. Throws NoSlot when too many wait already. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const release = await this.take();
    try {
      return await work();
    } finally {
      release();
    }
  }

  /** Takes a place; the answer gives it back. */
  async take(): Promise<() => void> {
    if (this.#free > 0) this.#free -= 1;
    else {
      if (this.#waiting.length >= this.#queueMax) throw new NoSlot('Too many statements wait already.');
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    let given = false;
    return () => {
      if (given) return;
      given = true;
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    };
  }
}
