// Swarms as sources show them: who announces where, who knows whom, and which peers a census is told of. Pure and seeded.
import type { Random } from '@swarmscope/bittorrent/machine.ts';

// What makes the sources depend on each other; fixed before the estimator was tuned, and never changed for its sake:
// - 50 to 75 % of the peers are behind a NAT: they cannot be dialled, so they tell nobody, and are connected to by fewer ("~64 %", Yoshida & Nakao 2011).
// - Clients with DHT and PEX both off (5 to 15 %), with the DHT alone off (5 to 15 %), and without a tracker (bare magnets, up to 15 %).
// - 5 % have just come: half of their announces are still to be made, everywhere.
// - A tracker answers with at most 200 peers at random, and is up nine times in ten when a peer announces; there are one to three, asked one to three times.
// - A node of the DHT keeps 500 peers and answers with 100 at random; eight nodes have been announced to, each announce arrives four times in five.
// - PEX tells of a peer's connections: 20 to 50 of them, the well connected more often; seeds are not connected to seeds. At most 200 peers are listened to.
// - Who hears of us dials us more often when it loads than when it seeds; and only who uses the tracker or the DHT hears of us.

const NUMWANT = 200;
const HOLDERS = 8;
const HELD = 500;
const DHT_ANSWER = 100;
const LISTENED = 200;
/** A tracker or a node of the DHT tells so many, of whom we are one, to who asks. */
const TOLD_WITH_US = 100;

/** Bits of a cell's index, in the order tracker, DHT, PEX, inbound. */
const SEEN = { tracker: 1, dht: 2, pex: 4, inbound: 8 } as const;

export interface CapturePlan {
  readonly peers: number;
  /** Which of the sources are there at all: bits as in `cells`. */
  readonly sources: number;
  /** How much who has DHT and PEX off is still connected to (0.8 unless told); with next to nothing a tracker is all that tells of it. */
  readonly darkWeight?: number;
}

export interface Captured {
  /** Peers by exactly which sources gave them: 16 counts, bits from the lowest: tracker, DHT, PEX, inbound. Cell 0: nobody did. */
  readonly cells: readonly number[];
  /** Share of the peers that each source gave. */
  readonly rates: readonly number[];
}

interface Person {
  readonly nat: boolean;
  readonly seed: boolean;
  readonly dht: boolean;
  readonly pex: boolean;
  readonly tracker: boolean;
  /** How likely an announce of it has been made by now. */
  readonly settled: number;
  /** How much it is connected to. */
  readonly weight: number;
}

function between(random: Random, low: number, high: number): number {
  return low + (high - low) * random();
}

/** Up to `count` members of the list. */
function pick(list: readonly number[], count: number, random: Random): readonly number[] {
  if (count >= list.length) return list;
  const rest = [...list];
  for (let i = 0; i < count; i++) {
    const j = i + Math.floor(random() * (rest.length - i));
    [rest[i], rest[j]] = [rest[j]!, rest[i]!];
  }
  return rest.slice(0, count);
}

function populate({ peers, darkWeight = 0.8 }: CapturePlan, random: Random): Person[] {
  const shares = {
    nat: between(random, 0.5, 0.75),
    dark: between(random, 0.05, 0.15),
    noDht: between(random, 0.05, 0.15),
    noTracker: between(random, 0, 0.15),
    seeds: between(random, 0.2, 0.8),
  };
  return Array.from({ length: peers }, () => {
    const isDark = random() < shares.dark;
    const nat = random() < shares.nat;
    const settled = random() < 0.05 ? 0.5 : 1;
    return {
      nat,
      settled,
      seed: random() < shares.seeds,
      dht: !isDark && random() >= shares.noDht,
      pex: !isDark,
      // Who is in no DHT and has no PEX finds its swarm by the tracker.
      tracker: isDark || random() >= shares.noTracker,
      weight: (nat ? 0.5 : 1) * settled * (isDark ? darkWeight : 1) * between(random, 0.4, 1.6),
    };
  });
}

/** What a census is told of one swarm. */
export function capture(plan: CapturePlan, random: Random): Captured {
  const people = populate(plan, random);
  const seen = new Uint8Array(plan.peers);
  const mark = (who: readonly number[], source: number) => {
    for (const one of who) seen[one]! |= source & plan.sources;
  };
  const trackers = askTrackers(people, random, (who) => mark(who, SEEN.tracker));
  askDht(people, random, (who) => mark(who, SEEN.dht));
  listen(people, seen, random, (who) => mark([who], SEEN.pex));
  mark(callers(people, trackers, random), SEEN.inbound);
  const cells = new Array<number>(16).fill(0);
  for (const mask of seen) cells[mask]! += 1;
  return { cells, rates: Object.values(SEEN).map((bit) => seen.filter((mask) => (mask & bit) > 0).length / plan.peers) };
}

/** Every source by itself, with the same rates as in `captured`: what would be seen if no source depended on another. */
export function independent(peers: number, { rates }: Captured, random: Random): number[] {
  const cells = new Array<number>(16).fill(0);
  for (let i = 0; i < peers; i++) cells[rates.reduce((mask, rate, bit) => mask | (random() < rate ? 1 << bit : 0), 0)]! += 1;
  return cells;
}

/** Returns how many each tracker knows. */
function askTrackers(people: readonly Person[], random: Random, tell: (who: readonly number[]) => void): number[] {
  const times = 1 + Math.floor(random() * 3);
  return Array.from({ length: 1 + Math.floor(random() * 3) }, () => {
    const members = [...people.keys()].filter((i) => people[i]!.tracker && random() < 0.9 * people[i]!.settled);
    for (let i = 0; i < times; i++) tell(pick(members, NUMWANT, random));
    return members.length;
  });
}

function askDht(people: readonly Person[], random: Random, tell: (who: readonly number[]) => void): void {
  for (let i = 0; i < HOLDERS; i++) {
    const announced = [...people.keys()].filter((one) => people[one]!.dht && random() < 0.8 * people[one]!.settled);
    tell(pick(pick(announced, HELD, random), DHT_ANSWER, random));
  }
}

/** PEX of those who can be dialled. */
function listen(people: readonly Person[], seen: Uint8Array, random: Random, tell: (who: number) => void): void {
  const reached = [...people.keys()].filter((i) => seen[i]! > 0 && !people[i]!.nat && random() < 0.8);
  const sums = new Float64Array(people.length);
  for (const [i, { weight }] of people.entries()) sums[i] = weight + (sums[i - 1] ?? 0);
  for (const teller of pick(reached, LISTENED, random)) {
    if (!people[teller]!.pex) continue;
    for (let left = Math.floor(between(random, 20, 50)); left > 0; left--) {
      const other = placeOf(sums, random() * sums.at(-1)!);
      if (other !== teller && !(people[other]!.seed && people[teller]!.seed)) tell(other);
    }
  }
}

/** The first place whose sum reaches `value`. */
function placeOf(sums: Float64Array, value: number): number {
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function callers(people: readonly Person[], trackers: readonly number[], random: Random): number[] {
  return [...people.keys()].filter((i) => {
    const { tracker, dht, seed, nat } = people[i]!;
    const ways = tracker ? trackers.map((members) => TOLD_WITH_US / Math.max(1, members)) : [];
    if (dht) ways.push(TOLD_WITH_US / (0.8 * people.length));
    const hears = ways.filter((chance) => random() < chance).length > 0;
    return hears && random() < (seed ? 0.25 : 0.6) * (nat ? 1 : 0.8);
  });
}
