// The parts of the prober made and joined: sockets, agenda, prober, sessions, sources. Nothing runs yet; service.ts runs them.
import { endpointKey } from '@swarmscope/bittorrent/endpoint.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { TcpTransport } from '@swarmscope/runtime/tcp.ts';
import { Agenda } from './agenda.ts';
import { DhtSource } from './dht-source.ts';
import { Hearsay } from './hearsay.ts';
import { isOwnPeerId, makePeerId } from './peer-id.ts';
import { Prober } from './prober.ts';
import type { Sources } from './prober-options.ts';
import { Probes } from './probes.ts';
import { Publisher } from './publish.ts';
import { Scores } from './scores.ts';
import type { ProberServiceOptions } from './service.ts';
import { DEFAULT_BUDGETS, PUBLIC_TIMES } from './settings.ts';
import { Share } from './share.ts';
import { TrackerSource } from './tracker-source.ts';
import { WebSeedSource } from './webseeds-source.ts';

export const CLIENT = 'Swarmscope 0.1.0';
/** Room for inbound sessions beside those that we dial. */
const INBOUND_SESSIONS = 500;
/** Share of the lookups that go on while holders are asked. */
const LOOKUPS_BESIDE = 0.05;

/** What the parts ask of the service that runs them. */
export interface Running {
  /** Where inbound peers are taken, once that is known. */
  local(): Endpoint;
  /** Somebody has dialled us. */
  wasReached(): boolean;
  onInvariant(error: unknown): void;
}

export type Parts = ReturnType<typeof assemble>;

export function assemble(options: ProberServiceOptions, running: Running) {
  const { clock, bus, network, instanceId, addresses, pseudonyms, takedown } = options;
  const times = { ...PUBLIC_TIMES, ...options.times };
  const budgets = { ...DEFAULT_BUDGETS, ...options.budgets };
  const onInvariant = (error: unknown) => running.onInvariant(error);
  const maxSessions = budgets.sessions + INBOUND_SESSIONS;
  const base = {
    times,
    budgets,
    peerId: makePeerId(options.random, pseudonyms),
    agenda: new Agenda(clock, onInvariant),
    tcp: new TcpTransport({ clock, maxSessions, connectTimeoutMs: times.connectMs, onInvariant }),
    publisher: new Publisher({ bus, clock, naming: pseudonyms, network, instanceId, addresses, takedown }),
    scores: new Scores(),
    share: new Share((infoHash) => bus.partitionOf('infohash_sighted', infoHash)),
  };
  const prober = makeProber(options, running, base);
  const probes = makeProbes(options, running, base, prober);
  const sources = makeSources(options, running, base, prober);
  prober.connect(probes, joinSources(sources, times.sourceMs));
  return { ...base, ...sources, prober, probes };
}

interface Base {
  readonly times: typeof PUBLIC_TIMES;
  readonly budgets: typeof DEFAULT_BUDGETS;
  readonly peerId: Uint8Array;
  readonly agenda: Agenda;
  readonly tcp: TcpTransport;
  readonly publisher: Publisher;
  readonly scores: Scores;
  readonly share: Share;
}

function makeProber(
  options: ProberServiceOptions,
  running: Running,
  { agenda, publisher, scores, share, times, budgets }: Base,
): Prober {
  const { clock, random, policy, bus, verify, announce, takedown } = options;
  return new Prober({
    clock,
    random,
    agenda,
    publisher,
    scores,
    share,
    times,
    budgets,
    admits: (endpoint) => policy.admits(endpoint),
    ...(takedown && { refuses: (infoHash: string) => takedown.has(infoHash) }),
    isOwnEndpoint: (endpoint) => endpointKey(endpoint) === endpointKey(running.local()),
    verify,
    announce,
    reachableSelf: () => (running.wasReached() ? true : undefined),
    room: () => bus.room(),
    onInvariant: (error) => running.onInvariant(error),
  });
}

function makeProbes(options: ProberServiceOptions, running: Running, base: Base, prober: Prober): Probes {
  const { tcp, agenda, times, budgets, peerId } = base;
  const { clock, random, pseudonyms, listen } = options;
  const localAddress = listen.address === '0.0.0.0' || listen.address === '::' ? undefined : listen.address;
  const settings = {
    tcp,
    utp: options.utp ?? [],
    agenda,
    random,
    times,
    budgets,
    peerId,
    isOwn: (id: Uint8Array) => isOwnPeerId(id, pseudonyms),
    client: CLIENT,
    localAddress,
    listenPort: () => running.local().port || undefined,
    now: () => clock.now(),
  };
  return new Probes(settings, prober);
}

function makeSources(
  options: ProberServiceOptions,
  running: Running,
  { agenda, publisher, budgets, peerId }: Base,
  prober: Prober,
) {
  const { clock, random, policy, pseudonyms, dht, trackers } = options;
  const onInvariant = (error: unknown) => running.onInvariant(error);
  const shared = {
    listenPort: () => running.local().port || undefined,
    sighted: prober.sighted.bind(prober),
    changed: () => prober.pump(),
  };
  const nodeKey = (id: Uint8Array, address: string) => pseudonyms.nodeKey(id, address);
  const spend: WebSeedSpending = (view, bytes) => prober.spendVerify(view, bytes);
  const key = Math.floor(random() * 2 ** 32);
  return {
    dhtSource: new DhtSource({ ...shared, dht, agenda, maxLookups: budgets.lookups, nodeKey }),
    hearsay: new Hearsay({
      dht,
      agenda,
      nodeKey,
      questionsPerSecond: budgets.questionsPerSecond,
      isFresh: (infoHash) => prober.schedule.isFresh(infoHash),
      heard: (infoHash, endpoints, sourceId) => prober.overheard(infoHash, endpoints, sourceId),
      drained: () => prober.heardOut(),
      now: () => clock.now(),
    }),
    trackerSource: trackers && new TrackerSource({ ...shared, trackers, clock, publisher, peerId, key, onInvariant }),
    webSeedSource: new WebSeedSource({ policy, random, clock, publisher, spend, onInvariant }),
  };
}

type WebSeedSpending = ConstructorParameters<typeof WebSeedSource>[0]['spend'];

/** The sources as the prober knows them. A private torrent is asked for at its trackers alone (BEP 27). */
function joinSources(sources: ReturnType<typeof makeSources>, waitMs: number): Sources {
  const { dhtSource, hearsay, trackerSource, webSeedSource } = sources;
  return {
    // A question to a holder does as much as a lookup of many: lookups give way to them, and are not starved.
    isBusy: (isWatched) => dhtSource.isBusy(hearsay.isAsking && !isWatched ? LOOKUPS_BESIDE : 1),
    want: (infoHash) => hearsay.want(infoHash),
    ask: (view, census, now) => {
      trackerSource?.ask(view, census, now);
      webSeedSource.ask(view);
      if (!view.home.isPrivate) dhtSource.ask(view, census, now, waitMs);
    },
    reached: (view, census, now) => {
      if (!view.home.isPrivate) dhtSource.announce(view, census, now);
    },
    hush: (swarm) => dhtSource.end(swarm, true),
    end: (swarm) => dhtSource.end(swarm),
  };
}
