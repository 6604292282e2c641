// The service shell: what runs in a process, in which order it ends, and what its exit code says.
import { ConfigError } from './config.ts';
import type { OnInvariant } from './invariant.ts';
import type { Log } from './log.ts';
import { errorCode } from './outcome.ts';

/** Something that runs until it is stopped. */
export interface Service {
  readonly name: string;
  /** Ends it in order; what it has observed is published. Kept when done; a second call waits for the first. */
  stop(): Promise<void>;
  /** Broken when it cannot go on (a broken invariant); never kept. */
  readonly failed: Promise<never>;
}

export interface Shell {
  readonly log: Log;
  /** For drive, TcpTransport and their like: ends the process in order, with exit code 1. */
  readonly onInvariant: OnInvariant;
  /** Runs from now on; stopped at the end, those added last first. Returns it. */
  add<S extends Service>(service: S): S;
  /** The same for what is only closed (a bus, a store, a server, a socket). */
  closing(name: string, close: () => Promise<unknown>): void;
  /** Aborted when the process is asked to end, or failed. */
  readonly ending: AbortSignal;
  /** Asks for the end, as a signal would: the work is done. */
  end(): void;
}

export interface RunOptions {
  readonly log: Log;
  /** All stops together; then the process ends anyway, with exit code 1. */
  readonly stopTimeoutMs?: number;
  /** For tests; default this process. */
  readonly host?: Pick<NodeJS.Process, 'on' | 'off'>;
  /** For tests: a second signal ends here. */
  readonly exit?: (code: number) => void;
}

/** Flushes may take ten seconds (design, "Bus and store"), leaving may take some more. */
const STOP_TIMEOUT_MS = 20_000;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Runs what `start` adds until SIGINT, SIGTERM or a failure, then stops it in reverse order. Returns the exit code: 0 after a signal, 1 after
 * a failure or a stop that did not come to its end, 2 when the configuration is wrong. A second signal ends the process at once.
 *
 *     process.exit(await runService({ log }, async (shell) => { ... }));
 */
export async function runService(options: RunOptions, start: (shell: Shell) => Promise<void>): Promise<number> {
  const { log, host = process, exit = (code) => process.exit(code) } = options;
  const run = new Run(log);
  const onSignal = (signal: keyof typeof SIGNALS) => {
    if (run.isEnding) exit(SIGNALS[signal]);
    log.info({ signal }, 'Asked to end.');
    run.end();
  };
  const onError = (error: unknown) => run.fail(error, 'process');
  for (const signal of Object.keys(SIGNALS)) host.on(signal, onSignal);
  host.on('uncaughtException', onError);
  host.on('unhandledRejection', onError);
  try {
    await Promise.race([start(run), run.ended]).catch((error: unknown) => run.refuse(error));
    await run.ended;
    return await run.stop(options.stopTimeoutMs ?? STOP_TIMEOUT_MS);
  } finally {
    for (const signal of Object.keys(SIGNALS)) host.off(signal, onSignal);
    host.off('uncaughtException', onError);
    host.off('unhandledRejection', onError);
  }
}

class Run implements Shell {
  readonly log: Log;
  readonly #ending = new AbortController();
  readonly #parts: { name: string; stop: () => Promise<unknown> }[] = []; // bound: what the composition adds
  readonly ended: Promise<void>;
  #exitCode = 0;

  constructor(log: Log) {
    this.log = log;
    this.ended = new Promise((resolve) => this.ending.addEventListener('abort', () => resolve()));
  }

  get ending(): AbortSignal {
    return this.#ending.signal;
  }

  get isEnding(): boolean {
    return this.ending.aborted;
  }

  readonly onInvariant: OnInvariant = (error) => this.fail(error, 'machine');

  add<S extends Service>(service: S): S {
    this.closing(service.name, () => service.stop());
    service.failed.catch((error: unknown) => this.fail(error, service.name));
    return service;
  }

  closing(name: string, close: () => Promise<unknown>): void {
    this.#parts.push({ name, stop: close });
  }

  end(): void {
    this.#ending.abort();
  }

  /** A broken invariant. */
  fail(error: unknown, where: string): void {
    this.#exitCode = EXIT_FAILED;
    this.log.error({ err: error, where }, 'A broken invariant: the process ends.');
    this.end();
  }

  /** The start did not succeed: a sentence for the operator where we know one. */
  refuse(error: unknown): void {
    if (error instanceof ConfigError) {
      this.#exitCode = EXIT_USAGE;
      this.log.error({}, error.message);
    } else {
      this.#exitCode = EXIT_FAILED;
      if (errorCode(error) === '') this.log.error({ err: error }, 'Could not start.');
      else this.log.error({ code: errorCode(error) }, `Could not start: ${(error as Error).message}.`);
    }
    this.end();
  }

  /** Last in, first out. One that fails does not keep the others from ending. */
  async stop(timeoutMs: number): Promise<number> {
    const late = Promise.withResolvers<'late'>();
    const timer = setTimeout(() => late.resolve('late'), timeoutMs);
    let stopping = '';
    const all = async () => {
      for (const { name, stop } of this.#parts.toReversed()) {
        stopping = name;
        await stop().catch((error: unknown) => this.fail(error, name));
      }
    };
    if ((await Promise.race([all(), late.promise])) === 'late') {
      this.#exitCode = EXIT_FAILED;
      this.log.error({ part: stopping }, 'Did not end in time.');
    }
    clearTimeout(timer);
    return this.#exitCode;
  }
}
