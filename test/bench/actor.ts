// Processes of a benchmark: each side of a conversation on its own, counting what it did and what CPU time that took.
import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/** What an actor is, inside its process. */
export interface Actor {
  /** Told to whoever started it: where it listens, for instance. */
  readonly ready: unknown;
  /** Things done so far. */
  count(): number;
  /** Begins or ends asking; whoever only answers has none. */
  turn?(isOn: boolean): void;
}

interface Sample {
  readonly count: number;
  readonly cpuUs: number;
  readonly rssBytes: number;
}

export interface Running<R> {
  readonly ready: R;
  turn(isOn: boolean): void;
  /** What it did so far, what CPU time that took, and the memory that it holds. */
  sample(): Promise<Sample>;
  /** Things done per CPU second of its process, over a while. */
  rate(ms: number): Promise<number>;
  stop(): Promise<void>;
}

const HOST = new URL('./actor-main.ts', import.meta.url);

/** Starts `name` of the module `./actors/<module>.ts` with options that JSON can carry; `execArgv` are flags of Node. */
export async function startActor<R>(
  module: string,
  name: string,
  options: object = {},
  execArgv: readonly string[] = [],
): Promise<Running<R>> {
  const args = [module, name, JSON.stringify(options)];
  const child = fork(HOST, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: [...execArgv] });
  const first = (await answer(child)) as { ready: R };
  const sample = async (): Promise<Sample> => {
    const answered = answer(child);
    child.send('sample');
    return (await answered) as Sample;
  };
  return {
    ready: first.ready,
    turn: (isOn) => void child.send(isOn ? 'on' : 'off'),
    sample,
    async rate(ms) {
      const before = await sample();
      await sleep(ms);
      const after = await sample();
      return (after.count - before.count) / ((after.cpuUs - before.cpuUs) / 1e6);
    },
    stop: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve();
        child.once('exit', () => resolve());
        child.kill('SIGKILL');
      }),
  };
}

function answer(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`An actor of the benchmark ended with ${code}.`));
    child.once('exit', onExit);
    child.once('message', (message) => {
      child.off('exit', onExit);
      resolve(message);
    });
  });
}

const SETTLE_MS = 60;

/** What `measured` does per CPU second while `asker` asks (itself, or whom it asks). */
export async function rateWhile(asker: Running<unknown>, measured: Running<unknown>, ms: number): Promise<number> {
  asker.turn(true);
  await sleep(SETTLE_MS);
  const rate = await measured.rate(ms);
  asker.turn(false);
  await sleep(SETTLE_MS);
  return rate;
}

/** Runs `use` with actors, and ends them however it ends. */
export async function withActors<T>(actors: readonly Running<unknown>[], use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } finally {
    await Promise.all(actors.map((actor) => actor.stop()));
  }
}
