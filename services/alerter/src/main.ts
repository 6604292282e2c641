// The alerter as a process of its own: rules on a ClickHouse server, states and deliveries through Kafka. Where Grafana is the owner it does nothing.
import { openKafkaBus } from '@swarmscope/bus/kafka.ts';
import { kafkaPlace } from '@swarmscope/bus/kafka-settings.ts';
import { systemClock } from '@swarmscope/runtime/clock.ts';
import { readConfig } from '@swarmscope/runtime/config.ts';
import { openLog } from '@swarmscope/runtime/log.ts';
import { Metrics } from '@swarmscope/runtime/metrics.ts';
import { runService } from '@swarmscope/runtime/service.ts';
import { serveWatch } from '@swarmscope/runtime/watch-server.ts';
import { openHttp } from '@swarmscope/store/http.ts';
import { alerterConfig } from './config.ts';
import { startAlerter } from './service.ts';

const log = openLog({ service: 'alerter', instanceId: String(process.pid) });

process.exit(
  await runService({ log }, async (shell) => {
    const config = readConfig(alerterConfig, process.env);
    const metrics = new Metrics();
    if (config.alerts === 'grafana') {
      log.info({}, 'Grafana delivers the alerts (SWARMSCOPE_ALERTS): nothing to do here.');
      // Whoever looks after the process still asks whether it is well: it is.
      const idle = await serveWatch(config.metricsListen, metrics, () => []);
      shell.closing('metrics', () => idle.close());
      return;
    }
    const store = openHttp({ url: config.clickhouseUrl });
    shell.closing('store', () => store.close());
    const bus = await openKafkaBus({
      ...kafkaPlace(config),
      clientId: config.instanceId,
      onTrouble: (what, error) => log.warn({ err: error }, what),
    });
    shell.closing('bus', () => bus.close());
    const { instanceId, network, alertEveryMs: everyMs } = config;
    const shared = { bus, store, clock: systemClock, log, metrics, instanceId, network };
    const alerter = shell.add(await startAlerter({ ...shared, settings: config, everyMs }));
    const watch = await serveWatch(config.metricsListen, metrics, () => [...alerter.troubles(), ...bus.troubles()]);
    shell.closing('metrics', () => watch.close());
  }),
);
