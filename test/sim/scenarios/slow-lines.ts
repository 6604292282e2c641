// The prober's own plan, record and session against seeders and silent liars behind lines that crawl and stand still: slowness is never a lie, a lie is found all the same.
import type { Endpoint, SessionOut } from '@swarmscope/bittorrent/machine.ts';
import type { PeerFact } from '@swarmscope/bittorrent/peer/facts.ts';
import { PeerSession } from '@swarmscope/bittorrent/peer/session.ts';
import type { Swarm } from '@swarmscope/bittorrent/peer/swarm.ts';
import { type Figure, figure } from '@swarmscope/lab/figure.ts';
import { Content } from '@swarmscope/lab/sim/content.ts';
import { publicAddress } from '@swarmscope/lab/sim/dht-network.ts';
import { LabPeer } from '@swarmscope/lab/sim/peer.ts';
import { LabPeerSession, type PeerSessionFact } from '@swarmscope/lab/sim/peer-session.ts';
import { SlowLine } from '@swarmscope/lab/sim/slow-line.ts';
import { SimStreams } from '@swarmscope/lab/sim/streams.ts';
import { SimWorld } from '@swarmscope/lab/sim/world.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import type { Conversation } from '@swarmscope/runtime/tcp.ts';
import { Peer } from '@swarmscope/swarm-prober/peer.ts';
import { nextStep, type Situation } from '@swarmscope/swarm-prober/plan.ts';
import { DEFAULT_BUDGETS, LAB_TIMES } from '@swarmscope/swarm-prober/settings.ts';
import { swarmOf } from './sessions.ts';

const PIECES = 64;
const RUN_MS = 600_000;
/** As the prober asks and waits where everybody should be near: the shorter the patience, the harder the test. */
const CHALLENGES = 12;
const LINK = { latencyMs: 20, jitterMs: 60, loss: 0 };

export interface SlowPlan {
  readonly seed: number;
  readonly peers: number;
}

/** One peer probed to the end, as probes.ts does it. */
class Visit {
  readonly peer: Peer;
  readonly #conversation: Conversation<PeerSession, PeerFact>;
  readonly #session: PeerSession;
  readonly #situation: Situation;
  readonly #world: SimWorld;

  constructor(world: SimWorld, streams: SimStreams, swarm: Swarm, endpoint: Endpoint, situation: Situation) {
    this.#world = world;
    this.#situation = situation;
    this.peer = new Peer(endpoint);
    this.#session = new PeerSession({
      peerId: new Uint8Array(20).fill(0x50),
      swarm,
      remote: endpoint,
      self: { client: 'sim', listenPort: undefined },
      times: LAB_TIMES,
    });
    this.#conversation = streams.dial(endpoint, this.#session, (fact: PeerFact, now) => {
      this.peer.take(fact, this.#session.pieces, now);
      this.#step();
    });
  }

  #step(): void {
    if (!this.#session.isTalking) return;
    this.#conversation.act((session, now, out) => {
      while (!this.#turn(session, now, out));
    });
  }

  /** One step of the plan; true when there is nothing more to do now. */
  #turn(session: PeerSession, now: number, out: SessionOut<PeerFact>): boolean {
    const step = nextStep(this.peer, session, this.#situation, now);
    if (step.do === 'challenge') {
      this.peer.challenged(step.piece, session.isChoked, now);
      return !session.challenge(step.piece, now, out);
    }
    if (step.do === 'wait' && step.until < Number.POSITIVE_INFINITY) this.#world.at(step.until, () => this.#step());
    if (step.do === 'finish') session.finish(out);
    return true;
  }
}

export function runSlowLines({ seed, peers }: SlowPlan): Figure[] {
  const random = seededRandom(seed);
  const world = new SimWorld(random, LINK);
  const streams = new SimStreams(world, random, { ...LINK, connectTimeoutMs: 10_000 });
  const files = [{ path: 'sim', bytes: PIECES * 16_384 - 99 }];
  const content = new Content({ name: 'sim', seed, pieceBytes: 16_384, files });
  const situation: Situation = {
    known: true,
    mayFetch: false,
    mayChallenge: true,
    isGathering: false,
    rarePiece: () => undefined,
    times: LAB_TIMES,
    budgets: { ...DEFAULT_BUDGETS, challenges: CHALLENGES },
    random,
  };
  const taken = new Set<string>();
  const visits = Array.from({ length: peers }, (_, i) => {
    const endpoint: Endpoint = { address: publicAddress(random, taken), port: 6_881 };
    const kind = i % 4 === 3 ? 'liar_silent' : 'seeder';
    const has = kind === 'seeder' ? PIECES : PIECES / 2;
    const peer = new LabPeer({ kind, content, endpoint, seed: i, has, fast: random() < 0.7, unchokeMs: 3_000 * random() });
    const line = {
      latencyMs: 3_000 * random(),
      bytesPerSecond: 3_000 + 30_000 * random(),
      stalls: { everyMs: 1_000 + 6_000 * random(), ms: 8_000 * random() },
    };
    void streams.listen<PeerSessionFact>(endpoint, () => ({
      session: new SlowLine(new LabPeerSession(peer), line, random),
      onFact: () => {},
    }));
    return { kind, peer: new Visit(world, streams, swarmOf(content), endpoint, situation).peer };
  });
  world.run(RUN_MS);
  return scored(visits, seed);
}

/** The first two are what must hold. The others keep the scenario honest: lines so bad that most seeders fall silent, and yet something is found out. */
function scored(visits: readonly { readonly kind: string; readonly peer: Peer }[], seed: number): Figure[] {
  const of = (kind: string, verdict: string) =>
    visits.filter((visit) => visit.kind === kind && visit.peer.verdict === verdict).length;
  const all = (kind: string) => visits.filter((visit) => visit.kind === kind).length;
  const silences = visits.filter((visit) => visit.kind === 'seeder' && visit.peer.challenges.silent > 0).length;
  const name = (what: string) => `slow lines: ${what}`;
  return [
    figure(name('seeders called liars'), 'peers', of('seeder', 'liar_missing') + of('seeder', 'liar_corrupt'), 'max', 0, seed),
    figure(name('liars proved'), 'peers', of('liar_silent', 'proved'), 'max', 0, seed),
    figure(name('seeders that fell silent on the way'), '%', (100 * silences) / all('seeder'), 'min', 50, seed),
    figure(name('seeders proved'), '%', (100 * of('seeder', 'proved')) / all('seeder'), 'min', 35, seed),
    figure(name('liars found'), '%', (100 * of('liar_silent', 'liar_missing')) / all('liar_silent'), 'min', 40, seed),
  ];
}
