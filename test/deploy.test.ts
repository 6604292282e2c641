// The deployment files against the code: commands that exist, variables that the services know, images that are pinned, nothing open to the world.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { alerterConfig } from '@swarmscope/alerter/config.ts';
import { crawlerConfig } from '@swarmscope/dht-crawler/config.ts';
import { ingestConfig } from '@swarmscope/ingest/config.ts';
import { configReference, readConfig, variableOf } from '@swarmscope/runtime/config.ts';
import { proberConfig } from '@swarmscope/swarm-prober/config.ts';
import { webConfig } from '@swarmscope/web/config.ts';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { rolesSchema } from '../services/cli/src/migrate.ts';
import { settingsSchema } from '../services/cli/src/settings.ts';
import { watchSyncSchema } from '../services/cli/src/watch-sync.ts';
import { ROOT } from './support/extras.ts';

type Schema = Parameters<typeof configReference>[0];

interface Service {
  image: string;
  build?: string;
  command?: string[];
  environment?: Record<string, string>;
  ports?: string[];
  volumes?: string[];
  healthcheck?: { test?: string[]; disable?: boolean };
  mem_limit?: string;
  logging?: object;
  read_only?: boolean;
  cap_drop?: string[];
  network_mode?: string;
  depends_on?: Record<string, { condition: string }>;
}

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const text = read('docker-compose.yml');
const compose = parse(text, { merge: true }) as { services: Record<string, Service>; volumes: object };
const services = Object.entries(compose.services);
const own = services.filter(([, service]) => service.build !== undefined);

const SCHEMAS: Record<string, Schema> = {
  'services/dht-crawler/src/main.ts': crawlerConfig,
  'services/swarm-prober/src/main.ts': proberConfig,
  'services/ingest/src/main.ts': ingestConfig,
  'services/alerter/src/main.ts': alerterConfig,
  'services/web/src/main.ts': webConfig,
  'services/cli/src/main.ts': watchSyncSchema,
};

/** `${NAME:-default}` as Compose fills it in; a required one with a word. */
function filled(value: string): string {
  return value.replace(/\$\{\w+(?::([-?])([^}]*))?\}/g, (_, kind: string | undefined, rest: string | undefined) =>
    kind === '-' ? (rest ?? '') : 'word',
  );
}

