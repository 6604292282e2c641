// Holes to peers that cannot be dialled (BEP 55): a peer that named one by PEX is asked to introduce us; and we introduce peers of ours to each other.
import { endpointKey } from '@swarmscope/bittorrent/endpoint.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import type { PeerFact } from '@swarmscope/bittorrent/peer/facts.ts';
import type { HolepunchError, HolepunchMessage } from '@swarmscope/bittorrent/peer/holepunch.ts';
import { PEX_HOLEPUNCH, type PexPeer } from '@swarmscope/bittorrent/peer/pex.ts';
import { TokenBucket } from '@swarmscope/runtime/token-bucket.ts';
import { type Agenda, Task } from './agenda.ts';
import type { Live } from './live.ts';

// initiator   a dial failed, and a peer that we talk to named that endpoint with the holepunch flag: rendezvous to it, the dial is kept open.
//             connect: dial it over uTP alone, while it dials us. error, or no answer: the dial ends as it did
// relay       rendezvous for an endpoint that we talk to: connect to both; otherwise error
// target      connect that we did not ask for: the endpoint is learned as by PEX, and dialled over uTP first
//
// Endpoints come from strangers: those of a connect are judged like any that PEX names, those of a rendezvous must be peers that we talk to.

/** Endpoints whose relays are remembered, and relays of each. */
const MAX_TOLD = 20_000;
const MAX_RELAYS = 3;
/** A relay that does not answer by then does not. */
const ANSWER_MS = 5_000;
/** Rendezvous that we ask for, and that we relay. */
const PER_SECOND = 4;
const BURST = 40;

type Ended = Extract<PeerFact, { type: 'closed' }>;

/** What holes need of the sessions. */
export interface PunchShell {
  readonly agenda: Agenda;
  now(): number;
  /** Peers of the same swarm that we talk to. */
  others(live: Live): readonly Live[];
  /** Dials over uTP alone. */
  dial(live: Live): void;
  /** The dial ends as it did. */
  giveUp(live: Live, end: Ended, now: number): void;
  /** The next dial there begins with uTP. */
  preferUtp(endpoint: Endpoint): void;
  /** An endpoint was told that wants to be dialled over uTP. */
  learned(from: Live, endpoint: Endpoint): void;
}

interface Pending {
  readonly live: Live;
  readonly relay: Live;
  readonly end: Ended;
  readonly task: Task;
  /** The relay has told both sides to dial. */
  isDialled: boolean;
}

export class Holepunch {
  readonly counters = { asked: 0, punched: 0, relayed: 0 };
  readonly #shell: PunchShell;
  readonly #told = new Map<string, Live[]>(); // bound: MAX_TOLD, oldest first out; MAX_RELAYS each
  readonly #pending = new Map<string, Pending>(); // bound: live dials
  readonly #asking: TokenBucket;
  readonly #relaying: TokenBucket;

  constructor(shell: PunchShell) {
    this.#shell = shell;
    this.#asking = new TokenBucket(PER_SECOND, BURST, shell.now());
    this.#relaying = new TokenBucket(PER_SECOND, BURST, shell.now());
  }

