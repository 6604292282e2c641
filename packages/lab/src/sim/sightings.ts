// What censuses see of the owners of complete copies: the networks they are met in, day by day, as the store rolls it up. Pure and seeded.
import type { Random } from '@swarmscope/bittorrent/machine.ts';
import type { Copy, History, Observer } from './histories.ts';

const HOURS_A_DAY = 24;
/** Of a copy that is there and not proved: seen to claim all pieces; else not met at all. */
const CLAIMS = 0.5;
/** Loading peers that are met in a census. */
const LEECHERS_MET = 0.85;
/**
 * Homes whose address changes whenever they are away. Addresses do change with outages of the line, and half of the changes lead into another
 * routed network (Padmanabhan et al., "Reasons Dynamic Addresses Change", IMC 2016); here all of them do, which is the harder case.
 */
const RENUMBERED = 0.3;

/** A network in which an owner was met on a day; times in hours from the publication. */
export interface PlaceDay {
  readonly place: number;
  readonly day: number;
  readonly firstH: number;
  readonly lastH: number;
  readonly proved: number;
  readonly claims: number;
}

/** The censuses of a day, blind ones apart. */
export interface LookDay {
  readonly day: number;
  readonly looks: number;
  readonly lastH: number;
  /** Proved in the last one. */
  readonly proved: number;
  /** Sum of the leechers met in all of them. */
  readonly leechers: number;
}

export interface Seen {
  readonly places: readonly PlaceDay[];
  readonly looks: readonly LookDay[];
}

/** When censuses of a torrent are made that see something: in order, in hours from its publication. `startH` is when that was on the clock of `blind`. */
function lookTimes(
  history: History,
  { everyH }: Observer,
  startH: number,
  blind: (atH: number) => boolean,
  random: Random,
): number[] {
  const times: number[] = [];
  for (let atH = everyH * random(); atH < history.horizonH; atH += everyH) if (!blind(startH + atH)) times.push(atH);
  return times;
}

/** Everything that an observer meets in the life of a torrent. Days count from `startH`, which is when it was published. */
export function sightings(
  history: History,
  observer: Observer,
  startH: number,
  blind: (atH: number) => boolean,
  random: Random,
): Seen {
  const times = lookTimes(history, observer, startH, blind, random);
  const days: PlaceDay[] = [];
  const provedAt = new Uint32Array(times.length);
  let places = 0;
  for (const owner of history.owners) {
    const met = meetings(owner, times, observer, provedAt, random);
    for (const hits of met) if (hits.length > 0) days.push(...byDay(places++, hits, startH));
  }
  return { places: days, looks: looksByDay(history, times, provedAt, startH, random) };
}

interface Hit {
  readonly atH: number;
  readonly isProved: boolean;
}

/** When an owner is met, apart for each network that it is met in. */
function meetings(owner: Copy, times: readonly number[], observer: Observer, provedAt: Uint32Array, random: Random): Hit[][] {
  const isRenumbered = owner.kind !== 'publisher' && random() < RENUMBERED;
  const met: Hit[][] = [[]];
  for (const { fromH, toH } of owner.there) {
    if (isRenumbered) met.push([]);
    for (let i = firstAfter(times, fromH); i < times.length && times[i]! < toH; i++) {
      const isProved = random() < observer.proves;
      if (isProved) provedAt[i]! += 1;
      if (isProved || random() < CLAIMS) met.at(-1)!.push({ atH: times[i]!, isProved });
    }
  }
  return met;
}

function firstAfter(times: readonly number[], fromH: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! < fromH) low = middle + 1;
    else high = middle;
  }
  return low;
}

const dayOf = (startH: number, atH: number) => Math.floor((startH + atH) / HOURS_A_DAY);

function byDay(place: number, hits: readonly Hit[], startH: number): PlaceDay[] {
  const days: PlaceDay[] = [];
  for (const { atH, isProved } of hits) {
    const day = dayOf(startH, atH);
    const last = days.at(-1);
    const [proved, claims] = isProved ? [1, 0] : [0, 1];
    if (last?.day === day)
      days[days.length - 1] = { ...last, lastH: atH, proved: last.proved + proved, claims: last.claims + claims };
    else days.push({ place, day, firstH: atH, lastH: atH, proved, claims });
  }
  return days;
}

function looksByDay(
  history: History,
  times: readonly number[],
  provedAt: Uint32Array,
  startH: number,
  random: Random,
): LookDay[] {
  const days: LookDay[] = [];
  let step = -1;
  for (const [i, atH] of times.entries()) {
    while (step + 1 < history.loading.length && history.loading[step + 1]!.atH <= atH) step++;
    const loading = history.loading[step]?.count ?? 0;
    const day = dayOf(startH, atH);
    const before = days.at(-1)?.day === day ? days.pop()! : { looks: 0, leechers: 0 };
    let { leechers } = before;
    for (let n = 0; n < loading; n++) if (random() < LEECHERS_MET) leechers++;
    days.push({ day, looks: before.looks + 1, lastH: atH, proved: provedAt[i]!, leechers });
  }
  return days;
}
