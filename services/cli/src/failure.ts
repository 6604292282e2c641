// What a person did wrong or ran into, as one clear sentence and an exit code: the only errors that are printed without a stack.

/** Exit codes of the command: 0 done, 1 the answer is no (or the work failed), 2 the call itself was wrong. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/** An expected failure of a command; `message` is one sentence for standard error. */
export class Failure extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode: number = EXIT.failed, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'Failure';
    this.exitCode = exitCode;
  }
}

/** A wrong flag, argument or input file. */
export function usageFailure(message: string): Failure {
  return new Failure(message, EXIT.usage);
}

/** What Node's file errors mean, in words; other errors keep their first line. */
export function explainError(error: unknown): string {
  const code = (error as { code?: string }).code;
  if (code === 'ENOENT') return 'no such file';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  if (code === 'EISDIR') return 'is a directory';
  if (code === 'ENOTDIR' || code === 'EEXIST') return 'is no directory';
  if (code === 'EADDRINUSE') return 'address already in use';
  if (code === 'EADDRNOTAVAIL') return 'this machine does not have that address';
  if (code === 'ENOSPC') return 'no space left on the disk';
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n')[0] ?? text;
}
