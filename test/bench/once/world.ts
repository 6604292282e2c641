// The processes of the proof: a real broker, the store, ingests that start again when they die, an ordinary producer; each can be hurt.
import { type ChildProcess, fork, type Serializable } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Broker, startBroker } from '../../support/kafka/broker.ts';
import { note } from '../figure.ts';
import type { Published } from './publisher-process.ts';

const PREFIX = 'once.';
export const PARTITIONS = 3;
const SESSION_MS = 10_000;
const MAINS = {
  ours: join(import.meta.dirname, '../../../services/ingest/src/main.ts'),
  naive: join(import.meta.dirname, 'naive-process.ts'),
} as const;

/** Everything that the processes say goes into this file, to look up why. */
export const LOG_FILE = join(tmpdir(), `swarmscope-once-${process.pid}.log`);

/** A child whose answers come as messages. */
function start(file: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): ChildProcess {
  const log = openSync(LOG_FILE, 'a', 0o600);
  const child = fork(file, args, { env: { ...process.env, ...env }, stdio: ['ignore', log, log, 'ipc'] });
  closeSync(log);
  return child;
}

async function end(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<number | null> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
  const gone = once(child, 'exit');
  child.kill(signal);
  const [code] = (await gone) as [number | null];
  return code;
}

async function answer<T extends Serializable>(child: ChildProcess, what: string): Promise<T> {
  const isGone = once(child, 'exit').then(([code]) => {
    throw new Error(`${what} ended with ${code} before it was ready.`);
  });
  const [message] = (await Promise.race([once(child, 'message'), isGone])) as [T];
  return message;
}

/** An ingest that is started again whenever it ends, as an orchestrator does. */
export class Ingest {
  readonly #start: () => ChildProcess;
  #child: ChildProcess | undefined;
  #isWanted = false;
  /** Ends that nobody asked for. */
  gaveUp = 0;
  /** The last of them. */
  lastCode: number | null = null;

  constructor(start: () => ChildProcess) {
    this.#start = start;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get isRunning(): boolean {
    return this.#isWanted;
  }

  up(): void {
    this.#isWanted = true;
    const child = this.#start();
    const since = performance.now();
    this.#child = child;
    child.once('exit', (code) => {
      if (!this.#isWanted || this.#child !== child) return;
      this.gaveUp += 1;
      this.lastCode = code;
      note(
        `Ingest ended by itself with ${code} after ${Math.round((performance.now() - since) / 1_000)} s; it is started again.`,
      );
      this.up();
    });
  }

  /** Answers with the exit code. */
  down(signal: NodeJS.Signals): Promise<number | null> {
    this.#isWanted = false;
    return end(this.#child, signal);
  }

  async killAndRestart(): Promise<void> {
    await this.down('SIGKILL');
    this.up();
  }
}

export class OnceWorld {
  readonly broker: Broker;
  readonly storeUrl: string;
  readonly ingests: readonly Ingest[];
  readonly #directory: string;
  readonly #port: number;
  #store: ChildProcess;
  #publisher: ChildProcess | undefined;
  #published: Published = { published: 0, flushed: false };

  private constructor(broker: Broker, directory: string, port: number, store: ChildProcess, kind: keyof typeof MAINS) {
    this.broker = broker;
    this.#directory = directory;
    this.#port = port;
    this.#store = store;
    this.storeUrl = `http://127.0.0.1:${port}`;
    const env = {
      SWARMSCOPE_KAFKA_BROKERS: broker.address,
      SWARMSCOPE_KAFKA_TOPIC_PREFIX: PREFIX,
      SWARMSCOPE_KAFKA_PARTITIONS: String(PARTITIONS),
      SWARMSCOPE_CLICKHOUSE_URL: this.storeUrl,
      SWARMSCOPE_INGEST_SESSION_MS: String(SESSION_MS),
      SWARMSCOPE_METRICS_LISTEN: '127.0.0.1:0',
      // As docker-compose.yml has it.
      NODE_OPTIONS: '--max-semi-space-size=8',
    };
    this.ingests = [0, 1].map(() => new Ingest(() => start(MAINS[kind], [], env)));
  }

  static async start(kind: keyof typeof MAINS): Promise<OnceWorld> {
    const broker = await startBroker();
    const directory = mkdtempSync(join(tmpdir(), 'swarmscope-once-'));
    const port = await freePort();
    return new OnceWorld(broker, directory, port, await startStore(directory, port), kind);
  }

  get published(): Published {
    return this.#published;
  }

  publish(events: number, rate: number): void {
    const args = [this.broker.address, PREFIX, String(PARTITIONS), String(events), String(rate)];
    this.#publisher = start(join(import.meta.dirname, 'publisher-process.ts'), args);
    this.#publisher.on('message', (message) => {
      this.#published = message as Published;
    });
    this.#publisher.once('exit', (code) => {
      if (!this.#published.flushed) throw new Error(`The producer ended with ${code}.`);
    });
  }

  async endStore(signal: NodeJS.Signals): Promise<void> {
    await end(this.#store, signal);
  }

  async startStore(): Promise<void> {
    this.#store = await startStore(this.#directory, this.#port);
  }

  async stop(): Promise<void> {
    this.#publisher?.removeAllListeners('exit');
    await Promise.all(this.ingests.map((ingest) => ingest.down('SIGKILL')));
    await end(this.#publisher, 'SIGKILL');
    await end(this.#store, 'SIGKILL');
    await this.broker.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

async function startStore(directory: string, port: number): Promise<ChildProcess> {
  const child = start(join(import.meta.dirname, '../../support/store-process.ts'), [directory, String(port)]);
  await answer(child, 'The store');
  return child;
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
