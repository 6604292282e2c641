// Peer sessions on real sockets: connect, both handshakes, bitfield, end, and metadata; beside bare sockets that exchange the same bytes and beside `bittorrent-protocol`.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Running, rateWhile, startActor, withActors } from './actor.ts';
import type { Entry } from './entry.ts';
import { alone, compared, type Figure, note } from './figure.ts';
import { inTurnsOf, sure } from './measure.ts';

const WINDOW = 32;
const ROUNDS = 9;
const ROUND_MS = 400;
/** A prober runs for months: what the compiler needs at first is not what a session costs. */
const WARM_ROUNDS = 3;
const UNIT = '1/CPU s';

const self = (one: Running<number>) => () => rateWhile(one, one, ROUND_MS);

async function inTurns<K extends string>(takes: Record<K, () => Promise<number>>): Promise<Record<K, number[]>> {
  await inTurnsOf(WARM_ROUNDS, takes);
  return inTurnsOf(ROUNDS, takes);
}

async function handshakes(): Promise<Figure[]> {
  const seeder = await startActor<number>('tcp', 'bareSeeder');
  const dialler = (name: string) => startActor<number>('tcp', name, { port: seeder.ready, window: WINDOW });
  const diallers = [await dialler('ourDialler'), await dialler('bareDialler'), await dialler('foreignDialler')] as const;
  const [ours, bare, foreign] = diallers;
  const rates = await withActors([seeder, ...diallers], async () => {
    const all = await inTurns({ ours: self(ours), bare: self(bare), foreign: self(foreign) });
    const said = await Promise.all(diallers.map(async (each) => (await each.sample()).count));
    const heard = (await seeder.sample()).count;
    sure(heard >= said[0]! + said[1]! + said[2]!, 'every dialler says all that a session says');
    return all;
  });
  return [
    compared({ name: 'peer_handshake', unit: UNIT, goal: 0.6 }, rates.ours, rates.bare),
    compared({ name: 'peer_handshake_vs_bittorrent_protocol', unit: UNIT, goal: 2.5 }, rates.ours, rates.foreign),
    compared({ name: 'bare_handshake_vs_bittorrent_protocol', unit: UNIT }, rates.bare, rates.foreign),
  ];
}

/** CPU time each, in microseconds, of a rate. */
const cost = (rates: readonly number[]) => rates.map((rate) => 1e6 / rate);

async function metadata(): Promise<Figure[]> {
  const start = async (bytes: number) => {
    const seeder = await startActor<number>('tcp', 'metadataSeeder', { bytes });
    const dialler = await startActor<number>('tcp', 'metadataDialler', { port: seeder.ready, window: WINDOW, bytes });
    return { seeder, dialler };
  };
  const seeder = await startActor<number>('tcp', 'bareSeeder');
  const bare = await startActor<number>('tcp', 'bareDialler', { port: seeder.ready, window: WINDOW });
  const [small, large] = [await start(2_000), await start(20_000)];
  const actors = [seeder, bare, small.seeder, small.dialler, large.seeder, large.dialler];
  const rates = await withActors(actors, () =>
    inTurns({ bare: self(bare), small: self(small.dialler), large: self(large.dialler) }),
  );
  const plan = { unit: 'CPU us', direction: 'max' } as const;
  return [
    compared({ ...plan, name: 'metadata_2_kb', goal: 2.3 }, cost(rates.small), cost(rates.bare)),
    compared({ ...plan, name: 'metadata_20_kb', goal: 4.5 }, cost(rates.large), cost(rates.bare)),
  ];
}

const SESSIONS = 10_000;
const FAR_PROCESSES = 4;
/** Files that a process needs beside its sessions. */
const OTHER_FILES = 200;
const OPENING_MS = 120_000;
const SETTLE_MS = 5_000;

/** As docker-compose.yml runs the prober; and as Node does by itself, whose young generation takes what it likes. */
async function sessions(): Promise<Figure[]> {
  const plan = { unit: 'MB', direction: 'max' } as const;
  return [
    alone({ ...plan, name: 'open_sessions_10000', goal: 250 }, [await held(['--max-semi-space-size=16'])]),
    alone({ ...plan, name: 'open_sessions_10000_without_flags' }, [await held([])]),
  ];
}

/** The memory in MB of a process that holds 10 000 sessions as the prober does. Where it may not open so many files, fewer: scaled by what each of them takes. */
async function held(flags: readonly string[]): Promise<number> {
  const count = Math.min(SESSIONS, openFiles() - OTHER_FILES);
  const far = await Promise.all(Array.from({ length: FAR_PROCESSES }, () => startActor<number>('sessions', 'farPeers')));
  const holder = await startActor('sessions', 'holder', { ports: far.map(({ ready }) => ready), sessions: count }, flags);
  const [empty, full] = await withActors([...far, holder], async () => {
    const before = await holder.sample();
    holder.turn(true);
    const until = performance.now() + OPENING_MS;
    while ((await holder.sample()).count < count) {
      sure(performance.now() < until, 'all sessions open');
      await sleep(200);
    }
    await sleep(SETTLE_MS);
    const after = await holder.sample();
    sure(after.count === count, 'all sessions stay open');
    return [before.rssBytes, after.rssBytes] as const;
  });
  const each = (full - empty) / count;
  note(
    `${count} sessions take ${Math.round(each)} bytes each beside ${Math.round(empty / 1e6)} MB that the process takes without them`,
  );
  return (empty + each * SESSIONS) / 1e6;
}

/** How many files a process may open. */
function openFiles(): number {
  const report = process.report.getReport() as { userLimits: { open_files: { soft: number | 'unlimited' } } };
  const { soft } = report.userLimits.open_files;
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : soft;
}

export const peers: readonly Entry[] = [
  { name: 'peer_handshake', title: 'handshake, extension handshake and bitfield with a seeder', run: handshakes },
  {
    name: 'metadata',
    title: 'metadata of 2 KB and 20 KB dialled for, fetched and checked, beside a bare handshake and bitfield exchange',
    run: metadata,
  },
  { name: 'open_sessions', title: 'memory of the prober with 10 000 open sessions', run: sessions },
];
