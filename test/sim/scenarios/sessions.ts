// The real peer session against lab peers of every kind over slow virtual streams: what it finds is what they are, and slowness is no lie.
import type { Endpoint, Outcome } from '@swarmscope/bittorrent/machine.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import { parseInfo } from '@swarmscope/bittorrent/metainfo-info.ts';
import { TorrentLayout } from '@swarmscope/bittorrent/metainfo-layout.ts';
import type { ChallengeResult } from '@swarmscope/bittorrent/peer/challenge.ts';
import { DEFAULT_TIMES, type PeerFact } from '@swarmscope/bittorrent/peer/facts.ts';
import { PeerSession } from '@swarmscope/bittorrent/peer/session.ts';
import type { Swarm } from '@swarmscope/bittorrent/peer/swarm.ts';
import { type Figure, figure } from '@swarmscope/lab/figure.ts';
import { Content } from '@swarmscope/lab/sim/content.ts';
import { publicAddress } from '@swarmscope/lab/sim/dht-network.ts';
import { LabPeer } from '@swarmscope/lab/sim/peer.ts';
import { PEER_KINDS, type PeerKind } from '@swarmscope/lab/sim/peer-kind.ts';
import { LabPeerSession, type PeerSessionFact } from '@swarmscope/lab/sim/peer-session.ts';
import { SimStreams } from '@swarmscope/lab/sim/streams.ts';
import { SimWorld } from '@swarmscope/lab/sim/world.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import type { Conversation } from '@swarmscope/runtime/tcp.ts';

export interface SessionPlan {
  readonly seed: number;
  readonly peers: number;
  /** One way, and how much it varies from message to message. */
  readonly latencyMs: number;
  readonly jitterMs: number;
}

/** What was found out of one peer. */
interface Finding {
  readonly peer: LabPeer;
  readonly results: { readonly piece: number; readonly result: ChallengeResult }[];
  have: number | undefined;
  uploadOnly: boolean | undefined;
  outcome: Outcome | undefined;
}

const CHALLENGES = 4;
/** Those that attack have a scenario of their own. */
const HONEST_AND_LIARS = PEER_KINDS.filter((kind) => kind !== 'hostile');
const RUN_MS = 300_000;
const PIECES = 64;
/** The slowest unchoke that was seen of real clients, and more. */
const SLOWEST_UNCHOKE_MS = 12_000;

/** The prober's view of a swarm whose metadata is known and of which nothing is held. */
export function swarmOf(content: Content): Swarm {
  const info = parseInfo(content.info);
  if (info instanceof Malformed) throw new Error('the lab made a torrent that is none');
  const infoHash = content.infoHashV1!;
  return {
    infoHash,
    isNamed: (name) => name.every((byte, i) => byte === infoHash[i]),
    info: content.info,
    layout: new TorrentLayout(info),
    pieces: { size: 0, has: () => false, read: () => undefined, indices: () => [] },
    upload: { take: () => false },
    allowsPex: true,
  };
}

/** Dials one peer and challenges it with random pieces among those it shows, one after the other. */
function probe(streams: SimStreams, swarm: Swarm, peer: LabPeer, random: () => number): Finding {
  const finding: Finding = { peer, results: [], have: undefined, uploadOnly: undefined, outcome: undefined };
  const session = new PeerSession({
    peerId: new Uint8Array(20).fill(0x50),
    swarm,
    remote: peer.plan.endpoint,
    self: { client: 'sim', listenPort: undefined },
    times: DEFAULT_TIMES,
  });
  const challenge = () => {
    conversation.act((open, now, out) => {
      const { field } = open.pieces;
      if (!field || field.count === 0 || open.isChallenged || finding.results.length >= CHALLENGES) return;
      let piece = Math.floor(random() * PIECES);
      while (!field.has(piece)) piece = (piece + 1) % PIECES;
      open.challenge(piece, now, out);
    });
  };
  const hear = (fact: PeerFact) => {
    if (fact.type === 'pieces') finding.have = fact.have;
    if (fact.type === 'extended') finding.uploadOnly = fact.uploadOnly;
    if (fact.type === 'closed') finding.outcome = fact.outcome;
    if (fact.type === 'challenge') finding.results.push({ piece: fact.piece, result: fact.result });
    if (fact.type === 'pieces' || fact.type === 'challenge') challenge();
  };
  const conversation: Conversation<PeerSession, PeerFact> = streams.dial(peer.plan.endpoint, session, hear);
  return finding;
}

