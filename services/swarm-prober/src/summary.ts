// A census summed up: one count per verdict, what each source gave, availability, and how large the swarm is; every figure from the peers as they were left.
import { parseAddress } from '@swarmscope/bittorrent/address.ts';
import { mayHold } from '@swarmscope/bittorrent/dht/bloom.ts';
import type { FilterUnion } from '@swarmscope/bittorrent/dht/filter-poll.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import type { TorrentLayout } from '@swarmscope/bittorrent/metainfo-layout.ts';
import { PEER_SOURCES, type PeerSource, type Verdict, zeroCounts } from '@swarmscope/events/enums.ts';
import type { NewColumns } from '@swarmscope/events/event.ts';
import { Copies, type FilePieces } from './availability.ts';
import type { Census } from './census.ts';
import type { Peer } from './peer.ts';
import { cellsOf, estimateSize } from './size.ts';
import { isBelieved } from './verdict.ts';

/** Verdicts whose peers have, or very likely have, everything. */
const COMPLETE: readonly Verdict[] = ['proved', 'choked', 'claimed', 'super_seeder'];

export interface SummaryInput {
  readonly swarmId: string;
  readonly census: Census;
  readonly layout: TorrentLayout | undefined;
  /** The publisher's own networks (CIDR). */
  readonly prefixesExcluded: readonly string[];
  readonly reachableSelf: boolean | undefined;
  /** Raw filters are told: whoever has them can ask them for any address. */
  readonly tellsFilters?: boolean;
  readonly now: number;
}

/** The columns of `swarm_sampled`. */
export function summarize(input: SummaryInput): NewColumns<'swarm_sampled'> {
  const { census, swarmId, now } = input;
  const peers = [...census.peers.values()];
  const tried = peers.filter((peer) => peer.attempts > 0 || peer.direction === 'in');
  const reached = tried.filter((peer) => peer.isHandshaken);
  const counts = zeroCounts();
  // Who was never tried is none of the ten: it is known, and that is all.
  for (const peer of tried) counts[peer.verdict]++;
  return {
    swarm_id: swarmId,
    census_id: census.id,
    window_s: Math.ceil((now - census.startedAt) / 1000),
    ...counts,
    endpoints_known: peers.length,
    endpoints_tried: tried.length,
    reached: reached.length,
    sources: PEER_SOURCES.flatMap((source) => sourceOf(census, source) ?? []),
    ...sizeOf(census, peers),
    ...filtersOf(input),
    ...availabilityOf(input, peers),
    own_announces: census.own.size,
    reachable_self: input.reachableSelf === undefined ? null : input.reachableSelf ? 1 : 0,
  };
}

/** What one kind of source gave. Sources that were not asked and gave nothing are left out; one that failed has no count, which is not zero. */
function sourceOf(census: Census, source: PeerSource) {
  const state = census.sourceState(source);
  const count = [...census.peers.values()].filter((peer) => peer.sources.has(source)).length;
  if (state === undefined && count === 0) return undefined;
  const failed = (state === 'failed' || state === 'asked') && count === 0;
  return {
    source,
    count: failed ? null : count,
    low: failed ? null : count,
    high: null,
    failed: failed ? (1 as const) : (0 as const),
  };
}

function sizeOf(census: Census, peers: readonly Peer[]) {
  const states = PEER_SOURCES.map((source) => census.sourceState(source));
  const exhausted = !census.wasCut && !states.includes('failed') && !states.includes('asked');
  const size = estimateSize({ known: peers.length, exhausted, cells: cellsOf(peers.map((peer) => peer.sources)) });
  const complete = peers.filter((peer) => COMPLETE.includes(peer.verdict)).length;
  const sure = peers.filter((peer) => peer.verdict === 'proved' || peer.verdict === 'super_seeder').length;
  const dark = peers.filter((peer) => !peer.isHandshaken).length;
  const unseen = size.high === undefined ? undefined : size.high - peers.length;
  return {
    size_estimate: size.estimate ?? null,
    size_low: size.low ?? null,
    size_high: size.high ?? null,
    method: size.method ?? null,
    complete_estimate: complete,
    complete_low: sure,
    complete_high: unseen === undefined ? null : complete + dark + unseen,
  };
}

type FilterColumns = Partial<Pick<NewColumns<'swarm_sampled'>, Extract<keyof NewColumns<'swarm_sampled'>, `dht_${string}`>>>;

