// `npm run lab`: the loopback world alone, until Ctrl-C, for the ordinary commands to be pointed at; `npm run lab -- accuracy`: a census of it, scored.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { formatEndpoint } from '@swarmscope/bittorrent/endpoint.ts';
import { PARTS, runPart, type Size } from './accuracy/parts.ts';
import { confusionLines } from './accuracy/score.ts';
import { type Figure, figureLines } from './figure.ts';
import { describeWorld, type LabTorrent, startWorld, type World } from './loopback/world.ts';
import { runMetadata } from './metadata/run.ts';

const HELP = `Usage: npm run lab -- [options]
       npm run lab -- accuracy [part ...] [options]
       npm run lab -- metadata [options]
       npm run lab -- forecast [options]

Starts a DHT, trackers and swarms on loopback whose truth is known, and says how to look at them.

  --seed N            the same seed gives the same ids, contents and peers (default: 1)
  --nodes N           DHT nodes (default: 240)
  --strays N          infohashes of which nobody is left (default: 100)
  --addresses MODE    many: an address each; one: 127.0.0.1 for all (default: what the system has)
  --directory DIR     where to write the .torrent files and a watch list (default: a new temporary one)

accuracy runs the ordinary probe command against swarms of every kind of peer and compares what it says with what is true:

${PARTS.map(({ name, title, size }) => `  ${name.padEnd(18)}  ${title}: ${size.peers} peers in ${size.torrents} swarms`).join('\n')}

Without a part all are run, one after the other; with a size alone it is "classes" of that size.

  --seed N            replays (default: 1)
  --torrents N        swarms
  --peers N           peers in all
  --nat PERCENT       of the peers: nobody gets through to them, they dial who announces
  --seconds N         at most, for each probe (default: 300)
  --json              the figures as one JSON array

metadata runs the ordinary crawl command with --metadata in a DHT of many nodes, in which every torrent has a peer on a host of its own (Linux):

  --nodes N           DHT nodes, a socket each (default: 10000; see ulimit -n)
  --torrents N        (default: 200000)
  --seconds N         how long (default: 60)
  --packets N         questions a second in all (default: 800); to one host it is one a second
  --mixed             four of ten torrents have a peer that serves, beside dead, silent and lying ones; three have dead or silent ones, one liars, two nobody
  --profile DIR       writes a CPU profile of the crawl there

forecast lets torrents live for a year, watches them, and scores the forecast of the store beside an oracle (docs/estimates.md):

  --seed N            replays (default: 1)
  --torrents N        in the fleet that teaches and in the one that is forecast (default: 2000)
  --days N            of life (default: 365)
  --outages PERCENT   of the time, in which the observer is blind (default: 0, then 5)
  --json              the figures as one JSON array
`;

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        seed: { type: 'string', default: '1' },
        nodes: { type: 'string' },
        strays: { type: 'string', default: '100' },
        addresses: { type: 'string' },
        directory: { type: 'string' },
        torrents: { type: 'string' },
        peers: { type: 'string' },
        nat: { type: 'string' },
        seconds: { type: 'string' },
        packets: { type: 'string', default: '800' },
        mixed: { type: 'boolean', default: false },
        profile: { type: 'string' },
        days: { type: 'string' },
        outages: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const [what, ...parts] = positionals;
    return { ...values, what, parts };
  } catch (error) {
    return fail(`${(error as Error).message.split('\n')[0]}\n\n${HELP}`);
  }
}

function integer(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least) fail(`--${name} wants an integer of at least ${least}, not ${text}`);
  return value;
}

/** A file name of a torrent's name. */
function fileName(torrent: LabTorrent): string {
  return `${torrent.name.toLowerCase().replaceAll(' ', '-')}.torrent`;
}

/** Writes every .torrent file and the watch list of those that are to be watched; returns the list's path. */
function writeFiles(world: World, directory: string): string {
  mkdirSync(directory, { recursive: true });
  for (const torrent of world.torrents) writeFileSync(join(directory, fileName(torrent)), torrent.torrentFile);
  const entries = world.torrents.flatMap((torrent) => {
    if (torrent.watched === 'no') return [];
    const what = torrent.watched === 'torrent' ? fileName(torrent) : torrent.magnet;
    return [`  - torrent: ${JSON.stringify(what)}`, `    name: ${JSON.stringify(torrent.name)}`];
  });
  const path = join(directory, 'watchlist.yaml');
  writeFileSync(path, ['verify: all', 'announce: all', 'torrents:', ...entries, ''].join('\n'));
  return path;
}