  /** A peer named others by PEX: for those with the flag it may be a relay. */
  told(relay: Live, peers: readonly PexPeer[]): void {
    for (const { endpoint, flags } of peers) {
      if ((flags & PEX_HOLEPUNCH) === 0) continue;
      const key = endpointKey(endpoint);
      const relays = (this.#told.get(key) ?? []).filter((each) => each !== relay && each.session.isTalking);
      this.#told.delete(key);
      this.#told.set(key, [relay, ...relays].slice(0, MAX_RELAYS));
      if (this.#told.size > MAX_TOLD) this.#told.delete(this.#told.keys().next().value!);
    }
  }

  /** A dial has ended: whether a relay was asked, so that it goes on. Once for each dial. */
  begin(live: Live, end: Ended, now: number): boolean {
    const key = endpointKey(live.peer.endpoint);
    if (live.isPunched) this.#settle(key);
    if (end.outcome === 'handshaken' || end.outcome === 'self' || live.isPunched || this.#pending.has(key)) return false;
    const relay = this.#relayFor(live, key);
    if (!relay || !this.#asking.take(now) || !this.#say(relay, 'rendezvous', live.peer.endpoint)) return false;
    live.isPunched = true;
    this.counters.asked++;
    const task = new Task((at) => this.#fail(key, at));
    this.#pending.set(key, { live, relay, end, task, isDialled: false });
    this.#shell.agenda.set(task, now + ANSWER_MS);
    return true;
  }

  /** A message of a peer. */
  take(from: Live, { type, endpoint }: HolepunchMessage, now: number): void {
    const key = endpointKey(endpoint);
    const pending = this.#pending.get(key);
    if (type === 'rendezvous') this.#relay(from, endpoint, now);
    else if (pending?.relay === from && !pending.isDialled) {
      if (type === 'error') this.#fail(key, now);
      else this.#dial(pending);
    } else if (type === 'connect' && this.#relaying.take(now)) this.#shell.learned(from, endpoint);
  }

  /** A peer dialled us: it may be one that was told to. Then the dial of ours is over, and all that is known of its endpoint is the peer's. */
  arrived({ peer }: Live, now: number): void {
    const pending = peer.transport === 'utp' ? this.#settle(endpointKey(peer.endpoint)) : undefined;
    if (!pending) return;
    const { live, end, isDialled } = pending;
    this.counters.punched++;
    peer.holepunch = true;
    for (const [source, id] of live.peer.sources) peer.sources.set(source, id);
    live.peer.attempts = Number.POSITIVE_INFINITY; // never again
    if (isDialled) live.conversation?.abort();
    else this.#shell.giveUp(live, end, now);
  }

  /** A relay names us by the port that it sees: only over uTP is that the one where we can be dialled. Who was met over TCP is met over uTP next time. */
  #relayFor(live: Live, key: string): Live | undefined {
    const relays = this.#told.get(key)?.filter((each) => each.session.isTalking && each.view?.home === live.view?.home) ?? [];
    const relay = relays.find((each) => each.peer.transport === 'utp');
    if (!relay) for (const { peer } of relays) if (peer.direction === 'out') this.#shell.preferUtp(peer.endpoint);
    return relay;
  }

  #dial(pending: Pending): void {
    pending.isDialled = true;
    this.#shell.agenda.set(pending.task, Number.POSITIVE_INFINITY);
    this.#shell.dial(pending.live);
  }

  #relay(from: Live, endpoint: Endpoint, now: number): void {
    const key = endpointKey(endpoint);
    const target = this.#shell.others(from).find((each) => endpointKey(each.peer.endpoint) === key);
    const error = this.#reason(from, target, key);
    if (error !== 'none') this.#say(from, 'error', endpoint, error);
    else if (!this.#relaying.take(now)) this.#say(from, 'error', endpoint, 'not_connected');
    else if (this.#say(target!, 'connect', from.peer.endpoint) && this.#say(from, 'connect', endpoint)) this.counters.relayed++;
  }

  #reason(from: Live, target: Live | undefined, key: string): HolepunchError {
    if (endpointKey(from.peer.endpoint) === key) return 'no_self';
    if (!target) return 'not_connected';
    return target.peer.extensions.includes('ut_holepunch') ? 'none' : 'no_support';
  }

  #say(to: Live, type: HolepunchMessage['type'], endpoint: Endpoint, error: HolepunchError = 'none'): boolean {
    return to.conversation?.act((session, _now, out) => session.sendHolepunch({ type, endpoint, error }, out)) ?? false;
  }

  #settle(key: string): Pending | undefined {
    const pending = this.#pending.get(key);
    this.#pending.delete(key);
    if (pending) this.#shell.agenda.set(pending.task, Number.POSITIVE_INFINITY);
    return pending;
  }

  #fail(key: string, now: number): void {
    const pending = this.#settle(key);
    if (pending) this.#shell.giveUp(pending.live, pending.end, now);
  }
}