/** What DHT nodes say by BEP 33: addresses, not endpoints; null where no node gave filters that count. */
function filtersOf({ census, tellsFilters }: SummaryInput): FilterColumns {
  const { filters } = census;
  if (!filters) return {};
  const refused = { dht_filters: filters.nodes, dht_filters_refused: filters.refused };
  if (filters.nodes === 0) return refused;
  const { seeds, downloaders } = filters;
  const [ofSeeds, ofDownloaders] = [seeds.bounds(ownIn(seeds, census)), downloaders.bounds(ownIn(downloaders, census))];
  return {
    ...refused,
    dht_seeds_estimate: ofSeeds.estimate,
    dht_seeds_low: ofSeeds.low,
    dht_seeds_high: ofSeeds.high ?? null,
    dht_downloaders_estimate: ofDownloaders.estimate,
    dht_downloaders_low: ofDownloaders.low,
    dht_downloaders_high: ofDownloaders.high ?? null,
    dht_seeds_filter: tellsFilters ? toHex(seeds.believed) : null,
    dht_downloaders_filter: tellsFilters ? toHex(downloaders.believed) : null,
  };
}

/** How many of our own addresses a filter counts: those that some source named as ours, where nobody else was met at the same address. */
function ownIn({ believed }: FilterUnion, { own, peers }: Census): number {
  const others = new Set([...peers.values()].map((peer) => peer.endpoint.address));
  const ours = new Set([...own].map((key) => key.slice(0, key.lastIndexOf(':'))));
  return [...ours].filter((address) => !others.has(address) && mayHold(believed, address)).length;
}

type AvailabilityColumns = Pick<
  NewColumns<'swarm_sampled'>,
  | 'availability'
  | 'availability_histogram'
  | 'copies_min'
  | 'distributed_copies_permille'
  | 'completable'
  | 'completable_outside'
  | 'proved_outside'
  | 'files_at_risk'
  | 'files_at_risk_total'
>;

function availabilityOf({ layout, prefixesExcluded }: SummaryInput, peers: readonly Peer[]): AvailabilityColumns {
  const isOutside = outsideOf(prefixesExcluded);
  const outside = peers.filter((peer) => isOutside(peer.endpoint.address));
  const provedOutside = outside.filter((peer) => peer.verdict === 'proved').length;
  if (!layout) return { availability: [], availability_histogram: [], proved_outside: provedOutside, files_at_risk: [] };
  const files: FilePieces[] = layout.info.files.flatMap((file, index) => {
    if (file.padding) return [];
    const { first, end } = layout.piecesOf(index);
    return [{ first, last: end - 1 }];
  });
  const all = copiesOf(peers, layout.pieces).summary(files);
  return {
    availability: all.ranges,
    availability_histogram: all.histogram,
    copies_min: all.copiesMin,
    distributed_copies_permille: all.distributedPermille,
    completable: all.completable ? 1 : 0,
    completable_outside: copiesOf(outside, layout.pieces).summary([]).completable ? 1 : 0,
    proved_outside: provedOutside,
    files_at_risk: all.filesAtRisk,
    files_at_risk_total: all.filesAtRiskTotal,
  };
}

/** Liars count for nothing; a super-seeder for everything, since it shows pieces only to spread them. */
export function copiesOf(peers: readonly Peer[], pieces: number): Copies {
  const copies = new Copies(pieces);
  for (const peer of peers) {
    const { verdict } = peer;
    if (verdict === 'super_seeder') copies.addWhole();
    // Who was asked and stayed silent may have what it claims; it cannot be had from it.
    else if (isBelieved(verdict) && !peer.silence.isOpen && peer.field) copies.addField(peer.field);
  }
  return copies;
}

/** Whether an address is in none of the networks. What is no network excludes nothing. */
export function outsideOf(networks: readonly string[]): (address: string) => boolean {
  const ranges = networks.flatMap((network) => {
    const [text, bits] = network.split('/');
    const bytes = parseAddress(text ?? '');
    return bytes ? [{ bytes, bits: bits === undefined ? bytes.length * 8 : Number(bits) }] : [];
  });
  return (address) => {
    const bytes = parseAddress(address);
    if (!bytes) return true;
    return !ranges.some((range) => range.bytes.length === bytes.length && sharesBits(range.bytes, bytes, range.bits));
  };
}

function sharesBits(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  for (let i = 0; i < bits; i++) {
    const mask = 0x80 >> (i & 7);
    if ((a[i >> 3]! & mask) !== (b[i >> 3]! & mask)) return false;
  }
  return true;
}