/** What a challenge of that piece must have ended as. */
function expected(peer: LabPeer, piece: number): ChallengeResult {
  if (peer.plan.kind === 'choker') return 'silent';
  if (peer.has(piece, RUN_MS)) return 'passed';
  const lies: Partial<Record<PeerKind, ChallengeResult>> = {
    liar_corrupt: 'failed',
    liar_rejects: 'rejected',
    liar_silent: 'silent',
  };
  return lies[peer.plan.kind] ?? 'passed';
}

export function runSessions(plan: SessionPlan): Figure[] {
  const random = seededRandom(plan.seed);
  const world = new SimWorld(random, { latencyMs: plan.latencyMs, jitterMs: plan.jitterMs, loss: 0 });
  const streams = new SimStreams(world, random, { ...plan, connectTimeoutMs: 10_000 });
  const content = new Content({
    name: 'sim',
    seed: plan.seed,
    pieceBytes: 32_768,
    files: [{ path: 'sim', bytes: PIECES * 32_768 - 99 }],
  });
  const taken = new Set<string>();
  const findings = Array.from({ length: plan.peers }, (_, i) => {
    const endpoint: Endpoint = { address: publicAddress(random, taken), port: 6_881 };
    const kind = HONEST_AND_LIARS[i % HONEST_AND_LIARS.length]!;
    const part = ['leecher', 'progressing', 'partial_seed', 'liar_rejects', 'liar_silent', 'liar_corrupt'].includes(kind);
    const has = part ? 1 + Math.floor(random() * (PIECES - 2)) : PIECES;
    const peer = new LabPeer({
      kind,
      content,
      endpoint,
      seed: i,
      has,
      fast: kind === 'liar_rejects' || random() < 0.7,
      unchokeMs: random() * SLOWEST_UNCHOKE_MS,
      ...(kind === 'progressing' ? { progress: { startMs: 0, everyMs: 3_000, limit: PIECES } } : {}),
    });
    if (kind !== 'dead') {
      void streams.listen<PeerSessionFact>(endpoint, () => ({ session: new LabPeerSession(peer), onFact: () => {} }));
    }
    return probe(streams, swarmOf(content), peer, random);
  });
  world.run(RUN_MS);
  return scored(findings, plan.seed);
}

function scored(findings: readonly Finding[], seed: number): Figure[] {
  const of = (...kinds: PeerKind[]) => findings.filter((finding) => kinds.includes(finding.peer.plan.kind));
  const challenged = findings.flatMap(({ peer, results }) => results.map((one) => ({ ...one, peer })));
  const asTrue = challenged.filter((one) => one.result === expected(one.peer, one.piece)).length;
  const honest = of('seeder', 'leecher', 'partial_seed', 'progressing');
  const showing = of('seeder', 'leecher', 'partial_seed', 'liar_rejects', 'liar_silent', 'liar_corrupt', 'choker', 'progressing');
  const right = showing.filter(({ peer, have }) => have === peer.shown(RUN_MS).count).length;
  const shut = of('encrypted_only', 'tarpit', 'wrong_infohash', 'dead');
  const outcomes: Partial<Record<PeerKind, readonly (Outcome | undefined)[]>> = {
    encrypted_only: ['encrypted_only', 'closed_early', 'reset'],
    tarpit: ['timeout'],
    wrong_infohash: ['wrong_infohash'],
    dead: ['timeout', 'refused'],
  };
  const named = shut.filter(({ peer, outcome }) => outcomes[peer.plan.kind]!.includes(outcome)).length;
  const name = (what: string) => `peer sessions: ${what}`;
  const percent = (part: number, whole: number) => (100 * part) / whole;
  return [
    figure(name('challenges that ended as true'), '%', percent(asTrue, challenged.length), 'min', 100, seed),
    figure(
      name('honest peers all of whose challenges passed'),
      '%',
      percent(honest.filter(passed).length, honest.length),
      'min',
      100,
      seed,
    ),
    figure(name('piece counts exact'), '%', percent(right, showing.length), 'min', 100, seed),
    figure(name('unreachable known by their outcome'), '%', percent(named, shut.length), 'min', 100, seed),
  ];
}

function passed({ results }: Finding): boolean {
  return results.length === CHALLENGES && results.every((one) => one.result === 'passed');
}
