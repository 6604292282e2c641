// The loopback world: a DHT, trackers and swarms on real sockets of 127.0.0.0/8, whose truth is known at all times.
import { endpointKey, formatEndpoint } from '@swarmscope/bittorrent/endpoint.ts';
import { sha1 } from '@swarmscope/bittorrent/hash.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { type Clock, systemClock } from '@swarmscope/runtime/clock.ts';
import { type OnInvariant, raiseInvariant } from '@swarmscope/runtime/invariant.ts';
import { TcpTransport } from '@swarmscope/runtime/tcp.ts';
import type { DhtBehaviour } from '../sim/dht-behaviour.ts';
import { mix32 } from '../sim/mix.ts';
import type { LabPeer } from '../sim/peer.ts';
import { LabTracker } from '../sim/tracker.ts';
import { type SwarmTruth, swarmTruth } from '../sim/truth.ts';
import { type AddressMode, type AddressPlan, addressesHere, manyAddresses, oneAddress } from './addresses.ts';
import { startCallers } from './callers.ts';
import { CAST, type CastTorrent, type Place } from './cast.ts';
import { type DhtTruth, LoopbackDht } from './dht.ts';
import { LoopbackSwarm, type PeerLog } from './swarm.ts';
import { openHttpTracker, openUdpTracker, type TrackerFront } from './trackers.ts';

export interface WorldOptions {
  /** The same seed gives the same ids, contents and peers (addresses and ports are chance). */
  readonly seed: number;
  /** Found out when not given. */
  readonly addresses?: AddressMode;
  readonly nodes?: number;
  /** Infohashes in the DHT beyond the torrents: peers that do not answer, or none that can be reached. */
  readonly strays?: number;
  readonly cast?: readonly CastTorrent[];
  readonly behaviour?: (index: number) => DhtBehaviour;
  /** How often peers behind a NAT look for whom to dial. */
  readonly callEveryMs?: number;
  readonly clock?: Clock;
  readonly onInvariant?: OnInvariant;
}

/** A torrent as it can be handed to somebody. */
export interface LabTorrent {
  readonly name: string;
  /** 40 hex digits: the v1 hash, else the v2 one cut. */
  readonly infoHash: string;
  /** 64 hex digits. */
  readonly infoHashV2?: string;
  readonly torrentFile: Uint8Array;
  readonly magnet: string;
  readonly trackers: readonly string[];
  readonly private: boolean;
  readonly watched: 'torrent' | 'magnet' | 'no';
}

