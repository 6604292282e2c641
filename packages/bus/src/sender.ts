// Empties the outbox into a remote log: one batch at a time, sent until it is acknowledged, and nothing else before.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Letter, Outbox } from './outbox.ts';

/** What the sender needs of a client's producer. */
export interface LogClient {
  /** Kept when the log has the whole batch. */
  send(letters: readonly Letter[]): Promise<unknown>;
  /** A new session with the log: the epoch of the present one may be fenced, its sequence lost. */
  renew(): Promise<void>;
  readonly trouble: (what: string, error: unknown) => void;
}

const LETTERS = 2_000;
/** Below a broker's 1 MiB for a batch, also when all of it goes to one partition. */
const BYTES = 512 * 1024;
const LINGER_MS = 5;
const AGAIN_MS = 500;
/** Failures of one batch in a row from which on the session is renewed before it is sent again. */
const RENEW_AFTER = 3;
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
      for (let failures = 0; letters.length > 0 && !signal.aborted; failures += 1) {
        if (await this.#send(letters)) break;
        await sleep(AGAIN_MS, undefined, { signal }).catch(() => {});
        if (failures >= RENEW_AFTER) await this.#client.renew().catch((error: unknown) => this.#client.trouble('connect', error));
      }
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
          (error: unknown) => {
            this.#client.trouble('send', error);
            resolve(false);
          },
        )
        .finally(() => signal.removeEventListener('abort', give));
    });
  }
}
