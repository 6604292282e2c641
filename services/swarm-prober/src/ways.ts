// By which ways a peer may be reached: TCP or uTP, plain or encrypted; which way comes next when one failed; which one worked, remembered per endpoint.
import { endpointKey } from '@swarmscope/bittorrent/endpoint.ts';
import type { Endpoint, Outcome } from '@swarmscope/bittorrent/machine.ts';
import type { Transport } from '@swarmscope/events/enums.ts';

// what failed                                        | what is tried next, if it was not tried yet
// an open plain stream, closed early or reset        | the same transport, encrypted: who wants encryption closes at once
// an open encrypted stream                           | the same transport, plain: it was remembered, and is no longer so
// and that too, over TCP                             | uTP: libtorrent without TCP accepts it and closes
// no stream opened                                   | TCP, then uTP
//
// The first way is the remembered one, else plain TCP; uTP does not wait for a TCP dial that is not answered (dialler.ts).

export interface Way {
  readonly transport: Transport;
  readonly encrypted: boolean;
}

/** A way that was tried. */
export interface Tried {
  readonly way: Way;
  /** The stream was open. */
  readonly opened: boolean;
  /** Undefined while it is under way. */
  readonly outcome: Outcome | undefined;
}

export const PLAIN_TCP: Way = { transport: 'tcp', encrypted: false };
export const PLAIN_UTP: Way = { transport: 'utp', encrypted: false };
/** Endpoints that want another way than plain TCP. */
const MAX_REMEMBERED = 100_000;

export function isSameWay(a: Way, b: Way): boolean {
  return a.transport === b.transport && a.encrypted === b.encrypted;
}

/** The next way after all of these have failed; undefined: nothing is left. `hasUtp`: we can speak it. */
export function nextWay(tried: readonly Tried[], hasUtp: boolean): Way | undefined {
  const last = tried.findLast((each) => each.opened);
  const utp = hasUtp ? [PLAIN_UTP] : [];
  const ways: Way[] = [];
  if (!last) ways.push(PLAIN_TCP, ...utp);
  else if (last.way.encrypted || last.outcome === 'closed_early' || last.outcome === 'reset')
    ways.push({ transport: last.way.transport, encrypted: !last.way.encrypted }, ...utp);
  return ways.find((way) => !tried.some((each) => isSameWay(each.way, way)));
}

/** The attempt that says most of the peer: one whose stream was open, else the first. */
export function tellingOf<T extends Tried>(tried: readonly T[]): T | undefined {
  return tried.find((each) => each.opened) ?? tried[0];
}

/** What worked last. Plain TCP is what everybody is tried with, so it is not kept. */
export class WayMemory {
  readonly #ways = new Map<string, Way>(); // bound: MAX_REMEMBERED, oldest first out

  recall(endpoint: Endpoint): Way | undefined {
    return this.#ways.get(endpointKey(endpoint));
  }

  worked(endpoint: Endpoint, way: Way): void {
    const key = endpointKey(endpoint);
    this.#ways.delete(key);
    if (isSameWay(way, PLAIN_TCP)) return;
    this.#ways.set(key, way);
    if (this.#ways.size > MAX_REMEMBERED) this.#ways.delete(this.#ways.keys().next().value!);
  }
}
