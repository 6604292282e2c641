// The data directory: who has it open (run.json), so that a second command finds the running one instead of fighting over the store.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { explainError, Failure, usageFailure } from './failure.ts';

const RUN_FILE = 'run.json';

/** What a running `swarmscope up` or `demo` leaves for the others: its process and where its HTTP front answers. */
export interface RunFile {
  pid: number;
  command: string;
  url: string | null;
  metrics: string | null;
  started_ms: number;
}

/** Makes the directory; one sentence when that is impossible. */
export function openDirectory(path: string): string {
  const directory = resolve(path);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw usageFailure(`cannot use ${path} as data directory: ${explainError(error)}`);
  }
  return directory;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM';
  }
}

/** The process that holds this directory now, or undefined; the file of a dead one is ignored. */
export function findRunning(directory: string): RunFile | undefined {
  let text: string;
  try {
    text = readFileSync(join(directory, RUN_FILE), 'utf8');
  } catch {
    return undefined;
  }
  try {
    const run = JSON.parse(text) as RunFile;
    return typeof run.pid === 'number' && run.pid !== process.pid && isAlive(run.pid) ? run : undefined;
  } catch {
    return undefined;
  }
}

/** A directory this process holds: keep the run file current, release it at the end. */
export interface HeldDirectory {
  path: string;
  update(fields: Partial<Pick<RunFile, 'url' | 'metrics'>>): void;
  release(): void;
}

/** Takes the directory for this process; refuses when a living process has it. The store's own lock is the last word. */
export function holdDirectory(path: string, command: string, nowMs: number): HeldDirectory {
  const directory = openDirectory(path);
  const other = findRunning(directory);
  if (other)
    throw new Failure(
      `${path} is in use by \`swarmscope ${other.command}\` (process ${other.pid}); end it, or give another directory with --data`,
    );
  const file = join(directory, RUN_FILE);
  const run: RunFile = { pid: process.pid, command, url: null, metrics: null, started_ms: nowMs };
  const write = () => writeFileSync(file, `${JSON.stringify(run)}\n`, { mode: 0o600 });
  try {
    write();
  } catch (error) {
    throw usageFailure(`cannot write in data directory ${path}: ${explainError(error)}`);
  }
  return {
    path: directory,
    update(fields) {
      Object.assign(run, fields);
      write();
    },
    release() {
      rmSync(file, { force: true });
    },
  };
}
