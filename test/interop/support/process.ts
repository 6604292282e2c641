// Foreign programs as children of a test: started by argument list, ended by their process id, never outliving it; Python scripts speak JSON lines.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { need } from '../../support/extras.ts';

const LOG_LINES = 400;

/** A running child: what it said so far, and how to end it. */
export interface Running {
  pid: number;
  /** The last lines of both outputs together. */
  log(): string;
  /** Resolves with the exit code (128 for a signal) when the process has ended. */
  ended: Promise<number>;
  isRunning(): boolean;
  /** SIGTERM, then SIGKILL after `patienceMs`; resolves when it has ended. */
  stop(patienceMs?: number): Promise<number>;
}

/** Follows a child and keeps the tail of what it writes on `streams`. */
function follow(child: ChildProcess, streams = [child.stdout, child.stderr]): Running {
  const lines: string[] = []; // bound: LOG_LINES
  let code: number | undefined;
  for (const stream of streams) {
    if (!stream) continue;
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      if (lines.length > LOG_LINES) lines.shift();
    });
  }
  const ended = new Promise<number>((resolve) => {
    child.on('exit', (exitCode) => {
      code = exitCode ?? 128;
      resolve(code);
    });
    child.on('error', (error) => {
      lines.push(String(error));
      code = 127;
      resolve(code);
    });
  });
  return {
    pid: child.pid ?? -1,
    log: () => lines.join('\n'),
    ended,
    isRunning: () => code === undefined,
    async stop(patienceMs = 3000) {
      if (code !== undefined) return code;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
      const result = await ended;
      clearTimeout(timer);
      return result;
    },
  };
}

/** Starts a program with its output kept; it dies with this process. */
export function start(
  program: string,
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Running {
  const env = { ...process.env, ...options.env };
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env, ...(options.cwd ? { cwd: options.cwd } : {}) });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.removeListener('exit', kill));
  return follow(child);
}

/** Waits until `check` answers something other than undefined or false; polls each 50 ms; fails with the last words of `running` after `timeoutMs`. */
export async function until<T>(
  what: string,
  check: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 15_000,
  running?: Running,
): Promise<T> {
  const start = performance.now();
  for (;;) {
    const value = await check();
    if (value !== undefined && value !== false) return value;
    if (running && !running.isRunning()) throw new Error(`${what}: the process ended\n${running.log()}`);
    if (performance.now() - start > timeoutMs) throw new Error(`${what}: not after ${timeoutMs} ms\n${running?.log() ?? ''}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A script of this directory that answers JSON lines (see lines.py). */
export class PythonScript {
  readonly running: Running;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>(); // bound: requests of one test
  #last = 0;

  constructor(script: string) {
    const child = spawn(need('libtorrent'), ['-u', join(import.meta.dirname, script)], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', PYTHONWARNINGS: 'ignore::DeprecationWarning' },
    });
    this.#child = child;
    createInterface({ input: child.stdout }).on('line', (line) => this.#receive(line));
    this.running = follow(child, [child.stderr]);
    void this.running.ended.then(() => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`${script} ended\n${this.running.log()}`));
    });
  }

  #receive(line: string): void {
    const message = JSON.parse(line) as { id: number; ok?: unknown; error?: string };
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.error === undefined) waiting?.resolve(message.ok);
    else waiting?.reject(new Error(message.error));
  }

  /** One command of the script. */
  ask<T>(command: string, args: Record<string, unknown> = {}): Promise<T> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#child.stdin?.write(`${JSON.stringify({ id, do: command, ...args })}\n`);
    });
  }

  async stop(): Promise<void> {
    this.#child.stdin?.end();
    await this.running.stop(2000);
  }
}

/** What a test started, ended in reverse order whatever happened; its scratch directory goes last. */
export class Workbench {
  readonly directory: string;
  readonly #ends: (() => Promise<unknown>)[] = []; // bound: what one suite starts

  constructor(name: string) {
    this.directory = mkdtempSync(join(tmpdir(), `swarmscope-${name}-`));
  }

  /** Registers something with a stop(); answers it. */
  keep<T extends { stop(): Promise<unknown> }>(thing: T): T {
    this.#ends.push(() => thing.stop());
    return thing;
  }

  async close(): Promise<void> {
    for (const end of this.#ends.reverse()) await end().catch((error) => console.error(error));
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** A network of this run alone: 127.x.y.0/24 with random x and y, so that suites running side by side never meet. Address 1 is never 127.0.0.1. */
export function pickNetwork(): (host: number) => string {
  const octet = () => 2 + Math.floor(Math.random() * 250);
  const prefix = `127.${octet()}.${octet()}`;
  return (host) => `${prefix}.${host}`;
}

/** A TCP port that was free a moment ago on that address. */
export async function freePort(address: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, address, resolve));
  const place = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (place === null || typeof place === 'string') throw new Error('no port');
  return place.port;
}
