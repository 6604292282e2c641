// How things are measured: by CPU time, so that neighbours on the machine matter little; ours and the baseline in turns, so that drift matters little.
import { note } from './figure.ts';

const ROUNDS = 7;
const ROUND_MS = 250;
const WARM_MS = 150;

/** CPU seconds of this process so far, all threads. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Calls of `work` per CPU second, for about `ms` of it. */
export function rateOf(work: () => void, ms = ROUND_MS): number {
  let calls = 0;
  let chunk = 1;
  const start = cpuSeconds();
  for (;;) {
    for (let i = 0; i < chunk; i += 1) work();
    calls += chunk;
    const spent = cpuSeconds() - start;
    if (spent * 1_000 >= ms) return calls / spent;
    // Fine enough to stop in time, coarse enough not to measure the clock.
    if (spent * 1_000 < ms / 16) chunk *= 2;
  }
}

/** Rounds of two loops in turns, after a warm-up of both. */
export function inTurns(ours: () => void, baseline: () => void, ms = ROUND_MS): { ours: number[]; baseline: number[] } {
  rateOf(ours, WARM_MS);
  rateOf(baseline, WARM_MS);
  const rounds = { ours: [] as number[], baseline: [] as number[] };
  for (let round = 0; round < ROUNDS; round += 1) {
    rounds.ours.push(rateOf(ours, ms));
    rounds.baseline.push(rateOf(baseline, ms));
  }
  return rounds;
}

/** The same for measurements that take their own time. */
export async function inTurnsOf<K extends string>(
  rounds: number,
  takes: Record<K, () => Promise<number>>,
): Promise<Record<K, number[]>> {
  const names = Object.keys(takes) as K[];
  const all = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<K, number[]>;
  for (let round = 0; round < rounds; round += 1) for (const name of names) all[name].push(await takes[name]());
  return all;
}

/** A result that the optimiser must not remove. */
export function keep(value: unknown): void {
  kept = value;
}
let kept: unknown;

/** Fails loudly when an entry measures something else than it says. */
export function sure(condition: boolean, what: string): void {
  if (condition) return;
  note(`The benchmark is wrong: ${what}.`);
  throw new Error(what, { cause: kept });
}
