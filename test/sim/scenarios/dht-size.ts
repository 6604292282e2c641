// The size of the DHT as the crawler estimates it, from real lookups in many simulated networks whose size is known: do the bounds hold as often as they say?
import type { DhtFact } from '@swarmscope/bittorrent/dht/facts.ts';
import type { DhtNode } from '@swarmscope/bittorrent/dht/node.ts';
import type { Out } from '@swarmscope/bittorrent/machine.ts';
import { MEASURE_WIDTH } from '@swarmscope/dht-crawler/crawl.ts';
import { distanceShare, LookupDistances, type SizeEstimate } from '@swarmscope/dht-crawler/dht-size.ts';
import { type Figure, figure } from '@swarmscope/lab/figure.ts';
import type { DhtLabNode } from '@swarmscope/lab/sim/dht-node.ts';
import { randomBytes, seededRandom } from '@swarmscope/runtime/random.ts';
import { addVisitor, setScene } from './lookups.ts';

export interface DhtSizePlan {
  readonly seed: number;
  readonly worlds: number;
  /** Lookups in each; the crawler keeps up to 512. */
  readonly lookups: number;
  /** Shares of the nodes. */
  readonly dead: number;
  readonly liars: number;
  /** Share of the packets that vanish; the crawler knows it from its questions to nodes that answered before (line.ts). */
  readonly loss: number;
}

/** Sizes are drawn between these, evenly by their logarithm. */
const NODES = { least: 300, most: 3_000 };
/** Between two lookups: four are under way at once, as many as the crawler has. */
const SPACING_MS = 3_000;
/** What the coverage may fall short of 95 % by chance: two and a half standard errors. */
const CHANCE = 2.5;
const Z95 = 1.96;

/** Whoever answers in order under an id of its own can be found, liar or not. */
function canBeFound(node: DhtLabNode): boolean {
  return !node.behaviour.silent && !['changes_id', 'malformed', 'oversize'].includes(node.behaviour.lie ?? '');
}

function estimateIn(plan: DhtSizePlan, seed: number, nodes: number): { truth: number; estimate: SizeEstimate | undefined } {
  const { dead, liars, loss, lookups } = plan;
  const scene = setScene({
    seed,
    network: { nodes, infohashes: 0, dead, liars, intervalS: 0 },
    link: { latencyMs: 20, jitterMs: 80, loss },
  });
  const { world, network } = scene;
  const host = addVisitor(scene, seed);
  const distances = new LookupDistances();
  let done = 0;
  host.listen((fact) => {
    if (fact.type !== 'lookup_done') return;
    done++;
    distances.note(fact.closest.map((contact) => distanceShare(contact.id, fact.infoHash)));
  });
  const random = seededRandom(seed ^ 0x517e);
  const begin = () => host.act((dht, now, out) => lookUp(dht, randomBytes(random, 20), now, out));
  for (let i = 0; i < lookups; i++) world.at(world.now + i * SPACING_MS, begin);
  world.run(world.now + lookups * SPACING_MS + 120_000, () => done === lookups);
  return { truth: network.nodes.filter(canBeFound).length, estimate: distances.estimate(1 - (1 - loss) ** 2) };
}

function lookUp(dht: DhtNode, target: Uint8Array, now: number, out: Out<DhtFact>): void {
  dht.lookup({ target, kind: 'find_node', width: MEASURE_WIDTH }, now, out);
}

export function runDhtSize(plan: DhtSizePlan): Figure[] {
  const { seed, worlds } = plan;
  const random = seededRandom(seed);
  const draws = Array.from({ length: worlds }, (_, i) => {
    const nodes = Math.round(NODES.least * (NODES.most / NODES.least) ** random());
    return estimateIn(plan, seed + i, nodes);
  });
  const made = draws.flatMap(({ truth, estimate }) => (estimate ? [{ truth, ...estimate }] : []));
  const inside = made.filter(({ truth, low, high }) => low <= truth && truth <= high).length;
  const ratios = made.map(({ truth, size }) => size / truth).sort((a, b) => a - b);
  const width = made.reduce((sum, { size, low, high }) => sum + (high - low) / size, 0) / made.length;
  const of = (what: string) => `size of the DHT, ${100 * plan.liars} % liars, ${100 * plan.loss} % loss: ${what}`;
  const least = 95 - 100 * CHANCE * Math.sqrt((0.95 * 0.05) / made.length);
  return [
    figure(of('worlds with an estimate'), '%', (100 * made.length) / worlds, 'min', 100, seed),
    figure(of('truth within the 95 % bounds'), '%', (100 * inside) / made.length, 'min', least, seed),
    figure(of('median bias'), '%', Math.abs(100 * (ratios[ratios.length >> 1]! - 1)), 'max', 3, seed),
    // A median of m draws of Gamma(8, 1) has a standard error of some 0.44 / sqrt(m); order statistics are some 25 % wider.
    figure(
      of('mean width of the bounds, of the estimate'),
      '',
      width,
      'max',
      (1.6 * 2 * Z95 * 0.44) / Math.sqrt(plan.lookups),
      seed,
    ),
  ];
}
