// What a node is asked next, and when: the plan of a crawl for one node. Pure decisions over its record.
import { MAX_INTERVAL_S } from '@swarmscope/bittorrent/krpc/message.ts';
import type { CrawlNode } from './nodes.ts';
import { hidesSome, showsAll } from './store-view.ts';

// listed --sample--> answered: sampled --control--> --check--> looks at its samples until they are quiet --> done, looked at again later
//        unanswered: --find--> answered: sampled once more; silent to it again: knows no BEP 51, its contacts count all the same
//                    unanswered: silent
// control  get_peers of a random infohash beside its own id: its contacts are those of the neighbourhood, and who names peers invents them
// check    get_peers with scrape of an infohash that it gave as a sample: who has neither peers nor filters for it invents samples
//
// Looks: with an interval the node has drawn its samples for that long, so one look is all until then. Without, each look draws anew, 20 of `num`.
// A node's store is exhausted when so many samples in a row were known that an unknown one would have shown itself: an infohash is missed by
// q samples of n with probability (1 - 1/n)^q, so q = 1.2 n leaves 30 % for one held here alone, and 0.3^8 for one with eight holders. But not all draws
// are fair: libtorrent 2.1 shows the last of its store, in order, five times less often than the others (measured: 4.4 % a look instead of 21 % of 100),
// and one may be the last at all its holders. So a node that has not shown as many different ones as it has is looked at further, behind all other work.

export type Visit = 'sample' | 'find' | 'control' | 'check';

export interface Planned {
  readonly visit: Visit;
  readonly atMs: number;
  /** It belongs to the sweep: coverage waits for it. */
  readonly open: boolean;
}

/** Unanswered questions in a row after which a node is silent: more for one that has answered before, since packets get lost. */
export interface Patience {
  readonly unmet: number;
  readonly met: number;
}
/** On a line that loses little. */
const PATIENCE: Patience = { unmet: 2, met: 4 };
/** Unanswered looks after which a node that answers otherwise knows no BEP 51. */
export const DEAF_LOOKS = 2;
const QUIET_SHARE = 1.2;
/** Looks in one sweep at a store that keeps giving new infohashes: 60 x 20 samples, then it has to wait like the others. */
const MAX_LOOKS = 60;
/**
 * A settled node that has not shown all it has is looked at now and then, while the sweep has nothing better to do: some 25 looks a second in all, so every
 * 1.5 s in a network of 40 nodes and twice an hour in one of 50 000, where the other holders of an infohash have shown it long since.
 */
const AFTER_LOOK_MS = 1_500;
const AFTER_LOOKS_PER_MS = 0.025;
/** After a draw that was shown before. */
const REDRAW_MS = 1_050;
const FIRST_BACKOFF_MS = 120_000;
const MAX_BACKOFF_MS = 3_600_000;
/** An honest clock is not ours: a little more than the interval. */
const INTERVAL_MARGIN_MS = 1_000;
/** A second check of another sample when the first failed: announces expire. */
export const FAILED_CHECKS = 2;

/** It has not answered often enough to be given up. */
export function isSilent(node: CrawlNode, patience = PATIENCE): boolean {
  return node.failures >= (node.met ? patience.met : patience.unmet);
}

/** The next visit; undefined when none is planned until something changes. */
export function nextVisit(node: CrawlNode, patience = PATIENCE): Planned | undefined {
  if (isSilent(node, patience) || (node.verdict !== undefined && node.verdict !== 'ok')) return undefined;
  if (node.failures > 0) return { visit: node.met ? lastResort(node) : 'find', atMs: 0, open: true };
  if (node.bep51 !== false && node.looks === 0) return { visit: 'sample', atMs: node.lookMs, open: true };
  if (node.bep51 === false && node.finds === 0) return { visit: 'find', atMs: 0, open: true };
  if (!node.control) return { visit: 'control', atMs: 0, open: true };
  if (node.sample && node.checks < FAILED_CHECKS) return { visit: 'check', atMs: 0, open: true };
  if (node.bep51 !== true) return undefined;
  return { visit: 'sample', atMs: node.lookMs, open: !node.settled };
}

/** Who answered before and is silent now is asked the simplest question. */
function lastResort(node: CrawlNode): Visit {
  return node.looks === 0 && node.bep51 === undefined && node.deafLooks < DEAF_LOOKS ? 'sample' : 'find';
}

/**
 * A look was answered: `samples` infohashes, of which `fresh` were new to us; `shown` is a number for them all, `nodes` how many nodes there are. Decides when the next look may be.
 * libtorrent draws once a second at most, whatever its interval: who shows the same again is asked a second later, and it counts for nothing.
 */
export function planLook(node: CrawlNode, samples: number, fresh: number, shown: number, nodes: number, now: number): void {
  const isRepeated = node.looks > 0 && shown === node.shown && samples < node.num;
  node.looks++;
  node.shown = shown;
  if (fresh > 0) node.quiet = 0;
  else if (!isRepeated) node.quiet += samples;
  const intervalS = Math.min(MAX_INTERVAL_S, Math.max(0, node.intervalS));
  const isExhausted = samples === 0 || samples >= node.num || node.quiet >= QUIET_SHARE * node.num || node.looks >= MAX_LOOKS;
  node.settled = intervalS > 0 || isExhausted || showsAll(node);
  if (intervalS > 0) node.lookMs = Math.ceil(now) + intervalS * 1000 + INTERVAL_MARGIN_MS;
  else if (!node.settled) node.lookMs = isRepeated ? Math.ceil(now) + REDRAW_MS : 0;
  else if (hidesSome(node) && node.looks < MAX_LOOKS)
    node.lookMs = Math.ceil(now + Math.max(AFTER_LOOK_MS, nodes / AFTER_LOOKS_PER_MS));
  else {
    node.backoffMs = fresh > 0 ? FIRST_BACKOFF_MS : Math.min(MAX_BACKOFF_MS, Math.max(FIRST_BACKOFF_MS, node.backoffMs * 2));
    node.lookMs = Math.ceil(now) + node.backoffMs;
  }
}

/** It answered with an error: alive, but not of a mind to answer that. */
export function planRefused(node: CrawlNode, visit: Visit | 'confirm', now: number): void {
  node.failures = 0;
  if (visit === 'find') node.finds++;
  else if (visit === 'control') node.control = true;
  else if (visit === 'check') node.checks++;
  else if (visit === 'sample' && node.looks === 0) node.bep51 = false;
  else if (visit === 'sample') node.lookMs = Math.ceil(now) + MAX_BACKOFF_MS;
}

/** Everything that is worth telling of an honest node is known: it was controlled, and its samples checked if it has any. */
export function isFullyKnown(node: CrawlNode): boolean {
  return node.control && (node.sample === undefined || node.checks > 0);
}
