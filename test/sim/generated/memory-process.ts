// A process in which the crawler is alone: it crawls a generated network for some virtual hours and tells, as lines of JSON, what the process takes.
import { setTimeout as sleep } from 'node:timers/promises';
import { keptTable, writeState } from '@swarmscope/dht-crawler/state.ts';
import { GeneratedCrawl, type GeneratedCrawlPlan } from './crawl.ts';

/** What main.ts of the crawler loads is part of what it takes. */
await Promise.all([import('@swarmscope/dht-crawler/service.ts'), import('@swarmscope/bus/kafka.ts')]);

export interface MemoryPlan extends GeneratedCrawlPlan {
  readonly hours: number;
  /** Virtual time between two samples: a multiple of five minutes. */
  readonly sampleMinutes: number;
  readonly statePath: string;
  /** Times as fast as real time, so that the engine tidies up at leisure as it does in service; 0: as fast as it can. */
  readonly speed: number;
}

/** One step of virtual time, after which it is compared with the real one. */
const STEP_MS = 50;

const KEEP_MINUTES = 5;

/** Memory in bytes; `peak` is the most that the system ever counted for the process, `live` what the last collection left. */
export interface MemorySample {
  readonly hour: number;
  readonly rss: number;
  readonly peak: number;
  readonly heap: number;
  /** The heap with what is free in it. */
  readonly heapTotal: number;
  readonly buffers: number;
  readonly listed: number;
  readonly met: number;
  readonly infohashes: number;
  readonly confirmed: number;
  readonly frontier: number;
  readonly confirms: number;
  readonly queries: number;
  readonly events: number;
  readonly cpuS: number;
}

const plan = JSON.parse(process.argv[2]!) as MemoryPlan;
const scene = new GeneratedCrawl(plan);

function sample(hour: number): MemorySample {
  const { rss, heapUsed, heapTotal, arrayBuffers } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return {
    hour,
    rss,
    peak: process.resourceUsage().maxRSS * 1024,
    heap: heapUsed,
    heapTotal,
    buffers: arrayBuffers,
    listed: scene.crawl.roster.size,
    met: scene.crawl.met,
    infohashes: scene.seen.total,
    confirmed: scene.seen.confirmed,
    frontier: scene.crawl.frontier.size,
    confirms: scene.crawl.findings.confirms.size,
    queries: scene.queries,
    events: scene.events,
    cpuS: Math.round((user + system) / 1e5) / 10,
  };
}

/** The state is written as the service writes it. */
function keep(): void {
  const nodes = scene.crawl.kept(scene.now, scene.now);
  writeState(plan.statePath, { 4: { id: scene.dht.id, table: keptTable(scene.dht), ...nodes } });
}

function tell(hour: number): void {
  globalThis.gc?.();
  process.stdout.write(`${JSON.stringify(sample(hour))}\n`);
}

tell(0);
/** Runs until that virtual time, no faster than the plan says. */
async function runUntil(untilMs: number): Promise<void> {
  while (plan.speed > 0 && scene.now + STEP_MS < untilMs) {
    scene.run(scene.now + STEP_MS);
    const aheadMs = scene.now / plan.speed - (performance.now() - startedMs);
    if (aheadMs > 1) await sleep(aheadMs);
  }
  scene.run(untilMs);
}

const startedMs = performance.now();
for (let minutes = KEEP_MINUTES; minutes <= plan.hours * 60; minutes += KEEP_MINUTES) {
  await runUntil(minutes * 60_000);
  keep();
  if (minutes % plan.sampleMinutes === 0) tell(minutes / 60);
}
scene.stop();
