// Settings that several services have: spread these groups into a service's own schema.
import { hostname } from 'node:os';
import { parseNetwork } from './address-ranges.ts';
import { hostPort, integer, listOf, oneOf, parseHostPort, text, toggle } from './config.ts';
import { LOG_LEVELS } from './log.ts';

const isNetwork = (entry: string): boolean => {
  try {
    parseNetwork(entry);
    return true;
  } catch {
    return false;
  }
};

/** Who this process is, what it says, where it is watched. */
export const processSettings = {
  instanceId: text('Name of this process in events and logs; distinct from that of every other.').default(
    `${hostname()}-${process.pid}`,
  ),
  network: text('Name of the network that is measured; `public`, or that of a laboratory.').default('public'),
  logLevel: oneOf('The least level that is logged.', LOG_LEVELS).default('info'),
  metricsListen: hostPort(
    'Where Prometheus `/metrics` and `/healthz` are served; loopback unless you name another address.',
  ).default({
    host: '127.0.0.1',
    port: 9_464,
  }),
};

/** Citizenship and privacy of whatever sends packets. */
export const citizenSettings = {
  labNetworks: listOf(
    'Networks (CIDR) that are admitted though they are private: for laboratories.',
    'networks',
    isNetwork,
  ).default([]),
  optOut: listOf('Networks (CIDR) that are never contacted.', 'networks', isNetwork).default([]),
  addresses: oneOf('`full` keeps raw addresses and node ids in events.', ['pseudonymous', 'full']).default('pseudonymous'),
  pseudonymSeed: text('Key of the pseudonyms, 64 hexadecimal digits or EPOCH:DIGITS, the same for all services.', {
    secret: true,
  }).optional(),
  pseudonymSeedFile: text(
    'File of that key, made when absent and overwritten each period; shared by services that see it.',
  ).optional(),
};

/** What nobody may probe, store or show. */
export const takedownSettings = {
  takedownFile: text(
    'File of what is not probed, stored or shown (docs/ethics.md), and of networks that are left alone; read again when it changes.',
  ).optional(),
};

/** How fast a DHT node asks, all families and uses together; the limit of a single host is no setting. */
export const paceSettings = {
  packetsPerSecond: integer('DHT queries a second in all, lookups included.', 1, 100_000).default(400),
  flowsPerMinute: integer('Distinct hosts asked in a minute: home routers die of flows.', 1, 10_000_000).default(12_000),
};

/** Run by the authors of the clients that they are named after; each answers find_node for newcomers. */
export const PUBLIC_BOOTSTRAP: readonly string[] = [
  'router.bittorrent.com:6881',
  'dht.transmissionbt.com:6881',
  'dht.libtorrent.org:25401',
  'router.utorrent.com:6881',
];

/** Where a DHT node begins. */
export const bootstrapSettings = {
  bootstrap: listOf(
    'DHT nodes asked first while the routing table is empty.',
    'HOST:PORT',
    (entry) => parseHostPort(entry) !== undefined,
  ).default([...PUBLIC_BOOTSTRAP]),
};

/** The Kafka bus. */
export const busSettings = {
  kafkaBrokers: listOf('Kafka brokers, HOST:PORT each.', 'HOST:PORT', (entry) => /^\S+:\d{1,5}$/.test(entry)).default([
    '127.0.0.1:9092',
  ]),
  kafkaTopicPrefix: text('In front of every topic and group name.').optional(),
  kafkaPartitions: integer('Partitions of the topics that are created; fixed from then on.', 1, 1_024).default(12),
  kafkaReplicas: integer('Replicas of the topics that are created.', 1, 16).default(1),
  kafkaTls: toggle('Connections to the brokers are encrypted (TLS).').default(false),
  kafkaCaFile: text("PEM file of who signed the brokers' certificates, where the system does not know them.").optional(),
  kafkaSasl: oneOf('How we say who we are to the brokers.', ['none', 'plain', 'scram-sha-256', 'scram-sha-512']).default('none'),
  kafkaUser: text('User name for SASL.').optional(),
  kafkaPassword: text('Password for SASL.', { secret: true }).optional(),
};

/** Of who publishes to the Kafka bus what nobody can measure again. */
export const spoolSettings = {
  spoolFile: text('Where events go that the bus has not taken over when the process ends; the next start reads it.').optional(),
};
