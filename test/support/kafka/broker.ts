// A real Kafka broker for tests, without Docker: one process on random loopback ports over a temporary directory, ended by its process id.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { need } from '../extras.ts';

const START_MS = 180_000;

export interface Broker {
  /** `host:port` */
  readonly address: string;
  /** PEM of its certificate, where it has one. */
  readonly ca?: string;
  /** As a power cut: SIGKILL. */
  kill(): Promise<void>;
  /** Once more on the same log and port, after kill() or pause. */
  restart(): Promise<void>;
  /** SIGSTOP and SIGCONT: a broker that stalls. */
  stall(): void;
  resume(): void;
  stop(): Promise<void>;
}

/** Two ports that were free a moment ago. */
async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()];
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) =>
          server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
        ),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return [ports[0]!, ports[1]!];
}

/** Who may come in where the broker is a secured one: by SASL PLAIN or SCRAM-SHA-512, over TLS. */
export const BROKER_USER = { username: 'swarmscope', password: 'no more than a test' } as const;
const STORE_PASSWORD = 'changeit';

/** Nobody else is let in: the only listener of clients. */
function securedProperties(directory: string): string {
  const { username, password } = BROKER_USER;
  const login = 'org.apache.kafka.common.security';
  return `
ssl.keystore.location=${join(directory, 'keystore.p12')}
ssl.keystore.type=PKCS12
ssl.keystore.password=${STORE_PASSWORD}
ssl.truststore.location=${join(directory, 'ca.pem')}
ssl.truststore.type=PEM
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.clients.plain.sasl.jaas.config=${login}.plain.PlainLoginModule required username="${username}" password="${password}" user_${username}="${password}";
listener.name.clients.scram-sha-512.sasl.jaas.config=${login}.scram.ScramLoginModule required;
`;
}

/** A certificate that nobody has signed, valid for some days; answers its PEM. */
function makeCertificate(directory: string): string {
  const store = [
    '-alias',
    'broker',
    '-keystore',
    join(directory, 'keystore.p12'),
    '-storetype',
    'PKCS12',
    '-storepass',
    STORE_PASSWORD,
  ];
  const subject = ['-keyalg', 'EC', '-dname', 'CN=broker', '-ext', 'san=ip:127.0.0.1', '-validity', '3'];
  const run = (args: readonly string[]) => spawnSync('keytool', args, { encoding: 'utf8', timeout: START_MS });
  const made = run(['-genkeypair', ...store, ...subject]);
  const shown = run(['-exportcert', '-rfc', ...store]);
  if (made.status !== 0 || shown.status !== 0) throw new Error(`keytool made no certificate: ${made.stdout}${shown.stdout}`);
  writeFileSync(join(directory, 'ca.pem'), shown.stdout);
  return shown.stdout;
}

function properties(directory: string, port: number, controllerPort: number, isSecured: boolean): string {
  return `
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:${controllerPort}
listeners=CLIENTS://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=CLIENTS://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
listener.security.protocol.map=CLIENTS:${isSecured ? 'SASL_SSL' : 'PLAINTEXT'},CONTROLLER:PLAINTEXT
inter.broker.listener.name=CLIENTS
controller.listener.names=CONTROLLER
log.dirs=${join(directory, 'log')}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
auto.create.topics.enable=false
log.cleaner.dedupe.buffer.size=4194304
log.retention.bytes=67108864
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=1000
${isSecured ? securedProperties(directory) : ''}`;
}

/** Starts one; ready when it accepts connections. Needs the extra `kafka` (see extras.ts). */
export async function startBroker({ isSecured = false }: { isSecured?: boolean } = {}): Promise<Broker> {
  const jars = need('kafka');
  const directory = mkdtempSync(join(tmpdir(), 'kafka-'));
  const [port, controllerPort] = await freePorts();
  const file = join(directory, 'server.properties');
  writeFileSync(file, properties(directory, port, controllerPort, isSecured));
  const ca = isSecured ? makeCertificate(directory) : undefined;
  const classes = ['-cp', `${join(jars, '*')}${delimiter}`];
  // An id that begins with a dash would be taken for an option.
  const id = Buffer.concat([Buffer.of(0), randomBytes(15)]).toString('base64url');
  const { username, password } = BROKER_USER;
  const users = isSecured ? ['--add-scram', `SCRAM-SHA-512=[name=${username},password=${password}]`] : [];
  const format = ['kafka.tools.StorageTool', 'format', '--standalone', '-t', id, '-c', file, ...users];
  const formatted = spawnSync('java', [...classes, ...format], { encoding: 'utf8', timeout: START_MS });
  if (formatted.status !== 0) throw new Error(`Kafka could not format its log: ${formatted.stdout}${formatted.stderr}`);
  const output = join(directory, 'output');
  let child: ChildProcess;
  const start = async () => {
    const heap = ['-Xms64m', '-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
    const shell = ['-c', 'exec java "$@" >"$0" 2>&1', output, ...heap, ...classes, 'kafka.Kafka', file];
    child = spawn('sh', shell, { stdio: 'ignore' });
    await accepts(port, child, output);
  };
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  };
  await start();
  return {
    address: `127.0.0.1:${port}`,
    ...(ca !== undefined && { ca }),
    kill: () => end('SIGKILL'),
    restart: start,
    stall: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    stop: async () => {
      await end('SIGKILL');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function accepts(port: number, child: ChildProcess, output: string): Promise<void> {
  const late = Date.now() + START_MS;
  while (Date.now() < late && child.exitCode === null) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (isOpen) return;
    await sleep(100);
  }
  throw new Error(`Kafka did not start: ${readFileSync(output, 'utf8').slice(-2_000)}`);
}
