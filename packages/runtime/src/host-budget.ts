// How often, how many at once, we dial: per host (an IPv4 address, an IPv6 /64) and in all.
import { readV6 } from './address-numbers.ts';
import { TokenBucket } from './token-bucket.ts';

export interface HostBudgetOptions {
  /** To one host: dials a second after a burst, and at the same time. */
  readonly hostPerSecond: number;
  readonly hostBurst: number;
  readonly hostConcurrent: number;
  /** In all. */
  readonly perSecond: number;
  readonly burst: number;
  readonly concurrent: number;
  /** Hosts remembered; beyond it those are forgotten that have no debt, then nobody new is dialled. */
  readonly hostsMax: number;
}

interface Host {
  readonly bucket: TokenBucket;
  open: number;
}

/** Permission for one dial; `release` it when the session has ended. */
export interface Permit {
  release(): void;
}

/** Hosts without open dials and with a full bucket are forgotten this many at a time. */
const SWEEP = 64;

export class HostBudget {
  readonly #options: HostBudgetOptions;
  readonly #all: TokenBucket;
  readonly #hosts = new Map<string, Host>(); // bound: hostsMax
  #open = 0;

  constructor(options: HostBudgetOptions, nowMs: number) {
    this.#options = options;
    this.#all = new TokenBucket(options.perSecond, options.burst, nowMs);
  }

  /** Dials that are open now. */
  get open(): number {
    return this.#open;
  }

  get hosts(): number {
    return this.#hosts.size;
  }

  /** A permit, or when to ask again: monotonic milliseconds; Infinity while all places are taken (then a release says when). */
  take(address: string, nowMs: number): Permit | number {
    if (this.#open >= this.#options.concurrent) return Number.POSITIVE_INFINITY;
    const name = hostOf(address);
    const host = this.#hosts.get(name) ?? this.#meet(name, nowMs);
    if (!host || host.open >= this.#options.hostConcurrent) return Number.POSITIVE_INFINITY;
    const ready = Math.max(this.#all.readyMs(nowMs), host.bucket.readyMs(nowMs));
    if (ready > nowMs) return ready;
    this.#all.take(nowMs);
    host.bucket.take(nowMs);
    host.open += 1;
    this.#open += 1;
    let isOpen = true;
    return {
      release: () => {
        if (!isOpen) return;
        isOpen = false;
        host.open -= 1;
        this.#open -= 1;
      },
    };
  }

  #meet(name: string, nowMs: number): Host | undefined {
    if (this.#hosts.size >= this.#options.hostsMax) this.#forget(nowMs);
    if (this.#hosts.size >= this.#options.hostsMax) return undefined;
    const host = { bucket: new TokenBucket(this.#options.hostPerSecond, this.#options.hostBurst, nowMs), open: 0 };
    this.#hosts.set(name, host);
    return host;
  }

  /** Looks at the oldest; those that still count go to the end, so that the next look meets others. */
  #forget(nowMs: number): void {
    let looks = SWEEP;
    for (const [name, host] of this.#hosts) {
      if (looks-- === 0) return;
      this.#hosts.delete(name);
      if (host.open > 0 || !host.bucket.isFull(nowMs)) this.#hosts.set(name, host);
    }
  }
}

/** What counts as one host: an IPv4 address, the /64 of an IPv6 one. */
export function hostOf(address: string): string {
  if (!address.includes(':')) return address;
  const groups = new Uint16Array(8);
  return readV6(address, groups) ? `${groups[0]}:${groups[1]}:${groups[2]}:${groups[3]}` : address;
}
