// A metadata run: a DHT of thousands of nodes and the peers of all its torrents, the ordinary crawl command with --metadata as a process of its own, and what it cost.
import { spawn } from 'node:child_process';
import { createReadStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { formatEndpoint } from '@swarmscope/bittorrent/endpoint.ts';
import type { Endpoint } from '@swarmscope/bittorrent/machine.ts';
import { systemClock } from '@swarmscope/runtime/clock.ts';
import { raiseInvariant } from '@swarmscope/runtime/invariant.ts';
import { type Figure, figure } from '../figure.ts';
import { mix32 } from '../sim/mix.ts';
import { openWideDht } from './network.ts';
import { NumberedPeers } from './peers.ts';
import { NumberedTorrents } from './torrents.ts';

export interface MetadataSize {
  readonly seed: number;
  readonly nodes: number;
  readonly torrents: number;
  readonly seconds: number;
  /** Of the crawl: questions a second in all; to one host it is one a second whatever is said here. */
  readonly packetsPerSecond: number;
  /** Four of ten torrents have a peer that serves, beside dead ones, silent ones and a liar; three have dead or silent ones alone, one liars, two nobody. Else all have one that serves. */
  readonly mixed: boolean;
  /** Passed on to Node, for a profile. */
  readonly nodeFlags: readonly string[];
}

export interface MetadataRun {
  readonly figures: readonly Figure[];
  readonly notes: readonly string[];
}

/** What the process had used by then. */
interface Sample {
  readonly atMs: number;
  readonly cpuMs: number;
  readonly rssMib: number;
}

const COMMAND = fileURLToPath(new URL('../../../../services/cli/src/main.ts', import.meta.url));
const SAMPLE_MS = 500;
/** Of /proc, on every Linux. */
const TICK_MS = 10;
/** Nothing listens there. */
const DEAD_PORT = 9;

/** Rejects with one sentence when the command fails. */
export async function runMetadata(size: MetadataSize): Promise<MetadataRun> {
  const torrents = new NumberedTorrents(size.seed, size.torrents);
  const serving = await NumberedPeers.open(torrents, 'serves');
  const lying = await NumberedPeers.open(torrents, 'lies');
  const silent = await NumberedPeers.open(torrents, 'silent');
  const peersOf = (index: number) => (size.mixed ? mixedPeers(index, serving, lying, silent) : [at(index, 0, serving.port)]);
  const dht = await openWideDht(size, torrents, peersOf, systemClock, raiseInvariant);
  const directory = mkdtempSync(join(tmpdir(), 'swarm-lab-'));
  try {
    const file = join(directory, 'events.ndjson');
    const samples = await crawl(size, dht.bootstrap, file);
    return await score(size, torrents, file, samples);
  } finally {
    rmSync(directory, { recursive: true, force: true });
    await Promise.all([dht, serving, lying, silent].map((part) => part.stop()));
  }
}

/** The n-th peer of a torrent: each has a host of its own. */
function at(index: number, n: number, port: number): Endpoint {
  const host = index * 4 + n;
  return { address: `127.${128 + (host >> 16)}.${(host >> 8) & 255}.${host & 255}`, port };
}

function mixedPeers(index: number, serving: NumberedPeers, lying: NumberedPeers, silent: NumberedPeers): Endpoint[] {
  const kind = index % 10;
  const bad = [at(index, 0, DEAD_PORT), at(index, 1, silent.port)];
  const liar = at(index, 2, lying.port);
  if (kind >= 8) return [];
  if (kind === 7) return [liar];
  if (kind >= 4) return bad;
  const all = [...bad, liar, at(index, 3, serving.port)];
  const first = mix32(index, 7) % all.length;
  return [...all.slice(first), ...all.slice(0, first)];
}

/** Whether its metadata can be had. */
function isAttainable(index: number, mixed: boolean): boolean {
  return !mixed || index % 10 < 4;
}

/** On no address of its own: bound to one, it would have used up all its ports in two minutes, since each rests for a minute after its session. */
async function crawl(size: MetadataSize, bootstrap: Endpoint, file: string): Promise<Sample[]> {
  const where = ['--bootstrap', formatEndpoint(bootstrap), '--lab-network', '127.0.0.0/8'];
  const pace = ['--packets-per-second', String(size.packetsPerSecond), '--seconds', String(size.seconds)];
  const child = spawn(
    process.execPath,
    [...size.nodeFlags, COMMAND, 'crawl', '--metadata', ...where, ...pace, '--events', file],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => {
    said = (said + String(bytes)).slice(-4_096);
  });
  const samples: Sample[] = []; // bound: one each SAMPLE_MS
  const timer = setInterval(() => {
    const sample = sampleOf(child.pid);
    if (sample) samples.push(sample);
  }, SAMPLE_MS);
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('exit', resolve));
  clearInterval(timer);
  if (code !== 0) throw new Error(`the crawl ended with ${code}: ${said.trim()}`);
  process.stderr.write(`${said.trim().split('\n').at(-1)}\n`);
  return samples;
}

