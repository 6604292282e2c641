// UDP trackers on a real socket: requests as promises over the machine; names resolved here, addresses judged before anything is sent.
import { lookup } from 'node:dns/promises';
import { canonicalAddress } from '@swarmscope/bittorrent/address.ts';
import { type Family, family } from '@swarmscope/bittorrent/endpoint.ts';
import type { Endpoint, Out, Random } from '@swarmscope/bittorrent/machine.ts';
import type { AnnounceAnswer, AnnounceRequest, ScrapeAnswer } from '@swarmscope/bittorrent/tracker/answer.ts';
import { type UdpTrackerFact, UdpTrackers } from '@swarmscope/bittorrent/tracker/udp.ts';
import type { TrackerOutcome } from '@swarmscope/events/enums.ts';
import type { Clock } from '@swarmscope/runtime/clock.ts';
import { type Driven, drive } from '@swarmscope/runtime/drive.ts';
import type { OnInvariant } from '@swarmscope/runtime/invariant.ts';
import { openUdp } from '@swarmscope/runtime/udp.ts';

/** 15 and 30 s: a tracker that says nothing in that time says nothing in this census. */
const ATTEMPTS = 2;
const MAX_REQUESTS = 16_384;

/** What came of one request. */
export interface UdpResult {
  readonly outcome: TrackerOutcome;
  readonly answer: AnnounceAnswer | ScrapeAnswer | undefined;
  readonly latencyMs: number;
}

export interface UdpFrontOptions {
  /** Local addresses, one of each family that is wanted. */
  readonly addresses: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly onInvariant: OnInvariant;
  /** Default: 15 s, the first wait of BEP 15. */
  readonly firstTimeoutMs?: number;
}

type Begin = (machine: UdpTrackers, to: Endpoint, now: number, out: Out<UdpTrackerFact>) => number | undefined;

/** One socket of one family. */
class Socket {
  readonly family: Family;
  readonly #driven: Driven<UdpTrackers, UdpTrackerFact>;
  readonly #waiting = new Map<number, (fact: UdpTrackerFact) => void>(); // bound: MAX_REQUESTS, by the machine

  constructor(driven: Driven<UdpTrackers, UdpTrackerFact>) {
    this.#driven = driven;
    this.family = family(driven.local);
    driven.listen((fact) => {
      this.#waiting.get(fact.tag)?.(fact);
      this.#waiting.delete(fact.tag);
    });
  }

  ask(to: Endpoint, begin: Begin): Promise<UdpTrackerFact | undefined> {
    return new Promise((resolve) => {
      const tag = this.#driven.act((machine, now, out) => begin(machine, to, now, out));
      if (tag === undefined) resolve(undefined);
      else this.#waiting.set(tag, resolve);
    });
  }

  stop(): Promise<void> {
    for (const [tag, resolve] of this.#waiting) resolve({ type: 'tracker_silent', tag });
    this.#waiting.clear();
    return this.#driven.stop();
  }
}

export class UdpFront {
  readonly #sockets: readonly Socket[];

  constructor(sockets: readonly Socket[]) {
    this.#sockets = sockets;
  }

  /** `urlData`: path and query of the URL. `admits` judges the addresses behind a name. */
  announce(url: URL, request: AnnounceRequest, admits: (endpoint: Endpoint) => boolean): Promise<UdpResult> {
    const urlData = url.pathname + url.search;
    return this.#ask(url, admits, (machine, to, now, out) => machine.announce(to, request, urlData, now, out));
  }

  scrape(url: URL, infoHash: Uint8Array, admits: (endpoint: Endpoint) => boolean): Promise<UdpResult> {
    return this.#ask(url, admits, (machine, to, now, out) => machine.scrape(to, [infoHash], now, out));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#sockets.map((socket) => socket.stop()));
  }

  async #ask(url: URL, admits: (endpoint: Endpoint) => boolean, begin: Begin): Promise<UdpResult> {
    const port = Number(url.port);
    if (!(port > 0)) return ended('malformed');
    const addresses = await resolve(url.hostname.replace(/^\[|\]$/g, ''));
    if (addresses.length === 0) return ended('name_not_found');
    const admitted = addresses.map((address) => ({ address, port })).filter(admits);
    for (const to of admitted) {
      const socket = this.#sockets.find((each) => each.family === family(to));
      if (socket) return readFact(await socket.ask(to, begin));
    }
    return ended('unreachable_net');
  }
}

/** Binds a socket for each address: all of them, or it rejects with the system's error and keeps none. */
export async function openUdpFront(options: UdpFrontOptions): Promise<UdpFront> {
  const opened = await Promise.allSettled(options.addresses.map((address) => openSocket(address, options)));
  const sockets = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = opened.find((result) => result.status === 'rejected');
  if (!failed) return new UdpFront(sockets);
  await Promise.all(sockets.map((socket) => socket.stop()));
  throw failed.reason;
}

async function openSocket(address: string, { clock, random, onInvariant, firstTimeoutMs }: UdpFrontOptions): Promise<Socket> {
  const wait = firstTimeoutMs === undefined ? {} : { firstTimeoutMs };
  const machine = new UdpTrackers({ random, attempts: ATTEMPTS, maxRequests: MAX_REQUESTS, ...wait });
  return new Socket(drive(machine, await openUdp({ address, port: 0 }), clock, onInvariant));
}

function ended(outcome: TrackerOutcome, latencyMs = 0): UdpResult {
  return { outcome, answer: undefined, latencyMs };
}

async function resolve(host: string): Promise<string[]> {
  const literal = canonicalAddress(host);
  if (literal !== undefined) return [literal];
  try {
    const found = await lookup(host, { all: true });
    return found.map(({ address }) => canonicalAddress(address)).filter((address) => address !== undefined);
  } catch {
    return [];
  }
}

/** No fact: more requests are under way than the machine takes, which is our limit and not the tracker's silence. */
function readFact(fact: UdpTrackerFact | undefined): UdpResult {
  switch (fact?.type) {
    case 'tracker_answered':
      return { outcome: 'ok', answer: fact.answer, latencyMs: fact.latencyMs };
    case 'tracker_refused':
      return { outcome: 'failure', answer: undefined, latencyMs: fact.latencyMs };
    case 'tracker_malformed':
      return ended('malformed', fact.latencyMs);
    case 'tracker_silent':
      return ended('timeout');
    case undefined:
      throw new Error('more requests to UDP trackers than there is room for');
  }
}
