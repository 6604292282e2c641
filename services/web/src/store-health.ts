// Whether the store answers: asked when somebody wants to know, never by a visitor's question, which may be at fault itself.
import type { Store } from '@swarmscope/store/store.ts';

/** An answer serves so long. */
const FRESH_MS = 5_000;
const TIMEOUT_MS = 4_000;

export class StoreHealth {
  readonly #store: Pick<Store, 'query'>;
  readonly #now: () => number;
  #askedMs = Number.NEGATIVE_INFINITY;
  #isAsking = false;
  #why: string | undefined;

  /** `now`: milliseconds that only grow. */
  constructor(store: Pick<Store, 'query'>, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** What the last question showed, each a sentence (for `/healthz`); the next one is asked now, so that the next look knows. */
  troubles(): string[] {
    if (this.#isAsking && this.#now() - this.#askedMs > 2 * TIMEOUT_MS) return ['The store does not answer.'];
    if (!this.#isAsking && this.#now() - this.#askedMs >= FRESH_MS) void this.ask();
    return this.#why === undefined ? [] : [this.#why];
  }

  async ask(): Promise<void> {
    this.#isAsking = true;
    this.#askedMs = this.#now();
    this.#why = await this.#store.query('SELECT 1', {}, { timeoutMs: TIMEOUT_MS }).then(
      () => undefined,
      (error: Error) => `The store did not answer the last question: ${error.message}`,
    );
    this.#isAsking = false;
  }
}
