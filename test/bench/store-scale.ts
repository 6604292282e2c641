// A month of observations in the embedded store: bytes on disk for each, and how long every query of the boards takes.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedStore, openEmbedded } from '@swarmscope/store/embedded.ts';
import type { Entry } from './entry.ts';
import { alone, type Figure, note, spread } from './figure.ts';
import { type Asked, askAll } from './store/boards.ts';
import { roundStatements } from './store/seed.ts';
import { PARTITIONS, ROUND_MS, ROUND_ROWS } from './store/world.ts';

const BYTES_MAX = 20;
const BOARD_MAX_S = 1;
const SWARM_MAX_S = 0.2;

/** How much: the goal is at 100 million. */
const OBSERVATIONS = Number(process.env['BENCH_ROWS'] ?? 100_000_000);
/** A directory that is kept, and used again as it is when it was seeded before. */
const KEPT = process.env['BENCH_DIRECTORY'];
/** Every observation is of a peer never met before: the worst case for size. */
const STRANGERS = process.env['BENCH_STRANGERS'] === '1';

export const storeScale: readonly Entry[] = [
  {
    name: 'store_scale',
    title: 'a month of observations on disk, and every query of the boards over them (BENCH_ROWS, default 100 million)',
    isHeavy: true,
    run: async () => {
      const directory = KEPT ?? mkdtempSync(join(tmpdir(), 'swarmscope-bench-'));
      const store = await openEmbedded({ directory });
      try {
        await store.migrate();
        const plan = planOf(directory);
        await seed(store, plan);
        return [...(await sizes(store)), ...figuresOf(await askAll(store, plan.endMs))];
      } finally {
        await store.close();
        if (KEPT === undefined) rmSync(directory, { recursive: true, force: true });
      }
    },
  },
];

/** How much a directory is to have, and where its month ends: a run that was stopped is continued. */
interface Plan {
  readonly endMs: number;
  readonly rounds: number;
}

function planOf(directory: string): Plan {
  const file = join(directory, 'plan.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Plan;
  const plan: Plan = { endMs: Date.now(), rounds: Math.max(1, Math.round(OBSERVATIONS / ROUND_ROWS)) };
  writeFileSync(file, JSON.stringify(plan));
  return plan;
}

/** Seeds what is missing, the newest first, in two lanes: whatever is there when somebody stops it is dense up to the end. */
async function seed(store: EmbeddedStore, { endMs, rounds }: Plan): Promise<void> {
  const [found] = await store.query<{ rows: number; first: number }>(
    `SELECT count() AS rows, intDiv(min(_offset), ${ROUND_ROWS / PARTITIONS}) AS first FROM peer_probed`,
  );
  // Two rounds may be half there: their statements come again, and are dropped where they were done.
  let left = found!.rows === 0 ? rounds : found!.first === 0 ? 0 : Math.min(rounds, found!.first + 2);
  const start = process.cpuUsage();
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      const round = { number: left, startMs: endMs - (rounds - left) * ROUND_MS, strangers: STRANGERS };
      for (const [, sql] of roundStatements(round, (endMs - round.startMs) / 86_400_000)) await store.tell(sql);
      if (round.number % 10 === 0) note(`${rounds - round.number} of ${rounds} rounds stored`);
    }
  };
  await Promise.all([lane(), lane()]);
  const spent = process.cpuUsage(start);
  note(`seeded in ${Math.round((spent.user + spent.system) / 1e6)} CPU s, with merges meanwhile`);
  await store.refresh();
}

interface Size {
  readonly table: string;
  readonly rows: number;
  readonly bytes: number;
  readonly parts: number;
}

const SIZES = `SELECT table, sum(rows) AS rows, sum(bytes_on_disk) AS bytes, count() AS parts FROM system.parts
WHERE active AND database = 'swarmscope' GROUP BY table HAVING rows > 0 ORDER BY bytes DESC`;

/** Bytes of a row in the raw tables; parts are as merges left them in the time it took. */
async function sizes(store: EmbeddedStore): Promise<Figure[]> {
  const tables = await store.query<Size>(SIZES);
  for (const { table, rows, bytes, parts } of tables)
    note(`${table}: ${rows} rows, ${(bytes / 1e6).toFixed(1)} MB, ${(bytes / rows).toFixed(2)} B/row, ${parts} parts`);
  const of = (name: string) => tables.find(({ table }) => table === name)!;
  const [probed, sampled] = [of('peer_probed'), of('swarm_sampled')];
  const total = tables.reduce((sum, { bytes }) => sum + bytes, 0);
  return [
    alone({ name: 'store_observation', unit: 'B', goal: BYTES_MAX, direction: 'max' }, [probed.bytes / probed.rows]),
    alone({ name: 'store_sample', unit: 'B' }, [sampled.bytes / sampled.rows]),
    alone({ name: 'store_whole', unit: 'GB' }, [total / 1e9]),
  ];
}

/** The slowest query of the boards over all torrents, and the slowest of one torrent, by the 95th percentile of its CPU time. */
function figuresOf(asked: readonly Asked[]): Figure[] {
  for (const { name, cpu, wall } of asked.toSorted((a, b) => b.cpu.p95 - a.cpu.p95))
    note(`${name}: CPU p50 ${ms(cpu.p50)} p95 ${ms(cpu.p95)}, wall p50 ${ms(wall.p50)} p95 ${ms(wall.p95)}`);
  const worst = (isOfSwarm: boolean, goal: number, name: string) => {
    const those = asked.filter((each) => each.isOfSwarm === isOfSwarm);
    const slow = those.filter(({ cpu }) => cpu.p95 > goal).length;
    note(`${name}: ${those.length} queries, ${slow} of them above the goal`);
    return alone({ name, unit: 'CPU s', goal, direction: 'max' }, [spread(those.map(({ cpu }) => cpu.p95)).high]);
  };
  return [worst(false, BOARD_MAX_S, 'store_board_p95'), worst(true, SWARM_MAX_S, 'store_drill_down_p95')];
}

function ms(seconds: number): string {
  return `${Math.round(seconds * 1_000)} ms`;
}
