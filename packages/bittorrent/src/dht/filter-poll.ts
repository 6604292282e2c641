// What the nodes of one lookup said by BEP 33 about one swarm, joined so that a minority of them cannot say what they like. Pure bookkeeping.
import { FILTER_BYTES } from '../krpc/message.ts';
import { boundFilter, countBits, emptyFilter, isSaturated, joinFilter } from './bloom.ts';

// Who announces tells the eight nearest nodes, so that what one of them holds its neighbours hold too. Three rules rest on that, once four nodes gave filters:
// 1. a filter whose bits the others do not share, by more than chance, is left out;
// 2. where the rest agree, a bit counts only if two nodes have it;
// 3. where they do not agree, each holds another part of a swarm that is larger than what they keep: all bits count, and there is no high bound.
// What honest nodes lose by that, and what liars can do against it: docs/estimates.md.

/** Nodes that gave filters, from which on they are compared. */
const ENOUGH = 4;
/** Filters kept of one lookup; it scrapes 16 nodes. */
const MAX_NODES = 48;
/** Shared so much less than those of the good quarter are, or hardly at all: invented. Holders of 500 out of 10 000 share 0.05. */
const LESS_THAN_GOOD = 4;
const LEAST_SHARED = 0.02;
/** Of so few bits that chance decides: eight addresses. They need two witnesses, no more. */
const FEW_BITS = 16;
/** Half of the filters are, as far as this, what the others have together: then they are of the same peers. */
const AGREED = 0.98;

interface Filters {
  readonly seeds: Uint8Array;
  readonly downloaders: Uint8Array;
}

/** Addresses of one kind, as far as filters tell. */
export class FilterUnion {
  /** Bits that two nodes gave; those that are believed; all that were not left out. */
  readonly sure = emptyFilter();
  readonly believed = emptyFilter();
  readonly all = emptyFilter();
  /** Every node that was asked holds about the same: else there may be any number of others. */
  isWhole = true;

  join(other: FilterUnion): void {
    joinFilter(this.sure, other.sure);
    joinFilter(this.believed, other.believed);
    joinFilter(this.all, other.all);
    this.isWhole &&= other.isWhole;
  }

  /** Distinct addresses with bounds at 95 %, `less` of them not counted; no high bound where nodes did not agree or the filter is full. */
  bounds(less = 0): { estimate: number; low: number; high: number | undefined } {
    const from = (count: number) => Math.max(0, count - less);
    const estimate = from(boundFilter(this.believed).estimate);
    const high = this.isWhole ? boundFilter(this.all).high : undefined;
    return {
      estimate,
      low: Math.min(estimate, from(boundFilter(this.sure).low)),
      high: high === undefined ? undefined : Math.max(estimate, from(high)),
    };
  }
}

/** What several lookups said together: both families, both names of a hybrid. */
export class FilterTally {
  readonly seeds = new FilterUnion();
  readonly downloaders = new FilterUnion();
  /** Nodes whose filters count, and nodes whose filters do not: full ones, and those that nobody confirms. */
  nodes = 0;
  refused = 0;

  join(other: FilterTally): void {
    this.seeds.join(other.seeds);
    this.downloaders.join(other.downloaders);
    this.nodes += other.nodes;
    this.refused += other.refused;
  }
}

export class FilterPoll {
  readonly #given = new Map<string, Filters>(); // bound: MAX_NODES

  /** A node gave its filters; its newest count. */
  add(node: string, filters: Filters): void {
    if (this.#given.size < MAX_NODES || this.#given.has(node)) this.#given.set(node, filters);
  }

  /** All of them joined; undefined when nobody gave any. */
  tally(): FilterTally | undefined {
    if (this.#given.size === 0) return undefined;
    const plausible = [...this.#given.values()].filter(
      ({ seeds, downloaders }) => !isSaturated(seeds) && !isSaturated(downloaders),
    );
    const seeds = plausible.map((each) => each.seeds);
    const downloaders = plausible.map((each) => each.downloaders);
    const left = [leftOut(seeds), leftOut(downloaders)] as const;
    const tally = new FilterTally();
    tally.nodes = plausible.filter((_, i) => !left[0].has(i) && !left[1].has(i)).length;
    tally.refused = this.#given.size - tally.nodes;
    for (const [union, filters, out] of [
      [tally.seeds, seeds, left[0]],
      [tally.downloaders, downloaders, left[1]],
    ] as const)
      unite(
        union,
        filters.filter((_, i) => !out.has(i)),
        plausible.length >= ENOUGH,
      );
    return tally;
  }
}

/** Places of the filters that the others do not share. */
function leftOut(filters: readonly Uint8Array[]): Set<number> {
  const held = filters.flatMap((filter, place) => {
    const bits = countBits(filter);
    return bits === 0 ? [] : [{ filter, place, bits }];
  });
  if (filters.length < ENOUGH || held.length === 0) return new Set();
  const shared = held.map(({ filter }) =>
    meanKappa(
      filter,
      held.map((each) => each.filter),
    ),
  );
  const good = [...shared].sort((x, y) => y - x)[held.length >> 2]!;
  const least = Math.max(LEAST_SHARED, good / LESS_THAN_GOOD);
  return new Set(held.filter(({ bits }, i) => bits >= FEW_BITS && shared[i]! < least).map(({ place }) => place));
}

/** How far the others share a filter: the mean over each of them, between 0 and 1. */
function meanKappa(filter: Uint8Array, all: readonly Uint8Array[]): number {
  const others = all.filter((each) => each !== filter);
  const sum = others.reduce((total, other) => total + Math.max(0, kappa(filter, other)), 0);
  return others.length === 0 ? 0 : sum / others.length;
}

/** The share of the bits of a filter that another one has: 0 where it is what chance gives, 1 where it is all (Cohen's kappa). */
function kappa(filter: Uint8Array, other: Uint8Array): number {
  const chance = countBits(other) / (8 * FILTER_BYTES);
  const shared = countBits(filter.map((byte, i) => byte & other[i]!)) / countBits(filter);
  return chance === 1 ? 1 : (shared - chance) / (1 - chance);
}

/** The same for all others together. */
function confirmed(filter: Uint8Array, all: readonly Uint8Array[]): number {
  const union = emptyFilter();
  for (const other of all) if (other !== filter) joinFilter(union, other);
  return kappa(filter, union);
}

function unite(union: FilterUnion, filters: readonly Uint8Array[], isCompared: boolean): void {
  for (const filter of filters) {
    for (let i = 0; i < FILTER_BYTES; i++) union.sure[i]! |= union.all[i]! & filter[i]!;
    joinFilter(union.all, filter);
  }
  const held = filters.filter((filter) => countBits(filter) > 0);
  const kappas = held
    .map((filter) =>
      confirmed(
        filter,
        held.filter((each) => each !== filter),
      ),
    )
    .sort((a, b) => a - b);
  union.isWhole = isCompared && (held.length === 0 || kappas[kappas.length >> 1]! >= AGREED);
  joinFilter(union.believed, union.isWhole ? union.sure : union.all);
}
