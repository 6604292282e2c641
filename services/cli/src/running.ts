// A command that runs services until it is done or is asked to end: the service shell, with expected failures as one sentence.
import { ConfigError } from '@swarmscope/runtime/config.ts';
import type { Log } from '@swarmscope/runtime/log.ts';
import { errorCode } from '@swarmscope/runtime/outcome.ts';
import { runService, type Shell } from '@swarmscope/runtime/service.ts';
import { StoreError } from '@swarmscope/store/store.ts';
import { EXIT, explainError, Failure, usageFailure } from './failure.ts';
import { storeFailure } from './store-failure.ts';

/** Flush (10 s), insert (10 s), and some for the sockets. */
const STOP_TIMEOUT_MS = 30_000;

/**
 * Runs `work` in a service shell. When it is done, or when the process is asked to end, everything added to the shell is stopped, last first. A Failure of
 * `work` is thrown after that; a broken invariant was logged with its stack, and becomes a Failure that says so.
 */
export async function runShell(log: Log, work: (shell: Shell) => Promise<void>): Promise<void> {
  let failure: Failure | undefined;
  const code = await runService({ log, stopTimeoutMs: STOP_TIMEOUT_MS }, async (shell) => {
    try {
      await work(shell);
    } catch (error) {
      failure = failureOf(error);
      if (!failure) throw error;
    }
    shell.end();
  });
  if (failure) throw failure;
  if (code !== EXIT.ok) throw new Failure('ended by an error of its own; the log above says which', code);
}

/** What a person can do something about; undefined for errors of the program itself. */
function failureOf(error: unknown): Failure | undefined {
  if (error instanceof Failure) return error;
  if (error instanceof StoreError) return storeFailure(error);
  if (error instanceof ConfigError) return usageFailure(error.message);
  return errorCode(error) === '' ? undefined : new Failure(explainError(error));
}
