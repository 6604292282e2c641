// The parts of the swarm-prober process: its own DHT node, its trackers, the prober on top of them.
import type { Bus } from '@swarmscope/bus/bus.ts';
import { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import { systemClock } from '@swarmscope/runtime/clock.ts';
import { dhtTroubles } from '@swarmscope/runtime/dht-health.ts';
import type { Metrics } from '@swarmscope/runtime/metrics.ts';
import { openPseudonyms } from '@swarmscope/runtime/pseudonym-seed.ts';
import { systemRandom } from '@swarmscope/runtime/random.ts';
import type { Shell } from '@swarmscope/runtime/service.ts';
import { openTakedown } from '@swarmscope/runtime/takedown.ts';
import { budgetsOf, type ProberConfig } from './config.ts';
import { enter, openOwnDht } from './own-dht.ts';
import { startProber } from './service.ts';
import { LAB_TIMES, PUBLIC_TIMES } from './settings.ts';
import { readSourcesDirectory } from './sources-directory.ts';
import { TrackerClient } from './trackers.ts';
import { openUdpFront } from './trackers-udp.ts';

/** What keeps it from its work, each a sentence (for `/healthz`). */
export interface Composed {
  troubles(): string[];
}

/** Starts all of it; the shell stops it, last first. Rejects with the system's error for a port that is taken. */
export async function compose(shell: Shell, config: ProberConfig, bus: Bus, metrics: Metrics): Promise<Composed> {
  const { log, onInvariant } = shell;
  const [clock, random, policy] = [systemClock, systemRandom(), new AddressPolicy(config)];
  const pseudonyms = openPseudonyms({ value: config.pseudonymSeed, path: config.pseudonymSeedFile, clock });
  shell.closing('pseudonyms', async () => pseudonyms.stop());
  const { host: address, port } = config.listen;
  const takedown = openTakedown(shell, config.takedownFile, policy);
  const own = { address, port, policy, takedown, clock, random, idFile: config.dhtIdFile, onInvariant };
  const { dht, utp } = await openOwnDht(own);
  shell.closing('dht', () => Promise.all([dht.stop(), utp.close()]).then(() => {}));
  const udp = await openUdpFront({ addresses: [address], clock, random, onInvariant });
  const trackers = new TrackerClient({ clock, policy, udp });
  shell.closing('trackers', () => trackers.stop());
  const { network, instanceId, addresses, verify, announce, sourcesDirectory } = config;
  const sources = sourcesDirectory === undefined ? [] : readSourcesDirectory(sourcesDirectory);
  const prober = await startProber({
    dht: [dht],
    utp: [utp],
    bus,
    clock,
    random,
    policy,
    pseudonyms,
    log,
    metrics,
    network,
    instanceId,
    addresses,
    trackers,
    sources,
    verify,
    announce,
    listen: { address, port: dht.local.port },
    times: config.labNetworks.length > 0 ? LAB_TIMES : PUBLIC_TIMES,
    budgets: budgetsOf(config),
    takedown,
    onInvariant,
  });
  shell.add(prober);
  log.info({ port: prober.local.port, sources: sources.length }, 'Peers are taken on this port.');
  void enter(dht, config.bootstrap, policy, shell.ending);
  return { troubles: () => dhtTroubles([dht]) };
}
