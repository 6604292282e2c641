// Ingest as a process of its own: Kafka into a ClickHouse server. Any number of them share the partitions.
import { openKafkaBus } from '@swarmscope/bus/kafka.ts';
import { kafkaPlace } from '@swarmscope/bus/kafka-settings.ts';
import { systemClock } from '@swarmscope/runtime/clock.ts';
import { readConfig } from '@swarmscope/runtime/config.ts';
import { openLog } from '@swarmscope/runtime/log.ts';
import { Metrics } from '@swarmscope/runtime/metrics.ts';
import { runService } from '@swarmscope/runtime/service.ts';
import { openTakedown } from '@swarmscope/runtime/takedown.ts';
import { serveWatch } from '@swarmscope/runtime/watch-server.ts';
import { openHttp } from '@swarmscope/store/http.ts';
import { readRetention } from '@swarmscope/store/migrations.ts';
import { ingestConfig } from './config.ts';
import { prepareStore } from './prepare.ts';
import { startIngest } from './service.ts';
import { BUILD } from './version.ts';

const log = openLog({ service: 'ingest', instanceId: String(process.pid) });

process.exit(
  await runService({ log }, async (shell) => {
    const config = readConfig(ingestConfig, process.env);
    const { clickhouseUrl: url, clickhouseCluster: cluster } = config;
    const retentionDays = readRetention(config.retentionDays);
    const store = openHttp({ url, retentionDays, ...(cluster !== undefined && { cluster }) });
    shell.closing('store', () => store.close());
    await prepareStore(store, log, shell.ending);
    const bus = await openKafkaBus({
      ...kafkaPlace(config),
      clientId: config.instanceId,
      sessionTimeoutMs: config.ingestSessionMs,
      onTrouble: (what, error) => log.warn({ err: error }, what),
    });
    shell.closing('bus', () => bus.close());
    const metrics = new Metrics();
    const takedown = openTakedown(shell, config.takedownFile);
    const ingest = shell.add(
      await startIngest({
        bus,
        store,
        takedown,
        clock: systemClock,
        log,
        metrics,
        group: config.ingestGroup,
        limits: { rows: config.ingestRows, bytes: config.ingestBytes, ageMs: config.ingestAgeMs },
        bytesMax: config.ingestMemoryBytes,
        sampled: { instanceId: config.instanceId, network: config.network, build: BUILD },
      }),
    );
    const watch = await serveWatch(config.metricsListen, metrics, () => ingest.troubles());
    shell.closing('metrics', () => watch.close());
  }),
);
