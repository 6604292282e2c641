// The closed sets of words that events use; each is stored as text and validated on the way in.

/** What a peer was found to be in one census, in order of precedence: the first that applies is the verdict. */
export const VERDICTS = [
  'liar_corrupt',
  'liar_missing',
  'proved',
  'choked',
  'claimed',
  'super_seeder',
  'partial_seed',
  'leecher',
  'unknown',
  'unreachable',
] as const;
export type Verdict = (typeof VERDICTS)[number];

/** One count per verdict, all ten keys always present, zero included. */
export type Counts = Record<Verdict, number>;

/** Ten zeros, to count into. */
export function zeroCounts(): Counts {
  return Object.fromEntries(VERDICTS.map((verdict) => [verdict, 0])) as Counts;
}

/** How a dial or a session ended (the same set as `Outcome` of the machine contract; a test compares them). */
export const OUTCOMES = [
  'handshaken',
  'timeout',
  'refused',
  'reset',
  'unreachable_net',
  'wrong_infohash',
  'encrypted_only',
  'closed_early',
  'self',
  'protocol_error',
  'busy',
] as const;

/** What a DHT node was found to be. */
export const NODE_VERDICTS = [
  'ok',
  'silent',
  'id_mismatch',
  'fake_nodes',
  'fake_peers',
  'fake_samples',
  'sybil',
  'malformed',
] as const;
export type NodeVerdict = (typeof NODE_VERDICTS)[number];

/** How an infohash was met. */
export const SIGHTING_WAYS = ['sample', 'get_peers', 'announce', 'watch'] as const;
export type SightingWay = (typeof SIGHTING_WAYS)[number];

/** Where a peer's endpoint came from. */
export const PEER_SOURCES = ['tracker', 'dht', 'pex', 'inbound', 'given'] as const;
export type PeerSource = (typeof PEER_SOURCES)[number];

/** Where a torrent's info dictionary came from. */
export const RESOLVE_SOURCES = ['peer', 'file', 'magnet'] as const;

export const DIRECTIONS = ['out', 'in'] as const;
export const TRANSPORTS = ['tcp', 'utp'] as const;
export type Transport = (typeof TRANSPORTS)[number];
export const ENCRYPTIONS = ['none', 'mse_plain', 'mse_rc4'] as const;
export type Encryption = (typeof ENCRYPTIONS)[number];
export const SIZE_METHODS = ['enumerated', 'capture_recapture'] as const;
export const TRACKER_ACTIONS = ['announce', 'scrape'] as const;

/** How a request to a tracker ended; `failure` is the tracker's own "failure reason". */
export const TRACKER_OUTCOMES = [
  'ok',
  'failure',
  'malformed',
  'http_status',
  'timeout',
  'refused',
  'reset',
  'unreachable_net',
  'name_not_found',
  'tls',
] as const;
export type TrackerOutcome = (typeof TRACKER_OUTCOMES)[number];

/** How an audit of a web seed ended; `corrupt` means that a piece failed its hash. */
export const WEBSEED_OUTCOMES = [
  'ok',
  'corrupt',
  'wrong_size',
  'no_ranges',
  'http_status',
  'timeout',
  'refused',
  'reset',
  'unreachable_net',
  'name_not_found',
  'tls',
] as const;
export type WebseedOutcome = (typeof WEBSEED_OUTCOMES)[number];

export const ALERT_STATES = ['pending', 'firing', 'resolved'] as const;

/** What a watch list may promise of a torrent, each a least number; boards and alerts hold it to these. */
export const OBJECTIVES = ['min_proved_seeders', 'min_proved_outside', 'min_trackers_up', 'min_web_seeds_intact'] as const;
export type Objective = (typeof OBJECTIVES)[number];
