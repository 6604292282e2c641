// The prober as a process of its own: settings from the environment, Kafka as the bus. Any number of them share the partitions.
import { openKafkaBus } from '@swarmscope/bus/kafka.ts';
import { kafkaPlace } from '@swarmscope/bus/kafka-settings.ts';
import { reopenSpool } from '@swarmscope/bus/spool.ts';
import { readConfig } from '@swarmscope/runtime/config.ts';
import { openLog } from '@swarmscope/runtime/log.ts';
import { Metrics } from '@swarmscope/runtime/metrics.ts';
import { runService } from '@swarmscope/runtime/service.ts';
import { serveWatch } from '@swarmscope/runtime/watch-server.ts';
import { compose } from './compose.ts';
import { proberConfig } from './config.ts';

const log = openLog({ service: 'swarm-prober', instanceId: String(process.pid) });

process.exit(
  await runService({ log }, async (shell) => {
    const config = readConfig(proberConfig, process.env);
    const { spoolFile } = config;
    const metrics = new Metrics();
    const bus = await openKafkaBus({
      ...kafkaPlace(config),
      clientId: config.instanceId,
      onTrouble: (what, error) => log.warn({ err: error }, what),
    });
    const spool = spoolFile === undefined ? undefined : reopenSpool(bus, spoolFile);
    shell.closing('bus', () => bus.close().finally(() => spool?.()));
    const { troubles } = await compose(shell, config, bus, metrics);
    const watch = await serveWatch(config.metricsListen, metrics, () => [...troubles(), ...bus.troubles()]);
    shell.closing('metrics', () => watch.close());
  }),
);
