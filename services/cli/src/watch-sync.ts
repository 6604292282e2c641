// What `swarmscope watch sync` does: in a cluster, the one process that reads the watch list and publishes its differences to Kafka.
import { openKafkaBus } from '@swarmscope/bus/kafka.ts';
import { kafkaPlace } from '@swarmscope/bus/kafka-settings.ts';
import { systemClock } from '@swarmscope/runtime/clock.ts';
import { ConfigError, readConfig } from '@swarmscope/runtime/config.ts';
import { openLog } from '@swarmscope/runtime/log.ts';
import type { Shell } from '@swarmscope/runtime/service.ts';
import { busSettings, processSettings } from '@swarmscope/runtime/settings.ts';
import { z } from 'zod';
import type { WatchSyncOptions } from './commands/watch.ts';
import { Failure, usageFailure } from './failure.ts';
import { pause } from './pause.ts';
import { runShell } from './running.ts';
import type { Terminal } from './terminal.ts';
import { watchlistPath } from './watch.ts';
import { loadWatchlist } from './watchlist.ts';
import { syncWatchlist } from './watchlist-sync.ts';

const { instanceId, network, logLevel } = processSettings;

export const watchSyncSchema = z.object({
  instanceId,
  network,
  logLevel,
  ...busSettings,
});

type SyncSettings = z.output<typeof watchSyncSchema>;

const FLUSH_MS = 10_000;
const FOREVER_MS = 2 ** 31 - 1;

export async function watchSync(options: WatchSyncOptions, terminal: Terminal): Promise<void> {
  const settings = readSettings();
  const path = watchlistPath(options, options.file);
  const { entries } = loadWatchlist(path);
  const log = openLog({ level: settings.logLevel, service: 'watch-sync', instanceId: settings.instanceId });
  await runShell(log, (shell) => syncIn(shell, path, options.follow ?? false, settings));
  terminal.say(`${path}: ${entries.length} entries published`);
}

async function syncIn(shell: Shell, path: string, follow: boolean, settings: SyncSettings): Promise<void> {
  const bus = await openKafkaBus({
    ...kafkaPlace(settings),
    clientId: settings.instanceId,
    onTrouble: (what, error) => shell.log.warn({ err: error }, what),
  }).catch((error: unknown) => {
    throw new Failure(
      `no Kafka broker answers at ${settings.kafkaBrokers.join(', ')}: ${(error as Error).message}`,
      undefined,
      error,
    );
  });
  shell.closing('bus', () => bus.close());
  const stamp = () => ({ ts: systemClock.wall(), instance_id: settings.instanceId, network: settings.network });
  const sync = await syncWatchlist({ path, bus, stamp, log: shell.log });
  shell.closing('watch list', async () => sync.stop());
  while (follow && !shell.ending.aborted) await pause(FOREVER_MS, shell.ending);
  if (!(await bus.flush(FLUSH_MS)))
    throw new Failure('the broker did not take over every change of the watch list; run it again');
}

function readSettings(): SyncSettings {
  try {
    return readConfig(watchSyncSchema, process.env);
  } catch (error) {
    throw error instanceof ConfigError ? usageFailure(error.message) : error;
  }
}
