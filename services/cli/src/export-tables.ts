// What of each table may leave this machine: rows where no person is in them, else groups of at least k addresses, and nothing else.
import type { Topic } from '@swarmscope/events/definitions.ts';

/** Rollups of censuses: they hold counts by swarm and nothing of a single peer. */
type Rollup = 'swarm_1h' | 'swarm_1d';
export type ExportTable = Topic | Rollup;

/** A table whose rows go out one by one. */
export interface RowExport {
  readonly kind: 'rows';
  /** Column of the rows' time. */
  readonly time: string;
  readonly columns: readonly string[];
  /** Hosts that may be written as an IP address: such a host becomes `address`. */
  readonly hosts?: readonly string[];
  /** Columns that stay here. Together with `columns` these are all: a new one goes nowhere until somebody has decided. */
  readonly withheld: readonly string[];
}

/**
 * A table of which only groups go out. Groups too small are merged, within what they have in common (day, network, key epoch and `common`):
 * for these a total may be known from elsewhere, as peers by verdict are from the censuses, so what is left of it must be a crowd as well.
 */
export interface GroupExport {
  readonly kind: 'groups';
  readonly common: readonly string[];
  readonly groups: readonly string[];
  /** Column whose distinct values are counted against k, the one nearest to "one person", and what their number is called. */
  readonly crowd: readonly [column: string, name: string];
  /** What the number of rows of a group is called. */
  readonly count: string;
}

const EVERY_ROW = ['event_version', 'instance_id'];

const CENSUS_1D = [
  'network',
  'swarm_id',
  'censuses',
  'liar_corrupt_sum',
  'liar_missing_sum',
  'proved_sum',
  'choked_sum',
  'claimed_sum',
  'super_seeder_sum',
  'partial_seed_sum',
  'leecher_sum',
  'unknown_sum',
  'unreachable_sum',
  'proved_min',
  'proved_max',
  'claimed_max',
  'proved_outside_min',
  'copies_least',
  'completable_known',
  'completable_sum',
  'completable_outside_known',
  'completable_outside_sum',
  'endpoints_known_sum',
  'reached_sum',
  'sized',
  'size_estimate_sum',
  'size_low_sum',
  'size_high_sum',
  'files_at_risk_most',
];

function rows(columns: string, withheld: readonly string[] = [], hosts: readonly string[] = []): RowExport {
  return {
    kind: 'rows',
    time: 'ts',
    columns: ['ts', 'network', ...columns.split(' ')],
    hosts,
    withheld: [...EVERY_ROW, ...withheld],
  };
}

function rollup(time: string): RowExport {
  return { kind: 'rows', time, columns: [time, ...CENSUS_1D], withheld: [] };
}

export const EXPORTS: Readonly<Record<ExportTable, RowExport | GroupExport>> = {
  dht_node_seen: {
    kind: 'groups',
    common: ['verdict'],
    groups: ['family', 'client'],
    crowd: ['address_key', 'addresses'],
    count: 'sightings',
  },
  // A reporter is a node id at an address: only the way and the family are told, never which infohash.
  infohash_sighted: {
    kind: 'groups',
    common: ['way'],
    groups: ['family'],
    crowd: ['reporter_key', 'reporters'],
    count: 'sightings',
  },
  torrent_resolved: rows(
    'swarm_id info_hash info_hash_v1 info_hash_v2 name size_bytes piece_length_bytes pieces files files_total private has_web_seeds source alias_of',
  ),
  // A peer is an address and a port, and one address can have many: networks are what cannot be fewer than addresses.
  peer_sighted: {
    kind: 'groups',
    common: ['source'],
    groups: ['family', 'claims_seed'],
    crowd: ['ip_prefix', 'networks'],
    count: 'sightings',
  },
  peer_probed: {
    kind: 'groups',
    common: ['verdict'],
    groups: ['family', 'client'],
    crowd: ['address_key', 'addresses'],
    count: 'probes',
  },
  swarm_sampled: rows(
    'swarm_id census_id window_s liar_corrupt liar_missing proved choked claimed super_seeder partial_seed leecher unknown unreachable ' +
      'endpoints_known endpoints_tried reached sources size_estimate size_low size_high method complete_estimate complete_low complete_high ' +
      'availability availability_histogram copies_min distributed_copies_permille completable completable_outside proved_outside files_at_risk ' +
      'files_at_risk_total dht_filters dht_filters_refused dht_seeds_estimate dht_seeds_low dht_seeds_high dht_downloaders_estimate ' +
      'dht_downloaders_low dht_downloaders_high own_announces reachable_self',
    // Any address can be looked for in a filter.
    ['dht_seeds_filter', 'dht_downloaders_filter'],
  ),
  // A URL may carry a passkey, and its hash tells whose it is to who has it.
  tracker_scraped: rows(
    'swarm_id tracker action outcome seeders leechers downloaded downloaders peers_returned interval_s latency_ms',
    ['url_hash'],
    ['tracker'],
  ),
  webseed_audited: rows('swarm_id host outcome pieces_checked pieces_passed latency_ms', ['url_hash'], ['host']),
  torrent_watched: rows('swarm_id info_hash info_hash_v2 name set labels objectives verify announce maintenance', [
    'prefixes_excluded',
  ]),
  probe_state: rows('swarm_id next_due last_outcome backoff_s censuses scores_total', ['key_epoch', 'scores']),
  crawl_sampled: rows(
    'shard sweep_id window_s coverage_ppm nodes infohashes queries answers malformed budgets dht_size_estimate dht_size_low dht_size_high liars',
  ),
  service_sampled: rows('service counters lag build'),
  alert_changed: rows('rule labels state since value delivered'),
  swarm_1h: rollup('hour'),
  swarm_1d: rollup('day'),
};

export function isExportTable(name: string): name is ExportTable {
  return Object.hasOwn(EXPORTS, name);
}
