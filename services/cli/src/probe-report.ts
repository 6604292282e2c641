// The report of `probe`: events of a census folded into one record per swarm, the JSON that other tools read.
import { type Counts, VERDICTS, zeroCounts } from '@swarmscope/events/enums.ts';
import type { Event, EventOf } from '@swarmscope/events/event.ts';

type Census = EventOf<'swarm_sampled'>;
type Resolved = EventOf<'torrent_resolved'>;
type Probed = EventOf<'peer_probed'>;

/** One peer as probed last (a good handshake counts more than a later failure); `sources` are those that named it. */
export interface PeerReport {
  endpoint: string | null;
  verdict: Probed['verdict'];
  outcome: Probed['outcome'];
  reason: string | null;
  pieces_have: number | null;
  pieces_total: number | null;
  challenges_asked: number;
  challenges_passed: number;
  challenges_failed: number;
  challenges_silent: number;
  sources: string[];
  direction: Probed['direction'];
  transport: Probed['transport'];
  encryption: Probed['encryption'];
  client: string | null;
  peer_id_prefix: string | null;
  extensions: string[];
  fast: number | null;
  upload_only: number | null;
  unchoked: number | null;
  bytes_down: string;
  bytes_up: string;
  connect_ms: number | null;
  handshake_ms: number | null;
  first_piece_ms: number | null;
  duration_ms: number;
}

/** A figure with its bounds at 95 %; null throughout when unknown. */
export interface EstimateReport {
  estimate: number | null;
  low: number | null;
  high: number | null;
}

export interface SwarmReport {
  info_hash: string;
  info_hash_v2: string | null;
  name: string | null;
  size_bytes: string | null;
  piece_length_bytes: number | null;
  pieces: number | null;
  files_total: number | null;
  private: boolean | null;
  /** False while no census of it is finished: counts are then of the peers seen so far. */
  finished: boolean;
  counts: Counts;
  endpoints_known: number;
  endpoints_tried: number;
  reached: number;
  estimates: {
    size: EstimateReport & { method: string | null };
    complete: EstimateReport;
    sources: SourceReport[];
    dht_filters: FiltersReport | null;
  };
  completable: boolean | null;
  copies_min: number | null;
  distributed_copies: number | null;
  availability: number[];
  files_at_risk: { path: string | null; index: number; copies_min: number }[];
  files_at_risk_total: number | null;
  trackers: TrackerReport[];
  web_seeds: WebSeedReport[];
  /** Proved seeders outside of the publisher's own networks. */
  proved_outside: number | null;
  peers: PeerReport[];
}

export interface SourceReport extends EstimateReport {
  source: string;
  count: number | null;
  failed: boolean;
}

/** What DHT nodes say by BEP 33, in addresses: `nodes` of them count, `refused` do not. */
export interface FiltersReport {
  nodes: number;
  refused: number;
  seeds: EstimateReport;
  downloaders: EstimateReport;
}

export interface TrackerReport {
  tracker: string;
  action: string;
  outcome: string;
  seeders: number | null;
  leechers: number | null;
  peers_returned: number | null;
}

export interface WebSeedReport {
  host: string;
  outcome: string;
  pieces_checked: number;
  pieces_passed: number;
}

interface Fold {
  census: Census | undefined;
  resolved: Resolved | undefined;
  readonly probes: Map<string, Probed>;
  readonly sources: Map<string, Set<string>>;
  readonly trackers: Map<string, TrackerReport>;
  readonly webSeeds: Map<string, WebSeedReport>;
}

/** Takes events as they come; `reports` may be asked at any time. */
export class ProbeReport {
  readonly #swarms = new Map<string, Fold>(); // bound: the swarms named on the command line and their aliases
  readonly #aliases = new Map<string, string>(); // bound: as above

  take(event: Event): void {
    switch (event.topic) {
      case 'swarm_sampled':
        this.#fold(event.swarm_id).census = event;
        break;
      case 'torrent_resolved':
        if (event.alias_of !== null && event.alias_of !== event.swarm_id) this.#aliases.set(event.swarm_id, event.alias_of);
        else this.#fold(event.swarm_id).resolved = event;
        break;
      case 'peer_probed':
        this.#takeProbe(event);
        break;
      case 'peer_sighted': {
        const { sources } = this.#fold(event.swarm_id);
        sources.set(event.peer_key, (sources.get(event.peer_key) ?? new Set<string>()).add(event.source));
        break;
      }
      case 'tracker_scraped': {
        const { tracker, action, outcome, seeders, leechers, peers_returned } = event;
        const report = { tracker, action, outcome, seeders, leechers, peers_returned };
        this.#fold(event.swarm_id).trackers.set(`${event.url_hash} ${action}`, report);
        break;
      }
      case 'webseed_audited': {
        const { host, outcome, pieces_checked, pieces_passed } = event;
        this.#fold(event.swarm_id).webSeeds.set(event.url_hash, { host, outcome, pieces_checked, pieces_passed });
        break;
      }
      default:
    }
  }

  /** Watched swarms appear in the report also when nothing was ever heard of them. */
  expect(swarmId: string): void {
    this.#fold(swarmId);
  }

