// A run of the proof: events are published live while ingest, broker and store are killed, stalled and restarted at moments that a seed chooses.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '@swarmscope/bittorrent/machine.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { note } from '../figure.ts';
import { type Count, errorsOf, storedRows, tally } from './tally.ts';
import { LOG_FILE, OnceWorld } from './world.ts';

export interface OncePlan {
  readonly seed: number;
  readonly ingest: 'ours' | 'naive';
  readonly events: number;
  /** Events per second, at most. */
  readonly rate: number;
  readonly ingestKills: number;
  readonly brokerKills: number;
  readonly brokerStalls: number;
  /** Longer than the client's request timeout of 30 s, to be one. */
  readonly stallMs: number;
  readonly storeRestarts: number;
  /** How often a second ingest comes or goes: partitions move to it and back. */
  readonly moves: number;
}

export interface OnceReport {
  readonly counts: readonly Count[];
  /** Events lost or doubled. */
  readonly errors: number;
  readonly published: number;
  /** Ends of ingest that nobody asked for (it is started again, as an orchestrator does). */
  readonly gaveUp: number;
  /** Exit codes of the orderly ends. */
  readonly codes: readonly (number | null)[];
  readonly seconds: number;
}

const POLL_MS = 100;
/** No row more for so long: what is missing does not come any more. */
const STUCK_MS = 300_000;
const SETTLE_MS = 15_000;
const NOTE_MS = 15_000;
const GIVES_UP_MAX = 20;

export async function runOnce(plan: OncePlan): Promise<OnceReport> {
  const world = await OnceWorld.start(plan.ingest);
  const ended = Promise.withResolvers<never>();
  const noting = setInterval(() => {
    void progress(world);
    const hopeless = world.ingests.find(({ gaveUp }) => gaveUp > GIVES_UP_MAX);
    if (hopeless) ended.reject(new Error(`Ingest ended with ${hopeless.lastCode} again and again (${LOG_FILE} says why).`));
  }, NOTE_MS);
  note(`What the processes say: ${LOG_FILE}`);
  try {
    const begin = performance.now();
    world.ingests[0]!.up();
    world.publish(plan.events, plan.rate);
    await Promise.race([Promise.all(harms(plan, world)), ended.promise]);
    while (!world.published.flushed) await sleep(POLL_MS);
    note('Everything is published; waiting for the rest.');
    await settled(world, plan.events);
    const running = world.ingests.filter((ingest) => ingest.isRunning);
    const codes = await Promise.all(running.map((ingest) => ingest.down('SIGTERM')));
    const seconds = (performance.now() - begin) / 1_000;
    const counts = await tally(world.storeUrl, plan.events);
    const gaveUp = world.ingests.reduce((sum, ingest) => sum + ingest.gaveUp, 0);
    return { counts, errors: errorsOf(counts), published: world.published.published, gaveUp, codes, seconds };
  } finally {
    clearInterval(noting);
    await world.stop();
  }
}

/** Each kind of harm has its own moments and its own chain: ingest dies while the broker stalls, too. */
function harms(plan: OncePlan, world: OnceWorld): Promise<void>[] {
  const random = seededRandom(plan.seed);
  const [first, second] = world.ingests;
  const pause = (ms: number) => sleep(random() * ms);
  const chain = (moments: readonly Moment[]) => inTurn(world, moments);
  const kill = async () => {
    await world.broker.kill();
    await pause(20_000);
    await world.broker.restart();
  };
  const stall = async () => {
    world.broker.stall();
    await sleep(plan.stallMs);
    world.broker.resume();
  };
  const restart = async () => {
    await world.endStore(random() < 0.5 ? 'SIGKILL' : 'SIGTERM');
    await pause(4_000);
    await world.startStore();
  };
  const move = async () => {
    if (second!.isRunning) await second!.down(random() < 0.5 ? 'SIGKILL' : 'SIGTERM');
    else second!.up();
  };
  return [
    chain(momentsOf(plan.ingestKills, plan.events, random, 'ingest is killed', () => first!.killAndRestart())),
    chain(
      [
        ...momentsOf(plan.brokerKills, plan.events, random, 'the broker is killed', kill),
        ...momentsOf(plan.brokerStalls, plan.events, random, 'the broker stalls', stall),
      ].sort((a, b) => a.at - b.at),
    ),
    chain(momentsOf(plan.storeRestarts, plan.events, random, 'the store restarts', restart)),
    chain(momentsOf(plan.moves, plan.events, random, 'the second ingest comes or goes', move)),
  ];
}

interface Moment {
  /** When so many events are published. */
  readonly at: number;
  readonly what: string;
  readonly act: () => Promise<void>;
}

/** One at random in each of `count` equal parts of the run. */
function momentsOf(count: number, events: number, random: Random, what: string, act: () => Promise<void>): Moment[] {
  return Array.from({ length: count }, (_, i) => ({ at: ((i + random()) / count) * events * 0.98, what, act }));
}

async function inTurn(world: OnceWorld, moments: readonly Moment[]): Promise<void> {
  for (const [i, { at, what, act }] of moments.entries()) {
    while (world.published.published < at) await sleep(POLL_MS);
    note(`${world.published.published} published: ${what} (${i + 1} of ${moments.length})`);
    await act();
  }
}

/** Until every event is stored, or nothing has come for long; then a while more, for what would be too many. */
async function settled(world: OnceWorld, events: number): Promise<void> {
  let most = -1;
  let since = performance.now();
  while (most < events && performance.now() - since < STUCK_MS) {
    const rows = (await storedRows(world.storeUrl)) ?? most;
    if (rows > most) [most, since] = [rows, performance.now()];
    await sleep(POLL_MS * 10);
  }
  await sleep(SETTLE_MS);
}

async function progress(world: OnceWorld): Promise<void> {
  note(`${world.published.published} published, ${(await storedRows(world.storeUrl)) ?? 'unknown how many'} stored`);
}
