// What `swarmscope watch check` does: one census of the entries of the watch list, and an exit code that says whether every objective is met.

import { dirname } from 'node:path';
import { type CensusTarget, takeCensus } from './census.ts';
import type { WatchCheckOptions } from './commands/watch.ts';
import { Failure, usageFailure } from './failure.ts';
import { type Judgement, judge } from './objectives.ts';
import type { SwarmReport } from './probe-report.ts';
import { formatTable, printable } from './table.ts';
import type { Terminal } from './terminal.ts';
import { readTorrentArgument } from './torrent-argument.ts';
import { watchlistPath } from './watch.ts';
import { loadWatchlist, readTorrent, type WatchEntry } from './watchlist.ts';

/** The prober keeps that many censuses going; more entries than this need several calls, or `up`. */
const ENTRIES_MAX = 200;

interface Checked {
  readonly entry: WatchEntry;
  readonly swarm: SwarmReport;
  readonly judgements: readonly Judgement[];
}

export async function watchCheck(names: readonly string[], options: WatchCheckOptions, terminal: Terminal): Promise<void> {
  const path = watchlistPath(options, options.file);
  const entries = chosen(loadWatchlist(path).entries, names, path);
  const targets = entries.map((entry) => targetOf(entry, path, options));
  const checked = judged(entries, await takeCensus(targets, options, terminal));
  terminal.print(options.json ? `${JSON.stringify({ entries: checked.map(reported) })}\n` : text(checked));
  const [missed, unknown] = (['missed', 'unknown'] as const).map((state) => count(checked, state));
  if (missed! + unknown! > 0)
    throw new Failure(`${missed} ${missed === 1 ? 'objective is' : 'objectives are'} missed, ${unknown} could not be measured`);
}

/** Every entry with its swarm and what became of its objectives. An entry that named the v2 infohash of a hybrid is reported under the v1 one. */
export function judged(entries: readonly WatchEntry[], reports: readonly SwarmReport[]): Checked[] {
  const swarms = new Map(
    reports.flatMap((swarm) => [swarm.info_hash, swarm.info_hash_v2?.slice(0, 40)].map((name) => [name, swarm] as const)),
  );
  return entries.map((entry) => {
    const swarm = swarms.get(entry.watched.swarm_id);
    // Left out, it would count as met.
    if (!swarm) throw new Failure(`no census of ${entry.watched.swarm_id} came to an end`);
    return { entry, swarm, judgements: judge(entry.watched.objectives, swarm) };
  });
}

function count(checked: readonly Checked[], state: Judgement['state']): number {
  return checked.reduce((sum, { judgements }) => sum + judgements.filter((one) => one.state === state).length, 0);
}

/** The entries that are meant: all, or those named. */
function chosen(entries: readonly WatchEntry[], names: readonly string[], path: string): readonly WatchEntry[] {
  const ids = names.map((name) => readTorrentArgument(name).swarmId);
  for (const [i, id] of ids.entries())
    if (!entries.some(({ watched }) => watched.swarm_id === id)) throw usageFailure(`${names[i]} is not in ${path}`);
  const picked = ids.length === 0 ? entries : entries.filter(({ watched }) => ids.includes(watched.swarm_id));
  if (picked.length === 0) throw usageFailure(`${path} has no entry to check`);
  if (picked.length > ENTRIES_MAX)
    throw usageFailure(`${path} has ${picked.length} entries: name those to check, at most ${ENTRIES_MAX} at a time`);
  return picked;
}

function targetOf(entry: WatchEntry, path: string, options: WatchCheckOptions): CensusTarget {
  const { verify, announce, prefixes_excluded } = entry.watched;
  return {
    torrent: readTorrent(entry.torrent, dirname(path)),
    trackers: [...entry.namedTrackers, ...(options.tracker ?? [])],
    verify: verify === 1 && options.verify !== 'none',
    announce: announce === 1 && options.announce !== 'none',
    prefixesExcluded: prefixes_excluded,
  };
}

function reported({ entry, swarm, judgements }: Checked) {
  const { swarm_id, labels } = entry.watched;
  const { name, counts, proved_outside, completable, finished, reached } = swarm;
  return {
    swarm_id,
    name: name ?? entry.watched.name,
    labels,
    objectives: judgements,
    proved: counts.proved,
    proved_outside,
    completable,
    reached,
    finished,
  };
}

function text(checked: readonly Checked[]): string {
  const rows = checked.flatMap(({ entry, swarm, judgements }) => {
    const torrent = printable(swarm.name ?? entry.watched.name ?? entry.watched.swarm_id);
    const whole = swarm.completable === null ? 'unknown' : swarm.completable ? 'yes' : 'NO';
    const row = (one?: Judgement) => ({
      torrent,
      objective: one?.objective ?? '(none)',
      wanted: one?.wanted ?? '',
      measured: one ? (one.got ?? 'unknown') : '',
      result: one ? (one.state === 'missed' ? 'MISSED' : one.state) : '',
      completable: whole,
    });
    return judgements.length === 0 ? [row()] : judgements.map(row);
  });
  return `${formatTable(rows)}\n`;
}