  /** One report per swarm, in the order in which they were named; a v2 name of a hybrid is merged into its v1 swarm. */
  reports(): SwarmReport[] {
    const ids = [...this.#swarms.keys()].map((id) => this.#aliases.get(id) ?? id);
    return [...new Set(ids)].map((id) => reportOf(id, this.#fold(id)));
  }

  #takeProbe(event: Probed): void {
    const { probes } = this.#fold(event.swarm_id);
    const before = probes.get(event.peer_key);
    if (!before || event.outcome === 'handshaken' || before.outcome !== 'handshaken') probes.set(event.peer_key, event);
  }

  #fold(id: string): Fold {
    const key = this.#aliases.get(id) ?? id;
    let fold = this.#swarms.get(key);
    if (!fold) {
      fold = {
        census: undefined,
        resolved: undefined,
        probes: new Map(),
        sources: new Map(),
        trackers: new Map(),
        webSeeds: new Map(),
      };
      this.#swarms.set(key, fold);
    }
    return fold;
  }
}

function asBoolean(flag: 0 | 1 | null | undefined): boolean | null {
  return flag === null || flag === undefined ? null : flag === 1;
}

function reportOf(id: string, fold: Fold): SwarmReport {
  const { census, resolved } = fold;
  const peers = [...fold.probes].map(([key, probe]) => peerOf(probe, [...(fold.sources.get(key) ?? [])]));
  return {
    info_hash: id,
    info_hash_v2: resolved?.info_hash_v2 ?? null,
    name: resolved?.name ?? null,
    size_bytes: resolved?.size_bytes ?? null,
    piece_length_bytes: resolved?.piece_length_bytes ?? null,
    pieces: resolved?.pieces ?? null,
    files_total: resolved?.files_total ?? null,
    private: asBoolean(resolved?.private),
    finished: census !== undefined,
    counts: census ? countsOf(census) : countPeers(peers),
    endpoints_known: census?.endpoints_known ?? new Set([...fold.sources.keys(), ...fold.probes.keys()]).size,
    endpoints_tried: census?.endpoints_tried ?? peers.length,
    reached: census?.reached ?? peers.filter((peer) => peer.outcome === 'handshaken').length,
    estimates: estimatesOf(census),
    completable: asBoolean(census?.completable),
    copies_min: census?.copies_min ?? null,
    distributed_copies: census?.distributed_copies_permille == null ? null : census.distributed_copies_permille / 1_000,
    availability: census?.availability ?? [],
    files_at_risk: (census?.files_at_risk ?? []).map(({ index, copies_min }) => ({
      path: resolved?.files[index]?.path ?? null,
      index,
      copies_min,
    })),
    files_at_risk_total: census?.files_at_risk_total ?? null,
    trackers: [...fold.trackers.values()],
    web_seeds: [...fold.webSeeds.values()],
    proved_outside: census?.proved_outside ?? null,
    peers,
  };
}

function countsOf(census: Census): Counts {
  return Object.fromEntries(VERDICTS.map((verdict) => [verdict, census[verdict]])) as Counts;
}

function countPeers(peers: readonly PeerReport[]): Counts {
  const counts = zeroCounts();
  for (const peer of peers) counts[peer.verdict] += 1;
  return counts;
}

function estimatesOf(census: Census | undefined): SwarmReport['estimates'] {
  return {
    size: {
      estimate: census?.size_estimate ?? null,
      low: census?.size_low ?? null,
      high: census?.size_high ?? null,
      method: census?.method ?? null,
    },
    complete: {
      estimate: census?.complete_estimate ?? null,
      low: census?.complete_low ?? null,
      high: census?.complete_high ?? null,
    },
    sources: (census?.sources ?? []).map(({ source, count, low, high, failed }) => ({
      source,
      count,
      estimate: count,
      low,
      high,
      failed: failed === 1,
    })),
    dht_filters: census ? filtersOf(census) : null,
  };
}

function filtersOf(census: Census): FiltersReport | null {
  if (census.dht_filters === null) return null;
  return {
    nodes: census.dht_filters,
    refused: census.dht_filters_refused ?? 0,
    seeds: { estimate: census.dht_seeds_estimate, low: census.dht_seeds_low, high: census.dht_seeds_high },
    downloaders: {
      estimate: census.dht_downloaders_estimate,
      low: census.dht_downloaders_low,
      high: census.dht_downloaders_high,
    },
  };
}

function peerOf(probe: Probed, sources: string[]): PeerReport {
  return {
    endpoint: probe.endpoint,
    verdict: probe.verdict,
    outcome: probe.outcome,
    reason: probe.reason,
    pieces_have: probe.pieces_have,
    pieces_total: probe.pieces_total,
    challenges_asked: probe.challenges_asked,
    challenges_passed: probe.challenges_passed,
    challenges_failed: probe.challenges_failed,
    challenges_silent: probe.challenges_silent,
    sources,
    direction: probe.direction,
    transport: probe.transport,
    encryption: probe.encryption,
    client: probe.client,
    peer_id_prefix: probe.peer_id_prefix,
    extensions: probe.extensions,
    fast: probe.fast,
    upload_only: probe.upload_only,
    unchoked: probe.unchoked,
    bytes_down: probe.bytes_down,
    bytes_up: probe.bytes_up,
    connect_ms: probe.connect_ms,
    handshake_ms: probe.handshake_ms,
    first_piece_ms: probe.first_piece_ms,
    duration_ms: probe.duration_ms,
  };
}
