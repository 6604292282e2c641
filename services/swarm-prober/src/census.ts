// One census of one swarm: which sources were asked, which endpoints they gave, who is to be dialled next, and when it is over. Pure; time is an argument.
import { FilterTally } from '@swarmscope/bittorrent/dht/filter-poll.ts';
import { endpointKey } from '@swarmscope/bittorrent/endpoint.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Endpoint, Random } from '@swarmscope/bittorrent/machine.ts';
import type { PeerSource } from '@swarmscope/events/enums.ts';
import { Task } from './agenda.ts';
import { Peer } from './peer.ts';
import { Rarity } from './rarity.ts';
import type { ProberTimes } from './settings.ts';

// gathering   sources are asked, endpoints come in, each is dialled (again, where that can help), sessions run their plans
// over        every source has settled, nobody is left to dial, no session is open: then, or after censusMs, it is summed up

/** How a learned endpoint was learned. */
export interface Sighting {
  readonly source: PeerSource;
  /** Tracker host, or pseudonym of the node or peer that told. */
  readonly sourceId?: string | undefined;
  /** Which of the swarm's infohashes it was learned under. */
  readonly via?: number;
  readonly claimsSeed?: boolean | undefined;
}

const ID_BYTES = 8;

/** A random `census_id`. */
export function makeCensusId(random: Random): string {
  return toHex(Uint8Array.from({ length: ID_BYTES }, () => Math.floor(random() * 256)));
}

type SourceState = 'asked' | 'answered' | 'failed';

/** One question to one tracker or DHT. */
interface Question {
  readonly source: PeerSource;
  state: SourceState;
  readonly due: number;
}

/** Dials of one endpoint in one census. */
const MAX_ATTEMPTS = 2;
/** A peer that shook hands and went away before it was judged is worth one more. */
const MAX_VISITS = 3;
const MAX_QUESTIONS = 512;

export class Census {
  readonly id: string;
  readonly startedAt: number;
  readonly peers = new Map<string, Peer>(); // bound: maxPeers
  readonly #times: ProberTimes;
  readonly #maxPeers: number;
  #queue: Peer[] = []; // bound: maxPeers
  readonly #questions = new Map<string, Question>(); // bound: MAX_QUESTIONS
  readonly #ids = new Map<string, Peer>(); // bound: maxPeers
  /** Endpoints that are our own: told by a source, counted, never dialled. */
  readonly own = new Set<string>(); // bound: our own addresses and instances
  /** What DHT nodes say by BEP 33, once one did. */
  filters: FilterTally | undefined;
  /** The table was full: there are more than these. */
  wasCut = false;
  /** No census proper: a first look at peers that were overheard. */
  isLook = false;
  /** What the look was for is known. */
  isAnswered = false;
  /** When it is to be looked at again. */
  task = new Task(() => {});
  /** Somebody shook hands. */
  wasReached = false;
  dialling = 0;
  talking = 0;
  readonly rarity = new Rarity();
  #openUntil = 0;
  #successor: Census | undefined;

  constructor(id: string, times: ProberTimes, maxPeers: number, now: number) {
    this.id = id;
    this.#times = times;
    this.#maxPeers = maxPeers;
    this.startedAt = now;
  }

  /** This census, or the one that absorbed it. */
  get current(): Census {
    return this.#successor?.current ?? this;
  }

