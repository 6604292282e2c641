// The tracker client: announces and scrapes over HTTP and UDP; every end is a value; intervals are honoured, the dead are left alone, addresses are judged.
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import type {
  AnnounceAnswer,
  AnnounceRequest,
  ScrapeAnswer,
  ScrapeCounts,
  TrackerRefusal,
} from '@swarmscope/bittorrent/tracker/answer.ts';
import { announceUrl, decodeAnnounce, decodeScrape, MAX_BODY_BYTES, scrapeUrl } from '@swarmscope/bittorrent/tracker/http.ts';
import type { TrackerOutcome } from '@swarmscope/events/enums.ts';
import type { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import type { Clock } from '@swarmscope/runtime/clock.ts';
import { httpGet } from '@swarmscope/runtime/http.ts';
import { Absences, Gates, Registrations, recall, remember } from './trackers-memory.ts';
import type { UdpFront } from './trackers-udp.ts';

const HTTP_TIMEOUT_MS = 30_000;
/** How long the end waits for trackers to hear that we leave. */
const STOP_MS = 3_000;
const PER_TRACKER = 4;
const MAX_NAMED = 1_000;
const USER_AGENT = 'Swarmscope/0.1.0';

/** How a request ended; `answer` only where `outcome` is `ok`. */
export interface TrackerResult<T> {
  readonly outcome: TrackerOutcome;
  readonly answer: T | undefined;
  readonly latencyMs: number;
  /** False: nothing was sent now (too early, left alone, or it has no scrape), and the result is what is remembered: no observation, so no event. */
  readonly asked: boolean;
}

export interface TrackerClientOptions {
  readonly clock: Clock;
  readonly policy: AddressPolicy;
  /** Without it UDP trackers are `unreachable_net`. */
  readonly udp?: UdpFront;
  readonly httpTimeoutMs?: number;
}

type Decoded = AnnounceAnswer | ScrapeAnswer | TrackerRefusal | Malformed;

interface Reply {
  readonly outcome: TrackerOutcome;
  readonly answer: AnnounceAnswer | ScrapeAnswer | undefined;
  readonly latencyMs: number;
  readonly retryInS?: number | undefined;
}

export class TrackerClient {
  readonly #options: TrackerClientOptions;
  readonly #registrations = new Registrations();
  readonly #absences = new Absences();
  readonly #gates = new Gates(PER_TRACKER);
  readonly #named = new Set<string>(); // bound: MAX_NAMED

  constructor(options: TrackerClientOptions) {
    this.#options = options;
  }

  /** The operator named this tracker (a flag, or by hand in the watch list): its addresses are not judged. URLs out of torrents and magnets are a stranger's. */
  name(url: string): void {
    if (this.#named.size < MAX_NAMED) this.#named.add(siteOf(url));
  }

  /**
   * Announces. Sooner than the tracker wants it, the answer is the remembered one and nothing is sent. A repeated `started` becomes a plain
   * announce: the tracker knows us already. `stopped` is sent at any time, but only where the tracker counts us.
   */
  async announce(url: string, request: AnnounceRequest): Promise<TrackerResult<AnnounceAnswer>> {
    const { clock } = this.#options;
    const entry = this.#registrations.of(`${toHex(request.infoHash)} ${url}`, url, request);
    const isLast = request.event === 'stopped';
    const isEarly = isLast ? !entry.active : clock.now() < entry.nextMs;
    if (isEarly) return { outcome: entry.outcome ?? 'ok', answer: recall(entry), latencyMs: 0, asked: false };
    const event = request.event === 'started' && entry.active ? 'none' : request.event;
    const sent = { ...request, event };
    const reply = await this.#ask(url, (parsed) =>
      parsed.protocol === 'udp:'
        ? this.#udp((udp) => udp.announce(parsed, sent, this.#admits(url)))
        : this.#http(announceUrl(url, sent, entry.trackerId), url, decodeAnnounce),
    );
    if (!reply) return { outcome: this.#absent(url), answer: undefined, latencyMs: 0, asked: false };
    const answer = reply.answer?.kind === 'announce' ? reply.answer : undefined;
    if (isLast) entry.active = false;
    else if (answer) entry.active = true;
    if (!isLast) remember(entry, reply.outcome, answer, reply.retryInS, clock.now());
    return { outcome: reply.outcome, answer, latencyMs: reply.latencyMs, asked: true };
  }

  /** Scrapes one torrent. A tracker that answers but does not know it: `failure`. */
  async scrape(url: string, infoHash: Uint8Array): Promise<TrackerResult<ScrapeCounts>> {
    const http = /^udp:/i.test(url) ? undefined : scrapeUrl(url, [infoHash]);
    if (http === undefined && !/^udp:/i.test(url)) return { outcome: 'failure', answer: undefined, latencyMs: 0, asked: false };
    const reply = await this.#ask(url, (parsed) =>
      http === undefined
        ? this.#udp((udp) => udp.scrape(parsed, infoHash, this.#admits(url)))
        : this.#http(http, url, (body) => decodeScrape(body, [infoHash])),
    );
    if (!reply) return { outcome: this.#absent(url), answer: undefined, latencyMs: 0, asked: false };
    const counts = reply.answer?.kind === 'scrape' ? reply.answer.counts[0] : undefined;
    const outcome = reply.outcome === 'ok' && !counts ? 'failure' : reply.outcome;
    return { outcome, answer: counts, latencyMs: reply.latencyMs, asked: true };
  }

  /** How many trackers count us in this torrent now: to be subtracted from what they say. */
  ownAnnounces(infoHash: Uint8Array): number {
    const name = toHex(infoHash);
    return this.#registrations.active().filter((entry) => toHex(entry.request.infoHash) === name).length;
  }

  /** Tells every tracker that counts us that we leave, waits a moment for it, and closes. */
  async stop(): Promise<void> {
    const leaving = this.#registrations.active().map((entry) => {
      const request = { ...entry.request, event: 'stopped', wanted: 0 } as const;
      return this.announce(entry.url, request);
    });
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, STOP_MS);
    });
    await Promise.race([Promise.allSettled(leaving), enough]);
    clearTimeout(timer);
    await this.#options.udp?.stop();
  }

  #admits(url: string): (endpoint: { address: string; port: number }) => boolean {
    const isNamed = this.#named.has(siteOf(url));
    return (endpoint) => isNamed || this.#options.policy.admits(endpoint);
  }

  #absent(url: string): TrackerOutcome {
    return this.#absences.of(siteOf(url), this.#options.clock.now()) ?? 'timeout';
  }

  /** Undefined while the tracker is left alone. */
  async #ask(url: string, send: (parsed: URL) => Promise<Reply>): Promise<Reply | undefined> {
    const parsed = URL.parse(url);
    if (!parsed || !/^(?:https?|udp):$/.test(parsed.protocol)) return { outcome: 'malformed', answer: undefined, latencyMs: 0 };
    const site = siteOf(url);
    return this.#gates.through(site, async () => {
      const { clock } = this.#options;
      if (this.#absences.of(site, clock.now())) return undefined;
      const reply = await send(parsed);
      this.#absences.note(site, reply.outcome, clock.now());
      return reply;
    });
  }

  async #udp(ask: (udp: UdpFront) => Promise<Reply>): Promise<Reply> {
    const { udp } = this.#options;
    return udp ? ask(udp) : { outcome: 'unreachable_net', answer: undefined, latencyMs: 0 };
  }

  async #http(url: string, tracker: string, decode: (body: Uint8Array) => Decoded): Promise<Reply> {
    const result = await httpGet(url, {
      policy: this.#options.policy,
      timeoutMs: this.#options.httpTimeoutMs ?? HTTP_TIMEOUT_MS,
      maxBytes: MAX_BODY_BYTES,
      headers: { 'user-agent': USER_AGENT },
      operatorNamed: this.#named.has(siteOf(tracker)),
    });
    if (!result.ok) return { outcome: result.outcome, answer: undefined, latencyMs: 0 };
    const { status, latencyMs } = result;
    const decoded = decode(result.body);
    if (!(decoded instanceof Malformed) && decoded.kind === 'refused')
      return { outcome: 'failure', answer: undefined, latencyMs, retryInS: decoded.retryInS };
    if (status !== 200) return { outcome: 'http_status', answer: undefined, latencyMs };
    if (decoded instanceof Malformed) return { outcome: 'malformed', answer: undefined, latencyMs };
    return { outcome: 'ok', answer: decoded, latencyMs };
  }
}

/** Scheme, host and port: all of a tracker URL that may be told. Text that is no URL has none. */
function siteOf(url: string): string {
  const parsed = URL.parse(url);
  return parsed ? `${parsed.protocol}//${parsed.host}` : '';
}
