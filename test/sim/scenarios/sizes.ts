// The prober's estimate of swarm sizes against swarms whose size is known: are the bounds true, and are they worth anything?
import type { Random } from '@swarmscope/bittorrent/machine.ts';
import { type Figure, figure } from '@swarmscope/lab/figure.ts';
import { type Captured, capture, independent } from '@swarmscope/lab/sim/captures.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { estimateSize, type SizeEstimate } from '@swarmscope/swarm-prober/size.ts';

const [LEAST, MOST] = [5, 20_000];
/** Which sources the swarms have in turn: all four, three times; without inbound (we cannot be reached), without PEX, without a tracker; a tracker and the DHT alone. */
const MIXES = [15, 15, 15, 7, 11, 14, 3] as const;
/** How often the ideal is drawn for each swarm; the median of its widths counts. */
const IDEALS = 5;

export interface SizesPlan {
  readonly seed: number;
  /** Swarms in all; those that are enumerated count apart. */
  readonly swarms: number;
  /** Clients with DHT and PEX off are in nobody's PEX either: the sources depend on each other as much as they can. */
  readonly dark?: boolean;
}

interface Case {
  readonly peers: number;
  readonly estimated: SizeEstimate;
  readonly ideal: number;
}

function estimate(cells: readonly number[]): SizeEstimate {
  const known = cells.reduce((sum, count, mask) => sum + (mask === 0 ? 0 : count), 0);
  return estimateSize({ known, exhausted: true, cells: cells.with(0, 0) });
}

function widthOf({ low, high }: SizeEstimate): number {
  return high === undefined || low === undefined ? Number.POSITIVE_INFINITY : high - low;
}

/** Width of a textbook interval: the sources independent, and known to be. */
function idealWidth(peers: number, captured: Captured, random: Random): number {
  const widths = Array.from({ length: IDEALS }, () => textbookWidth(independent(peers, captured, random), captured.rates));
  return median(widths);
}

/** Darroch (1958), sources independent and known to be: var N = N / (1/Q + k - 1 - sum 1/q), q = 1 - rate, Q their product. */
function textbookWidth(cells: readonly number[], rates: readonly number[]): number {
  const used = rates.filter((rate) => rate > 0);
  const peers = cells.reduce((sum, count) => sum + count, 0);
  const missed = used.reduce((product, rate) => product * (1 - rate), 1);
  if (missed === 0) return 0;
  const information = 1 / missed + used.length - 1 - used.reduce((sum, rate) => sum + 1 / (1 - rate), 0);
  return 2 * 1.96 * Math.sqrt(peers / Math.max(information, 1e-9));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

export function runSizes({ seed, swarms, dark = false }: SizesPlan): Figure[] {
  const random = seededRandom(seed);
  const cases: Case[] = [];
  let enumerated = 0;
  for (let i = 0; i < swarms; i++) {
    const peers = Math.round(LEAST * (MOST / LEAST) ** random());
    const captured = capture({ peers, sources: MIXES[i % MIXES.length]!, ...(dark ? { darkWeight: 0.05 } : {}) }, random);
    const estimated = estimate(captured.cells);
    if (estimated.method === 'enumerated') enumerated++;
    else cases.push({ peers, estimated, ideal: idealWidth(peers, captured, random) });
  }
  return scored(cases, enumerated, { seed, swarms, dark });
}

function scored(cases: readonly Case[], enumerated: number, { seed, dark }: SizesPlan): Figure[] {
  const inside = cases.filter(({ peers, estimated: { low, high } }) => low! <= peers && peers <= (high ?? 0)).length;
  const none = cases.filter(({ estimated }) => estimated.high === undefined).length;
  const over = cases.map(({ estimated, ideal }) => (widthOf(estimated) + 1) / (ideal + 1));
  const off = cases.map(({ peers, estimated }) => Math.abs((estimated.estimate ?? 0) / peers - 1));
  const name = (what: string) => `sizes${dark ? ' (dark clients)' : ''}: ${what}`;
  return [
    figure(name('swarms estimated'), 'swarms', cases.length, 'min', 0.5 * (cases.length + enumerated), seed),
    figure(name('truth within the bounds'), '%', (100 * inside) / cases.length, 'min', dark ? 85 : 93, seed),
    figure(name('without a high bound'), '%', (100 * none) / cases.length, 'max', 2, seed),
    figure(name('median width, to that of ideal independent sources'), 'x', median(over), 'max', dark ? 4 : 1.5, seed),
    figure(name('median error of the estimate'), '%', 100 * median(off), 'max', 10, seed),
  ];
}
