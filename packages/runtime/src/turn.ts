// One call into a machine and what follows from it: its facts are handed on when the call has returned, in order, so that a listener may act on the machine.
import type { OnInvariant } from './invariant.ts';

/** Facts wait here while a machine works. `bytes` inside them stay valid until the outermost call returns. */
export class Turn<F> {
  readonly #deliver: (fact: F, now: number) => void;
  readonly #onInvariant: OnInvariant;
  readonly #facts: F[] = []; // bound: emptied at the end of every turn
  #depth = 0;
  #broken = false;

  constructor(deliver: (fact: F, now: number) => void, onInvariant: OnInvariant) {
    this.#deliver = deliver;
    this.#onInvariant = onInvariant;
  }

  /** Something threw: what it left behind is not to be called again. */
  get broken(): boolean {
    return this.#broken;
  }

  emit(fact: F): void {
    this.#facts.push(fact);
  }

  /** Runs `action`, then delivers. What either throws goes to the caller. */
  run<R>(action: (now: number) => R, now: number): R {
    this.#depth += 1;
    let result: R;
    try {
      result = action(now);
      if (this.#depth === 1) for (let i = 0; i < this.#facts.length; i += 1) this.#deliver(this.#facts[i]!, now);
    } catch (error) {
      this.#broken = true;
      throw error;
    } finally {
      this.#depth -= 1;
      if (this.#depth === 0 && this.#facts.length > 0) this.#facts.length = 0;
    }
    return result;
  }

  /** The same for an input from the system, which has no caller to throw to. */
  guard(action: (now: number) => void, now: number): void {
    if (this.#broken) return;
    try {
      this.run(action, now);
    } catch (error) {
      this.#onInvariant(error);
    }
  }
}
