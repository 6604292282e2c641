// What `swarmscope crawl` does: the crawler on a bus whose every event is written as a line of NDJSON.
import { MemoryBus } from '@swarmscope/bus/memory.ts';
import { startCrawler } from '@swarmscope/dht-crawler/service.ts';
import { TOPICS } from '@swarmscope/events/definitions.ts';
import { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import { systemClock } from '@swarmscope/runtime/clock.ts';
import { openLog } from '@swarmscope/runtime/log.ts';
import { Metrics } from '@swarmscope/runtime/metrics.ts';
import { openPseudonyms } from '@swarmscope/runtime/pseudonym-seed.ts';
import { systemRandom } from '@swarmscope/runtime/random.ts';
import type { Shell } from '@swarmscope/runtime/service.ts';
import type { CrawlOptions } from './commands/crawl.ts';
import { bootstrapDht, openDht } from './dht-shell.ts';
import { type EventSink, openEventSink } from './events-file.ts';
import { Failure } from './failure.ts';
import { openIdentity } from './identity.ts';
import { resolveHosts } from './lookup.ts';
import { pause } from './pause.ts';
import { openProgress } from './progress.ts';
import { runShell } from './running.ts';
import { readSettings, type Settings } from './settings.ts';
import type { Terminal } from './terminal.ts';

const PROGRESS_MS = 500;
const FLUSH_MS = 10_000;

export async function crawl(options: CrawlOptions, terminal: Terminal): Promise<void> {
  const settings = readSettings(options);
  const log = openLog({
    level: terminal.interactive ? 'error' : settings.logLevel,
    service: 'crawl',
    instanceId: settings.instanceId,
  });
  let found: Progress | undefined;
  const sink = openEventSink(options.events, terminal);
  try {
    await runShell(log, async (shell) => {
      found = await crawlIn(shell, options, settings, sink, terminal);
    });
  } finally {
    sink.close();
  }
  if (!found?.answers) throw new Failure('no bootstrap node answered');
  terminal.say(`${summary(found)}, ${sink.lines} events`);
}

async function crawlIn(
  shell: Shell,
  options: CrawlOptions,
  settings: Settings,
  sink: EventSink,
  terminal: Terminal,
): Promise<Progress> {
  const bootstrap = await resolveHosts(options.bootstrap ?? []);
  if (bootstrap.length === 0) throw new Failure('none of the bootstrap names could be resolved');
  const clock = systemClock;
  const random = systemRandom();
  const policy = new AddressPolicy(settings);
  const bus = new MemoryBus();
  const writing = await bus.consume({ group: 'file', topics: TOPICS, durable: true }, async (batch) =>
    sink.write(batch.records.map((record) => record.value)),
  );
  shell.closing('writing', async () => {
    await bus.flush(FLUSH_MS);
    await writing.stop();
  });
  const pseudonyms = openPseudonyms({ clock });
  shell.closing('pseudonyms', async () => pseudonyms.stop());
  const identity = openIdentity(undefined);
  const { labNetworks } = settings;
  const dht = await openDht({ ...options, policy, labNetworks, identity, clock, random, onInvariant: shell.onInvariant });
  for (const driven of dht) shell.closing('dht', () => driven.stop());
  const crawler = shell.add(
    await startCrawler({
      dht,
      bus,
      clock,
      random,
      policy,
      pseudonyms,
      log: shell.log,
      metrics: new Metrics({ processMetrics: false }),
      network: settings.network,
      instanceId: settings.instanceId,
      addresses: 'full',
      shard: options.shard ?? { index: 0, count: 1 },
    }),
  );
  bootstrapDht(dht, bootstrap);
  await watchCrawl(crawler, options.seconds, shell, terminal);
  return crawler.progress();
}

type Progress = ReturnType<Awaited<ReturnType<typeof startCrawler>>['progress']>;

async function watchCrawl(
  crawler: { progress(): Progress },
  seconds: number | undefined,
  shell: Shell,
  terminal: Terminal,
): Promise<void> {
  const end = seconds === undefined ? Number.POSITIVE_INFINITY : systemClock.now() + seconds * 1_000;
  const progress = terminal.interactive ? openProgress(terminal) : undefined;
  while (!shell.ending.aborted && systemClock.now() < end) {
    await pause(Math.min(PROGRESS_MS, Math.max(0, end - systemClock.now())), shell.ending);
    const { nodes, infohashes, coveragePpm } = crawler.progress();
    progress?.show([
      { name: 'swept (percent)', value: Math.floor(coveragePpm / 10_000), total: 100 },
      { name: 'nodes', value: nodes, total: 0 },
      { name: 'infohashes', value: infohashes, total: 0 },
    ]);
  }
  progress?.stop();
}

function summary({ nodes, infohashes, confirmed, queries, answers, sweeps }: Progress): string {
  return `${nodes} nodes, ${infohashes} infohashes (${confirmed} confirmed), ${sweeps} sweeps, ${answers} answers to ${queries} queries`;
}
