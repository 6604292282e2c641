// What `swarmscope demo` does: a laboratory with known truth on loopback, the ordinary pipeline against it, and the comparison.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startWorld, type World } from '@swarmscope/lab/loopback/world.ts';
import { systemClock } from '@swarmscope/runtime/clock.ts';
import { openLog } from '@swarmscope/runtime/log.ts';
import type { Shell } from '@swarmscope/runtime/service.ts';
import type { DemoOptions } from './commands/demo.ts';
import { compareDht, compareTorrent, comparisonRows, type DemoReport, explainDifferences, makeReport } from './comparison.ts';
import { compose, type Pipeline, takeDirectory } from './compose.ts';
import { refuseForeignWatchlist, writeDemoWatchlist } from './demo-watchlist.ts';
import { bootstrapDht } from './dht-shell.ts';
import { Failure } from './failure.ts';
import { countUnheard, type MeasuredRun, readCensuses, readDht } from './measured.ts';
import { pause } from './pause.ts';
import { openProgress, type Progress } from './progress.ts';
import { runShell } from './running.ts';
import { readSettings } from './settings.ts';
import { formatTable } from './table.ts';
import type { Terminal } from './terminal.ts';
import { followWatchlist } from './watching.ts';
import { loadWatchlist } from './watchlist.ts';

/** So long after the start of crawling the comparison is made at the latest, whatever is still under way. */
const CRAWL_MAX_MS = 55_000;
const POLL_MS = 200;
/** Settled means settled for so long: an infohash that was just found has not yet reached the prober. */
const QUIET_MS = 1_500;
const FLUSH_MS = 5_000;
const PORTS_TO_TRY = 100;

export async function demo(options: DemoOptions, terminal: Terminal): Promise<void> {
  const log = openLog({ level: 'error', service: 'demo', instanceId: 'demo' });
  let report: DemoReport | undefined;
  await runShell(log, async (shell) => {
    report = await demoIn(shell, options, terminal);
    if (!options.once && !shell.ending.aborted) {
      terminal.say('Ctrl-C ends it.');
      await pause(2 ** 31 - 1, shell.ending);
    }
  });
  if (options.once && !report) throw new Failure('ended before the comparison was made');
  if (report && !report.equal) throw new Failure(`measured differs from true: ${explainDifferences(report).join('; ')}`);
}

async function demoIn(shell: Shell, options: DemoOptions, terminal: Terminal): Promise<DemoReport | undefined> {
  const held = takeDirectory(shell, options.data ?? temporaryDirectory(shell), 'demo');
  refuseForeignWatchlist(held.path);
  terminal.say('starting a little BitTorrent network on loopback, whose truth is known');
  const world = await startWorld({ seed: options.seed, onInvariant: shell.onInvariant });
  shell.closing('laboratory', () => world.stop());
  const watchlist = writeDemoWatchlist(held.path, world.torrents);
  const { verify, announce } = loadWatchlist(watchlist);
  const settings = readSettings({ labNetwork: [world.network] });
  const run = { network: settings.network, sinceMs: systemClock.wall() };
  const pipeline = await compose(shell, {
    held,
    settings,
    address: world.visitorAddress(),
    peerPort: 0,
    page: { port: options.port, portsToTry: options.port === 0 ? 0 : PORTS_TO_TRY },
    verify,
    announce,
    isFresh: true,
  });
  terminal.say(`page: ${pipeline.web.url}`);
  await followWatchlist(shell, pipeline, settings, watchlist);
  const started = systemClock.now();
  bootstrapDht(pipeline.dht, [world.bootstrap], pipeline.policy);
  const progress = openProgress(terminal);
  await untilMeasured(pipeline, run, progress, shell.ending);
  progress.stop();
  if (shell.ending.aborted) return undefined;
  await pipeline.bus.flush(FLUSH_MS);
  const report = await compare(pipeline, world, run, (systemClock.now() - started) / 1_000);
  terminal.print(options.json ? `${JSON.stringify(report)}\n` : formatReport(report, pipeline.web.url));
  return report;
}

/** Goes with the demo. */
function temporaryDirectory(shell: Shell): string {
  const directory = mkdtempSync(join(tmpdir(), 'swarmscope-demo-'));
  shell.closing('temporary directory', async () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Until the id space was swept once, no swarm has anything pending and each was heard of, or time is over. */
async function untilMeasured(pipeline: Pipeline, run: MeasuredRun, progress: Progress, ending: AbortSignal): Promise<void> {
  const { crawler, prober, bus, store } = pipeline;
  const started = systemClock.now();
  let quietSince = Number.POSITIVE_INFINITY;
  while (!ending.aborted && systemClock.now() - started < CRAWL_MAX_MS) {
    await pause(POLL_MS, ending);
    const crawl = crawler.progress();
    const probe = prober.progress();
    progress.show([
      { name: 'DHT swept (percent)', value: crawl.sweeps > 0 ? 100 : Math.floor(crawl.coveragePpm / 10_000), total: 100 },
      { name: 'infohashes confirmed', value: crawl.confirmed, total: crawl.infohashes },
      { name: 'swarms counted', value: Math.min(probe.censuses, probe.swarms), total: probe.swarms },
      { name: 'peers reached', value: probe.handshaken, total: probe.dialled },
      { name: 'pieces verified', value: probe.challengesPassed, total: 0 },
    ]);
    const isQuiet = crawl.sweeps > 0 && prober.settled();
    if (!isQuiet) quietSince = Number.POSITIVE_INFINITY;
    else quietSince = Math.min(quietSince, systemClock.now());
    if (systemClock.now() - quietSince < QUIET_MS) continue;
    await bus.flush(FLUSH_MS);
    if ((await countUnheard(store, run)) === 0) return;
    quietSince = Number.POSITIVE_INFINITY;
  }
}

/** Everything measured comes from the store; the truth is that of each census' own time. */
async function compare(pipeline: Pipeline, world: World, run: MeasuredRun, seconds: number): Promise<DemoReport> {
  const censuses = await readCensuses(pipeline.store, run);
  const now = systemClock.wall();
  const torrents = world.torrents.map(({ infoHash, name }) => {
    const census = censuses.get(infoHash);
    const truth = world.truth(infoHash, census?.fromMs ?? now, census?.toMs ?? now);
    const { least, most, completable } = truth;
    const measured = census ? { counts: census.counts, completable: census.completable } : null;
    return compareTorrent(infoHash, name, measured, { least: { ...least }, most: { ...most }, completable });
  });
  const { nodes, infohashes } = world.dhtTruth();
  return makeReport(torrents, compareDht(await readDht(pipeline.store, run), { nodes, infohashes }), seconds);
}

function formatReport(report: DemoReport, url: string): string {
  const { dht } = report;
  return [
    '',
    formatTable(comparisonRows(report)),
    '',
    `DHT: ${dht.measured.nodes} of ${dht.true.nodes} nodes, ${dht.measured.infohashes} of ${dht.true.infohashes} infohashes found`,
    report.equal ? `measured equals true, after ${report.seconds} s of crawling` : 'measured DIFFERS from true:',
    ...explainDifferences(report).map((line) => `  ${line}`),
    `page: ${url}`,
    '',
  ].join('\n');
}
