// The sessions of the prober: dials within the limits, inbound peers to their swarm, facts to the peer's record, and the plan's next step to the session.
import type { Endpoint, Random, SessionOut } from '@swarmscope/bittorrent/machine.ts';
import { LEAF_BYTES } from '@swarmscope/bittorrent/merkle.ts';
import type { PeerFact } from '@swarmscope/bittorrent/peer/facts.ts';
import { PEX_SEED } from '@swarmscope/bittorrent/peer/pex.ts';
import { PeerSession } from '@swarmscope/bittorrent/peer/session.ts';
import { HostBudget, type Permit } from '@swarmscope/runtime/host-budget.ts';
import type { Acceptance, Conversation, TcpTransport } from '@swarmscope/runtime/tcp.ts';
import { type Agenda, Task } from './agenda.ts';
import type { Census } from './census.ts';
import { Peer } from './peer.ts';
import { nextStep, type Situation } from './plan.ts';
import type { ProbeOwner } from './probe-owner.ts';
import type { ProberBudgets, ProberTimes } from './settings.ts';
import type { SwarmView } from './swarm.ts';

/** Pieces that we want to have to give before leaves are enough. */
const PIECES_TO_GIVE = 4;

export interface ProbeCounters {
  dialled: number;
  handshaken: number;
  inbound: number;
  challengesPassed: number;
  challengesFailed: number;
  useless: number;
}

export interface ProbesOptions {
  readonly tcp: TcpTransport;
  readonly agenda: Agenda;
  readonly random: Random;
  readonly times: ProberTimes;
  readonly budgets: ProberBudgets;
  readonly peerId: Uint8Array;
  /** Whether a peer id is that of a prober of ours. */
  isOwn(peerId: Uint8Array): boolean;
  readonly client: string;
  readonly localAddress: string | undefined;
  now(): number;
  listenPort(): number | undefined;
}

/** One dial or session. `view` is undefined until an inbound peer has said what it wants. */
interface Live {
  view: SwarmView | undefined;
  census: Census | undefined;
  readonly peer: Peer;
  readonly session: PeerSession;
  conversation: Conversation<PeerSession, PeerFact> | undefined;
  readonly task: Task;
  fetching: boolean;
  readonly permit: Permit;
}

/** One host may be dialled so often at once, before its rate holds. */
const HOST_BURST = 8;
/** Hosts whose rate is remembered. */
const HOSTS_MAX = 100_000;

export class Probes {
  readonly counters: ProbeCounters = {
    dialled: 0,
    handshaken: 0,
    inbound: 0,
    challengesPassed: 0,
    challengesFailed: 0,
    useless: 0,
  };
  readonly #options: ProbesOptions;
  readonly #owner: ProbeOwner;
  readonly #live = new Map<Peer, Live>(); // bound: budgets.sessions
  readonly #hosts: HostBudget;
  /** Of peers that the census hands out next. */
  readonly #permits = new Map<Peer, Permit>(); // bound: empty between calls
  #dialling = 0;

