// Trackers as a source of peers: every tracker of a swarm is announced to (where that is allowed) and scraped; each answer is an event by itself.
import { sha256 } from '@swarmscope/bittorrent/hash.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import type { AnnounceAnswer, AnnounceRequest, ScrapeCounts } from '@swarmscope/bittorrent/tracker/answer.ts';
import type { TrackerOutcome } from '@swarmscope/events/enums.ts';
import type { Clock } from '@swarmscope/runtime/clock.ts';
import type { Census, Sighting } from './census.ts';
import type { Publisher } from './publish.ts';
import type { ProbedSwarm, SwarmView } from './swarm.ts';

/** How a request to a tracker ended; `answer` where it was `ok`. */
export interface TrackerResult<T> {
  readonly outcome: TrackerOutcome;
  readonly answer: T | undefined;
  readonly latencyMs: number;
  /** False: the tracker was not asked now (too early for it, or it is left alone); what it said before is no observation. */
  readonly asked?: boolean;
}

/** What is asked of a tracker client: results are values, faults of the tracker never throw. */
export interface TrackerPort {
  announce(url: string, request: AnnounceRequest): Promise<TrackerResult<AnnounceAnswer>>;
  scrape(url: string, infoHash: Uint8Array): Promise<TrackerResult<ScrapeCounts>>;
}

/** As many peers as trackers give at once. */
const WANTED = 200;
/** Before the size is known: any number above 0, or we would count as a seeder. */
const LEFT_BYTES = 1 << 30;

export interface TrackerSourceOptions {
  readonly trackers: TrackerPort;
  readonly clock: Clock;
  readonly publisher: Publisher;
  readonly peerId: Uint8Array;
  readonly key: number;
  listenPort(): number | undefined;
  sighted(swarm: ProbedSwarm, via: number, endpoint: Endpoint, sighting: Sighting): void;
  changed(): void;
  readonly onInvariant: (error: unknown) => void;
}

export class TrackerSource {
  readonly #options: TrackerSourceOptions;
  #stopped = false;

  constructor(options: TrackerSourceOptions) {
    this.#options = options;
  }

  /** Asks all trackers of the swarm for one of its names; those that this census has asked already are passed over. */
  ask(view: SwarmView, census: Census, now: number): void {
    for (const url of view.home.trackers) {
      const key = `tracker ${url} ${view.home.views.indexOf(view)}`;
      if (census.wasAsked(key)) continue;
      census.ask(key, 'tracker', now);
      this.#askOne(url, key, view, census).catch((error: unknown) => this.#options.onInvariant(error));
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  async #askOne(url: string, key: string, view: SwarmView, census: Census): Promise<void> {
    const [announced, scraped] = await Promise.all([this.#announce(url, view), this.#scrape(url, view)]);
    if (this.#stopped) return;
    if (announced.outcome === 'ok' && view.home.announce) census.current.announced(this.#options.clock.now());
    census.current.settle(key, announced.outcome === 'ok' || scraped.outcome === 'ok');
    this.#options.changed();
  }

  /** A tracker gives peers only to who announces; where we may not, port 0 says that nobody can be reached here, and `stopped` follows at once. */
  async #announce(url: string, view: SwarmView): Promise<TrackerResult<AnnounceAnswer>> {
    const { trackers, peerId, key } = this.#options;
    const swarm = view.home;
    const request: AnnounceRequest = {
      infoHash: view.infoHash,
      peerId,
      port: swarm.announce ? (this.#options.listenPort() ?? 0) : 0,
      uploadedBytes: 0,
      downloadedBytes: 0,
      leftBytes: swarm.layout?.info.sizeBytes ?? LEFT_BYTES,
      event: 'started',
      wanted: WANTED,
      key,
    };
    const result = await trackers.announce(url, request);
    if (!swarm.announce) void trackers.announce(url, { ...request, event: 'stopped', wanted: 0 });
    if (this.#stopped) return result;
    if (result.asked !== false) this.#tell(url, view, 'announce', result.outcome, result.latencyMs, result.answer);
    const via = view.home.views.indexOf(view);
    for (const endpoint of result.answer?.peers ?? [])
      this.#options.sighted(view.home, via, endpoint, { source: 'tracker', sourceId: hostOf(url) });
    return result;
  }

  async #scrape(url: string, view: SwarmView): Promise<TrackerResult<ScrapeCounts>> {
    const result = await this.#options.trackers.scrape(url, view.infoHash);
    if (!this.#stopped && result.asked !== false)
      this.#tell(url, view, 'scrape', result.outcome, result.latencyMs, result.answer);
    return result;
  }

  #tell(
    url: string,
    view: SwarmView,
    action: 'announce' | 'scrape',
    outcome: TrackerOutcome,
    latencyMs: number,
    answer: Partial<AnnounceAnswer & ScrapeCounts> | undefined,
  ): void {
    this.#options.publisher.publish('tracker_scraped', {
      swarm_id: view.home.id,
      tracker: siteOf(url),
      url_hash: toHex(sha256(new TextEncoder().encode(url)).subarray(0, 8)),
      action,
      outcome,
      seeders: answer?.seeders ?? null,
      leechers: answer?.leechers ?? null,
      downloaded: answer?.downloaded ?? null,
      downloaders: answer?.downloaders ?? null,
      peers_returned: answer?.peers?.length ?? null,
      interval_s: answer?.intervalS ?? null,
      latency_ms: Math.round(latencyMs),
    });
  }
}

/** Scheme, host and port: all of a tracker URL that may be told. */
export function siteOf(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}

function hostOf(url: string): string {
  return new URL(url).host;
}
