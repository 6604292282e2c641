// What a tracker client remembers: where we are announced, when each tracker wants to be asked again, and which ones do not answer.
import { decodeCompactList, encodeCompact, family } from '@swarmscope/bittorrent/endpoint.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import type { AnnounceAnswer, AnnounceRequest } from '@swarmscope/bittorrent/tracker/answer.ts';
import type { TrackerOutcome } from '@swarmscope/events/enums.ts';

const MAX_REGISTRATIONS = 20_000;
const MAX_SITES = 10_000;
/** Peers of an answer that are kept for who asks too early. */
const MAX_KEPT_PEERS = 1_000;
/** Where a tracker names no interval. */
const DEFAULT_INTERVAL_S = 1_800;
/** No tracker may want less or more: the first would be a flood, the second would be never. */
const MIN_INTERVAL_S = 30;
const MAX_INTERVAL_S = 86_400;
/** A census that comes a moment early is not sent away. */
const SLACK_MS = 1_000;
const BACKOFF_FIRST_MS = 60_000;
const BACKOFF_MAX_MS = 3_600_000;

/** One torrent at one tracker. */
export interface Registration {
  readonly url: string;
  readonly request: AnnounceRequest;
  /** The tracker counts us. */
  active: boolean;
  /** Not to be asked before. */
  nextMs: number;
  trackerId: Uint8Array | undefined;
  outcome: TrackerOutcome | undefined;
  answer: Omit<AnnounceAnswer, 'peers'> | undefined;
  /** Compact, since there may be many. */
  peers: readonly Uint8Array[];
}

/** Registrations by torrent and tracker; the oldest gives way when there are too many. */
export class Registrations {
  readonly #entries = new Map<string, Registration>(); // bound: MAX_REGISTRATIONS

  /** The one of this torrent at this tracker, made when there is none. */
  of(key: string, url: string, request: AnnounceRequest): Registration {
    const known = this.#entries.get(key);
    if (known) return known;
    if (this.#entries.size >= MAX_REGISTRATIONS) this.#entries.delete(this.#entries.keys().next().value!);
    const entry = {
      url,
      request,
      active: false,
      nextMs: Number.NEGATIVE_INFINITY,
      trackerId: undefined,
      outcome: undefined,
      answer: undefined,
      peers: [],
    };
    this.#entries.set(key, entry);
    return entry;
  }

  active(): Registration[] {
    return [...this.#entries.values()].filter((entry) => entry.active);
  }
}

/** Keeps what the tracker said, and when it wants to hear of us again. */
export function remember(
  entry: Registration,
  outcome: TrackerOutcome,
  answer: AnnounceAnswer | undefined,
  retryInS: number | undefined,
  now: number,
): void {
  const wanted = answer ? (answer.minIntervalS ?? answer.intervalS ?? DEFAULT_INTERVAL_S) : (retryInS ?? MIN_INTERVAL_S);
  entry.nextMs = now + Math.min(Math.max(wanted, MIN_INTERVAL_S), MAX_INTERVAL_S) * 1_000 - SLACK_MS;
  entry.outcome = outcome;
  if (answer) {
    const { peers, ...rest } = answer;
    entry.answer = rest;
    entry.peers = packed(peers.slice(0, MAX_KEPT_PEERS));
    entry.trackerId = answer.trackerId ?? entry.trackerId;
  }
}

/** The answer that was remembered, with its peers. */
export function recall(entry: Registration): AnnounceAnswer | undefined {
  if (entry.outcome !== 'ok' || !entry.answer) return undefined;
  const [v4, v6] = entry.peers;
  return { ...entry.answer, peers: [...decodeCompactList(v4!, 4), ...decodeCompactList(v6!, 6)] };
}

function packed(peers: readonly Endpoint[]): Uint8Array[] {
  const of = (wanted: 4 | 6) => Buffer.concat(peers.filter((peer) => family(peer) === wanted).map(encodeCompact));
  return [of(4), of(6)];
}

const UNREACHED: ReadonlySet<TrackerOutcome> = new Set([
  'timeout',
  'refused',
  'reset',
  'unreachable_net',
  'name_not_found',
  'tls',
]);

interface Absence {
  outcome: TrackerOutcome;
  failures: number;
  untilMs: number;
}

/** Trackers that could not be reached are left alone: one minute, then twice as long each time, an hour at most. */
export class Absences {
  readonly #sites = new Map<string, Absence>(); // bound: MAX_SITES

  /** How it failed, while it is left alone. */
  of(site: string, now: number): TrackerOutcome | undefined {
    const absence = this.#sites.get(site);
    return absence && now < absence.untilMs ? absence.outcome : undefined;
  }

  /** Counts an outcome; failures of requests that were sent together count once. */
  note(site: string, outcome: TrackerOutcome, now: number): void {
    if (!UNREACHED.has(outcome)) {
      this.#sites.delete(site);
      return;
    }
    const absence = this.#sites.get(site) ?? { outcome, failures: 0, untilMs: 0 };
    if (now < absence.untilMs) return;
    absence.outcome = outcome;
    absence.untilMs = now + Math.min(BACKOFF_FIRST_MS * 2 ** absence.failures, BACKOFF_MAX_MS);
    absence.failures += 1;
    if (!this.#sites.has(site) && this.#sites.size >= MAX_SITES) this.#sites.delete(this.#sites.keys().next().value!);
    this.#sites.set(site, absence);
  }
}

/** At most a few requests to one tracker at the same time; the others wait in order. */
export class Gates {
  readonly #limit: number;
  readonly #sites = new Map<string, { active: number; readonly waiting: (() => void)[] }>(); // bound: sites with requests under way

  constructor(limit: number) {
    this.#limit = limit;
  }

  async through<T>(site: string, work: () => Promise<T>): Promise<T> {
    const gate = this.#sites.get(site) ?? { active: 0, waiting: [] };
    this.#sites.set(site, gate);
    if (gate.active >= this.#limit) await new Promise<void>((open) => gate.waiting.push(open));
    else gate.active += 1;
    try {
      return await work();
    } finally {
      const next = gate.waiting.shift();
      if (next) next();
      else if (--gate.active === 0) this.#sites.delete(site);
    }
  }
}
