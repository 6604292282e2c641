// What the crawler takes, alone in a process of its own: the network that it crawls there is computed, not kept.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Figure, figure } from '@swarmscope/lab/figure.ts';
import type { MemoryPlan, MemorySample } from '../generated/memory-process.ts';

export type CrawlMemoryPlan = Omit<MemoryPlan, 'statePath'>;

const PROCESS = new URL('../generated/memory-process.ts', import.meta.url);
/** As the image and the compose file set it: a young generation of three times 8 MiB. Without it the engine takes up to 100 MB more for what is garbage. */
const FLAGS = ['--max-semi-space-size=8', '--expose-gc'];
const MIB = 2 ** 20;
/** The goal is in megabytes of a million bytes. */
const RSS_GOAL = 300e6 / MIB;

async function samplesOf(plan: CrawlMemoryPlan, flags: readonly string[]): Promise<MemorySample[]> {
  const directory = mkdtempSync(join(tmpdir(), 'swarmscope-memory-'));
  try {
    const whole: MemoryPlan = { ...plan, statePath: join(directory, 'crawler.json') };
    const child = spawn(process.execPath, [...flags, PROCESS.pathname, JSON.stringify(whole)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit') as Promise<[number | null]>;
    const samples: MemorySample[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      samples.push(JSON.parse(line) as MemorySample);
      process.stderr.write(`${line}\n`);
    }
    const [code] = await ended;
    if (code !== 0) throw new Error(`the process of the crawler ended with ${code}`);
    return samples;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The most that a process takes which crawls a network and has so many nodes and infohashes in mind. */
export async function runCrawlMemory(plan: CrawlMemoryPlan): Promise<Figure[]> {
  const { seed } = plan;
  const samples = await samplesOf(plan, FLAGS.slice(0, 1));
  const last = samples.at(-1)!;
  const of = (what: string) => `memory of a crawl of ${plan.nodes} nodes: ${what}`;
  return [
    figure(of('most resident memory of the process'), 'MiB', last.peak / MIB, 'max', RSS_GOAL, seed),
    figure(of('resident before it began'), 'MiB', samples[0]!.rss / MIB, 'max', RSS_GOAL, seed),
    figure(of('nodes in mind'), '%', (100 * last.listed) / plan.nodes, 'min', 99, seed),
    figure(of('infohashes in mind'), '%', (100 * last.infohashes) / plan.infohashes, 'min', 97, seed),
  ];
}

/** Hours that count as warm-up: two sweeps. */
const WARM_HOURS = 12;

/** Whether anything grows in many hours: live memory after a full collection, and what is counted, hour by hour. */
export async function runCrawlHours(plan: CrawlMemoryPlan): Promise<Figure[]> {
  const { seed } = plan;
  const samples = await samplesOf(plan, FLAGS);
  const late = samples.filter(({ hour }) => hour >= WARM_HOURS);
  const live = late.map(({ heap, buffers }) => (heap + buffers) / MIB);
  const half = live.length >> 1;
  const most = (values: readonly number[]) => Math.max(...values);
  const of = (what: string) => `${plan.hours} hours of crawling ${plan.nodes} nodes: ${what}`;
  const growth = 100 * (most(live.slice(half)) / most(live.slice(0, half)) - 1);
  return [
    figure(of('growth of live memory from the first half after warm-up to the second'), '%', growth, 'max', 3, seed),
    figure(of('most live memory'), 'MiB', most(live), 'max', RSS_GOAL, seed),
    figure(of('most resident memory of the process'), 'MiB', samples.at(-1)!.peak / MIB, 'max', RSS_GOAL, seed),
    figure(of('most nodes listed'), 'nodes', most(samples.map(({ listed }) => listed)), 'max', plan.nodes, seed),
    figure(of('longest frontier'), 'places', most(samples.map(({ frontier }) => frontier)), 'max', 3 * plan.nodes, seed),
    figure(
      of('longest queue of confirmations'),
      'infohashes',
      most(samples.map(({ confirms }) => confirms)),
      'max',
      65_536,
      seed,
    ),
  ];
}
