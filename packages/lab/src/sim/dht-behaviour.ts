// How a DHT node of the lab behaves, as data: what it speaks, how fast it may be asked, and which lie it tells.

/** The lies that the lab knows. */
export const DHT_LIES = [
  'random_ids', // find_node names real addresses under invented ids
  'changes_id', // another id of its own in every answer
  'invented_peers', // any get_peers has peers: other nodes' addresses
  'invented_samples', // samples that nobody holds
  'bogons', // names private, reserved and port-0 addresses as nodes and peers
  'sybil', // names eight ids right beside any target, all at its own address
  'malformed', // cuts or mangles its packets
  'oversize', // answers with 20 KB
  'huge_interval', // a BEP 51 interval of 2^31 seconds
  'negative_interval', // a BEP 51 interval of -1
  'unasked', // answers once more, and to questions that nobody asked
  'flood', // asks whoever asks it back, 20 times a second for ten seconds
] as const;
export type DhtLie = (typeof DHT_LIES)[number];

export interface DhtBehaviour {
  readonly name: string;
  /** Hears nothing and says nothing. */
  readonly silent: boolean;
  /** Answers sample_infohashes. */
  readonly bep51: boolean;
  /** Answers `scrape` with filters. */
  readonly bep33: boolean;
  /** libtorrent leaves `values` out when it is asked for filters. */
  readonly valuesWithScrape: boolean;
  /** Seconds until it draws its samples anew; 0: for every question. */
  readonly intervalS: number;
  /** Ignores an address for `banMs` after more than `packets` from it within `windowMs`. */
  readonly limit?: { readonly packets: number; readonly windowMs: number; readonly banMs: number };
  readonly lie?: DhtLie;
}

/** libtorrent's rule, as read in its source. */
export const LIBTORRENT_LIMIT = { packets: 50, windowMs: 10_000, banMs: 300_000 } as const;

const plain: DhtBehaviour = { name: 'plain', silent: false, bep51: true, bep33: true, valuesWithScrape: true, intervalS: 0 };

/** The behaviours by name; `lying` makes the adversaries. */
export const DHT_BEHAVIOURS = {
  /** Speaks everything by the letter. */
  plain,
  /** As libtorrent with `dht_sample_infohashes_interval=0`. */
  libtorrent: { ...plain, name: 'libtorrent', valuesWithScrape: false, limit: LIBTORRENT_LIMIT },
  /** As libtorrent by default. */
  patient: { ...plain, name: 'patient', valuesWithScrape: false, intervalS: 21_600, limit: LIBTORRENT_LIMIT },
  /** As Transmission: knows neither BEP 51 nor 33. */
  old: { ...plain, name: 'old', bep51: false, bep33: false },
  /** As mldht without BEP 33. */
  unscraped: { ...plain, name: 'unscraped', bep33: false },
  dead: { ...plain, name: 'dead', silent: true },
} as const satisfies Record<string, DhtBehaviour>;

/** A node that speaks everything and tells one lie. */
export function lying(lie: DhtLie): DhtBehaviour {
  return { ...plain, name: lie, lie };
}

/** Whether what it says is true: it answers, and tells no lie. */
export function isTruthful(behaviour: DhtBehaviour): boolean {
  return !behaviour.silent && behaviour.lie === undefined;
}
