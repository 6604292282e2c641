// The swarm prober as a service: sockets, bus and clocks joined to the prober, its progress and its end.
import type { DhtFact } from '@swarmscope/bittorrent/dht/facts.ts';
import type { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import { endpointKey } from '@swarmscope/bittorrent/endpoint.ts';
import type { Endpoint, Random } from '@swarmscope/bittorrent/machine.ts';
import type { Bus, Consumption } from '@swarmscope/bus/bus.ts';
import type { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import type { Clock } from '@swarmscope/runtime/clock.ts';
import type { Driven } from '@swarmscope/runtime/drive.ts';
import type { Log } from '@swarmscope/runtime/log.ts';
import type { Metrics } from '@swarmscope/runtime/metrics.ts';
import type { Pseudonyms } from '@swarmscope/runtime/pseudonym.ts';
import type { Service } from '@swarmscope/runtime/service.ts';
import { TcpTransport } from '@swarmscope/runtime/tcp.ts';
import { Agenda, Task } from './agenda.ts';
import { DhtSource } from './dht-source.ts';
import { isOwnPeerId, makePeerId } from './peer-id.ts';
import { Prober, type Sources } from './prober.ts';
import { Probes } from './probes.ts';
import { Publisher } from './publish.ts';
import { Scores } from './scores.ts';
import { DEFAULT_BUDGETS, type ProberBudgets, type ProberTimes, PUBLIC_TIMES } from './settings.ts';
import { type ProbeTarget, readSource, type TorrentSource } from './target.ts';
import { type TrackerPort, TrackerSource } from './tracker-source.ts';
import { followBus } from './watching.ts';
import { WebSeedSource } from './webseeds-source.ts';

export type { ProbeTarget, TorrentSource } from './target.ts';

const CLIENT = 'Swarmscope 0.1.0';
const SAMPLE_MS = 10_000;
/** Room for inbound sessions beside those that we dial. */
const INBOUND_SESSIONS = 500;

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
  /** Torrents that the operator has: whole tracker URLs, files. They add to what the watch list says; nothing is probed for being here. */
  readonly sources?: readonly TorrentSource[];
  readonly verify: 'watched' | 'all' | 'none';
  readonly announce: 'watched' | 'all' | 'none';
  /** The tracker client; none: trackers are not asked. */
  readonly trackers?: TrackerPort;
  readonly times?: Partial<ProberTimes>;
  readonly budgets?: Partial<ProberBudgets>;
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
  readonly #agenda: Agenda;
  readonly #tcp: TcpTransport;
  readonly #publisher: Publisher;
  readonly #scores = new Scores();
  readonly #prober: Prober;
  readonly #probes: Probes;
  readonly #dhtSource: DhtSource;
  readonly #trackerSource: TrackerSource | undefined;
  readonly #webSeedSource: WebSeedSource;
  #consumptions: Consumption[] = []; // bound: the two of watching.ts
  #local: Endpoint;
  #wasReached = false;
  #fail!: (error: unknown) => void;
  #stopping: Promise<void> | undefined;

  constructor(options: ProberServiceOptions) {
    this.#options = options;
    this.#local = options.listen;
    this.failed = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => {});
    const { clock, random, bus, network, instanceId, addresses, policy, pseudonyms } = options;
    const times = { ...PUBLIC_TIMES, ...options.times };
    const budgets = { ...DEFAULT_BUDGETS, ...options.budgets };
    const onInvariant = (error: unknown) => this.#invariant(error);
    const maxSessions = budgets.sessions + INBOUND_SESSIONS;
    const peerId = makePeerId(random, pseudonyms);
    const isOwn = (id: Uint8Array) => isOwnPeerId(id, pseudonyms);
    this.#agenda = new Agenda(clock, onInvariant);
    this.#tcp = new TcpTransport({ clock, maxSessions, connectTimeoutMs: times.connectMs, onInvariant });
    this.#publisher = new Publisher({ bus, clock, naming: pseudonyms, network, instanceId, addresses });
    this.#prober = new Prober({
      clock,
      random,
      agenda: this.#agenda,
      publisher: this.#publisher,
      scores: this.#scores,
      times,
      budgets,
      admits: (endpoint) => policy.admits(endpoint),
      isOwnEndpoint: (endpoint) => endpointKey(endpoint) === endpointKey(this.#local),
      verify: options.verify,
      announce: options.announce,
      reachableSelf: () => (this.#wasReached ? true : undefined),
      room: () => bus.room(),
      onInvariant,
    });
    const listenPort = () => this.#local.port || undefined;
    const { address } = options.listen;
    const localAddress = address === '0.0.0.0' || address === '::' ? undefined : address;
    const shared = { listenPort, sighted: this.#prober.sighted.bind(this.#prober), changed: () => this.#prober.pump() };
    this.#probes = new Probes(
      {
        tcp: this.#tcp,
        agenda: this.#agenda,
        random,
        times,
        budgets,
        peerId,
        isOwn,
        client: CLIENT,
        localAddress,
        listenPort,
        now: () => clock.now(),
      },
      this.#prober,
    );
    this.#dhtSource = new DhtSource({
      ...shared,
      dht: options.dht,
      agenda: this.#agenda,
      maxLookups: budgets.lookups,
      nodeKey: (id, address) => pseudonyms.nodeKey(id, address),
    });
    const key = Math.floor(random() * 2 ** 32);
    const { trackers } = options;
    const publisher = this.#publisher;
    this.#webSeedSource = new WebSeedSource({
      policy,
      random,
      clock,
      publisher,
      spend: (view, bytes) => this.#prober.spendVerify(view, bytes),
      onInvariant,
    });
    if (trackers) this.#trackerSource = new TrackerSource({ ...shared, trackers, clock, publisher, peerId, key, onInvariant });
    this.#prober.connect(this.#probes, this.#sources(times));
  }

  get local(): Endpoint {
    return this.#local;
  }

  async start(): Promise<void> {
    const accept = (from: Endpoint) => {
      this.#wasReached = true;
      return this.#probes.accept(from);
    };
    const listener = await this.#tcp.listen(this.#options.listen, accept);
    this.#local = listener.local;
    // Both families where all of one was asked for; a machine without IPv6 does with one.
    if (this.#local.address === '0.0.0.0')
      await this.#tcp.listen({ address: '::', port: this.#local.port }, accept).catch(() => undefined);
    for (const source of this.#options.sources ?? []) this.addSource(source);
    const { bus, clock, instanceId } = this.#options;
    this.#consumptions = await followBus({ bus, prober: this.#prober, scores: this.#scores, clock, instanceId }); // bound: as above
    for (const { done } of this.#consumptions) done.catch((error: unknown) => this.#invariant(error));
    this.#sample();
    this.#register();
  }

  add(target: ProbeTarget): void {
    const swarm = this.#take(target);
    swarm.watched = true;
    swarm.wantsVerify = target.verify ?? true;
    swarm.wantsAnnounce = target.announce ?? true;
    swarm.given.push(...(target.peers ?? []));
    this.#prober.want(swarm);
  }

  addSource(source: TorrentSource): void {
    const swarm = this.#take(source);
    swarm.isKept = true;
    const { census } = swarm;
    if (census) for (const view of swarm.views) this.#trackerSource?.ask(view, census, this.#options.clock.now());
  }

  progress(): ProberProgress {
    const { dialled, handshaken, challengesPassed } = this.#probes.counters;
    const { resolved, censuses, pending, schedule } = this.#prober;
    return { swarms: schedule.size, resolved, censuses, dialled, handshaken, challengesPassed, pending };
  }

  settled(): boolean {
    return this.#prober.isSettled;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    await Promise.all(this.#consumptions.map((consumption) => consumption.stop()));
    this.#prober.stop();
    this.#agenda.stop();
    this.#dhtSource.stop();
    this.#trackerSource?.stop();
    this.#webSeedSource.stop();
    await this.#tcp.close();
  }

  #take(source: TorrentSource) {
    const { names, torrent, trackers } = readSource(source);
    const swarm = this.#prober.swarm(names[0]!);
    swarm.addTrackers(trackers);
    swarm.nameV2 ??= source.infoHashV2?.subarray(0, 20);
    if (torrent) this.#prober.given(swarm, torrent);
    for (const name of names.slice(1)) this.#prober.alsoNamed(swarm, name);
    return swarm;
  }

  #sources(times: ProberTimes): Sources {
    return {
      isBusy: () => this.#dhtSource.isBusy,
      ask: (view, census, now) => {
        this.#trackerSource?.ask(view, census, now);
        this.#webSeedSource.ask(view);
        if (!view.home.isPrivate) this.#dhtSource.ask(view, census, now, times.sourceMs);
      },
      reached: (view, census, now) => {
        if (!view.home.isPrivate) this.#dhtSource.announce(view, census, now);
      },
      hush: (swarm) => this.#dhtSource.end(swarm, true),
      end: (swarm) => this.#dhtSource.end(swarm),
    };
  }

  #counters(): Record<string, number> {
    const { schedule, violations } = this.#prober;
    const bad = Object.fromEntries([...violations].map(([reason, count]) => [`violation_${reason}`, count]));
    const { sessions } = this.#tcp;
    return { ...this.progress(), ...this.#probes.counters, sessions, refused: schedule.refused, ...bad };
  }

  /** `service_sampled` each 10 s. */
  #sample(): void {
    const task = new Task((now) => {
      const counters = Object.fromEntries(Object.entries(this.#counters()).slice(0, 256));
      this.#publisher.publish('service_sampled', { service: this.name, counters, lag: null, build: CLIENT });
      this.#agenda.set(task, now + SAMPLE_MS);
    });
    this.#agenda.set(task, this.#options.clock.now() + SAMPLE_MS);
  }

  #register(): void {
    const { metrics } = this.#options;
    metrics.counters('prober_total', 'What the prober did.', 'what', () => ({ ...this.#probes.counters }));
    metrics.gauges('prober_present', 'What the prober is busy with.', 'what', () => {
      const { swarms, pending } = this.progress();
      return { swarms, pending, active: this.#prober.active, sessions: this.#tcp.sessions };
    });
    metrics.counters('prober_violations_total', 'Sessions ended by a violation of the peer.', 'reason', () =>
      Object.fromEntries(this.#prober.violations),
    );
  }

  #invariant(error: unknown): void {
    this.#options.onInvariant?.(error);
    this.#fail(error);
  }
}
