// What `swarmscope up` does: the pipeline on the real network until it is asked to end.
import { openLog } from '@swarmscope/runtime/log.ts';
import type { Shell } from '@swarmscope/runtime/service.ts';
import { enterDht, PUBLIC_NODES } from './bootstrap.ts';
import type { UpOptions } from './commands/up.ts';
import { compose, takeDirectory } from './compose.ts';
import { pause } from './pause.ts';
import { runShell } from './running.ts';
import { readSettings, type Settings } from './settings.ts';
import type { Terminal } from './terminal.ts';
import { watchlistPath } from './watch.ts';
import { followWatchlist } from './watching.ts';
import { loadWatchlist } from './watchlist.ts';

const FOREVER_MS = 2 ** 31 - 1;

export async function up(options: UpOptions, terminal: Terminal): Promise<void> {
  const settings = readSettings(options);
  const log = openLog({ level: settings.logLevel, service: 'swarmscope', instanceId: settings.instanceId });
  await runShell(log, (shell) => upIn(shell, options, settings, terminal));
  terminal.say('swarmscope: ended; everything observed is stored');
}

async function upIn(shell: Shell, options: UpOptions, settings: Settings, terminal: Terminal): Promise<void> {
  const { data, address, peerPort, metricsPort } = options;
  const held = takeDirectory(shell, data, 'up');
  const path = watchlistPath(options, options.watchlist);
  const list = loadWatchlist(path);
  const [verify, announce] = [options.verify ?? list.verify, options.announce ?? list.announce];
  const page = { port: options.port, portsToTry: 0 };
  const pipeline = await compose(shell, {
    held,
    settings,
    address,
    peerPort,
    page,
    metricsPort,
    verify,
    announce,
    alerts: settings.alerts === 'embedded',
  });
  await followWatchlist(shell, pipeline, settings, path);
  terminal.say(`page: ${pipeline.web.url}   data: ${data}   Ctrl-C ends it`);
  const hosts = options.bootstrap ?? PUBLIC_NODES;
  await enterDht({
    dht: pipeline.dht,
    policy: pipeline.policy,
    hosts,
    ending: shell.ending,
    onSilence: (reason) => terminal.say(silence(reason)),
    onJoined: (nodes) => terminal.say(`in the DHT: ${nodes} nodes answered`),
  });
  while (!shell.ending.aborted) await pause(FOREVER_MS, shell.ending);
}

function silence(reason: 'no_name' | 'no_answer'): string {
  const what = reason === 'no_name' ? 'no bootstrap name could be resolved' : 'no bootstrap node answered within 15 s';
  return `${what}: is this machine on the network, and may it send UDP? It goes on trying. \`npm run demo\` shows everything without a network.`;
}
