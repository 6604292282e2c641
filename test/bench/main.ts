// `npm run bench [-- NAME...] [--json] [--list]`: measures, prints a table (or JSON alone) on standard output, everything else on standard error.
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { codec } from './codec.ts';
import { dht } from './dht.ts';
import type { Entry } from './entry.ts';
import { events } from './events.ts';
import { exactlyOnce } from './exactly-once.ts';
import { type Figure, note, table } from './figure.ts';
import { hashes } from './hashes.ts';
import { kafka } from './kafka.ts';
import { page } from './page.ts';
import { peers } from './peers.ts';
import { schedule } from './schedule.ts';
import { storeScale } from './store-scale.ts';

const ENTRIES: readonly Entry[] = [
  ...codec,
  ...dht,
  ...peers,
  ...hashes,
  ...schedule,
  ...events,
  ...storeScale,
  ...page,
  ...kafka,
  ...exactlyOnce,
];

/** An entry is picked by its name or the beginning of it. Undefined when a name fits none. */
function pick(names: readonly string[]): Entry[] | undefined {
  if (names.length === 0) return ENTRIES.filter((entry) => !entry.isHeavy);
  const picked = new Set<Entry>();
  for (const name of names) {
    const exact = ENTRIES.filter((entry) => entry.name === name);
    const fitting = exact.length > 0 ? exact : ENTRIES.filter((entry) => entry.name.startsWith(name));
    if (fitting.length === 0) {
      note(`There is no benchmark "${name}"; there are: ${ENTRIES.map((entry) => entry.name).join(', ')}.`);
      return undefined;
    }
    for (const entry of fitting) picked.add(entry);
  }
  return [...picked];
}

function describeMachine(): void {
  const [cpu] = cpus();
  const gib = Math.round(totalmem() / 2 ** 30);
  note(
    `${cpu?.model ?? 'unknown processor'}, ${cpus().length} cores, ${gib} GiB; ${process.platform} ${process.arch}; Node ${process.version}`,
  );
  note(
    'Rates are per CPU second where the unit says so; values are medians of rounds in turns, in brackets the least and the most.',
  );
}

async function main(): Promise<number> {
  const options = { json: { type: 'boolean' }, list: { type: 'boolean' } } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  if (values.list) {
    for (const { name, title, isHeavy } of ENTRIES) console.log(`${name}${isHeavy ? ' (only by name)' : ''}: ${title}`);
    return 0;
  }
  const entries = pick(positionals);
  if (!entries) return 2;
  describeMachine();
  const figures: Figure[] = [];
  for (const entry of entries) {
    note(`\n${entry.name}: ${entry.title}`);
    figures.push(...(await entry.run()));
  }
  note('');
  console.log(values.json ? JSON.stringify(figures, undefined, 2) : table(figures));
  return figures.every((figure) => figure.ok) ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  note(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}
process.exit();