  constructor(options: ProbesOptions, owner: ProbeOwner) {
    this.#options = options;
    this.#owner = owner;
    const { sessions, dialsPerSecond, perHost, hostDialsPerSecond } = options.budgets;
    this.#hosts = new HostBudget(
      {
        hostPerSecond: hostDialsPerSecond,
        hostBurst: Math.max(HOST_BURST, 2 * hostDialsPerSecond),
        hostConcurrent: perHost,
        perSecond: dialsPerSecond,
        burst: 2 * dialsPerSecond,
        concurrent: sessions,
        hostsMax: HOSTS_MAX,
      },
      options.now(),
    );
  }

  /** Another dial may begin. */
  get hasRoom(): boolean {
    const { budgets } = this.#options;
    return this.#dialling < budgets.dials && this.#live.size < budgets.sessions;
  }

  /** Whether this host may be dialled now; then its place is taken, and `dial` must follow. */
  reserve(peer: Peer, now: number): boolean {
    const permit = this.#hosts.take(peer.endpoint.address, now);
    if (typeof permit !== 'number') this.#permits.set(peer, permit);
    else if (permit !== Number.POSITIVE_INFINITY) peer.dialDue = permit;
    return typeof permit !== 'number';
  }

  /** Dials a peer that the census has handed out. */
  dial(view: SwarmView, peer: Peer): void {
    const { tcp, localAddress } = this.#options;
    const live = this.#enter(view, peer, peer.endpoint);
    this.#dialling++;
    this.counters.dialled++;
    const isV6 = peer.endpoint.address.includes(':');
    const bind = localAddress !== undefined && isV6 === localAddress.includes(':') ? { localAddress } : {};
    live.conversation = tcp.dial<PeerFact, PeerSession>(
      peer.endpoint,
      live.session,
      (fact, now) => this.#fact(live, fact, now),
      bind,
    );
  }

  /** An inbound connection: taken when its host has room; which swarm it is for, its handshake tells. */
  accept(from: Endpoint): Acceptance<PeerFact> | undefined {
    const peer = new Peer(from);
    if (this.#live.size >= this.#options.budgets.sessions || !this.reserve(peer, this.#options.now())) return undefined;
    peer.direction = 'in';
    const live = this.#enter(undefined, peer, from);
    this.counters.inbound++;
    return {
      session: live.session,
      onFact: (fact, now) => this.#fact(live, fact, now),
      joined: (conversation) => {
        live.conversation = conversation as unknown as Conversation<PeerSession, PeerFact>;
      },
    };
  }

  /** The metadata of a swarm is known now: sessions hold what they were shown against it, and plans go on. */
  learn(view: SwarmView): void {
    for (const live of this.#of(view)) {
      live.fetching = false;
      live.conversation?.act((session, _now, out) => session.learn(out));
      this.#step(live);
    }
  }

  /** A census begins: peers that dialled us before are part of it. */
  adopt(view: SwarmView, census: Census): void {
    for (const live of this.#of(view)) {
      if (live.census || !live.session.isTalking) continue;
      live.census = census;
      census.talking++;
      this.#owner.inbound(live.view!, live.peer);
      this.#step(live);
    }
  }

  /** A verified piece can be had from us. */
  offer(view: SwarmView, piece: number): void {
    for (const live of this.#of(view)) {
      live.conversation?.act((session, now, out) => {
        live.peer.offered([piece], now);
        session.offer(piece, now, out);
      });
    }
  }

  /** A census is over: its sessions end. */
  finish(view: SwarmView, now: number): void {
    for (const live of this.#of(view)) {
      live.peer.concludeChoke(this.#options.times.chokeMs, now);
      this.#end(live);
    }
  }

  #of(view: SwarmView): Live[] {
    return [...this.#live.values()].filter((live) => live.view?.home === view.home);
  }

  #enter(view: SwarmView | undefined, peer: Peer, remote: Endpoint): Live {
    const { times, peerId, client } = this.#options;
    const live: Live = {
      view,
      census: view?.home.census,
      peer,
      session: new PeerSession({
        peerId,
        swarm: view ?? ((infoHash) => this.#choose(live, infoHash)),
        remote,
        self: { client, listenPort: this.#options.listenPort() },
        isOwn: (id) => this.#options.isOwn(id),
        times,
      }),
      conversation: undefined,
      task: new Task(() => this.#step(live)),
      fetching: false,
      permit: this.#permits.get(peer)!,
    };
    this.#permits.delete(peer);
    this.#live.set(peer, live);
    return live;
  }

  #opened(live: Live, now: number): void {
    live.peer.openedAt = now;
    live.peer.startedAt ??= now;
    if (live.peer.direction === 'out') live.peer.connectMs ??= now - live.peer.startedAt;
  }

  #choose(live: Live, infoHash: Uint8Array): SwarmView | undefined {
    live.view = this.#owner.viewOf(infoHash);
    live.census = live.view?.home.census;
    return live.view;
  }

  #fact(live: Live, fact: PeerFact, now: number): void {
    const { peer, view } = live;
    if (fact.type === 'opened') this.#opened(live, now);
    if (fact.type === 'handshaken') this.#handshaken(live);
    peer.take(fact, live.session.pieces, now);
    switch (fact.type) {
      case 'handshaken':
        peer.offered(view?.pieces.indices() ?? [], now);
        if (live.census?.current.meet(peer) === false) this.#end(live);
        break;
      case 'extended':
        this.#extended(live, fact.listenPort);
        break;
      case 'metadata':
        this.#stopFetching(live);
        this.#owner.metadata(view!, fact.info);
        break;
      case 'metadata_failed':
        this.#stopFetching(live);
        break;
      case 'pex':
        this.#owner.learned(view!, peer, fact.added);
        break;
      case 'challenge':
        if (fact.result === 'passed') this.counters.challengesPassed++;
        else if (fact.result !== 'unchecked') this.counters.challengesFailed++;
        if (fact.data) this.#owner.verified(view!, fact.piece, fact.data);
        break;
      case 'closed':
        this.#closed(live, fact, now);
        return;
      default:
    }
    this.#step(live);
  }

  #handshaken(live: Live): void {
    this.counters.handshaken++;
    const census = live.census?.current;
    if (census) census.talking++;
    if (live.peer.direction === 'out') this.#leaveDialling(live.peer, census);
    else this.#owner.inbound(live.view!, live.peer);
    this.#owner.reached(live.view!);
  }

  #leaveDialling(peer: Peer, census: Census | undefined): void {
    if (peer.state !== 'dialling') return;
    this.#dialling--;
    if (census) census.dialling--;
    peer.state = 'talking';
  }

  /** Says who else is there, and finds out where an inbound peer listens. */
  #extended(live: Live, listenPort: number | undefined): void {
    const census = live.census?.current;
    if (!census) return;
    if (live.peer.direction === 'in' && listenPort !== undefined) {
      const endpoint = { address: live.peer.endpoint.address, port: listenPort };
      if (census.place(live.peer, endpoint) !== live.peer) this.#end(live);
    }
    const others = [...census.peers.values()].filter(
      (peer) => peer.isHandshaken && peer !== live.peer && peer.direction === 'out',
    );
    const added = others.slice(0, 50).map((peer) => ({ endpoint: peer.endpoint, flags: peer.pieces?.claimsAll ? PEX_SEED : 0 }));
    live.conversation?.act((session, now, out) => session.sendPex(added, now, out));
  }

  #stopFetching(live: Live): void {
    if (live.fetching && live.view) live.view.home.racers--;
    live.fetching = false;
  }

  #closed(live: Live, fact: Extract<PeerFact, { type: 'closed' }>, now: number): void {
    const { peer, view } = live;
    this.#options.agenda.set(live.task, Number.POSITIVE_INFINITY);
    this.#stopFetching(live);
    const wasTalking = fact.outcome === 'handshaken';
    const census = live.census?.current;
    if (wasTalking) {
      if (census) census.talking--;
    } else if (peer.direction === 'out') {
      this.#dialling--;
      if (census) census.dialling--;
    }
    this.#live.delete(peer);
    live.permit.release();
    if (fact.ending.includes('_') || fact.ending === 'flood') this.#owner.violation(fact.ending);
    for (const count of fact.useless.values()) this.counters.useless += count;
    if (!view) return;
    census?.released(peer, now);
    this.#owner.released(view);
  }

  /** Does what the plan says until it says wait. */
  #step(live: Live): void {
    const { peer, conversation, view } = live;
    // Between censuses we only serve: nothing is asked of who dials us then.
    if (!conversation || !view || !live.census || !live.session.isTalking) return;
    conversation.act((session, now, out) => {
      for (let turn = 0; turn < 4; turn++) {
        const step = nextStep(peer, session, this.#situation(live), now);
        if (step.do === 'wait') {
          this.#options.agenda.set(live.task, step.until);
          return;
        }
        if (step.do === 'fetch_metadata') this.#fetch(live, session, now, out);
        else if (step.do === 'finish' || !this.#challenge(live, step.piece, session, now, out)) {
          peer.concludeChoke(this.#options.times.chokeMs, now);
          session.finish(out);
          return;
        }
      }
    });
  }

  #fetch(live: Live, session: PeerSession, now: number, out: SessionOut<PeerFact>): void {
    if (session.fetchMetadata(now, out)) {
      live.fetching = true;
      live.view!.home.racers++;
    } else live.peer.metadataFailed = true;
  }

  #challenge(live: Live, piece: number, session: PeerSession, now: number, out: SessionOut<PeerFact>): boolean {
    const view = live.view!;
    const leaf = this.#leafOf(view, piece, session);
    const bytes = leaf === undefined ? view.layout!.pieceBytes(piece) : LEAF_BYTES;
    if (!this.#owner.spendVerify(view, bytes)) return false;
    live.peer.challenged(piece, session.isChoked && !session.allowedFast.has(piece), now);
    return session.challenge(piece, now, out, leaf);
  }

  /** A leaf proves as much as its piece and costs less, where the peer gives hashes; whole pieces come first, so that we have some to give. */
  #leafOf(view: SwarmView, piece: number, session: PeerSession): number | undefined {
    const leaves = view.layout!.leavesOf(piece);
    if (leaves < 2 || !session.answersHashes || view.pieces.size < PIECES_TO_GIVE) return undefined;
    return Math.floor(this.#options.random() * leaves);
  }

  #situation(live: Live): Situation {
    const { home } = live.view!;
    const { times, budgets, random } = this.#options;
    return {
      known: home.layout !== undefined,
      mayFetch: !live.fetching && !home.isUnusable && home.racers < budgets.metadataRacers,
      mayChallenge: home.verify && (home.canVerify || live.session.answersHashes),
      isGathering: (live.census?.current.waiting ?? 0) + (live.census?.current.dialling ?? 0) > 0,
      rarePiece: (peer) => this.#rarePiece(live, peer),
      times,
      budgets,
      random,
    };
  }

  #rarePiece({ census, view }: Live, peer: Peer): number | 'later' | undefined {
    const { random, budgets } = this.#options;
    const current = census?.current;
    const layout = view?.layout;
    if (!current || !layout) return undefined;
    const { pieces } = layout;
    const budget = { pieces, pieceBytes: (piece: number) => layout.pieceBytes(piece), maxBytes: budgets.rareBytes };
    return current.rarity.choose(peer, current.peers.values(), budget, random, this.#options.now());
  }

  #end(live: Live): void {
    live.conversation?.act((session, _now, out) => session.finish(out));
  }

  /** Peers we talk to or dial, for progress. */
  get size(): number {
    return this.#live.size;
  }
}
