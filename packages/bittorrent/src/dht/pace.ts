// How fast we ask (design section 6): one query a second to one host with a burst of four, so many packets a second, so many hosts a minute.
import { Fifo } from './fifo.ts';

export interface PaceLimits {
  /** Between two queries to one host, once its burst is used. A little over a second: what counts is the other side's clock, which sees our jitter. */
  readonly hostIntervalMs: number;
  readonly hostBurst: number;
  readonly packetsPerSecond: number;
  /** Distinct hosts asked in a minute: home routers die of flows, not of packets. */
  readonly flowsPerMinute: number;
}

export const DEFAULT_PACE: PaceLimits = {
  hostIntervalMs: 1_050,
  hostBurst: 4,
  packetsPerSecond: 400,
  flowsPerMinute: 12_000,
};

/** A host counts for a minute after its last query; it is noted again only every ten seconds, so it counts for ten seconds more. */
const FLOW_NOTED_MS = 10_000;
const FLOW_WINDOW_MS = 60_000 + FLOW_NOTED_MS;
/** Hosts remembered: those whose burst is not whole again. Full, nobody new is asked: 400 packets a second fill it with some 2 000. */
const MAX_HOSTS = 200_000;

/**
 * A host's bucket is one number: the time at which it would be full again (GCRA). Times are monotonic milliseconds.
 */
export class Pace {
  readonly #limits: PaceLimits;
  readonly #fullAt = new Map<string, number>(); // bound: MAX_HOSTS
  /** Hosts of the last minute with the time at which they were noted; and those notes in order. */
  readonly #flows = new Map<string, number>(); // bound: flowsPerMinute
  readonly #asked = new Fifo<{ readonly host: string; readonly atMs: number }>();
  #packetsFullAt = Number.NEGATIVE_INFINITY;
  #pruneMs = 0;

  constructor(limits: Partial<PaceLimits> = {}) {
    this.#limits = { ...DEFAULT_PACE, ...limits };
  }

  /** When a query to this host may be sent; `now` or earlier when at once. The earliest time: with the flows used up it may move on. */
  readyAt(host: string, now: number): number {
    const { hostIntervalMs, hostBurst } = this.#limits;
    const hostReady = (this.#fullAt.get(host) ?? Number.NEGATIVE_INFINITY) - (hostBurst - 1) * hostIntervalMs;
    return Math.max(hostReady, this.globalReadyAt(now, host));
  }

  /** When the packet and flow budgets let anything out; for a host that has a flow already the flow budget does not count. */
  globalReadyAt(now: number, host?: string): number {
    const spacing = 1000 / this.#limits.packetsPerSecond;
    // A tenth of a second's packets may leave together: timers are coarse.
    const packets = this.#packetsFullAt - Math.max(1, this.#limits.packetsPerSecond / 10) * spacing;
    return Math.max(packets, this.#flowReadyAt(now, host));
  }

  #flowReadyAt(now: number, host?: string): number {
    this.#forgetFlows(now);
    if (this.#flows.size < this.#limits.flowsPerMinute || (host !== undefined && this.#flows.has(host))) return now;
    const first = this.#asked.first();
    return first ? first.atMs + FLOW_WINDOW_MS : now;
  }

  #forgetFlows(now: number): void {
    for (let first = this.#asked.first(); first && first.atMs + FLOW_WINDOW_MS <= now; first = this.#asked.first()) {
      if (this.#flows.get(first.host) === first.atMs) this.#flows.delete(first.host);
      this.#asked.shift();
    }
  }

  /** Takes one query's worth from all budgets, or nothing and false. */
  take(host: string, now: number): boolean {
    return this.book(host, now, now) !== undefined;
  }

  /** Takes one query's worth for the host's next turn: when that is, `now` or earlier when at once; nothing and undefined when it is later than `until`. */
  book(host: string, now: number, until: number): number | undefined {
    const at = this.readyAt(host, now);
    if (at > until) return undefined;
    this.#prune(now);
    if (this.#fullAt.size >= MAX_HOSTS && !this.#fullAt.has(host)) return undefined;
    this.#fullAt.set(host, Math.max(this.#fullAt.get(host) ?? now, now) + this.#limits.hostIntervalMs);
    this.#packetsFullAt = Math.max(this.#packetsFullAt, now) + 1000 / this.#limits.packetsPerSecond;
    this.#noteFlow(host, now);
    return at;
  }

  #noteFlow(host: string, now: number): void {
    const noted = this.#flows.get(host);
    if (noted !== undefined && now - noted < FLOW_NOTED_MS) return;
    this.#flows.set(host, now);
    this.#asked.push({ host, atMs: now });
  }

  /** Hosts whose burst is whole again are the same as unknown ones. */
  #prune(now: number): void {
    if (now < this.#pruneMs) return;
    this.#pruneMs = now + 10_000;
    for (const [host, fullAt] of this.#fullAt) if (fullAt <= now) this.#fullAt.delete(host);
  }

  /** Share of each budget in use, permille. */
  used(now: number): { packets: number; flows: number } {
    this.#forgetFlows(now);
    const queued = Math.max(0, this.#packetsFullAt - now) / 100;
    return {
      packets: Math.min(1000, Math.round(queued * 1000)),
      flows: Math.round((this.#flows.size / this.#limits.flowsPerMinute) * 1000),
    };
  }
}
