// The data directory: who has it open (run.json), so that a second command finds the running one instead of fighting over the store.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { explainError, Failure, usageFailure } from './failure.ts';

const RUN_FILE = 'run.json';

/** What a running `swarmscope up` or `demo` leaves for the others: its process and where its HTTP front answers. */
export interface RunFile {
  pid: number;
  /** When the process started, as its system says it; null where it does not. A number of a process is given again. */
  process_start: string | null;
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

/** Clock ticks from boot to the start of the process (proc(5), field 22 of stat); null where there is no such file. */
function readProcessStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the name in brackets, which may hold brackets and spaces itself: fields are counted from behind it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

/** Whether the process lives and is the one that wrote the file; where starts are not told, living is enough. */
function holds({ pid, process_start: wrote }: RunFile): boolean {
  if (typeof pid !== 'number' || pid === process.pid || !isAlive(pid)) return false;
  const lives = readProcessStart(pid);
  return typeof wrote !== 'string' || lives === null || wrote === lives;
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
    return holds(run) ? run : undefined;
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
  const { pid } = process;
  const process_start = readProcessStart(pid);
  const run: RunFile = { pid, process_start, command, url: null, metrics: null, started_ms: nowMs };
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
