// `npm run lab -- forecast`: the forecast on made-up torrents, without and with outages of the observer; prints figures, or with --json one array of them.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Figure, figureLines } from '@swarmscope/lab/figure.ts';
import type { Calibration } from '@swarmscope/lab/sim/forecast-score.ts';
import { figuresOf, scoresOf, tellFleet } from './forecast.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    torrents: { type: 'string', default: '2000' },
    days: { type: 'string', default: '365' },
    outages: { type: 'string' },
    dump: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

function decileLines({ deciles }: Calibration): string[] {
  return deciles.map(
    ({ cases, torrents, said, came, error }, i) =>
      `  ${i}0 to ${i + 1}0 %: said ${(100 * said).toFixed(1)}, came ${(100 * came).toFixed(1)} (error ${(100 * error).toFixed(1)}), ${cases} cases of ${torrents} torrents`,
  );
}

const seed = Number(values.seed);
const all: Figure[] = [];
for (const percent of values.outages === undefined ? [0, 5] : [Number(values.outages)]) {
  const size = { torrents: Number(values.torrents), days: Number(values.days), outages: percent / 100 };
  const started = process.cpuUsage();
  const told = await tellFleet(size, seed, {
    onDay: (day, sofar) => {
      if (day % 30 === 29) process.stderr.write(`day ${day + 1}\n`);
      if (values.dump !== undefined && (day % 30 === 29 || day + 1 === size.days))
        writeFileSync(`${values.dump}.${percent}.json`, JSON.stringify(sofar));
    },
  });
  const scores = scoresOf(told, size);
  const figures = figuresOf(scores, percent === 0 ? 'no outages' : `${percent} % outages`, seed);
  all.push(...figures);
  const { user, system } = process.cpuUsage(started);
  process.stderr.write(`${Math.round((user + system) / 1e6)} s of CPU time\n`);
  if (!values.json) {
    const { alert, alertOracle } = scores;
    process.stdout.write(
      `${[...figureLines(figures), ...decileLines(scores.all), `alert: ${JSON.stringify(alert)}`, `oracle: ${JSON.stringify(alertOracle)}`].join('\n')}\n`,
    );
  }
}
if (values.json) process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
process.exitCode = all.every((one) => one.ok) ? 0 : 1;
