// Open sessions: a process that holds them as the prober does, and processes full of peers of every kind at the other end.
import { createServer } from 'node:net';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import { parseInfo } from '@swarmscope/bittorrent/metainfo-info.ts';
import { TorrentLayout } from '@swarmscope/bittorrent/metainfo-layout.ts';
import { decodeHandshake } from '@swarmscope/bittorrent/peer/handshake.ts';
import type { Message } from '@swarmscope/bittorrent/peer/messages.ts';
import { systemClock } from '@swarmscope/runtime/clock.ts';
import { raiseInvariant } from '@swarmscope/runtime/invariant.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { TcpTransport } from '@swarmscope/runtime/tcp.ts';
import { Agenda } from '@swarmscope/swarm-prober/agenda.ts';
import { Peer } from '@swarmscope/swarm-prober/peer.ts';
import { PieceCache } from '@swarmscope/swarm-prober/piece-cache.ts';
import type { ProbeOwner } from '@swarmscope/swarm-prober/probe-owner.ts';
import { Probes } from '@swarmscope/swarm-prober/probes.ts';
import { DEFAULT_BUDGETS, PUBLIC_TIMES } from '@swarmscope/swarm-prober/settings.ts';
import { ProbedSwarm, SwarmView } from '@swarmscope/swarm-prober/swarm.ts';
import type { Actor } from '../actor.ts';
import { greetingOf, HANDSHAKE_BYTES, infoOf, nameOf, PEER_ID, SELF } from '../greetings.ts';
import { sure } from '../measure.ts';

const HERE = '127.0.0.1';
/** Pieces of each torrent: some GB. */
const PIECES = 2_000;
const INFO_BYTES = 20 * PIECES + 100;
const SWARMS = 20;
/** Dials under way at the same time. */
const WINDOW = 128;

/** Peers of any swarm at one port: full ones, partial ones, empty ones in turn. Each says what it has, and no more. */
export async function farPeers(): Promise<Actor> {
  const random = seededRandom(41);
  let count = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    const number = count++;
    socket.on('error', () => {});
    socket.once('data', (bytes) => {
      const asked = decodeHandshake(bytes.subarray(0, HANDSHAKE_BYTES));
      if (asked instanceof Malformed) throw new Error('a handshake in pieces');
      const client = `qBittorrent/5.${number % 10}.${number % 7}`;
      const { infoHash } = asked;
      socket.write(greetingOf({ infoHash, pieces: PIECES, metadataBytes: INFO_BYTES, client, has: shownBy(number, random) }));
      socket.resume();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, HERE, 4_096, resolve));
  return { ready: (server.address() as { port: number }).port, count: () => count };
}

function shownBy(number: number, random: () => number): Message {
  if (number % 4 === 0) return { type: 'have_all' };
  if (number % 4 === 1) return { type: 'have_none' };
  const bits = new Uint8Array(PIECES / 8);
  return { type: 'bitfield', bits: number % 4 === 2 ? bits.fill(255) : bits.map(() => random() * 256) };
}

interface HolderOptions {
  readonly ports: readonly number[];
  readonly sessions: number;
}

/** Dials so many peers with the dialler, the sessions and the records of the prober, and keeps them: it counts those whose pieces are known. */
export async function holder({ ports, sessions }: HolderOptions): Promise<Actor> {
  const budgets = { ...DEFAULT_BUDGETS, sessions, perHost: sessions, dialsPerSecond: 1e6, hostDialsPerSecond: 1e6 };
  const cache = new PieceCache(budgets.cacheBytes);
  const views = Array.from({ length: SWARMS }, (_, i) => viewOf(infoOf(INFO_BYTES, i), cache));
  let dialled = 0;
  const next = () => {
    if (dialled === sessions) return;
    const number = dialled++;
    const peer = new Peer({ address: HERE, port: ports[number % ports.length]! });
    peers.push(peer);
    sure(probes.reserve(peer, systemClock.now()), 'the budgets allow all dials');
    probes.dial(views[number % SWARMS]!, peer);
  };
  const peers: Peer[] = []; // bound: sessions
  const probes = new Probes(settings(budgets, sessions), { ...owner, reached: next });
  const isOpen = ({ state, pieces, client }: Peer) => state === 'talking' && pieces?.have !== undefined && client !== undefined;
  return {
    ready: 0,
    count: () => peers.filter(isOpen).length,
    turn: (isOn) => {
      if (isOn) for (let i = 0; i < WINDOW; i += 1) next();
    },
  };
}

/** A swarm whose metadata is known. */
function viewOf(bytes: Uint8Array, cache: PieceCache): SwarmView {
  const info = parseInfo(bytes);
  if (info instanceof Malformed) throw new Error(`The info dictionary of the benchmark is ${info.reason}.`);
  const swarm = new ProbedSwarm(toHex(nameOf(bytes)));
  swarm.layout = new TorrentLayout(info);
  const view = new SwarmView(swarm, nameOf(bytes), cache, { take: () => false });
  swarm.views.push(view);
  return view;
}

function settings(budgets: typeof DEFAULT_BUDGETS, maxSessions: number): ConstructorParameters<typeof Probes>[0] {
  return {
    tcp: new TcpTransport({ clock: systemClock, maxSessions, connectTimeoutMs: 20_000, onInvariant: raiseInvariant }),
    utp: [],
    agenda: new Agenda(systemClock, raiseInvariant),
    random: seededRandom(42),
    localAddress: undefined,
    now: () => systemClock.now(),
    times: PUBLIC_TIMES,
    budgets,
    peerId: PEER_ID,
    isOwn: () => false,
    client: SELF.client,
    listenPort: () => SELF.listenPort,
  };
}

/** Nobody learns anything between censuses: sessions are kept, and asked for nothing. */
const owner: ProbeOwner = {
  viewOf: () => undefined,
  hiddenName: () => undefined,
  metadata() {},
  verified() {},
  learned() {},
  inbound() {},
  reached() {},
  spendVerify: () => false,
  released() {},
  violation: (reason) => sure(false, `a peer of the benchmark breaks a rule: ${reason}`),
};
