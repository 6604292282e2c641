// How long a prober waits and how much it asks for: the defaults of the real network, and shorter waits where everybody is near.
import { DEFAULT_TIMES, type SessionTimes } from '@swarmscope/bittorrent/peer/facts.ts';

export interface ProberTimes extends SessionTimes {
  readonly connectMs: number;
  /** From the handshake: a peer that has not said what it has by then is `unknown`. */
  readonly sayMs: number;
  /** How long a peer that shows less than all is watched: for HAVEs, for interest. */
  readonly observeMs: number;
  /** How long one that began with nothing is watched: libtorrent's super-seeder reveals its first piece after 10 s. */
  readonly revealMs: number;
  /** How long an unchoke is waited for before a peer is `choked`. */
  readonly chokeMs: number;
  /** From the handshake: how long a session is held while the metadata is unknown. */
  readonly metadataWaitMs: number;
  /** Between two questions for a piece that stayed silent. */
  readonly silenceSpacingMs: number;
  /** Before an endpoint is dialled once more, where that can help. */
  readonly redialMs: number;
  /** A census ends then, whatever is pending. */
  readonly censusMs: number;
  /** A census is open at least so long: sources answer late, peers dial us. */
  readonly censusMinMs: number;
  /** A census stays open so long after we were announced: peers behind a NAT cannot be dialled, but dial who announces. */
  readonly inboundMs: number;
  /** No source is waited for longer. */
  readonly sourceMs: number;
  /** To the next census of a watched swarm, and of one that was only met. */
  readonly watchedIntervalMs: number;
  readonly metIntervalMs: number;
  /** First and longest distance after a census that found nobody. */
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
}

export interface ProberBudgets {
  /** Censuses at the same time. */
  readonly censuses: number;
  /** First looks at the same time, beside the censuses: each is a dial or two, for the metadata. */
  readonly looks: number;
  /** Questions a second to single DHT nodes for the peers of first looks: of the 400 that leave in all, so that a crawl on the same node goes on. */
  readonly questionsPerSecond: number;
  /** DHT lookups at the same time; never more than the routing table has nodes, since lookups in a small network ask the same ones. */
  readonly lookups: number;
  /** Dials that have not become a session yet. */
  readonly dials: number;
  readonly sessions: number;
  /** Dials a second in all, after a burst of twice that. */
  readonly dialsPerSecond: number;
  /** Sessions and dials with one host (an IPv4 address, an IPv6 /64) at the same time. */
  readonly perHost: number;
  /** Dials a second of one host, after a burst of eight: whoever lists many ports of one address must not make us knock at them all. */
  readonly hostDialsPerSecond: number;
  /** Endpoints of one swarm that are kept and tried in one census. */
  readonly endpointsPerSwarm: number;
  /** Infohashes in the schedule. */
  readonly infohashes: number;
  /** Challenges of one peer in one census. */
  readonly challenges: number;
  /** Beyond them, of who passed: pieces that nobody else is known to have; of one peer, and the payload for them in one census. */
  readonly rareChallenges: number;
  readonly rareBytes: number;
  /** Payload for challenges: per swarm and day, and in all per day. */
  readonly verifyBytesPerSwarm: number;
  readonly verifyBytesPerDay: number;
  /** Verified pieces kept in memory to be given away. */
  readonly cacheBytes: number;
  readonly uploadBytesPerSecond: number;
  /** Peers asked for the metadata at the same time, in one swarm. */
  readonly metadataRacers: number;
}

export const PUBLIC_TIMES: ProberTimes = {
  ...DEFAULT_TIMES,
  lifeMs: 600_000,
  connectMs: 4_000,
  sayMs: 15_000,
  observeMs: 10_000,
  revealMs: 20_000,
  chokeMs: 60_000,
  metadataWaitMs: 60_000,
  silenceSpacingMs: 60_000,
  redialMs: 15_000,
  censusMs: 600_000,
  censusMinMs: 5_000,
  inboundMs: 30_000,
  sourceMs: 60_000,
  watchedIntervalMs: 900_000,
  metIntervalMs: 21_600_000,
  backoffMinMs: 3_600_000,
  backoffMaxMs: 86_400_000,
};

/** For laboratories on one machine: nobody is far away, and the truth is known, so that short waits are tested waits. */
export const LAB_TIMES: ProberTimes = {
  ...PUBLIC_TIMES,
  handshakeMs: 4_000,
  metadataMs: 4_000,
  challengeMs: 3_000,
  rejectRetryMs: 300,
  connectMs: 3_000,
  sayMs: 4_000,
  observeMs: 2_500,
  revealMs: 4_000,
  chokeMs: 7_000,
  metadataWaitMs: 15_000,
  silenceSpacingMs: 500,
  redialMs: 1_000,
  censusMs: 45_000,
  censusMinMs: 2_500,
  inboundMs: 7_500,
  sourceMs: 15_000,
  watchedIntervalMs: 60_000,
  metIntervalMs: 120_000,
  backoffMinMs: 30_000,
  backoffMaxMs: 300_000,
};

/** A first look is for the metadata: nobody is waited for, who is slow is met again in the census. */
export function lookTimes(times: ProberTimes): ProberTimes {
  const metadataWaitMs = Math.min(times.metadataWaitMs, 15_000);
  return { ...times, censusMinMs: 0, inboundMs: 0, censusMs: 2 * metadataWaitMs, metadataWaitMs };
}

const MIB = 1024 * 1024;

export const DEFAULT_BUDGETS: ProberBudgets = {
  censuses: 64,
  looks: 128,
  questionsPerSecond: 200,
  lookups: 256,
  dials: 128,
  sessions: 4_000,
  dialsPerSecond: 100,
  perHost: 4,
  hostDialsPerSecond: 0.5,
  endpointsPerSwarm: 5_000,
  infohashes: 1_000_000,
  challenges: 5,
  rareChallenges: 128,
  rareBytes: 4 * MIB,
  verifyBytesPerSwarm: 512 * MIB,
  verifyBytesPerDay: 16_384 * MIB,
  cacheBytes: 64 * MIB,
  uploadBytesPerSecond: 2 * MIB,
  metadataRacers: 3,
};

/** In a laboratory everybody is near: shorter waits are as good. */
export function timesIn(labNetworks: readonly string[]): ProberTimes {
  return labNetworks.length > 0 ? LAB_TIMES : PUBLIC_TIMES;
}

/** What differs in a laboratory that has one address only (macOS): its hosts are told apart by their ports, so limits of one host would be limits of all. */
export function budgetsIn(labNetworks: readonly string[]): Partial<ProberBudgets> {
  const isOneAddress = labNetworks.length > 0 && labNetworks.every((network) => /\/(32|128)$/.test(network));
  return isOneAddress ? { perHost: DEFAULT_BUDGETS.sessions, hostDialsPerSecond: 1_000 } : {};
}