export interface TorrentTruth extends SwarmTruth {
  readonly infoHash: string;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface World {
  readonly seed: number;
  readonly addresses: AddressMode;
  readonly bootstrap: Endpoint;
  /** CIDR of everything in it. */
  readonly network: string;
  readonly torrents: readonly LabTorrent[];
  /** An address of the network that the world does not use: for the program that looks at it. */
  visitorAddress(index?: number): string;
  /** What was true between two wall times (epoch milliseconds). `infoHash`: the v1 or the cut v2 hash, 40 hex digits. */
  truth(infoHash: string, fromMs: number, toMs: number): TorrentTruth;
  /** What one peer has done so far; `endpoint` as the truth names it. */
  peerLog(infoHash: string, endpoint: string): PeerLog | undefined;
  dhtTruth(): DhtTruth;
  /** How many DHT queries named a private torrent: BEP 27 wants none. */
  privateLeaks(): number;
  stop(): Promise<void>;
}

/** Enough for a crawl that has something to do. At one question a second to each node, 100 strays take a third of a minute, 200 nearly a whole one. */
const DEFAULT_NODES = 240;
const DEFAULT_STRAYS = 100;
/** Conversations that all lab peers hold together. */
const MAX_SESSIONS = 4_000;
/** An ordinary peer announces every half hour and dials within seconds of learning of somebody: the lab skips the first half. */
const CALL_EVERY_MS = 3_000;
/** A HAVE that was true before a census began may still be under way. */
const IN_FLIGHT_MS = 2_000;

const HTTP_TRACKER = 0;
const UDP_TRACKER = 1;

/** Opens everything; when a part cannot be opened, what was opened before is closed and the system's error comes out. */
export async function startWorld(options: WorldOptions): Promise<World> {
  const opened: (() => Promise<void>)[] = [];
  try {
    const parts = await openParts(options, opened);
    const swarms = await openSwarms(options, parts, opened);
    const callers = startCallers(swarms, (swarm) => visitorsOf(swarm, swarms, parts), options.callEveryMs ?? CALL_EVERY_MS);
    opened.push(async () => callers());
    return new LoopbackWorld(options.seed, parts, swarms, opened);
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}

async function openParts(options: WorldOptions, opened: (() => Promise<void>)[]): Promise<Parts> {
  const { seed, nodes = DEFAULT_NODES, clock = systemClock, onInvariant = raiseInvariant, behaviour } = options;
  const addresses = await addressPlan(options.addresses);
  const tracker = new LabTracker();
  const dht = await LoopbackDht.open({ seed, nodes, ...(behaviour ? { behaviour } : {}) }, addresses, clock, onInvariant);
  opened.push(() => dht.stop());
  const http = await openHttpTracker(tracker, addresses.service(HTTP_TRACKER), clock);
  opened.push(() => http.close());
  const udp = await openUdpTracker(tracker, addresses.service(UDP_TRACKER), mix32(seed, 3), clock, onInvariant);
  opened.push(() => udp.close());
  const tcp = new TcpTransport({ clock, maxSessions: MAX_SESSIONS, connectTimeoutMs: 5_000, onInvariant });
  opened.push(() => tcp.close());
  return { clock, addresses, tracker, dht, fronts: { http, udp }, tcp };
}

async function openSwarms(options: WorldOptions, parts: Parts, opened: (() => Promise<void>)[]): Promise<LoopbackSwarm[]> {
  const { seed, strays = DEFAULT_STRAYS, cast = CAST } = options;
  const { tcp, clock, addresses, fronts, dht } = parts;
  const swarms: LoopbackSwarm[] = [];
  let taken = 0;
  const nextAddress = () => addresses.peer(taken++);
  for (const [index, torrent] of cast.entries()) {
    const swarmSeed = mix32(seed, 0x5a, index);
    const trackers = trackerUrls(torrent, fronts, swarmSeed);
    const swarm = await LoopbackSwarm.open(torrent, { tcp, seed: swarmSeed, startMs: clock.now(), trackers, nextAddress });
    opened.push(() => swarm.close());
    swarms.push(swarm);
    announce(swarm, parts, swarmSeed);
  }
  await Promise.all(swarms.map((swarm) => swarm.hush()));
  for (let i = 0; i < strays; i++) announceStray(dht, addresses, mix32(seed, 0x57, i), nextAddress);
  return swarms;
}

/** Last opened, first closed. */
async function closeAll(opened: (() => Promise<void>)[]): Promise<void> {
  for (const close of opened.splice(0).reverse()) await close();
}

/** What a world is made of, beside its swarms. */
interface Parts {
  readonly clock: Clock;
  readonly addresses: AddressPlan;
  readonly tracker: LabTracker;
  readonly dht: LoopbackDht;
  readonly fronts: Readonly<Record<'http' | 'udp', TrackerFront>>;
  readonly tcp: TcpTransport;
}

class LoopbackWorld implements World {
  readonly seed: number;
  readonly torrents: readonly LabTorrent[];
  readonly #parts: Parts;
  readonly #swarms: readonly LoopbackSwarm[];
  readonly #wallOffsetMs: number;

  readonly #opened: (() => Promise<void>)[];

  constructor(seed: number, parts: Parts, swarms: readonly LoopbackSwarm[], opened: (() => Promise<void>)[]) {
    this.seed = seed;
    this.#opened = opened;
    this.#parts = parts;
    this.#swarms = swarms;
    this.#wallOffsetMs = parts.clock.wall() - parts.clock.now();
    this.torrents = swarms.map(handed);
  }

  get addresses(): AddressMode {
    return this.#parts.addresses.mode;
  }

  get bootstrap(): Endpoint {
    return this.#parts.dht.bootstrap;
  }

  get network(): string {
    return this.#parts.addresses.network;
  }

  visitorAddress(index = 0): string {
    return this.#parts.addresses.visitor(index);
  }

  truth(infoHash: string, fromMs: number, toMs: number): TorrentTruth {
    const from = fromMs - this.#wallOffsetMs - IN_FLIGHT_MS;
    return { infoHash, fromMs, toMs, ...swarmTruth(this.#swarm(infoHash).peers, from, toMs - this.#wallOffsetMs) };
  }

  peerLog(infoHash: string, endpoint: string): PeerLog | undefined {
    return this.#swarm(infoHash).log(endpoint);
  }

  dhtTruth(): DhtTruth {
    return this.#parts.dht.truth();
  }

  privateLeaks(): number {
    const guarded = this.#swarms.filter((swarm) => swarm.cast.private).flatMap((swarm) => swarm.content.wireHashes);
    return guarded.reduce((sum, hash) => sum + this.#parts.dht.namings(hash), 0);
  }

  stop(): Promise<void> {
    return closeAll(this.#opened);
  }

  #swarm(infoHash: string): LoopbackSwarm {
    const swarm = this.#swarms.find((one) => one.content.wireHashes.some((hash) => toHex(hash) === infoHash));
    if (!swarm) throw new Error(`no torrent of this world: ${infoHash}`);
    return swarm;
  }
}

async function addressPlan(mode: AddressMode | undefined): Promise<AddressPlan> {
  if (mode === undefined) return addressesHere();
  return mode === 'many' ? manyAddresses() : oneAddress();
}

function passkey(torrent: CastTorrent, seed: number): string | undefined {
  return torrent.private ? mix32(seed, 0xbee).toString(16).padStart(8, '0') : undefined;
}

function trackerUrls(torrent: CastTorrent, fronts: Parts['fronts'], seed: number): string[] {
  const key = passkey(torrent, seed);
  return torrent.places
    .filter((place): place is Exclude<Place, 'dht'> => place !== 'dht')
    .map((place) => `${fronts[place].url}${key === undefined ? '' : `/${key}`}/announce`);
}

/** Tells the places where it can be learned of about a swarm. */
function announce(swarm: LoopbackSwarm, { tracker, dht, clock }: Parts, seed: number): void {
  const { cast, content, peers } = swarm;
  for (const hash of content.wireHashes) {
    if (cast.private) dht.guard(hash);
    if (cast.places.some((place) => place !== 'dht')) tracker.register(hash, peers.map(tracked), passkey(cast, seed));
    if (!cast.places.includes('dht')) continue;
    const isV2 = hash !== content.infoHashV1;
    const under = peers.filter((_, i) => content.wireHashes.length === 1 || (cast.peers[i]!.under === 'v2') === isV2);
    const held = under.map((peer) => ({ endpoint: peer.plan.endpoint, seed: peer.isComplete(clock.now()) }));
    if (held.length > 0) dht.announce(hash, held);
  }
}

/** Strangers who announced themselves for a swarm's torrent. */
function visitorsOf(swarm: LoopbackSwarm, swarms: readonly LoopbackSwarm[], { tracker, dht, clock }: Parts): Endpoint[] {
  const residents = new Set(swarms.flatMap((one) => one.peers.map((peer) => endpointKey(peer.plan.endpoint))));
  const told = swarm.content.wireHashes.flatMap((hash) => [
    ...tracker.visitors(toHex(hash), clock.now()),
    ...(swarm.cast.private ? [] : dht.announced(hash)),
  ]);
  const strangers = told.filter((endpoint) => !residents.has(endpointKey(endpoint)));
  return [...new Map(strangers.map((endpoint) => [endpointKey(endpoint), endpoint])).values()];
}

function tracked(peer: LabPeer): { endpoint: Endpoint; isComplete(now: number): boolean } {
  return { endpoint: peer.plan.endpoint, isComplete: (now) => peer.rule.claimsAll || peer.isComplete(now) };
}

/** An infohash of which nobody is left: one to three addresses where nobody listens. */
function announceStray(dht: LoopbackDht, addresses: AddressPlan, seed: number, nextAddress: () => string): void {
  const infoHash = sha1(new TextEncoder().encode(`stray ${seed}`));
  const count = 1 + (seed % 3);
  const peers = Array.from({ length: count }, (_, i) => ({
    endpoint: { address: nextAddress(), port: 1_024 + (mix32(seed, i) % 30_000) },
    seed: false,
  }));
  // On one address a port may be anybody's: a stray there names a node's own port on TCP, where nobody listens.
  const harmless = addresses.mode === 'many' ? peers : [{ endpoint: dht.bootstrap, seed: false }];
  dht.announce(infoHash, harmless);
}

function handed(swarm: LoopbackSwarm): LabTorrent {
  const { content, cast } = swarm;
  const { infoHashV2 } = content;
  return {
    name: cast.name,
    infoHash: toHex(content.wireHashes[0]!),
    ...(infoHashV2 ? { infoHashV2: toHex(infoHashV2) } : {}),
    torrentFile: content.torrentFile,
    magnet: content.magnet,
    trackers: content.plan.trackers ?? [],
    private: cast.private ?? false,
    watched: cast.watched,
  };
}

/** A world in a few lines, for people. */
export function describeWorld(world: World): string[] {
  const dht = world.dhtTruth();
  return [
    `DHT: ${dht.nodes} nodes that answer, ${dht.silent} that do not, ${dht.infohashes} infohashes; begin at ${formatEndpoint(world.bootstrap)}`,
    `network: ${world.network}`,
    ...world.torrents.map((torrent) => `${torrent.infoHash}  ${torrent.name}${torrent.private ? ' (private)' : ''}`),
  ];
}
