// What `swarmscope crawl` does: the crawler on a bus whose every event is written as a line of NDJSON, and shown while it runs.

import type { Random } from '@swarmscope/bittorrent/machine.ts';
import { MemoryBus } from '@swarmscope/bus/memory.ts';
import { type RunningCrawler, startCrawler } from '@swarmscope/dht-crawler/service.ts';
import { readState } from '@swarmscope/dht-crawler/state.ts';
import { TOPICS } from '@swarmscope/events/definitions.ts';
import { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import type { Clock } from '@swarmscope/runtime/clock.ts';
import { systemClock } from '@swarmscope/runtime/clock.ts';
import { openLog } from '@swarmscope/runtime/log.ts';
import { Metrics } from '@swarmscope/runtime/metrics.ts';
import type { Pseudonyms } from '@swarmscope/runtime/pseudonym.ts';
import { openPseudonyms } from '@swarmscope/runtime/pseudonym-seed.ts';
import { systemRandom } from '@swarmscope/runtime/random.ts';
import type { Shell } from '@swarmscope/runtime/service.ts';
import { openTakedown, type Takedown } from '@swarmscope/runtime/takedown.ts';
import { type RunningProber, startProber } from '@swarmscope/swarm-prober/service.ts';
import { budgetsIn, timesIn } from '@swarmscope/swarm-prober/settings.ts';
import type { CrawlOptions } from './commands/crawl.ts';
import { type CrawlLook, crawlLine, crawlPicture } from './crawl-view.ts';
import { bootstrapDht, type DrivenDht, openDht } from './dht-shell.ts';
import { type EventSink, openEventSink } from './events-file.ts';
import { Failure } from './failure.ts';
import { fixedIdentity, openIdentity } from './identity.ts';
import { LiveView } from './live-view.ts';
import { resolveHosts } from './lookup.ts';
import { pause } from './pause.ts';
import { runShell } from './running.ts';
import { crawlLimits, readSettings, type Settings } from './settings.ts';
import type { Terminal } from './terminal.ts';

const LOOK_MS = 500;
/** Without a terminal: a line in so many looks. */
const LINE_EVERY = 20;
/** Rates are those of so many looks. */
const RATE_LOOKS = 10;
const FLUSH_MS = 10_000;
/** Metadata fetched at the same time. */
const FIRST_LOOKS = 512;
/** Of all questions, where metadata is fetched: an answer to the crawl names up to twenty infohashes, each of which is a question of the prober. */
const CRAWL_SHARE = 0.2;

export async function crawl(options: CrawlOptions, terminal: Terminal): Promise<void> {
  const settings = readSettings(options);
  const log = openLog({
    level: terminal.interactive ? 'error' : settings.logLevel,
    service: 'crawl',
    instanceId: settings.instanceId,
  });
  const view = terminal.interactive ? new LiveView(terminal) : undefined;
  let found: CrawlLook | undefined;
  const sink = openEventSink(options.events, view && terminal.isShared ? printingAbove(view, terminal) : terminal);
  try {
    await runShell(log, async (shell) => {
      found = await crawlIn(shell, options, settings, sink, view, terminal);
    });
  } finally {
    sink.close();
  }
  if (!found?.answers) throw new Failure('no bootstrap node answered');
  terminal.say(`${summary(found)}, ${sink.lines} events`);
}

/** Events appear above the picture where both are on one terminal. */
function printingAbove(view: LiveView, terminal: Terminal): Terminal {
  return { ...terminal, print: (text) => view.above(() => terminal.print(text)) };
}

async function crawlIn(
  shell: Shell,
  options: CrawlOptions,
  settings: Settings,
  sink: EventSink,
  view: LiveView | undefined,
  terminal: Terminal,
): Promise<CrawlLook> {
  const bootstrap = await resolveHosts(options.bootstrap ?? []);
  if (bootstrap.length === 0) throw new Failure('none of the bootstrap names could be resolved');
  const bus = new MemoryBus();
  const writing = await bus.consume({ group: 'file', topics: TOPICS, durable: true }, async (batch) =>
    sink.write(batch.records.map((record) => record.value)),
  );
  shell.closing('writing', async () => {
    await bus.flush(FLUSH_MS);
    await writing.stop();
  });
  const { crawler, dht, policy } = await startMeasuring(shell, options, settings, bus);
  bootstrapDht(dht, bootstrap, policy);
  return watchCrawl(crawler, options, shell, view, terminal);
}

/** The DHT nodes and the crawler on them. With a state file both go on where they were left. */
async function startMeasuring(shell: Shell, options: CrawlOptions, settings: Settings, bus: MemoryBus) {
  const [clock, random, policy] = [systemClock, systemRandom(), new AddressPolicy(settings)];
  const { network, instanceId, labNetworks } = settings;
  const pseudonyms = openPseudonyms({ clock });
  shell.closing('pseudonyms', async () => pseudonyms.stop());
  const kept = options.state === undefined ? {} : readState(options.state, shell.log);
  const identity = options.state === undefined ? openIdentity(undefined) : fixedIdentity({ 4: kept[4]?.id, 6: kept[6]?.id });
  const { pace, limits } = crawlLimits(settings);
  const shared = { policy, takedown: openTakedown(shell, settings.takedownFile, policy), clock, random };
  const dht = await openDht({ ...options, ...shared, labNetworks, pace, identity, onInvariant: shell.onInvariant });
  for (const driven of dht) shell.closing('dht', () => driven.stop());
  const crawler = shell.add(
    await startCrawler({
      ...shared,
      dht,
      bus,
      pseudonyms,
      log: shell.log,
      metrics: new Metrics({ processMetrics: false }),
      network,
      instanceId,
      addresses: 'full',
      shard: options.shard ?? { index: 0, count: 1 },
      statePath: options.state,
      limits: options.metadata ? { queriesPerSecond: Math.max(1, settings.packetsPerSecond * CRAWL_SHARE) } : limits,
    }),
  );
  if (options.metadata) shell.add(await startFetching(dht, { ...shared, bus, pseudonyms, shell, settings }));
  return { crawler, dht, policy };
}

interface Fetching {
  readonly policy: AddressPolicy;
  readonly takedown: Takedown;
  readonly clock: Clock;
  readonly random: Random;
  readonly bus: MemoryBus;
  readonly pseudonyms: Pseudonyms;
  readonly shell: Shell;
  readonly settings: Settings;
}

/** A prober that takes first looks and makes no censuses. Each of its questions brings a dial or two. */
function startFetching(dht: readonly DrivenDht[], { shell, settings, ...shared }: Fetching): Promise<RunningProber> {
  const { network, instanceId, labNetworks, packetsPerSecond } = settings;
  const questionsPerSecond = Math.max(1, Math.floor(packetsPerSecond * (1 - CRAWL_SHARE)));
  const looks = { looks: FIRST_LOOKS, dials: FIRST_LOOKS, questionsPerSecond, dialsPerSecond: 2 * questionsPerSecond };
  const budgets = { censuses: 0, ...looks };
  const { address } = dht[0]!.local;
  return startProber({
    ...shared,
    dht,
    utp: dht.map((driven) => driven.utp),
    log: shell.log,
    metrics: new Metrics({ processMetrics: false }),
    network,
    instanceId,
    addresses: 'full',
    // We are announced nowhere: any port will do.
    listen: { address, port: 0 },
    verify: 'none',
    announce: 'none',
    times: timesIn(labNetworks),
    budgets: { ...budgetsIn(labNetworks), ...budgets },
    onInvariant: shell.onInvariant,
  });
}

/** Shows the crawl until its time is over or somebody ends it; answers the last look at it. */
async function watchCrawl(
  crawler: RunningCrawler,
  { seconds, shard = { index: 0, count: 1 } }: CrawlOptions,
  shell: Shell,
  view: LiveView | undefined,
  terminal: Terminal,
): Promise<CrawlLook> {
  const look = (): CrawlLook => ({ ...crawler.progress(), ...crawler.details(), atMs: systemClock.now() });
  const frame = { startMs: systemClock.now(), shard: `${shard.index + 1}/${shard.count}` };
  const endMs = seconds === undefined ? Number.POSITIVE_INFINITY : frame.startMs + seconds * 1_000;
  const looks = [look()]; // bound: RATE_LOOKS
  for (let count = 1; !shell.ending.aborted && systemClock.now() < endMs; count += 1) {
    await pause(Math.min(LOOK_MS, Math.max(0, endMs - systemClock.now())), shell.ending);
    if (!view && count % LINE_EVERY !== 0) continue;
    const now = look();
    view?.show(crawlPicture(frame, now, looks[0]!, terminal.drawingWidth() - 1));
    if (!view) terminal.say(crawlLine(frame, now));
    looks.push(now);
    if (looks.length > RATE_LOOKS) looks.shift();
  }
  return look();
}

function summary({ nodes, infohashes, confirmed, queries, answers, sweeps }: CrawlLook): string {
  return `${nodes} nodes, ${infohashes} infohashes (${confirmed} confirmed), ${sweeps} sweeps, ${answers} answers to ${queries} queries`;
}
