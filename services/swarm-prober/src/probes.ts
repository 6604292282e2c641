// The sessions of the prober: dials within the limits, inbound peers to their swarm, facts to the peer's record, and the plan's next step to the session.
import { endpointKey } from '@swarmscope/bittorrent/endpoint.ts';
import type { Endpoint, SessionOut } from '@swarmscope/bittorrent/machine.ts';
import { LEAF_BYTES } from '@swarmscope/bittorrent/merkle.ts';
import { type EncryptionFact, InboundMseSession } from '@swarmscope/bittorrent/mse/session.ts';
import type { PeerFact } from '@swarmscope/bittorrent/peer/facts.ts';
import { PeerSession } from '@swarmscope/bittorrent/peer/session.ts';
import type { Transport } from '@swarmscope/events/enums.ts';
import type { HostBudget, Permit } from '@swarmscope/runtime/host-budget.ts';
import type { Acceptance } from '@swarmscope/runtime/tcp.ts';
import { Task } from './agenda.ts';
import type { Census } from './census.ts';
import { Dialler, within } from './dialler.ts';
import { Holepunch } from './holepunch.ts';
import { introductions } from './introductions.ts';
import { hostBudgetOf, type Live, type ProbeCounters, type ProbesOptions } from './live.ts';
import { Peer } from './peer.ts';
import { nextStep, type Situation } from './plan.ts';
import type { ProbeOwner } from './probe-owner.ts';
import type { SwarmView } from './swarm.ts';
import { PLAIN_UTP, type Way } from './ways.ts';

/** Pieces that we want to have to give before leaves are enough. */
const PIECES_TO_GIVE = 4;

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
  readonly #dialler: Dialler;
  readonly #punch: Holepunch;
  readonly #hosts: HostBudget;
  /** Of peers that the census hands out next. */
  readonly #permits = new Map<Peer, Permit>(); // bound: empty between calls
  #dialling = 0;

  constructor(options: ProbesOptions, owner: ProbeOwner) {
    this.#options = options;
    this.#owner = owner;
    this.#dialler = new Dialler(options);
    this.#hosts = hostBudgetOf(options.budgets, options.now());
    this.#punch = new Holepunch({
      agenda: options.agenda,
      now: () => options.now(),
      others: (live) => this.#of(live.view!).filter((each) => each !== live && each.session.isTalking),
      dial: (live) => this.#connect(live, PLAIN_UTP),
      giveUp: (live, end, now) => this.#fact(live, end, now),
      preferUtp: (endpoint) => this.#dialler.preferUtp(endpoint),
      learned: (from, endpoint) => this.#awaited(from, endpoint),
    });
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
    const live = this.#enter(view, peer);
    this.#dialling++;
    this.counters.dialled++;
    this.#connect(live);
  }

  /** Dials, by any way or by this one alone. A dial that failed may go on with the help of a relay. */
  #connect(live: Live, only?: Way): void {
    const { peer } = live;
    let isFirst = only === undefined;
    live.conversation = this.#dialler.dial({
      to: peer.endpoint,
      infoHash: live.view!.infoHash,
      session: () => {
        const session = isFirst ? live.session : this.#session(live);
        isFirst = false;
        return session;
      },
      onFact: (fact, now, { session, way, encryption }) => {
        Object.assign(peer, { transport: way.transport, encryption });
        live.session = session;
        if (fact.type !== 'closed' || !this.#punch.begin(live, fact, now)) this.#fact(live, fact, now);
      },
      ...(only && { only }),
    });
  }

  /** A relay says that somebody dials us and waits for a uTP dial of ours: also where an earlier dial had failed. */
  #awaited(from: Live, endpoint: Endpoint): void {
    const [view, census] = [from.view!, from.census?.current];
    if (!census) return;
    this.#dialler.preferUtp(endpoint);
    this.#owner.learned(view, from.peer, [{ endpoint, flags: 0 }]);
    const peer = census.peers.get(endpointKey(endpoint));
    if (peer?.state !== 'done' || peer.isHandshaken || !this.reserve(peer, this.#options.now())) return;
    census.dialling++;
    peer.state = 'dialling';
    peer.attempts++;
    this.dial(view, peer);
  }

  /** An inbound connection, plain or encrypted: taken when its host has room; which swarm it is for, its handshake tells. */
  accept(from: Endpoint, transport: Transport): Acceptance<PeerFact | EncryptionFact> | undefined {
    const peer = new Peer(from);
    if (this.#live.size >= this.#options.budgets.sessions || !this.reserve(peer, this.#options.now())) return undefined;
    peer.direction = 'in';
    peer.transport = transport;
    const live = this.#enter(undefined, peer);
    this.counters.inbound++;
    return {
      session: new InboundMseSession<PeerFact>(live.session, {
        random: this.#options.random,
        infoHashOf: (hash) => this.#owner.hiddenName(hash),
        prefers: 'plain',
      }),
      onFact: (fact, now) => {
        if (fact.type === 'encrypted') peer.encryption = fact.encryption;
        else this.#fact(live, fact, now);
      },
      joined: (conversation) => {
        live.conversation = within(conversation as never, live.session);
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
      this.#end(live.peer);
    }
  }

  #of(view: SwarmView): Live[] {
    const found: Live[] = [];
    for (const live of this.#live.values()) if (live.view?.home === view.home) found.push(live);
    return found;
  }

  #enter(view: SwarmView | undefined, peer: Peer): Live {
    const live = {
      view,
      census: view?.home.census,
      peer,
      conversation: undefined,
      task: new Task(() => this.#step(live)),
      fetching: false,
      isPunched: false,
      permit: this.#permits.get(peer)!,
    } as Omit<Live, 'session'> as Live;
    live.session = this.#session(live);
    this.#permits.delete(peer);
    this.#live.set(peer, live);
    return live;
  }

  #session(live: Live): PeerSession {
    const { times, peerId, client } = this.#options;
    return new PeerSession({
      peerId,
      swarm: live.view ?? ((infoHash) => this.#choose(live, infoHash)),
      remote: live.peer.endpoint,
      self: { client, listenPort: this.#options.listenPort(), hasUtp: this.#options.utp.length > 0 },
      isOwn: (id) => this.#options.isOwn(id),
      times,
    });
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
    if (fact.type === 'handshaken') this.#handshaken(live, now);
    peer.take(fact, live.session.pieces, now);
    switch (fact.type) {
      case 'handshaken':
        peer.offered(view?.pieces.indices() ?? [], now);
        this.#end(live.census?.current.meet(peer));
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
        this.#punch.told(live, fact.added);
        this.#owner.learned(view!, peer, fact.added);
        break;
      case 'holepunch':
        this.#punch.take(live, fact.message, now);
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

  #handshaken(live: Live, now: number): void {
    this.counters.handshaken++;
    const census = live.census?.current;
    if (census) census.talking++;
    if (live.peer.direction === 'out') {
      live.peer.holepunch = live.isPunched;
      this.#leaveDialling(live.peer, census);
    } else {
      this.#punch.arrived(live, now);
      this.#owner.inbound(live.view!, live.peer);
    }
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
      if (census.place(live.peer, endpoint) !== live.peer) this.#end(live.peer);
    }
    const added = introductions(census, live.peer);
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

  #end(peer: Peer | undefined): void {
    const live = peer && this.#live.get(peer);
    live?.conversation?.act((session, _now, out) => session.finish(out));
  }
}
