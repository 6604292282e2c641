// The swarm prober as a service: sockets, bus and clocks joined to the prober, its progress and its end.
import type { DhtFact } from '@swarmscope/bittorrent/dht/facts.ts';
import type { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import type { Endpoint, Random } from '@swarmscope/bittorrent/machine.ts';
import type { Bus, Consumption } from '@swarmscope/bus/bus.ts';
import type { Transport } from '@swarmscope/events/enums.ts';
import type { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import type { Clock } from '@swarmscope/runtime/clock.ts';
import type { Driven } from '@swarmscope/runtime/drive.ts';
import type { Log } from '@swarmscope/runtime/log.ts';
import type { Metrics } from '@swarmscope/runtime/metrics.ts';
import type { Pseudonyms } from '@swarmscope/runtime/pseudonym.ts';
import type { Service } from '@swarmscope/runtime/service.ts';
import type { Takedown } from '@swarmscope/runtime/takedown.ts';
import type { UtpTransport } from '@swarmscope/runtime/utp.ts';
import { Task } from './agenda.ts';
import { assemble, CLIENT, type Parts } from './assembly.ts';
import type { ProberBudgets, ProberTimes } from './settings.ts';
import { type ProbeTarget, readSource, type TorrentSource } from './target.ts';
import type { TrackerPort } from './tracker-source.ts';
import { followBus } from './watching.ts';

export type { ProbeTarget, TorrentSource } from './target.ts';

const SAMPLE_MS = 10_000;
export interface ProberServiceOptions {
  /** Our DHT node of each family; none: no DHT. Shared with the crawler where both run in one process. */
  readonly dht: readonly Driven<DhtNode, DhtFact>[];
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly policy: AddressPolicy;
  readonly pseudonyms: Pseudonyms;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly network: string;
  readonly instanceId: string;
  readonly addresses: 'pseudonymous' | 'full';
  /** Where inbound peers are taken; port 0 takes a free one. Dials leave from this address unless it is unspecified. */
  readonly listen: Endpoint;
  /** uTP of each family, on the port of `listen`; none: TCP alone. The prober closes it. */
  readonly utp?: readonly UtpTransport[];
  /** Torrents that the operator has: whole tracker URLs, files. They add to what the watch list says; nothing is probed for being here. */
  readonly sources?: readonly TorrentSource[];
  readonly verify: 'watched' | 'all' | 'none';
  readonly announce: 'watched' | 'all' | 'none';
  /** The tracker client; none: trackers are not asked. */
  readonly trackers?: TrackerPort;
  readonly times?: Partial<ProberTimes>;
  readonly budgets?: Partial<ProberBudgets>;
  /** What is not probed, watched or not, and not told of. */
  readonly takedown?: Takedown;
  readonly onInvariant?: (error: unknown) => void;
}

export interface ProberProgress {
  readonly swarms: number;
  readonly resolved: number;
  readonly censuses: number;
  readonly dialled: number;
  readonly handshaken: number;
  readonly challengesPassed: number;
  /** Endpoints, sources and sessions that may still change a result. */
  readonly pending: number;
}

export interface RunningProber extends Service {
  /** Where inbound peers are taken. */
  readonly local: Endpoint;
  /** Probes a torrent now; throws one sentence when the file is none. */
  add(target: ProbeTarget): void;
  /** More of what the operator has: trackers and files of torrents that are watched. */
  addSource(source: TorrentSource): void;
  progress(): ProberProgress;
  /** Nothing is pending: every swarm that is known has had its census, and none is under way. */
  settled(): boolean;
}

/** Starts it; rejects with the system's error when the port cannot be had. */
export async function startProber(options: ProberServiceOptions): Promise<RunningProber> {
  const running = new ProberService(options);
  await running.start();
  return running;
}

class ProberService implements RunningProber {
  readonly name = 'swarm-prober';
  readonly failed: Promise<never>;
  readonly #options: ProberServiceOptions;
  readonly #parts: Parts;
  #consumptions: Consumption[] = []; // bound: the two of watching.ts
  #local: Endpoint;
  #wasReached = false;
  #fail!: (error: unknown) => void;
  #stopping: Promise<void> | undefined;
  #unlisten: (() => void) | undefined;
  /** Not at once: a torrent is found to be on the list in the midst of its session. */
  readonly #pumping = new Task(() => this.#parts.prober.pump());

  constructor(options: ProberServiceOptions) {
    this.#options = options;
    this.#local = options.listen;
    this.failed = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => {});
    this.#parts = assemble(options, {
      local: () => this.#local,
      wasReached: () => this.#wasReached,
      onInvariant: (error) => this.#invariant(error),
    });
  }

  get local(): Endpoint {
    return this.#local;
  }

  async start(): Promise<void> {
    const accept = (from: Endpoint, transport: Transport = 'tcp') => {
      this.#wasReached = true;
      return this.#parts.probes.accept(from, transport);
    };
    const listener = await this.#parts.tcp.listen(this.#options.listen, accept);
    this.#local = listener.local;
    // Both families where all of one was asked for; a machine without IPv6 does with one.
    if (this.#local.address === '0.0.0.0')
      await this.#parts.tcp.listen({ address: '::', port: this.#local.port }, accept).catch(() => undefined);
    for (const utp of this.#options.utp ?? []) utp.listen((from) => accept(from, 'utp'));
    for (const source of this.#options.sources ?? []) this.addSource(source);
    const { bus, clock, instanceId } = this.#options;
    const { prober, scores, share } = this.#parts;
    this.#consumptions = await followBus({ bus, prober, scores, share, clock, instanceId }); // bound: as above
    for (const { done } of this.#consumptions) done.catch((error: unknown) => this.#invariant(error));
    this.#unlisten = this.#options.takedown?.listen(() => {
      this.#parts.prober.schedule.purge();
      this.#parts.agenda.set(this.#pumping, clock.now());
    });
    this.#sample();
    this.#register();
  }

  add(target: ProbeTarget): void {
    const swarm = this.#take(target);
    swarm.watched = true;
    swarm.wantsVerify = target.verify ?? true;
    swarm.wantsAnnounce = target.announce ?? true;
    if (target.prefixesExcluded) swarm.prefixesExcluded = target.prefixesExcluded;
    swarm.given.push(...(target.peers ?? []));
    this.#parts.prober.want(swarm);
  }

  addSource(source: TorrentSource): void {
    const swarm = this.#take(source);
    swarm.isKept = true;
    const { census } = swarm;
    if (census) for (const view of swarm.views) this.#parts.trackerSource?.ask(view, census, this.#options.clock.now());
  }

  progress(): ProberProgress {
    const { dialled, handshaken, challengesPassed } = this.#parts.probes.counters;
    const { resolved, censuses, pending, schedule } = this.#parts.prober;
    return { swarms: schedule.size, resolved, censuses, dialled, handshaken, challengesPassed, pending };
  }

  settled(): boolean {
    return this.#parts.prober.isSettled;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#unlisten?.();
    await Promise.all(this.#consumptions.map((consumption) => consumption.stop()));
    this.#parts.prober.stop();
    this.#parts.agenda.stop();
    this.#parts.dhtSource.stop();
    this.#parts.hearsay.stop();
    this.#parts.trackerSource?.stop();
    this.#parts.webSeedSource.stop();
    await Promise.all([this.#parts.tcp, ...(this.#options.utp ?? [])].map((transport) => transport.close()));
  }

  #take(source: TorrentSource) {
    const { names, torrent, trackers } = readSource(source);
    const swarm = this.#parts.prober.swarm(names[0]!);
    swarm.addTrackers(trackers);
    swarm.nameV2 ??= source.infoHashV2?.subarray(0, 20);
    if (torrent) this.#parts.prober.given(swarm, torrent);
    for (const name of names.slice(1)) this.#parts.prober.alsoNamed(swarm, name);
    return swarm;
  }

  /** Streams that are open or being opened. */
  #sessions(): number {
    return (this.#options.utp ?? []).reduce((sum, utp) => sum + utp.sessions, this.#parts.tcp.sessions);
  }

  #counters(): Record<string, number> {
    const { schedule, violations } = this.#parts.prober;
    const bad = Object.fromEntries([...violations].map(([reason, count]) => [`violation_${reason}`, count]));
    const sessions = this.#sessions();
    return { ...this.progress(), ...this.#parts.probes.counters, sessions, refused: schedule.refused, ...bad };
  }

  /** `service_sampled` each 10 s. */
  #sample(): void {
    const task = new Task((now) => {
      const counters = Object.fromEntries(Object.entries(this.#counters()).slice(0, 256));
      this.#parts.publisher.publish('service_sampled', { service: this.name, counters, lag: null, build: CLIENT });
      this.#parts.agenda.set(task, now + SAMPLE_MS);
    });
    this.#parts.agenda.set(task, this.#options.clock.now() + SAMPLE_MS);
  }

  #register(): void {
    const { metrics } = this.#options;
    metrics.counters('prober_total', 'What the prober did.', 'what', () => ({ ...this.#parts.probes.counters }));
    metrics.gauges('prober_present', 'What the prober is busy with.', 'what', () => {
      const { swarms, pending } = this.progress();
      return { swarms, pending, active: this.#parts.prober.active, sessions: this.#sessions() };
    });
    metrics.counters('prober_violations_total', 'Sessions ended by a violation of the peer.', 'reason', () =>
      Object.fromEntries(this.#parts.prober.violations),
    );
  }

  #invariant(error: unknown): void {
    this.#options.onInvariant?.(error);
    this.#fail(error);
  }
}