type Arguments = ReturnType<typeof readArguments>;

/** What of the size was given. */
function sizeOf({ torrents, peers, nat }: Arguments): Partial<Size> {
  return {
    ...(torrents === undefined ? {} : { torrents: integer('torrents', torrents, 1) }),
    ...(peers === undefined ? {} : { peers: integer('peers', peers, 1) }),
    ...(nat === undefined ? {} : { nat: integer('nat', nat, 0) / 100 }),
  };
}

async function accuracy(given: Arguments): Promise<void> {
  const size = sizeOf(given);
  const seed = integer('seed', given.seed, 0);
  const seconds = integer('seconds', given.seconds ?? '300', 1);
  const unknown = given.parts.filter((name) => !PARTS.some((part) => part.name === name));
  if (unknown.length > 0) fail(`no part ${unknown.join(', ')}; there are: ${PARTS.map((part) => part.name).join(', ')}`);
  const wanted = given.parts.length === 0 && Object.keys(size).length > 0 ? ['classes'] : given.parts;
  const all: Figure[] = [];
  for (const part of PARTS.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
    process.stderr.write(`${part.name}: ${part.title} (seed ${seed})\n`);
    const { figures, confusion, errors } = await runPart(part, { seed, seconds, size });
    all.push(...figures);
    if (!given.json)
      process.stdout.write(`${[...confusionLines(confusion), '', ...figureLines(figures), ...errors, ''].join('\n')}\n`);
  }
  if (given.json) process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
  process.exitCode = all.every((one) => one.ok) ? 0 : 1;
}

async function metadata(given: Arguments): Promise<void> {
  const { figures, notes } = await runMetadata({
    seed: integer('seed', given.seed, 0),
    nodes: integer('nodes', given.nodes ?? '10000', 20),
    torrents: integer('torrents', given.torrents ?? '200000', 10),
    seconds: integer('seconds', given.seconds ?? '60', 1),
    packetsPerSecond: integer('packets', given.packets, 1),
    mixed: given.mixed,
    nodeFlags: given.profile === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', given.profile],
  });
  for (const note of notes) process.stderr.write(`${note}\n`);
  process.stdout.write(given.json ? `${JSON.stringify(figures, null, 2)}\n` : `${figureLines(figures).join('\n')}\n`);
  process.exitCode = figures.every((one) => one.ok) ? 0 : 1;
}

/** The forecast is SQL: it runs in a process of the tests, which may reach the store. */
async function forecast(given: Arguments): Promise<void> {
  const flags = (['seed', 'torrents', 'days', 'outages'] as const).flatMap((name) => {
    const value = given[name];
    return value === undefined ? [] : [`--${name}`, String(integer(name, value, 0))];
  });
  const script = fileURLToPath(new URL('../../../test/sim/forecast-process.ts', import.meta.url));
  const child = spawn(process.execPath, [script, ...flags, ...(given.json ? ['--json'] : [])], { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
}

async function alone(given: Arguments): Promise<void> {
  const { addresses } = given;
  if (addresses !== undefined && addresses !== 'many' && addresses !== 'one') {
    fail(`--addresses is many or one, not ${addresses}`);
  }
  const world = await startWorld({
    seed: integer('seed', given.seed, 0),
    nodes: integer('nodes', given.nodes ?? '240', 20),
    strays: integer('strays', given.strays, 0),
    ...(addresses === undefined ? {} : { addresses }),
  });
  const directory = given.directory ?? mkdtempSync(join(tmpdir(), 'swarm-lab-'));
  const watchlist = writeFiles(world, directory);
  const there = `--bootstrap ${formatEndpoint(world.bootstrap)} --lab-network ${world.network}`;
  const lines = [
    ...describeWorld(world),
    '',
    `torrent files in ${directory}, watch list ${watchlist}`,
    `  npm start -- crawl ${there} --seconds 30`,
    `  npm start -- probe ${world.torrents[0]?.infoHash} ${there}`,
    'Ctrl-C ends it.',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void world.stop().then(() => process.exit(0)));
}

const given = readArguments();
try {
  if (given.help) process.stdout.write(HELP);
  else if (given.what === undefined) await alone(given);
  else if (given.what === 'accuracy') await accuracy(given);
  else if (given.what === 'metadata') await metadata(given);
  else if (given.what === 'forecast') await forecast(given);
  else fail(`no such run: ${given.what}\n\n${HELP}`);
} catch (error) {
  fail((error as Error).message);
}
