// The whole pipeline in one process: memory bus, embedded store, ingest, crawler and prober on one DHT node, page and HTTP front.

import { join } from 'node:path';
import { type RunningAlerter, startAlerter } from '@swarmscope/alerter/service.ts';
import { MemoryBus } from '@swarmscope/bus/memory.ts';
import { reopenSpool } from '@swarmscope/bus/spool.ts';
import { type RunningCrawler, startCrawler } from '@swarmscope/dht-crawler/service.ts';
import { encodeEvent } from '@swarmscope/events/event.ts';
import { INGEST_GROUP, type RunningIngest, startIngest } from '@swarmscope/ingest/service.ts';
import { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import { systemClock } from '@swarmscope/runtime/clock.ts';
import { dhtTroubles } from '@swarmscope/runtime/dht-health.ts';
import { Metrics } from '@swarmscope/runtime/metrics.ts';
import { openPseudonyms } from '@swarmscope/runtime/pseudonym-seed.ts';
import { systemRandom } from '@swarmscope/runtime/random.ts';
import type { Shell } from '@swarmscope/runtime/service.ts';
import { openTakedown, type Takedown } from '@swarmscope/runtime/takedown.ts';
import { type Health, serveWatch } from '@swarmscope/runtime/watch-server.ts';
import { type EmbeddedStore, openEmbedded } from '@swarmscope/store/embedded.ts';
import { type RunningProber, startProber } from '@swarmscope/swarm-prober/service.ts';
import { budgetsIn, timesIn } from '@swarmscope/swarm-prober/settings.ts';
import type { TrackerClient } from '@swarmscope/swarm-prober/trackers.ts';
import { createFront } from '@swarmscope/web/front.ts';
import { type RunningWeb, startWeb } from '@swarmscope/web/service.ts';
import { type HeldDirectory, holdDirectory } from './data-directory.ts';
import { type DrivenDht, openDht } from './dht-shell.ts';
import { explainError, Failure } from './failure.ts';
import { storeHistory } from './history.ts';
import { openIdentity } from './identity.ts';
import { crawlLimits, type Settings } from './settings.ts';
import { storeDirectory } from './store-access.ts';
import { openTrackers } from './tracker-shell.ts';
import { VERSION } from './version.ts';

export interface Plan {
  /** Held by this process, until the shell has stopped everything else: `takeDirectory`. */
  readonly held: HeldDirectory;
  readonly settings: Settings;
  /** Of DHT and peers. */
  readonly address: string;
  readonly peerPort: number;
  readonly page: { readonly port: number; readonly portsToTry: number };
  readonly metricsPort?: number | undefined;
  readonly verify: 'all' | 'watched' | 'none';
  readonly announce: 'all' | 'watched' | 'none';
  /** Whether rules are evaluated here; not in a demonstration that is over in a minute. */
  readonly alerts?: boolean;
  /** Whether what earlier runs on the directory learnt is left aside: each demonstration has a network of its own. */
  readonly isFresh?: boolean;
}

export interface Pipeline {
  readonly bus: MemoryBus;
  readonly store: EmbeddedStore;
  readonly policy: AddressPolicy;
  readonly ingest: RunningIngest;
  readonly dht: readonly DrivenDht[];
  readonly crawler: RunningCrawler;
  readonly prober: RunningProber;
  readonly trackers: TrackerClient;
  readonly web: RunningWeb;
  readonly alerter: RunningAlerter | undefined;
}

const FLUSH_MS = 10_000;
const PAGE_ADDRESS = '127.0.0.1';
const SEED_FILE = 'pseudonym.key';
const CRAWLER_STATE_FILE = 'crawler.json';
const SPOOL_FILE = 'spool.ndjson';

/** Holds the data directory for this process; what is added to the shell later is stopped before it is released. */
export function takeDirectory(shell: Shell, data: string, command: string): HeldDirectory {
  const held = holdDirectory(data, command, systemClock.wall());
  shell.closing('data directory', async () => held.release());
  return held;
}

/**
 * Starts everything; the shell stops it, last first: prober and crawler, the sockets, then what is queued is stored (or spooled), the page, the store, the
 * directory. Throws a Failure for what the operator can mend.
 */
export async function compose(shell: Shell, plan: Plan): Promise<Pipeline> {
  const { held } = plan;
  const store = await openEmbedded({ directory: storeDirectory(held.path) });
  shell.closing('store', () => store.close());
  const { applied, version } = await store.migrate();
  if (applied.length > 0) shell.log.info({ applied, version }, 'The store was brought to this version.');
  const metrics = new Metrics();
  const web = shell.add(await openPage(shell, store, metrics, plan));
  const policy = new AddressPolicy(plan.settings);
  const takedown = openTakedown(shell, plan.settings.takedownFile, policy);
  const { bus, ingest } = await openPipe(shell, store, takedown, metrics, plan, held.path);
  const alerter = plan.alerts ? shell.add(await openAlerter(store, bus, metrics, shell, plan, web.url)) : undefined;
  const measuring = await openMeasuring(shell, { bus, policy, takedown, metrics }, plan, held.path);
  const health = () => [...ingest.troubles(), ...dhtTroubles(measuring.dht), ...(alerter?.troubles() ?? [])];
  const watch = plan.metricsPort === undefined ? undefined : await openMetrics(shell, metrics, plan.metricsPort, health);
  held.update({ url: web.url, metrics: watch ?? null });
  return { bus, store, policy, ingest, web, alerter, ...measuring };
}

async function openPage(shell: Shell, store: EmbeddedStore, metrics: Metrics, plan: Plan): Promise<RunningWeb> {
  const { port, portsToTry } = plan.page;
  try {
    const front = createFront({ store, log: shell.log });
    return await startWeb({
      store,
      listen: { address: PAGE_ADDRESS, port },
      portsToTry,
      front,
      metrics,
      log: shell.log,
      clock: systemClock,
    });
  } catch (error) {
    throw portFailure(error, `the page cannot be served on port ${port} of ${PAGE_ADDRESS}`, '--port');
  }
}

/** How often it is looked which rules are due. */
const ALERT_EVERY_MS = 5_000;

function openAlerter(store: EmbeddedStore, bus: MemoryBus, metrics: Metrics, shell: Shell, plan: Plan, pageUrl: string) {
  const { instanceId, network, alertPageUrl = pageUrl } = plan.settings;
  const settings = { ...plan.settings, alertPageUrl };
  const shared = { store, bus, metrics, instanceId, network, settings };
  return startAlerter({ ...shared, clock: systemClock, log: shell.log, everyMs: ALERT_EVERY_MS });
}

async function openMetrics(shell: Shell, metrics: Metrics, port: number, health: Health): Promise<string> {
  try {
    const server = await serveWatch({ host: PAGE_ADDRESS, port }, metrics, health);
    shell.closing('metrics', () => server.close());
    return `http://${server.local.host}:${server.local.port}`;
  } catch (error) {
    throw portFailure(error, `metrics cannot be served on port ${port} of ${PAGE_ADDRESS}`, '--metrics-port');
  }
}

function portFailure(error: unknown, what: string, flag: string): unknown {
  if ((error as { code?: string }).code === undefined) return error;
  return new Failure(`${what}: ${explainError(error)}; ${flag} takes another`, undefined, error);
}

/** Bus and ingest. What an earlier process had to leave in the spool goes first. */
async function openPipe(
  shell: Shell,
  store: EmbeddedStore,
  takedown: Takedown,
  metrics: Metrics,
  plan: Plan,
  directory: string,
): Promise<{ bus: MemoryBus; ingest: RunningIngest }> {
  const { instanceId, network } = plan.settings;
  let closeSpool: (() => number) | undefined;
  const bus = new MemoryBus(plan.isFresh ? {} : { history: storeHistory(store) });
  shell.closing('bus', () => bus.close());
  shell.closing('spool', async () => {
    const count = closeSpool?.() ?? 0;
    if (count > 0) shell.log.warn({ events: count }, 'Events that could not be stored were spooled; the next start stores them.');
  });
  const sampled = { instanceId, network, build: VERSION };
  const ingest = shell.add(await startIngest({ bus, store, takedown, clock: systemClock, log: shell.log, metrics, sampled }));
  shell.closing('flush', async () => void (await bus.flush(FLUSH_MS)));
  const unsent = () => [...bus.uncommitted(INGEST_GROUP)].map(encodeEvent);
  closeSpool = reopenSpool(
    { publish: (event) => bus.publish(event), flush: () => bus.flush(), unsent },
    join(directory, SPOOL_FILE),
  );
  await bus.flush(FLUSH_MS);
  return { bus, ingest };
}

interface Measuring {
  readonly bus: MemoryBus;
  readonly policy: AddressPolicy;
  readonly takedown: Takedown;
  readonly metrics: Metrics;
}

/** Crawler and prober on the same DHT nodes: never two ids on one address. */
async function openMeasuring(shell: Shell, { bus, policy, takedown, metrics }: Measuring, plan: Plan, directory: string) {
  const { settings, address, verify, announce } = plan;
  const [clock, random] = [systemClock, systemRandom()];
  const { labNetworks, network, instanceId, addresses } = settings;
  const path = settings.pseudonymSeedFile ?? join(directory, SEED_FILE);
  const pseudonyms = openPseudonyms({ value: settings.pseudonymSeed, path, clock });
  shell.closing('pseudonyms', async () => pseudonyms.stop());
  const identity = openIdentity(directory);
  const { onInvariant } = shell;
  const { pace, limits } = crawlLimits(settings);
  const node = { address, port: plan.peerPort, policy, takedown, labNetworks, pace, identity, clock, random, onInvariant };
  const dht = await openDht(node);
  for (const driven of dht) shell.closing('dht', () => driven.stop());
  const shared = {
    dht,
    bus,
    clock,
    random,
    policy,
    takedown,
    pseudonyms,
    log: shell.log,
    metrics,
    network,
    instanceId,
    addresses,
  };
  const statePath = plan.isFresh ? undefined : join(directory, CRAWLER_STATE_FILE);
  const crawler = shell.add(await startCrawler({ ...shared, shard: { index: 0, count: 1 }, statePath, limits }));
  const trackers = await openTrackers(shell, { address, policy, clock, random });
  const listen = { address, port: dht[0]!.local.port };
  const near = { times: timesIn(labNetworks), budgets: budgetsIn(labNetworks) };
  const own = { utp: dht.map((driven) => driven.utp), trackers, listen, onInvariant };
  const prober = shell.add(await startProber({ ...shared, ...own, ...near, verify, announce }));
  return { dht, crawler, prober, trackers };
}
