// What some suites need beyond npm (foreign BitTorrent clients, a browser, Kafka, Go): where it is on this machine, and how to get it.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');

export const EXTRAS = {
  libtorrent:
    'python3 -m venv .venv && .venv/bin/pip install -r test/support/python/requirements.txt (or set SWARMSCOPE_PYTHON to a Python that has it)',
  transmission: 'apt-get install transmission-daemon',
  aria2: 'apt-get install aria2',
  qbittorrent: 'apt-get install qbittorrent-nox',
  opentracker: 'apt-get install opentracker',
  chromium: 'apt-get install chromium (or set SWARMSCOPE_CHROMIUM)',
  kafka:
    'apt-get install default-jre-headless maven, then mvn -q -B -f test/support/kafka/pom.xml package (or set SWARMSCOPE_KAFKA_JARS to a directory of jars)',
  go: 'install Go 1.21 or later (https://go.dev/dl/), or .venv/bin/pip install -r test/support/python/go.txt',
} as const;
export type Extra = keyof typeof EXTRAS;

/** Suites that are skipped without something from outside npm, and what each needs; the runner prints this. */
export const SUITES: readonly { file: string; title: string; needs: readonly Extra[] }[] = [
  { file: 'test/contract/bus-kafka.test.ts', title: 'the bus contract on a real Kafka broker', needs: ['kafka'] },
  { file: 'test/interop/kafka-secured.test.ts', title: 'a Kafka broker with TLS and SASL', needs: ['kafka'] },
  { file: 'test/e2e/exactly-once.test.ts', title: 'ingest killed between a real Kafka and the store', needs: ['kafka'] },
  { file: 'test/e2e/page.test.ts', title: 'the built-in page in a headless Chromium', needs: ['chromium'] },
  { file: 'test/e2e/page-demo.test.ts', title: 'the page of the demo in a headless Chromium', needs: ['chromium'] },
  { file: 'test/interop/clickhouse-go.test.ts', title: "the HTTP front asked by Grafana's library", needs: ['go'] },
  { file: 'test/interop/dht-libtorrent.test.ts', title: 'crawler against 40 libtorrent DHT nodes', needs: ['libtorrent'] },
  { file: 'test/interop/dht-crawl.test.ts', title: 'crawler among ordinary clients', needs: ['libtorrent'] },
  { file: 'test/interop/dht-foreign.test.ts', title: 'our DHT node among libtorrent and aria2', needs: ['libtorrent', 'aria2'] },
  { file: 'test/interop/encryption.test.ts', title: 'encrypted streams with libtorrent', needs: ['libtorrent'] },
  {
    file: 'test/interop/foreign.test.ts',
    title: 'the foreign clients themselves',
    needs: ['libtorrent', 'transmission', 'aria2', 'opentracker'],
  },
  {
    file: 'test/interop/give-and-take.test.ts',
    title: 'libtorrent downloads from us; qBittorrent is proved',
    needs: ['libtorrent', 'qbittorrent'],
  },
  { file: 'test/interop/holepunch.test.ts', title: 'holepunching with libtorrent', needs: ['libtorrent'] },
  { file: 'test/interop/pipeline.test.ts', title: 'the whole pipeline against libtorrent', needs: ['libtorrent'] },
  {
    file: 'test/interop/swarm.test.ts',
    title: 'prober against a swarm of foreign peers',
    needs: ['libtorrent', 'transmission', 'aria2', 'opentracker'],
  },
  { file: 'test/interop/utp.test.ts', title: 'uTP with libtorrent', needs: ['libtorrent'] },
  { file: 'test/interop/v2.test.ts', title: 'v2 and hybrid torrents with libtorrent', needs: ['libtorrent'] },
];

const PROGRAMS: Partial<Record<Extra, readonly string[]>> = {
  transmission: ['transmission-daemon'],
  aria2: ['aria2c'],
  qbittorrent: ['qbittorrent-nox'],
  opentracker: ['opentracker'],
  chromium: ['chromium', 'chromium-browser', 'google-chrome'],
  go: ['go'],
};
const MORE_PATHS = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/go/bin', join(ROOT, '.venv/bin')];

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function findProgram(names: readonly string[]): string | undefined {
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), ...MORE_PATHS];
  return names.flatMap((name) => directories.map((directory) => join(directory, name))).find(isExecutable);
}

function findPython(): string | undefined {
  const candidates = [process.env['SWARMSCOPE_PYTHON'], join(ROOT, '.venv/bin/python'), findProgram(['python3'])];
  return candidates.find(
    (python) => python && spawnSync(python, ['-c', 'import libtorrent'], { stdio: 'ignore', timeout: 20_000 }).status === 0,
  );
}

function findKafkaJars(): string | undefined {
  const directory = process.env['SWARMSCOPE_KAFKA_JARS'] ?? join(ROOT, '.cache/kafka');
  try {
    return findProgram(['java']) && readdirSync(directory).some((name) => /^kafka_2\.\d+-.*\.jar$/.test(name))
      ? directory
      : undefined;
  } catch {
    return undefined;
  }
}

function find(extra: Extra): string | undefined {
  if (extra === 'libtorrent') return findPython();
  if (extra === 'kafka') return findKafkaJars();
  const named = extra === 'chromium' ? process.env['SWARMSCOPE_CHROMIUM'] : undefined;
  return named && isExecutable(named) ? named : findProgram(PROGRAMS[extra] ?? []);
}

const located = new Map<Extra, string | undefined>(); // bound: the keys of EXTRAS

/** Where an extra is: the program, for `libtorrent` the Python that can import it, for `kafka` the directory of jars; undefined when absent. Looked up once a process. */
function locate(extra: Extra): string | undefined {
  if (!located.has(extra)) located.set(extra, find(extra));
  return located.get(extra);
}

/** Which of the extras are absent: `describe.skipIf(missing('libtorrent').length > 0)`. */
export function missing(...extras: readonly Extra[]): Extra[] {
  return extras.filter((extra) => locate(extra) === undefined);
}

/** The place of an extra that the caller has made sure of. */
export function need(extra: Extra): string {
  const place = locate(extra);
  if (place === undefined) throw new Error(`${extra} is not on this machine: ${EXTRAS[extra]}`);
  return place;
}