  /** A source is asked; unless it settles it counts as failed after sourceMs. */
  ask(key: string, source: PeerSource, now: number): void {
    if (this.#questions.size < MAX_QUESTIONS)
      this.#questions.set(key, { source, state: 'asked', due: now + this.#times.sourceMs });
  }

  wasAsked(key: string): boolean {
    return this.#questions.has(key);
  }

  settle(key: string, answered: boolean): void {
    const question = this.#questions.get(key);
    if (question) question.state = answered ? 'answered' : 'failed';
  }

  /** The filters of one lookup. */
  tell(tally: FilterTally): void {
    this.filters ??= new FilterTally();
    this.filters.join(tally);
  }

  /** How a kind of source did: undefined when it was not asked; `failed` when nothing of it answered. */
  sourceState(source: PeerSource): SourceState | undefined {
    const states = [...this.#questions.values()].filter((question) => question.source === source).map((each) => each.state);
    if (states.length === 0) return undefined;
    if (states.includes('answered')) return 'answered';
    return states.includes('asked') ? 'asked' : 'failed';
  }

  /** An endpoint was learned. Undefined when the table is full; the peer is new when `sources` has only this one. */
  sight(endpoint: Endpoint, { source, sourceId, via = 0, claimsSeed }: Sighting): Peer | undefined {
    const key = endpointKey(endpoint);
    let peer = this.peers.get(key);
    if (!peer) {
      if (this.peers.size >= this.#maxPeers) {
        this.wasCut = true;
        return undefined;
      }
      peer = new Peer(endpoint, via);
      this.peers.set(key, peer);
      if (source !== 'inbound') this.#queue.push(peer);
    }
    peer.sources.set(source, sourceId);
    if (claimsSeed !== undefined) peer.claimsSeed = claimsSeed;
    return peer;
  }

  /** A peer that was reached last time: dialled again, and without a source until one names it. */
  revisit(endpoint: Endpoint, via: number): void {
    if (this.peers.size >= this.#maxPeers || this.peers.has(endpointKey(endpoint))) return;
    const peer = new Peer(endpoint, via);
    this.peers.set(endpointKey(endpoint), peer);
    this.#queue.push(peer);
  }

  /** The next peer to dial that `allows` lets through; it is then `dialling`. */
  takeDial(now: number, allows: (peer: Peer) => boolean): Peer | undefined {
    const at = this.#queue.findIndex((peer) => peer.dialDue <= now && allows(peer));
    if (at < 0) return undefined;
    const [peer] = this.#queue.splice(at, 1);
    peer!.state = 'dialling';
    peer!.attempts++;
    peer!.startedAt ??= now;
    this.dialling++;
    return peer;
  }

  /** When a waiting peer may be dialled; Infinity when nobody waits. */
  get dialDue(): number {
    return this.#queue.reduce((least, peer) => Math.min(least, peer.dialDue), Number.POSITIVE_INFINITY);
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /**
   * A peer shook hands. When it is one that we talk to already, by another endpoint or the other way round, the one of the two that is to be left is
   * returned: rather the one that dialled us, since the other can be dialled again should the remote leave that one too. It is counted once, with the sources of both.
   */
  meet(peer: Peer): Peer | undefined {
    const id = toHex(peer.peerId!);
    const other = this.#ids.get(id);
    // The same id at another address is no proof of the same peer: ids can be copied.
    const isSame = other && other !== peer && other.endpoint.address === peer.endpoint.address && other.state === 'talking';
    if (!isSame) {
      this.#ids.set(id, peer);
      return undefined;
    }
    const [kept, left] = peer.direction === 'out' && other.direction === 'in' ? [peer, other] : [other, peer];
    for (const [source, sourceId] of left.sources) kept.sources.set(source, sourceId);
    this.forget(left);
    this.#ids.set(id, kept);
    return left;
  }

  /** Puts an inbound peer at its listening endpoint. The peer that is there already and was not reached gives it its sources, one that was is kept. */
  place(inbound: Peer, endpoint: Endpoint): Peer {
    const key = endpointKey(endpoint);
    const there = this.peers.get(key);
    if (there === inbound) return inbound;
    if (there && (there.state === 'talking' || there.isHandshaken)) {
      there.sources.set('inbound', undefined);
      this.forget(inbound);
      return there;
    }
    this.forget(inbound);
    if (there) {
      for (const [source, id] of there.sources) inbound.sources.set(source, id);
      this.#queue = this.#queue.filter((peer) => peer !== there); // bound: as above
    }
    inbound.endpoint = endpoint;
    this.peers.set(key, inbound);
    return inbound;
  }

  /** Takes a peer out: it was another one all along. */
  forget(peer: Peer): void {
    const key = endpointKey(peer.endpoint);
    if (this.peers.get(key) === peer) this.peers.delete(key);
  }

  /** A dial or session has ended: whether it is tried once more, and when. */
  released(peer: Peer, now: number): void {
    if (peer.isSelf) {
      this.own.add(endpointKey(peer.endpoint));
      this.forget(peer);
      return;
    }
    const there = this.peers.get(endpointKey(peer.endpoint));
    if ((there !== undefined && there !== peer) || !this.#isWorthAnother(peer)) return; // it dialled us meanwhile
    peer.state = 'known';
    peer.dialDue = now + this.#times.redialMs;
    this.#queue.push(peer);
  }

  /** Dead addresses stay dead; a silent, full or closing one may answer the second time; who left unjudged may stay. */
  #isWorthAnother(peer: Peer): boolean {
    if (peer.direction === 'in') return false;
    if (peer.isHandshaken) {
      const unjudged = peer.verdict === 'unknown' || peer.verdict === 'claimed';
      return unjudged && peer.ending === 'remote' && peer.attempts < MAX_VISITS;
    }
    const mayChange = ['timeout', 'reset', 'closed_early', 'busy'].includes(peer.outcome ?? '');
    return mayChange && peer.attempts < MAX_ATTEMPTS;
  }

  /** Endpoints and sources that may still change the result. */
  pending(now: number): number {
    const asked = [...this.#questions.values()].filter((question) => question.state === 'asked' && now < question.due).length;
    return asked + this.#queue.length + this.dialling + this.talking;
  }

  /** We were announced: peers that cannot be dialled may dial us, for a while. */
  announced(now: number): void {
    this.#openUntil = Math.max(this.#openUntil, now + this.#times.inboundMs);
  }

  isOver(now: number): boolean {
    if (this.isAnswered || now >= this.startedAt + this.#times.censusMs) return true;
    return now >= this.#openUntil && now >= this.startedAt + this.#times.censusMinMs && this.pending(now) === 0;
  }

  /** When to ask `isOver` again though nothing happened. */
  overDue(now: number): number {
    let due = this.startedAt + (now < this.startedAt + this.#times.censusMinMs ? this.#times.censusMinMs : this.#times.censusMs);
    for (const question of this.#questions.values())
      if (question.state === 'asked' && question.due > now) due = Math.min(due, question.due);
    if (this.#openUntil > now) due = Math.min(due, this.#openUntil);
    return due;
  }

  /** Absorbs the census of the same torrent under its other name. */
  absorb(other: Census, via: number): void {
    other.#successor = this;
    for (const [key, peer] of other.peers) {
      if (this.peers.has(key) || this.peers.size >= this.#maxPeers) continue;
      peer.via = via;
      this.peers.set(key, peer);
      if (peer.state === 'known') this.#queue.push(peer);
    }
    for (const key of other.own) this.own.add(key);
    if (other.filters) this.tell(other.filters);
    for (const [key, question] of other.#questions) this.#questions.set(key, question);
    this.dialling += other.dialling;
    this.talking += other.talking;
  }
}
