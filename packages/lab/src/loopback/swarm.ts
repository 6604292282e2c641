// One torrent of the loopback world brought to life: its content, its peers on real TCP sockets, and their truth.
import { formatEndpoint } from '@swarmscope/bittorrent/endpoint.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import type { TcpTransport } from '@swarmscope/runtime/tcp.ts';
import { Content } from '../sim/content.ts';
import type { PexEntry } from '../sim/extensions.ts';
import { HostileSession } from '../sim/hostile.ts';
import { drawn, mix32, shuffled } from '../sim/mix.ts';
import { LabPeer } from '../sim/peer.ts';
import { LabPeerSession, type PeerSessionFact } from '../sim/peer-session.ts';
import { SlowLine } from '../sim/slow-line.ts';
import type { CastPeer, CastTorrent } from './cast.ts';

/** What the world gives a swarm. */
export interface Stage {
  readonly tcp: TcpTransport;
  readonly seed: number;
  /** Monotonic milliseconds at which time begins for those that progress. */
  readonly startMs: number;
  readonly trackers: readonly string[];
  /** An address that no other peer of the world has (where there is more than one). */
  nextAddress(): string;
}

/** What a peer was seen to do, summed over its conversations. */
export interface PeerLog {
  conversations: number;
  bytesServed: number;
  corruptBlocks: number;
  withheld: number;
}

interface Listener {
  readonly local: Endpoint;
  close(): Promise<void>;
}

export class LoopbackSwarm {
  readonly cast: CastTorrent;
  readonly content: Content;
  readonly peers: readonly LabPeer[];
  readonly #tcp: TcpTransport;
  readonly #deaf: readonly Listener[];
  readonly #logs: ReadonlyMap<LabPeer, PeerLog>;
  readonly #listeners: readonly Listener[];

  private constructor(
    tcp: TcpTransport,
    cast: CastTorrent,
    content: Content,
    logs: ReadonlyMap<LabPeer, PeerLog>,
    listeners: readonly Listener[],
    deaf: readonly Listener[],
  ) {
    this.#tcp = tcp;
    this.#deaf = deaf;
    this.cast = cast;
    this.content = content;
    this.peers = [...logs.keys()];
    this.#logs = logs;
    this.#listeners = listeners;
  }

  static async open(cast: CastTorrent, stage: Stage): Promise<LoopbackSwarm> {
    const content = new Content({
      name: cast.name,
      seed: stage.seed,
      pieceBytes: cast.pieceBytes,
      files: cast.files,
      private: cast.private ?? false,
      version: cast.version ?? 'v1',
      trackers: stage.trackers,
    });
    const logs = new Map<LabPeer, PeerLog>();
    const listeners: Listener[] = [];
    const deaf: Listener[] = [];
    for (const [index, role] of cast.peers.entries()) {
      const { listener, isDeaf } = await openPeer(cast, role, content, stage, index, logs);
      (isDeaf ? deaf : listeners).push(listener);
    }
    return new LoopbackSwarm(stage.tcp, cast, content, logs, listeners, deaf);
  }

  /** What this peer did so far; undefined for an endpoint that is none of the swarm's. */
  log(endpoint: string): PeerLog | undefined {
    const peer = this.peers.find((one) => formatEndpoint(one.plan.endpoint) === endpoint);
    return peer && this.#logs.get(peer);
  }

  /** One of its peers dials somebody; `parted` is called when the conversation is over. */
  call(peer: LabPeer, to: Endpoint, parted: () => void): void {
    const log = this.#logs.get(peer)!;
    const session = new LabPeerSession(peer, () => pexOf(this.peers, peer), this.content.wireHashes[0]!);
    const onFact = (fact: PeerSessionFact) => {
      note(log, fact);
      if (fact.type === 'met') log.conversations++;
      if (fact.type === 'parted') parted();
    };
    this.#tcp.dial(to, session, onFact, { localAddress: peer.plan.endpoint.address });
  }

