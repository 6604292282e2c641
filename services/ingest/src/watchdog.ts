// Notices when ingest stands still though something waits in the log: a process that hangs says why and ends, and whoever runs it starts it again.

/** Long enough for any rebalance and any insert; the store has its own time limit. */
const STILL_MS = 300_000;
/** A broker that restarts is no trouble yet. */
const SILENT_MS = 60_000;

export interface Look {
  /** Records that wait in the log; undefined when it does not answer. */
  readonly lag: number | undefined;
  /** Grows with all that is done. */
  readonly done: number;
  /** The store refuses rows: ingest waits for it, and says so elsewhere. */
  readonly isRefused: boolean;
}

export class Watchdog {
  #done = -1;
  #stillSince: number | undefined;
  #silentSince: number | undefined;

  /** Once in a while; answers with a sentence when there is no hope. */
  look(now: number, { lag, done, isRefused }: Look): string | undefined {
    this.#silentSince = lag === undefined ? (this.#silentSince ?? now) : undefined;
    const hasMoved = done !== this.#done;
    this.#done = done;
    // Brokers that are away are waited for.
    if (hasMoved || lag === undefined || lag === 0 || isRefused) {
      this.#stillSince = undefined;
      return undefined;
    }
    this.#stillSince ??= now;
    if (now - this.#stillSince < STILL_MS) return undefined;
    return `Nothing was read or stored for ${STILL_MS / 1_000} s though ${lag} records wait in the log.`;
  }

  /** What keeps ingest from its work, for `/healthz`. */
  trouble(now: number): string | undefined {
    const silentMs = this.#silentSince === undefined ? 0 : now - this.#silentSince;
    return silentMs > SILENT_MS ? `The log has not answered for ${Math.round(silentMs / 1_000)} s.` : undefined;
  }
}
