// The real peer session against peers that attack it: each attack ends by its own counted reason, within its bounds of time and bytes, and nothing that it told is believed.
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { DEFAULT_TIMES, type PeerFact } from '@swarmscope/bittorrent/peer/facts.ts';
import { PeerSession } from '@swarmscope/bittorrent/peer/session.ts';
import type { Swarm } from '@swarmscope/bittorrent/peer/swarm.ts';
import { type Figure, figure } from '@swarmscope/lab/figure.ts';
import { Content } from '@swarmscope/lab/sim/content.ts';
import { publicAddress } from '@swarmscope/lab/sim/dht-network.ts';
import { HOSTILE_ENDINGS, HOSTILE_KINDS, type HostileKind, HostileSession } from '@swarmscope/lab/sim/hostile.ts';
import { LabPeer } from '@swarmscope/lab/sim/peer.ts';
import type { PeerSessionFact } from '@swarmscope/lab/sim/peer-session.ts';
import { SimStreams } from '@swarmscope/lab/sim/streams.ts';
import { SimWorld } from '@swarmscope/lab/sim/world.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import type { Conversation } from '@swarmscope/runtime/tcp.ts';
import { swarmOf } from './sessions.ts';

const RUN_MS = 900_000;
const PIECES = 61;
/** As long as an attack may take; a drip is waited for longest. */
const LONGEST_MS = DEFAULT_TIMES.frameMs + 60_000;

export interface HostilePlan {
  readonly seed: number;
  readonly peers: number;
}

interface Finding {
  readonly kind: HostileKind;
  /** Its own words for what went wrong, in order. */
  readonly said: string[];
  beganMs: number;
  endedMs: number;
  /** Addresses that PEX messages told, those that were believed. */
  told: number;
}

/** Dials one, wants its metadata, and listens until it is over; whoever only wastes time is left when the metadata has failed. */
function visit(streams: SimStreams, swarm: Swarm, endpoint: Endpoint, kind: HostileKind): Finding {
  const finding: Finding = { kind, said: [], beganMs: 0, endedMs: Number.POSITIVE_INFINITY, told: 0 };
  const session = new PeerSession({
    peerId: new Uint8Array(20).fill(0x50),
    swarm,
    remote: endpoint,
    self: { client: 'sim', listenPort: undefined },
    times: DEFAULT_TIMES,
  });
  const hear = (fact: PeerFact, now: number) => {
    if (fact.type === 'opened') finding.beganMs = now;
    if (fact.type === 'pex') finding.told += fact.added.length;
    if (fact.type === 'extended') conversation.act((open, at, out) => open.fetchMetadata(at, out));
    if (fact.type === 'metadata') finding.said.push('metadata');
    if (fact.type === 'metadata_failed') {
      finding.said.push(fact.reason);
      if (kind.startsWith('metadata')) conversation.act((open, _at, out) => open.finish(out));
    }
    if (fact.type === 'closed') {
      finding.said.push(fact.ending);
      finding.endedMs = now;
    }
  };
  const conversation: Conversation<PeerSession, PeerFact> = streams.dial(endpoint, session, hear);
  return finding;
}

export function runHostile({ seed, peers }: HostilePlan): Figure[] {
  const random = seededRandom(seed);
  const world = new SimWorld(random, { latencyMs: 30, jitterMs: 60, loss: 0 });
  const streams = new SimStreams(world, random, { latencyMs: 30, jitterMs: 60, connectTimeoutMs: 10_000 });
  const files = [{ path: 'sim', bytes: PIECES * 16_384 - 99 }];
  const content = new Content({ name: 'sim', seed, pieceBytes: 16_384, files });
  const taken = new Set<string>();
  const findings = Array.from({ length: peers }, (_, i) => {
    const endpoint: Endpoint = { address: publicAddress(random, taken), port: 6_881 };
    const kind = HOSTILE_KINDS[i % HOSTILE_KINDS.length]!;
    const peer = new LabPeer({ kind: 'hostile', content, endpoint, seed: i });
    void streams.listen<PeerSessionFact>(endpoint, () => ({ session: new HostileSession(peer, kind), onFact: () => {} }));
    // Its bitfield can be judged only by who knows how many pieces there are.
    const whole = swarmOf(content);
    const isKnown = kind.startsWith('bitfield') || kind === 'have_range';
    return visit(streams, isKnown ? whole : { ...whole, info: undefined, layout: undefined }, endpoint, kind);
  });
  world.run(RUN_MS);
  return scored(findings, seed);
}

function scored(findings: readonly Finding[], seed: number): Figure[] {
  const isKnown = ({ kind, said }: Finding) => said.some((word) => HOSTILE_ENDINGS[kind].includes(word));
  const unknown = findings.filter((finding) => !isKnown(finding));
  const longest = Math.max(...findings.map(({ beganMs, endedMs }) => endedMs - beganMs));
  const name = (what: string) => `hostile peers: ${what}`;
  const kinds = [...new Set(unknown.map(({ kind, said }) => `${kind} (${said.join(', ') || 'nothing'})`))];
  return [
    figure(
      name(`ended by their own reason${kinds.length > 0 ? `, but ${kinds.join('; ')}` : ''}`),
      'peers',
      findings.length - unknown.length,
      'min',
      findings.length,
      seed,
    ),
    figure(name('longest session'), 's', longest / 1_000, 'max', LONGEST_MS / 1_000, seed),
    figure(
      name('lies about metadata believed'),
      'peers',
      findings.filter(({ said }) => said.includes('metadata')).length,
      'max',
      0,
      seed,
    ),
    figure(name('addresses taken of one flood'), 'addresses', Math.max(...findings.map(({ told }) => told)), 'max', 200, seed),
  ];
}