  /** From now on nobody listens for the dead and those behind a NAT. Called when every socket of the world is bound: a port given back before could be given to another peer. */
  async hush(): Promise<void> {
    await Promise.all(this.#deaf.map((listener) => listener.close()));
  }

  async close(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }
}

/** Binds the peer's socket, makes the peer, adds it to `logs`. The dead get an address where nobody listens. */
async function openPeer(
  cast: CastTorrent,
  role: CastPeer,
  content: Content,
  stage: Stage,
  index: number,
  logs: Map<LabPeer, PeerLog>,
): Promise<{ listener: Listener; isDeaf: boolean }> {
  const log: PeerLog = { conversations: 0, bytesServed: 0, corruptBlocks: 0, withheld: 0 };
  let peer: LabPeer | undefined;
  const accept = () => {
    if (!peer) return undefined;
    const self = peer;
    log.conversations++;
    const session = role.hostile
      ? new HostileSession(self, role.hostile)
      : new LabPeerSession(self, () => pexOf([...logs.keys()], self));
    const random = seededRandom(mix32(self.plan.seed, log.conversations));
    return {
      session: role.line ? new SlowLine(session, role.line, random) : session,
      onFact: (fact: PeerSessionFact) => note(log, fact),
    };
  };
  const listener = await stage.tcp.listen<PeerSessionFact>({ address: stage.nextAddress(), port: 0 }, accept);
  const endpoint = listener.local;
  const isDeaf = role.kind === 'dead' || role.nat === true;
  const seed = mix32(stage.seed, index);
  const has = share(content.pieces, role.share ?? 1, role, cast);
  peer = new LabPeer({
    kind: role.kind,
    content,
    endpoint,
    seed,
    order: orderOf(content.pieces, seed, stage.seed, role, cast),
    has,
    fast: role.fast ?? true,
    nat: role.nat ?? false,
    unchokeMs: 100 + (mix32(seed, 7) % 900),
    ...(role.progress
      ? {
          progress: {
            startMs: stage.startMs,
            everyMs: role.progress.everyMs,
            limit: share(content.pieces, role.progress.share, role, cast),
          },
        }
      : {}),
  });
  logs.set(peer, log);
  return { listener, isDeaf };
}

/** BEP 11 wants no more in one message. */
const MAX_PEX = 50;

/** What a peer tells of the others by PEX: those that it happens to be connected to. */
function pexOf(peers: readonly LabPeer[], self: LabPeer): PexEntry[] {
  const others = peers.filter((one) => one !== self);
  return drawn(others, MAX_PEX, self.plan.seed).map((one) => ({ endpoint: one.plan.endpoint, seed: one.rule.claimsAll }));
}

/** How many pieces a share is: all at 1, never all below it, and never one that is lost. */
function share(pieces: number, part: number, role: CastPeer, cast: CastTorrent): number {
  const most = pieces - (cast.lostPieces ?? 0);
  if (part >= 1) return most;
  const own = role.part ? Math.ceil(pieces / role.part.of) : 1;
  return Math.min(most, pieces - 1, Math.max(own, Math.round(pieces * part)));
}

/** Lost pieces last, those of its part first, the others as its seed says. Which pieces are lost is the swarm's seed's choice. */
function orderOf(pieces: number, seed: number, swarmSeed: number, role: CastPeer, cast: CastTorrent): Uint32Array {
  const lost = new Set(shuffled(pieces, mix32(swarmSeed, 0x1057)).subarray(0, cast.lostPieces ?? 0));
  const rank = (piece: number) => (lost.has(piece) ? 2 : role.part && piece % role.part.of === role.part.index ? 0 : 1);
  const order = [...shuffled(pieces, seed)];
  return Uint32Array.from([0, 1, 2].flatMap((wanted) => order.filter((piece) => rank(piece) === wanted)));
}

function note(log: PeerLog, fact: PeerSessionFact): void {
  if (fact.type === 'served') {
    log.bytesServed += fact.bytes;
    if (fact.corrupt) log.corruptBlocks++;
  } else if (fact.type === 'withheld') log.withheld++;
}
