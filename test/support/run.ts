// What `npm test` runs: every vitest project this machine can, then what was skipped and how to enable it, then `N passed, N failed` as the last line.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, relative } from 'node:path';
import { EXTRAS, missing, ROOT, SUITES } from './extras.ts';

interface FileResult {
  name: string;
  status: string;
  assertionResults: { status: string }[];
}

interface Tally {
  passed: number;
  failed: number;
  /** Paths of files in which at least one test was skipped, with the number of those tests. */
  skipped: Map<string, number>;
}

/** The phases: suites with foreign software and whole processes get the machine for themselves, since they measure time. */
const PHASES = [
  ['--project', 'unit', '--project', 'sim', '--project', 'contract', '--project', 'fuzz'],
  ['--project', 'interop', '--project', 'e2e', '--maxWorkers', '1'],
];

let child: ReturnType<typeof spawn> | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child?.kill(signal));

/** Runs vitest with a readable reporter on the terminal and its JSON report into `file`; answers the exit code. */
function runVitest(args: readonly string[], file: string): Promise<number> {
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  // Children that say `node` get the Node of the npm package too, whatever the machine has.
  const path = [join(ROOT, 'node_modules/.bin'), process.env['PATH'] ?? ''].join(delimiter);
  const running = spawn(process.execPath, [vitest, 'run', '--passWithNoTests', ...reporters, ...args], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, PATH: path },
  });
  child = running;
  return new Promise((resolve) => {
    running.on('close', (code) => resolve(code ?? 1));
    running.on('error', () => resolve(1));
  });
}

function readReport(file: string): FileResult[] {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { testResults: FileResult[] }).testResults;
  } catch {
    return [];
  }
}

/** Adds one run to the tally. A file that failed without a failed test (it did not load, a hook threw) counts as one failure, and so does a failing vitest whose report shows none. */
function count(results: readonly FileResult[], exitCode: number, tally: Tally): void {
  const failedBefore = tally.failed;
  for (const result of results) {
    const number = (...statuses: string[]) => result.assertionResults.filter((test) => statuses.includes(test.status)).length;
    const failed = number('failed');
    tally.passed += number('passed');
    tally.failed += failed === 0 && result.status === 'failed' ? 1 : failed;
    const skipped = number('skipped', 'pending', 'todo', 'disabled');
    if (skipped > 0 && result.status !== 'failed') tally.skipped.set(relative(ROOT, result.name), skipped);
  }
  if (exitCode !== 0 && tally.failed === failedBefore) tally.failed += 1;
}

/** Says which files skipped tests, why, and how to enable them. Under CI=true a skipped interop or e2e suite is a failure. */
function reportSkipped(tally: Tally): void {
  const strict = process.env['CI'] === 'true';
  for (const [file, number] of tally.skipped) {
    const suite = SUITES.find((entry) => entry.file === file);
    const absent = missing(...(suite?.needs ?? []));
    const isFailure = strict && /^test\/(interop|e2e)\//.test(file);
    if (isFailure) tally.failed += 1;
    const title = suite ? ` (${suite.title})` : '';
    const why = absent.length > 0 ? `; this machine lacks ${absent.join(', ')}` : '';
    console.log(`${isFailure ? 'FAILED: skipped under CI=true' : 'skipped'}: ${file}${title}, ${number} tests${why}`);
  }
  const wanted = new Set(
    [...tally.skipped.keys()].flatMap((file) => missing(...(SUITES.find((entry) => entry.file === file)?.needs ?? []))),
  );
  for (const extra of wanted) console.log(`  to enable ${extra}: ${EXTRAS[extra]}`);
  if (wanted.size > 0) console.log('  or all of them at once, as continuous integration does: .ci/run');
}

async function main(args: readonly string[]): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'swarmscope-test-'));
  const tally: Tally = { passed: 0, failed: 0, skipped: new Map() };
  try {
    const phases = args.includes('--project') || args.some((arg) => arg.startsWith('--project=')) ? [[]] : PHASES;
    for (const [i, phase] of phases.entries()) {
      const file = join(directory, `report-${i}.json`);
      const exitCode = await runVitest([...phase, ...args], file);
      count(readReport(file), exitCode, tally);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  reportSkipped(tally);
  if (tally.passed + tally.failed === 0) console.log('no test was run');
  console.log(`${tally.passed} passed, ${tally.failed} failed`);
  return tally.failed === 0 && tally.passed > 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
