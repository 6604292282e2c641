// A census of named swarms, right now: the prober alone, until nothing is pending; its events folded into reports.
import { MemoryBus } from '@swarmscope/bus/memory.ts';
import { TOPICS } from '@swarmscope/events/definitions.ts';
import { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import { systemClock } from '@swarmscope/runtime/clock.ts';
import { openLog } from '@swarmscope/runtime/log.ts';
import { Metrics } from '@swarmscope/runtime/metrics.ts';
import { openPseudonyms } from '@swarmscope/runtime/pseudonym-seed.ts';
import { systemRandom } from '@swarmscope/runtime/random.ts';
import type { Shell } from '@swarmscope/runtime/service.ts';
import { openTakedown, readTakedown, Takedown } from '@swarmscope/runtime/takedown.ts';
import { openUdp } from '@swarmscope/runtime/udp.ts';
import type { UtpTransport } from '@swarmscope/runtime/utp.ts';
import { type RunningProber, startProber } from '@swarmscope/swarm-prober/service.ts';
import { budgetsIn, timesIn } from '@swarmscope/swarm-prober/settings.ts';
import { openUtp } from '@swarmscope/swarm-prober/utp.ts';
import type { HostPort } from './arguments.ts';
import { enterDht, PUBLIC_NODES } from './bootstrap.ts';
import type { CensusOptions } from './commands/census-options.ts';
import { type DrivenDht, openDht } from './dht-shell.ts';
import { explainError, Failure } from './failure.ts';
import { openIdentity } from './identity.ts';
import { resolveHosts } from './lookup.ts';
import { pause } from './pause.ts';
import { ProbeReport, type SwarmReport } from './probe-report.ts';
import { openProgress } from './progress.ts';
import { runShell } from './running.ts';
import { crawlLimits, readSettings, type Settings } from './settings.ts';
import type { Terminal } from './terminal.ts';
import type { NamedTorrent } from './torrent-argument.ts';
import { openTrackers } from './tracker-shell.ts';

const POLL_MS = 200;
const FLUSH_MS = 5_000;
/** The DHT is given this long to let us in before swarms are asked for; without an answer they are asked for all the same. */
const ENTRY_MS = 15_000;

/** A torrent to be counted. `trackers` are those beside its own; `prefixesExcluded` the publisher's own networks. */
export interface CensusTarget {
  readonly torrent: NamedTorrent;
  readonly trackers: readonly string[];
  readonly verify: boolean;
  readonly announce: boolean;
  readonly prefixesExcluded?: readonly string[];
}

/** One report per torrent, in their order; finished or not when the time is over. Throws one sentence when it cannot begin. */
export async function takeCensus(
  targets: readonly CensusTarget[],
  options: CensusOptions,
  terminal: Terminal,
): Promise<SwarmReport[]> {
  const settings = readSettings(options);
  refuseTakenDown(
    targets.map(({ torrent }) => torrent),
    settings.takedownFile,
  );
  const peers = await resolveHosts(options.peer ?? []);
  if (options.peer && peers.length === 0) throw new Failure('none of the peers named could be resolved');
  const report = new ProbeReport();
  for (const { torrent } of targets) report.expect(torrent.swarmId);
  const log = openLog({ level: 'error', service: 'probe', instanceId: settings.instanceId });
  await runShell(log, async (shell) => {
    const { prober, bus } = await openProber(
      shell,
      options,
      settings,
      report,
      targets.flatMap(({ trackers }) => trackers),
    );
    for (const { torrent, trackers, ...rest } of targets) {
      const { infoHashV1, infoHashV2, file } = torrent;
      const all = [...torrent.trackers, ...trackers];
      prober.add({ infoHash: infoHashV1, infoHashV2, metainfo: file, trackers: all, peers, ...rest });
    }
    await untilSettled(prober, options.seconds, shell, terminal);
    await bus.flush(FLUSH_MS);
  });
  return report.reports();
}

/** What is on the takedown list is not probed, whoever asks. Throws one sentence. */
function refuseTakenDown(torrents: readonly NamedTorrent[], path: string | undefined): void {
  if (path === undefined) return;
  const takedown = new Takedown();
  takedown.replace(readTakedown(path));
  for (const { infoHashV1, infoHashV2, swarmId } of torrents)
    if ([infoHashV1, infoHashV2].some((hash) => hash && takedown.hasBytes(hash)))
      throw new Failure(`${swarmId} is on the takedown list ${path}: it is not probed`);
}

async function openProber(
  shell: Shell,
  options: CensusOptions,
  settings: Settings,
  report: ProbeReport,
  namedTrackers: readonly string[],
): Promise<{ prober: RunningProber; bus: MemoryBus }> {
  const { address, port } = options;
  const [clock, random, policy, bus] = [systemClock, systemRandom(), new AddressPolicy(settings), new MemoryBus()];
  const reading = await bus.consume({ group: 'report', topics: TOPICS, durable: true }, async ({ records }) => {
    for (const { value } of records) report.take(value);
  });
  // Censuses that the end cuts short are told of when the prober stops.
  shell.closing('report', async () => {
    await bus.flush(FLUSH_MS);
    await reading.stop();
  });
  const pseudonyms = openPseudonyms({ clock });
  shell.closing('pseudonyms', async () => pseudonyms.stop());
  const { labNetworks, network, instanceId } = settings;
  const { onInvariant, log } = shell;
  const takedown = openTakedown(shell, settings.takedownFile, policy);
  const hosts = entryHosts(options);
  const node = { address, port, policy, takedown, labNetworks, identity: openIdentity(undefined), clock, random, onInvariant };
  const dht = hosts.length === 0 ? [] : await openDht({ ...node, pace: crawlLimits(settings).pace });
  for (const driven of dht) shell.closing('dht', () => driven.stop());
  const trackers = await openTrackers(shell, { address, policy, clock, random });
  for (const url of namedTrackers) trackers.name(url);
  const utp = dht.length > 0 ? dht.map((driven) => driven.utp) : [await openUtpAlone(shell, { address, port })];
  const listen = { address, port: utp[0]!.local.port };
  const { verify, announce } = options;
  const metrics = new Metrics({ processMetrics: false });
  const measuring = { dht, bus, clock, random, policy, takedown, trackers };
  const shared = { ...measuring, pseudonyms, log, metrics, network, instanceId, onInvariant };
  const times = timesIn(labNetworks);
  const budgets = { ...budgetsIn(labNetworks), challenges: options.challenges };
  const prober = shell.add(await startProber({ ...shared, utp, listen, verify, announce, times, budgets, addresses: 'full' }));
  await enter(dht, policy, hosts, shell.ending);
  return { prober, bus };
}

/** The UDP port that peers find us on where no DHT node has one. */
async function openUtpAlone(shell: Shell, at: { address: string; port: number }): Promise<UtpTransport> {
  const socket = await openUdp(at).catch((cause: unknown) => {
    throw new Failure(`cannot open UDP port ${at.port} of ${at.address}: ${explainError(cause)}`, undefined, cause);
  });
  const utp = openUtp(socket, { clock: systemClock, random: systemRandom(), onInvariant: shell.onInvariant });
  shell.closing('utp', () => utp.close());
  return utp;
}

/** Where the DHT is entered. The public nodes only where nothing else was named: who names peers or trackers wants those asked. */
function entryHosts(options: CensusOptions): readonly HostPort[] {
  if (options.bootstrap) return options.bootstrap;
  return options.peer || options.tracker || options.labNetwork ? [] : PUBLIC_NODES;
}

async function enter(
  dht: readonly DrivenDht[],
  policy: AddressPolicy,
  hosts: readonly HostPort[],
  ending: AbortSignal,
): Promise<void> {
  if (dht.length === 0) return;
  const entered = Promise.withResolvers<void>();
  const quiet = { onSilence: () => entered.resolve(), onJoined: () => entered.resolve() };
  void enterDht({ dht, policy, hosts, ending, ...quiet }).then(entered.resolve);
  await Promise.race([entered.promise, pause(ENTRY_MS, ending)]);
}

async function untilSettled(prober: RunningProber, seconds: number, shell: Shell, terminal: Terminal): Promise<void> {
  const end = systemClock.now() + seconds * 1_000;
  const progress = terminal.interactive ? openProgress(terminal) : undefined;
  while (!shell.ending.aborted && systemClock.now() < end && !prober.settled()) {
    await pause(Math.min(POLL_MS, Math.max(0, end - systemClock.now())), shell.ending);
    const { censuses, swarms, handshaken, dialled, challengesPassed, pending } = prober.progress();
    progress?.show([
      { name: 'swarms counted', value: censuses, total: swarms },
      { name: 'peers reached', value: handshaken, total: dialled },
      { name: 'pieces verified', value: challengesPassed, total: 0 },
      { name: 'still pending', value: pending, total: 0 },
    ]);
  }
  progress?.stop();
}
