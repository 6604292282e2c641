// The parts of an accuracy run by name: which swarms, which flags of the probe, which figures.
import type { Random } from '@swarmscope/bittorrent/machine.ts';
import { seededRandom } from '@swarmscope/runtime/random.ts';
import { figure } from '../figure.ts';
import type { CastTorrent } from '../loopback/cast.ts';
import { accuracyCast, hostileCast, liarsCast, slowLine } from './cast.ts';
import { isCalledLiar, isLiar, isLucky, pairsOf, percentOf } from './pairs.ts';
import { type Measured, measure } from './run.ts';
import { confusionOf, faultFigures, type Score, scoreCensus } from './score.ts';
import { unchallengedFigures } from './unchallenged.ts';

/** How large, and how many are behind a NAT: what the command line may change. */
export interface Size {
  readonly torrents: number;
  readonly peers: number;
  readonly nat: number;
}

interface Part {
  readonly name: string;
  readonly title: string;
  readonly size: Size;
  readonly flags: readonly string[];
  cast(random: Random, size: Size): CastTorrent[];
  score(measured: Measured, seed: number): Score;
}

/** As the prober asks by default; and as many as find 95 % of those that lack a tenth: 0.9^29 < 0.05. */
const CHALLENGES = 5;
const MANY_CHALLENGES = 29;

const swarms = (random: Random, { torrents, peers, nat }: Size) => accuracyCast(random, torrents, peers, { nat });

export const PARTS: readonly Part[] = [
  {
    name: 'classes',
    title: 'every kind of peer',
    size: { torrents: 50, peers: 2_000, nat: 0 },
    flags: ['--verify', 'all'],
    cast: swarms,
    score: ({ truths, reports }, seed) => scoreCensus(truths, reports, { seed, name: 'accuracy', challenges: CHALLENGES }),
  },
  {
    name: 'nat',
    title: '60 % of the peers behind a NAT',
    size: { torrents: 50, peers: 500, nat: 0.6 },
    flags: ['--verify', 'all'],
    cast: swarms,
    score: ({ truths, reports }, seed) =>
      scoreCensus(truths, reports, { seed, name: 'accuracy behind NATs', challenges: CHALLENGES }),
  },
  {
    name: 'liars',
    title: 'liars that lack a tenth of the pieces, 29 challenges',
    size: { torrents: 6, peers: 360, nat: 0 },
    flags: ['--verify', 'all', '--challenges', `${MANY_CHALLENGES}`],
    cast: (_, { torrents, peers }) => liarsCast(torrents, Math.max(1, Math.round(peers / torrents))),
    score: liarScore,
  },
  {
    name: 'slow',
    title: 'slow lines that stand still now and then',
    size: { torrents: 12, peers: 300, nat: 0 },
    flags: ['--verify', 'all'],
    cast: (random, { torrents, peers, nat }) => accuracyCast(random, torrents, peers, { nat, line: slowLine }),
    score: slowScore,
  },
  {
    name: 'hostile',
    title: 'a seeder and two leechers among peers that attack in every way',
    size: { torrents: 5, peers: 285, nat: 0 },
    flags: ['--verify', 'all'],
    cast: (_, { torrents, peers }) => hostileCast(torrents, peers),
    score: ({ truths, reports }, seed) =>
      scoreCensus(truths, reports, { seed, name: 'accuracy under attack', challenges: CHALLENGES }),
  },
  {
    name: 'census',
    title: 'one swarm of 500 peers without challenges',
    size: { torrents: 1, peers: 500, nat: 0 },
    flags: ['--verify', 'none'],
    cast: swarms,
    score: (measured, seed) => {
      const pairs = pairsOf(measured.truths, measured.reports);
      return { ...unchallengedFigures(pairs, measured.seconds, seed), confusion: confusionOf(pairs) };
    },
  },
];

function liarScore({ truths, reports }: Measured, seed: number): Score {
  const name = 'accuracy of many challenges';
  const score = scoreCensus(truths, reports, { seed, name, challenges: MANY_CHALLENGES });
  const caught = percentOf(pairsOf(truths, reports).filter(isLiar), isCalledLiar);
  const what = `${name}: liars lacking 10 % caught within ${MANY_CHALLENGES}`;
  return { ...score, figures: [figure(what, '%', caught, 'min', 95, seed), ...score.figures] };
}

/** On bad lines not everything is found out in time: what counts is that nothing wrong is said of anybody. */
function slowScore({ truths, reports }: Measured, seed: number): Score {
  const name = 'accuracy on slow lines';
  const pairs = pairsOf(truths, reports);
  const seeders = pairs.filter((pair) => pair.truth.kind === 'seeder');
  const proved = percentOf(seeders, (pair) => pair.said?.verdict === 'proved');
  const { errors } = scoreCensus(truths, reports, { seed, name, challenges: CHALLENGES });
  const caught = percentOf(
    pairs.filter((pair) => isLiar(pair) && !isLucky(pair)),
    isCalledLiar,
  );
  return {
    figures: [
      ...faultFigures(pairs, name, seed),
      figure(`${name}: seeders proved`, '%', proved, 'min', 75, seed),
      figure(`${name}: liars caught, the lucky apart`, '%', caught, 'min', 75, seed),
    ],
    confusion: confusionOf(pairs),
    errors,
  };
}

export interface PartRun {
  readonly seed: number;
  readonly seconds: number;
  readonly size: Partial<Size>;
}

/** Rejects with one sentence when the probe fails. */
export async function runPart(part: Part, { seed, seconds, size }: PartRun): Promise<Score> {
  const cast = part.cast(seededRandom(seed), { ...part.size, ...size });
  return part.score(await measure({ seed, cast, flags: [...part.flags, '--seconds', `${seconds}`] }), seed);
}