/** CPU and memory of a process, as Linux tells them; undefined elsewhere, and when it has ended. */
function sampleOf(pid: number | undefined): Sample | undefined {
  try {
    const [, after] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
    const fields = after!.split(' ');
    const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    const cpuMs = (Number(fields[11]) + Number(fields[12])) * TICK_MS;
    return { atMs: Date.now(), cpuMs, rssMib: Number(rss?.[1] ?? 0) / 1_024 };
  } catch {
    return undefined;
  }
}

async function score(
  size: MetadataSize,
  torrents: NumberedTorrents,
  file: string,
  samples: readonly Sample[],
): Promise<MetadataRun> {
  const times = new Map<number, number>(); // bound: the torrents
  const notes: string[] = [];
  for await (const line of createInterface({ input: createReadStream(file) })) {
    if (!line.includes('"topic":"torrent_resolved"')) continue;
    const event = JSON.parse(line) as { ts: number; info_hash_v1: string; name: string };
    const number = torrents.numberOf(event.info_hash_v1);
    if (number === undefined || event.name !== `Torrent ${number}`) notes.push(`no such torrent: ${line.slice(0, 200)}`);
    else if (!times.has(number)) times.set(number, event.ts);
  }
  const attainable = Array.from({ length: torrents.count }, (_, i) => i).filter((i) => isAttainable(i, size.mixed));
  const all = [...times.values()].sort((a, b) => a - b);
  const name = (what: string) =>
    `metadata, ${size.nodes} DHT nodes, ${size.torrents} torrents${size.mixed ? ', mixed' : ''}: ${what}`;
  const figures = size.mixed
    ? [figure(name('fetched of the attainable'), '%', (100 * times.size) / attainable.length, 'min', 95, size.seed)]
    : [...rates(size, all, samples, name)];
  notes.push(`${times.size} of ${attainable.length} attainable; first, half, last after ${spread(all, samples)} s`);
  return { figures, notes };
}

/** From the first metadata on; the start of the process is not counted. */
function* rates(size: MetadataSize, all: readonly number[], samples: readonly Sample[], name: (what: string) => string) {
  const [first = 0, last = 0] = [all[0], all.at(-1)];
  yield figure(name('a minute'), '1/min', (all.length * 60_000) / Math.max(1, last - first), 'min', 12_000, size.seed);
  const [begin, end] = [samples.find(({ atMs }) => atMs >= first), samples.findLast(({ atMs }) => atMs <= last)];
  if (!begin || !end) return;
  const fetched = all.filter((ts) => ts >= begin.atMs && ts <= end.atMs).length;
  yield figure(
    name('CPU of crawl and probes, each'),
    'ms',
    (end.cpuMs - begin.cpuMs) / Math.max(1, fetched),
    'max',
    0.6,
    size.seed,
  );
  yield figure(name('memory'), 'MiB', Math.max(...samples.map(({ rssMib }) => rssMib)), 'max', 200, size.seed);
}

function spread(all: readonly number[], samples: readonly Sample[]): string {
  const begun = samples[0]?.atMs ?? all[0] ?? 0;
  const places = [0, Math.floor(all.length / 2), all.length - 1];
  return places.map((place) => (((all[place] ?? begun) - begun) / 1_000).toFixed(1)).join(', ');
}
