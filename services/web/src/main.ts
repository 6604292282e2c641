// The page as a process of its own, over a ClickHouse server.
import { systemClock } from '@swarmscope/runtime/clock.ts';
import { readConfig } from '@swarmscope/runtime/config.ts';
import { openLog } from '@swarmscope/runtime/log.ts';
import { Metrics } from '@swarmscope/runtime/metrics.ts';
import { runService } from '@swarmscope/runtime/service.ts';
import { serveWatch } from '@swarmscope/runtime/watch-server.ts';
import { openHttp } from '@swarmscope/store/http.ts';
import { webConfig } from './config.ts';
import { startWeb } from './service.ts';
import { StoreHealth } from './store-health.ts';

const log = openLog({ service: 'web', instanceId: String(process.pid) });

process.exit(
  await runService({ log }, async (shell) => {
    const config = readConfig(webConfig, process.env);
    const store = openHttp({ url: config.clickhouseUrl });
    shell.closing('store', () => store.close());
    const metrics = new Metrics();
    const health = new StoreHealth(store, () => systemClock.now());
    const watch = await serveWatch(config.metricsListen, metrics, () => health.troubles());
    shell.closing('metrics', () => watch.close());
    shell.add(
      await startWeb({
        store,
        listen: { address: config.webListen.host, port: config.webListen.port },
        log,
        metrics,
        clock: systemClock,
        ...(config.webPassword !== undefined && { password: config.webPassword }),
        ...(config.webHosts.length > 0 && { hosts: config.webHosts }),
      }),
    );
  }),
);
