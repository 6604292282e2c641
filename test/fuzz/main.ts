// `npm run fuzz`: every parser under mutated input for a long time (the nightly run; `npm test` does some seconds of the same). `npm run fuzz -- RUNS` for another length.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../support/extras.ts';

const DEFAULT_RUNS = 1_000_000;
/** Vitest ends a test after its time; this is the nightly job's own limit. */
const TIMEOUT_MS = 50 * 60_000;

const runs = process.argv[2] ?? String(DEFAULT_RUNS);
if (!/^[1-9]\d{0,9}$/.test(runs)) {
  console.error(`fuzz: "${runs}" is no number of runs`);
  process.exit(2);
}
const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
const args = [vitest, 'run', '--project', 'fuzz', `--testTimeout=${TIMEOUT_MS}`];
const { status } = spawnSync(process.execPath, args, {
  cwd: ROOT,
  stdio: 'inherit',
  env: { ...process.env, SWARMSCOPE_FUZZ_RUNS: runs },
});
process.exit(status ?? 1);
