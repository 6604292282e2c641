// The DHT crawler as a process of its own: it publishes to Kafka. Any number of them divide the id space by shard.
import { openKafkaBus } from '@swarmscope/bus/kafka.ts';
import { kafkaPlace } from '@swarmscope/bus/kafka-settings.ts';
import { reopenSpool } from '@swarmscope/bus/spool.ts';
import { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import { systemClock as clock } from '@swarmscope/runtime/clock.ts';
import { readConfig } from '@swarmscope/runtime/config.ts';
import { dhtTroubles } from '@swarmscope/runtime/dht-health.ts';
import { openLog } from '@swarmscope/runtime/log.ts';
import { Metrics } from '@swarmscope/runtime/metrics.ts';
import { openPseudonyms } from '@swarmscope/runtime/pseudonym-seed.ts';
import { systemRandom } from '@swarmscope/runtime/random.ts';
import { runService } from '@swarmscope/runtime/service.ts';
import { openTakedown } from '@swarmscope/runtime/takedown.ts';
import { serveWatch } from '@swarmscope/runtime/watch-server.ts';
import { crawlerConfig, crawlShareOf } from './config.ts';
import { openDht, resolveBootstrap } from './dht.ts';
import { startCrawler } from './service.ts';
import { readState } from './state.ts';
import { BUILD } from './version.ts';

const log = openLog({ service: 'dht-crawler', instanceId: String(process.pid) });

process.exit(
  await runService({ log }, async (shell) => {
    const config = readConfig(crawlerConfig, process.env);
    const { instanceId, network, addresses, stateFile: statePath, infohashesMax, packetsPerSecond, flowsPerMinute } = config;
    const [random, policy, metrics] = [systemRandom(), new AddressPolicy(config), new Metrics()];
    const bus = await openKafkaBus({
      ...kafkaPlace(config),
      clientId: instanceId,
      onTrouble: (what, error) => log.warn({ err: error }, what),
    });
    const spool = config.spoolFile === undefined ? undefined : reopenSpool(bus, config.spoolFile);
    shell.closing('bus', () => bus.close().finally(() => spool?.()));
    const pseudonyms = openPseudonyms({ value: config.pseudonymSeed, path: config.pseudonymSeedFile, clock });
    shell.closing('pseudonyms', async () => pseudonyms.stop());
    const kept = statePath === undefined ? {} : readState(statePath, log);
    const takedown = openTakedown(shell, config.takedownFile, policy);
    const plan = { listen: config.listen, policy, takedown, kept, clock, random, onInvariant: shell.onInvariant };
    const dht = await openDht({ ...plan, pace: { packetsPerSecond, flowsPerMinute } });
    for (const node of dht) shell.closing('dht', () => node.stop());
    const limits = { queriesPerSecond: crawlShareOf(packetsPerSecond), maxNodes: config.nodesMax };
    const shard = { index: config.shardIndex - 1, count: config.shardCount };
    const common = { bus, clock, random, policy, pseudonyms, log, metrics, network, instanceId, addresses };
    shell.add(await startCrawler({ ...common, dht, shard, statePath, build: BUILD, infohashesMax, takedown, limits }));
    const bootstrap = (await resolveBootstrap(config.bootstrap)).filter(({ address }) => !policy.isOptedOut(address));
    for (const driven of dht) driven.act((node, now, out) => node.bootstrap(bootstrap, now, out));
    const watch = await serveWatch(config.metricsListen, metrics, () => [...dhtTroubles(dht), ...bus.troubles()]);
    shell.closing('metrics', () => watch.close());
  }),
);
