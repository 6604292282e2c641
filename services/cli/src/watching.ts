// The watch list of a running pipeline: followed by this process alone, its secrets given to the prober beside it.
import { systemClock } from '@swarmscope/runtime/clock.ts';
import type { Shell } from '@swarmscope/runtime/service.ts';
import type { Pipeline } from './compose.ts';
import type { Settings } from './settings.ts';
import { syncWatchlist } from './watchlist-sync.ts';

/** Follows the file until the shell ends. Throws one sentence when it cannot be read now. */
export async function followWatchlist(shell: Shell, pipeline: Pipeline, settings: Settings, path: string): Promise<void> {
  const { bus, prober, trackers } = pipeline;
  const { instanceId: instance_id, network } = settings;
  const sync = await syncWatchlist({
    path,
    bus,
    stamp: () => ({ ts: systemClock.wall(), instance_id, network }),
    log: shell.log,
    takeSource: (source) => prober.addSource(source),
    nameTracker: (url) => trackers.name(url),
  });
  shell.closing('watch list', async () => sync.stop());
}
