// The whole command as a child process, as a person starts it: output, exit code, and signals by process id.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../support/extras.ts';

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  /** Kept when the text appeared on either output; broken when the process ends before. */
  saw(pattern: RegExp): Promise<RegExpExecArray>;
  readonly ended: Promise<Ended>;
}

/** Starts `swarmscope ARGS`. The caller ends it; after `timeoutMs` it is killed, so that no test leaves one behind. */
export function start(args: readonly string[], timeoutMs = 120_000, settings: Record<string, string> = {}): Running {
  const child = spawn(process.execPath, [join(ROOT, 'services/cli/src/main.ts'), ...args], {
    cwd: tmpdir(),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: tmpdir(), ...settings },
  });
  const texts = { stdout: '', stderr: '' };
  const watchers = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
      for (const watcher of watchers) watcher();
    });
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, ...texts });
    });
  });
  const saw = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const found = pattern.exec(texts.stdout) ?? pattern.exec(texts.stderr);
        if (!found) return;
        watchers.delete(look);
        resolve(found);
      };
      watchers.add(look);
      look();
      void ended.then(() => reject(new Error(`ended before ${pattern} appeared:\n${texts.stdout}\n${texts.stderr}`)));
    });
  return { child, pid: child.pid!, stdout: () => texts.stdout, stderr: () => texts.stderr, saw, ended };
}

/** Runs `swarmscope ARGS` to its end. */
export function run(args: readonly string[], timeoutMs = 120_000): Promise<Ended> {
  return start(args, timeoutMs).ended;
}

/** A directory for one test, removed by the function returned with it. */
export function temporaryDirectory(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'swarmscope-e2e-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
