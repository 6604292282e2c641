// The prober as a process of its own: settings from the environment, Kafka as the bus. Any number of them share the partitions.
import { openKafkaBus } from '@swarmscope/bus/kafka.ts';
import { readSpool, removeSpool, writeSpool } from '@swarmscope/bus/spool.ts';
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
    const { kafkaBrokers, kafkaPartitions, kafkaReplicas, kafkaTopicPrefix, spoolFile } = config;
    const metrics = new Metrics();
    const watch = await serveWatch(config.metricsListen, metrics, () => []);
    shell.closing('metrics', () => watch.close());
    const bus = await openKafkaBus({
      brokers: kafkaBrokers,
      clientId: config.instanceId,
      partitions: kafkaPartitions,
      replicas: kafkaReplicas,
      ...(kafkaTopicPrefix !== undefined && { prefix: kafkaTopicPrefix }),
      onTrouble: (what, error) => log.warn({ err: error }, what),
    });
    shell.closing('bus', async () => {
      await bus.close();
      if (spoolFile !== undefined) writeSpool(spoolFile, bus.unsent());
    });
    if (spoolFile !== undefined) {
      for (const event of readSpool(spoolFile).events) bus.publish(event);
      if (await bus.flush(10_000)) removeSpool(spoolFile);
    }
    await compose(shell, config, bus, metrics);
  }),
);
