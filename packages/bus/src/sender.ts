// Empties the outbox into a remote log: one batch at a time, sent until it is acknowledged, and nothing else before.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Letter, Outbox } from './outbox.ts';

/** What the sender needs of a client's producer. */
export interface LogClient {
  /** Kept when the log has the whole batch. */
  send(letters: readonly Letter[]): Promise<unknown>;
  /** A new session with the log. It cannot tell what the old one has sent already: a batch whose answer was lost would be there twice. */
  renew(): Promise<void>;
  /** The error says that the session is over: fenced, or its sequence lost. Brokers that are away are no such error. */
  isOver(error: unknown): boolean;
  readonly trouble: (what: string, error: unknown) => void;
}

const LETTERS = 2_000;
/** Below a broker's 1 MiB for a batch, also when all of it goes to one partition. */
const BYTES = 512 * 1024;
const LINGER_MS = 5;
const AGAIN_MS = 500;
/** A broker that restarts is no trouble yet. */
const REFUSED_MS = 60_000;

export class Sender {
  readonly #outbox: Outbox;
  readonly #client: LogClient;
  readonly #ends = new AbortController();
  readonly #now: () => number;
  readonly #running: Promise<void>;
  #triedSince: number | undefined;

  /** `now`: milliseconds that only grow. */
  constructor(outbox: Outbox, client: LogClient, now: () => number = () => performance.now()) {
    this.#outbox = outbox;
    this.#client = client;
    this.#now = now;
    this.#running = this.#run();
  }

  /** What keeps it from its work, each a sentence (for `/healthz`): nothing is taken over though something waits. */
  troubles(): string[] {
    const triedMs = this.#triedSince === undefined ? 0 : this.#now() - this.#triedSince;
    return triedMs > REFUSED_MS ? [`The bus has taken nothing over for ${Math.round(triedMs / 1_000)} s.`] : [];
  }

  /** Ends at once; what is not acknowledged by then stays in the outbox. */
  async stop(): Promise<void> {
    this.#ends.abort();
    this.#outbox.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#ends;
    while (!signal.aborted) {
      await this.#outbox.more();
      await sleep(LINGER_MS);
      const letters = this.#outbox.head(LETTERS, BYTES);
      this.#triedSince = letters.length > 0 ? this.#now() : undefined;
      while (letters.length > 0 && !signal.aborted && !(await this.#send(letters))) await this.#pause();
      this.#triedSince = undefined;
    }
  }

  /** True when the log has the batch; false when it failed, or the end came before that was known. */
  #send(letters: readonly Letter[]): Promise<boolean> {
    const { signal } = this.#ends;
    return new Promise((resolve) => {
      const give = () => resolve(false);
      signal.addEventListener('abort', give, { once: true });
      this.#client
        .send(letters)
        .then(
          () => {
            if (!signal.aborted) this.#outbox.sent(letters.length);
            resolve(true);
          },
          async (error: unknown) => {
            this.#client.trouble('send', error);
            if (this.#client.isOver(error)) await this.#renew();
            resolve(false);
          },
        )
        .finally(() => signal.removeEventListener('abort', give));
    });
  }

  async #renew(): Promise<void> {
    while (!this.#ends.signal.aborted) {
      try {
        return await this.#client.renew();
      } catch (error) {
        this.#client.trouble('connect', error);
        await this.#pause();
      }
    }
  }

  async #pause(): Promise<void> {
    await sleep(AGAIN_MS, undefined, { signal: this.#ends.signal }).catch(() => {});
  }
}