describe('docker-compose.yml', () => {
  test('has every part of the cluster', () => {
    expect(Object.keys(compose.services).sort()).toEqual(
      ['clickhouse', 'crawler', 'grafana', 'ingest', 'kafka', 'migrate', 'prober', 'watch'].sort(),
    );
  });

  test.each(services)('%s: a pinned image, a health check, limits, bounded logs, nothing open to the world', (_, service) => {
    expect(service.image).toMatch(/^[\w./-]+:(\d+(\.\d+)+|local)$/);
    expect(service.healthcheck?.disable === true || Array.isArray(service.healthcheck?.test)).toBe(true);
    expect(service.mem_limit).toMatch(/^\d+[mg]$/);
    expect(service.logging).toBeDefined();
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
    for (const [name, { condition }] of Object.entries(service.depends_on ?? {})) {
      const other = compose.services[name];
      expect(other).toBeDefined();
      if (condition === 'service_healthy') expect(other!.healthcheck?.test).toBeDefined();
    }
  });

  test.each(services)('%s: volumes are declared, files of the repository are there', (_, service) => {
    for (const volume of service.volumes ?? []) {
      const [source = ''] = volume.split(':');
      if (!source.startsWith('./')) expect(Object.keys(compose.volumes)).toContain(source);
      else if (!['./config', './sources'].includes(source)) expect(existsSync(join(ROOT, source))).toBe(true);
    }
  });

  test.each(own)('%s: its command is there, its root is read-only, it has no privileges', (_, service) => {
    expect(existsSync(join(ROOT, service.command![0]!))).toBe(true);
    expect(service.read_only).toBe(true);
    expect(service.cap_drop).toEqual(['ALL']);
  });

  test.each(own)('%s: its variables are ones that it knows, with values that it takes', (_, service) => {
    const schema = service.command![1] === 'migrate' ? rolesSchema : SCHEMAS[service.command![0]!]!;
    const environment = Object.fromEntries(
      Object.entries(service.environment ?? {}).map(([name, value]) => [name, filled(String(value))]),
    );
    const known = ['NODE_OPTIONS', ...Object.keys(schema.shape).map(variableOf)];
    expect(Object.keys(environment).filter((name) => !known.includes(name))).toEqual([]);
    if (Object.keys(environment).length > 0) expect(() => readConfig(schema, environment)).not.toThrow();
  });

  test('crawler and prober are on the network of the host, on ports of their own', () => {
    const { crawler, prober } = compose.services;
    expect([crawler!.network_mode, prober!.network_mode]).toEqual(['host', 'host']);
    for (const name of ['SWARMSCOPE_LISTEN', 'SWARMSCOPE_METRICS_LISTEN', 'SWARMSCOPE_INSTANCE_ID'])
      expect(crawler!.environment![name]).not.toBe(prober!.environment![name]);
  });

  test('what it takes from the environment is in .env.example, secrets without a value', () => {
    const used = new Set([...text.matchAll(/\$\{(\w+)/g)].map((match) => match[1]!));
    const example = new Map(
      read('.env.example')
        .split('\n')
        .filter((line) => /^\w+=/.test(line))
        .map((line) => line.split('=') as [string, string]),
    );
    expect([...used].sort()).toEqual([...example.keys()].sort());
    for (const [name, value] of example) if (/PASSWORD|SECRET|SEED/.test(name)) expect(value).toBe('');
    expect(read('.gitignore').split('\n')).toContain('.env');
  });

  test('the commands of the command line are ones that it has', () => {
    const { migrate, ingest, grafana } = compose.services;
    expect(migrate!.command!.slice(1, 2)).toEqual(['migrate']);
    // The accounts that it makes are the ones that ingest and Grafana use, by the same passwords.
    expect(migrate!.command).toContain('--roles');
    expect(ingest!.environment!['SWARMSCOPE_CLICKHOUSE_URL']).toContain(
      `//writer:${migrate!.environment!['SWARMSCOPE_WRITER_PASSWORD']}@`,
    );
    expect(grafana!.environment!['CLICKHOUSE_USER']).toBe('reader');
    expect(grafana!.environment!['CLICKHOUSE_PASSWORD']).toBe(migrate!.environment!['SWARMSCOPE_READER_PASSWORD']);
    expect(compose.services['watch']!.command!.slice(1, 4)).toEqual(['watch', 'sync', '--follow']);
  });
});

describe('Dockerfile', () => {
  const dockerfile = read('Dockerfile');

  test('copies what is there, and the manifest of every workspace', () => {
    const copies = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((match) => match[1]!.split(' '));
    for (const path of copies) expect(existsSync(join(ROOT, path)), path).toBe(true);
    const workspaces = ['packages', 'services'].flatMap((folder) =>
      readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}/package.json`),
    );
    for (const manifest of [...workspaces, 'dashboards/package.json']) expect(copies).toContain(manifest);
  });

  test('pins its base, runs as an ordinary user, and needs nothing installed by scripts', () => {
    expect([...dockerfile.matchAll(/^FROM (\S+)/gm)].map((match) => match[1])).toEqual([
      'node:24-bookworm-slim',
      'node:24-bookworm-slim',
    ]);
    expect(dockerfile).toMatch(/^USER node$/m);
    expect(dockerfile).toMatch(/npm ci .*--ignore-scripts/);
  });
});

describe('docs/settings.md', () => {
  const parts: [string, Schema][] = [
    ['`swarmscope` (up, demo, crawl, probe)', settingsSchema],
    ['`swarmscope watch sync`', watchSyncSchema],
    ['`swarmscope migrate --roles`', rolesSchema],
    ['dht-crawler', crawlerConfig],
    ['swarm-prober', proberConfig],
    ['ingest', ingestConfig],
    ['alerter', alerterConfig],
    ['web', webConfig],
  ];

  test('is what the schemas say (UPDATE_DOCS=1 writes it)', () => {
    const sections = parts.map(([name, schema]) => `## ${name}\n\n${reference(schema)}\n`);
    const page = `# Settings\n\nVariables of the environment, by service. Generated from the schemas: \`UPDATE_DOCS=1 npm test -- --project unit test/deploy.test.ts\`.\n\n${sections.join('\n')}`;
    const path = join(ROOT, 'docs/settings.md');
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(path, page);
    expect(readFileSync(path, 'utf8')).toBe(page);
  });
});

/** The name of the process differs from machine to machine. */
function reference(schema: Schema): string {
  return configReference(schema).replace(/(`SWARMSCOPE_INSTANCE_ID` \| text \| )`[^`]*`/, '$1(host name and process id)');
}
