// `npm run sim`: the simulated scenarios; -- NAME... picks, --seed N replays, --json prints the figures as one array.
import { parseArgs } from 'node:util';
import { type Figure, figureLines } from '@swarmscope/lab/figure.ts';
import { SCENARIOS } from './scenarios.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    seed: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
});

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

const seed = values.seed === undefined ? Math.floor(Math.random() * 0x7fff_ffff) : Number(values.seed);
if (!Number.isSafeInteger(seed)) fail(`--seed wants an integer, not ${values.seed}`);
const unknown = positionals.filter((name) => !SCENARIOS.some((scenario) => scenario.name === name));
if (unknown.length > 0)
  fail(`no scenario ${unknown.join(', ')}; there are: ${SCENARIOS.map((scenario) => scenario.name).join(', ')}`);

if (values.list) {
  for (const scenario of SCENARIOS) process.stdout.write(`${scenario.name}: ${scenario.title}\n`);
  process.exit(0);
}

const chosen = SCENARIOS.filter((scenario) => (positionals.length > 0 ? positionals.includes(scenario.name) : !scenario.heavy));
const all: Figure[] = [];
for (const scenario of chosen) {
  process.stderr.write(`${scenario.name}: ${scenario.title} (seed ${seed})\n`);
  const started = process.hrtime.bigint();
  const figures = await scenario.run(seed);
  all.push(...figures);
  if (!values.json) process.stdout.write(`${figureLines(figures).join('\n')}\n`);
  process.stderr.write(`${scenario.name}: ${Number((process.hrtime.bigint() - started) / 1_000_000n) / 1_000} s\n`);
}
if (values.json) process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
process.exitCode = all.every((one) => one.ok) ? 0 : 1;
