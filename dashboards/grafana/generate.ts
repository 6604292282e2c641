// Writes everything that Grafana reads (`npm run boards`): boards as JSON, data source, board provider, alert rules, contact points, policies.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { BOARDS } from '../definitions/boards.ts';
import { alertRules, contactPoints, DATASOURCE_UID, policies } from './alerting.ts';
import { dashboardJson } from './dashboard.ts';
import { DATASOURCE_TYPE } from './query.ts';

/** Where docker-compose.yml mounts dashboards/json. */
const BOARDS_PATH = '/etc/grafana/swarmscope';

/**
 * Every generated file: its path below dashboards/ and its text. Provisioning files end in .yaml because Grafana reads only such; JSON is YAML.
 * A `$NAME` in them is taken from the environment of Grafana.
 */
export function generatedFiles(): Map<string, string> {
  const boards = BOARDS.map((board): [string, string] => [`json/${board.uid}.json`, dashboardJson(board)]);
  const provisioning: [string, unknown][] = [
    ['provisioning/datasources/swarmscope.yaml', datasources()],
    ['provisioning/dashboards/swarmscope.yaml', provider()],
    ['provisioning/alerting/rules.yaml', alertRules()],
    ['provisioning/alerting/contact-points.yaml', contactPoints()],
    ['provisioning/alerting/policies.yaml', policies()],
  ];
  return new Map([
    ...boards,
    ...provisioning.map(([path, value]): [string, string] => [path, `${JSON.stringify(value, null, 2)}\n`]),
  ]);
}

function datasources(): unknown {
  const jsonData = {
    host: '$CLICKHOUSE_HOST',
    port: '$CLICKHOUSE_HTTP_PORT',
    protocol: 'http',
    username: '$CLICKHOUSE_USER',
    defaultDatabase: '$CLICKHOUSE_DATABASE',
  };
  const source = {
    name: 'Swarmscope',
    uid: DATASOURCE_UID,
    type: DATASOURCE_TYPE,
    access: 'proxy',
    isDefault: true,
    jsonData,
    secureJsonData: { password: '$CLICKHOUSE_PASSWORD' },
  };
  return { apiVersion: 1, datasources: [source] };
}

/** Without `folderUid`: together with alert rules in a folder Grafana would not start. */
function provider(): unknown {
  const each = {
    name: 'swarmscope',
    type: 'file',
    folder: 'Swarmscope',
    allowUiUpdates: false,
    updateIntervalSeconds: 30,
    options: { path: BOARDS_PATH },
  };
  return { apiVersion: 1, providers: [each] };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const [path, text] of generatedFiles()) {
    const file = fileURLToPath(new URL(`../${path}`, import.meta.url));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  console.log(`${generatedFiles().size} files written below dashboards/.`);
}
