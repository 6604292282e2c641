// An accuracy run: a world of many swarms, the ordinary `probe` command against it as a stranger would run it, and what is true beside what was said.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatEndpoint } from '@swarmscope/bittorrent/endpoint.ts';
import type { CastTorrent } from '../loopback/cast.ts';
import { startWorld, type World } from '../loopback/world.ts';
import type { Verdict } from '../sim/peer-kind.ts';
import type { SwarmTruth } from '../sim/truth.ts';
import type { ReportedSwarm } from './pairs.ts';

export interface AccuracyRun {
  readonly seed: number;
  readonly cast: readonly CastTorrent[];
  /** Flags of the probe beside those that say where and what. */
  readonly flags: readonly string[];
}

/** `reports[i]` is about `truths[i]`. */
export interface Measured {
  readonly truths: readonly SwarmTruth[];
  readonly reports: readonly (ReportedSwarm | undefined)[];
  /** Of the whole command, from its start to its end. */
  readonly seconds: number;
}

const COMMAND = fileURLToPath(new URL('../../../../services/cli/src/main.ts', import.meta.url));
/** Nothing that the probe prints is longer: some 700 bytes a peer. */
const MAX_OUTPUT_BYTES = 256 * 1_024 * 1_024;

/** What of `probe --json` is scored. */
interface ProbeOutput {
  readonly swarms: readonly {
    readonly info_hash: string;
    readonly completable: boolean | null;
    readonly files_at_risk: readonly { readonly path: string | null; readonly copies_min: number }[];
    readonly peers: readonly {
      readonly endpoint: string;
      readonly verdict: Verdict;
      readonly challenges_passed: number;
      readonly challenges_failed: number;
    }[];
  }[];
}

/** Rejects with one sentence when the command fails. */
export async function measure({ seed, cast, flags }: AccuracyRun): Promise<Measured> {
  const world = await startWorld({ seed, cast, strays: 0 });
  const directory = mkdtempSync(join(tmpdir(), 'swarm-lab-'));
  try {
    const fromMs = Date.now();
    const output = await probe(world, directory, flags);
    const toMs = Date.now();
    const reports = new Map(output.swarms.map((swarm) => [swarm.info_hash, reported(swarm)]));
    return {
      truths: world.torrents.map((torrent) => world.truth(torrent.infoHash, fromMs, toMs)),
      reports: world.torrents.map((torrent) => reports.get(torrent.infoHash)),
      seconds: (toMs - fromMs) / 1_000,
    };
  } finally {
    await world.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

function reported(swarm: ProbeOutput['swarms'][number]): ReportedSwarm {
  return {
    infoHash: swarm.info_hash,
    completable: swarm.completable,
    lostFiles: swarm.files_at_risk.filter((file) => file.copies_min === 0).map((file) => file.path ?? ''),
    peers: swarm.peers.map((peer) => ({
      endpoint: peer.endpoint,
      verdict: peer.verdict,
      challengesPassed: peer.challenges_passed,
      challengesFailed: peer.challenges_failed,
    })),
  };
}

/** Runs the command on every torrent file, from an address of its own. */
function probe(world: World, directory: string, flags: readonly string[]): Promise<ProbeOutput> {
  const files = world.torrents.map((torrent, i) => {
    const path = join(directory, `${i}.torrent`);
    writeFileSync(path, torrent.torrentFile);
    return path;
  });
  const there = ['--bootstrap', formatEndpoint(world.bootstrap), '--lab-network', world.network];
  const here = ['--address', world.visitorAddress(), '--data', join(directory, 'data')];
  const child = spawn(process.execPath, [COMMAND, 'probe', ...files, ...there, ...here, ...flags, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_OUTPUT_BYTES) child.kill();
      else chunks.push(chunk);
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code !== 0) reject(new Error(`the probe command ended with code ${code}`));
      else resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')) as ProbeOutput);
    });
  });
}
