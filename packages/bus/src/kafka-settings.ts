// From the settings of a service to what the Kafka bus is opened with: brokers, names, TLS, SASL.
import { readFileSync } from 'node:fs';

export const SASL_MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;

/** As the environment names them (docs/settings.md). */
export interface KafkaSettings {
  readonly kafkaBrokers: readonly string[];
  readonly kafkaTopicPrefix?: string | undefined;
  readonly kafkaPartitions: number;
  readonly kafkaReplicas: number;
  readonly kafkaTls: boolean;
  readonly kafkaCaFile?: string | undefined;
  readonly kafkaSasl: 'none' | (typeof SASL_MECHANISMS)[number];
  readonly kafkaUser?: string | undefined;
  readonly kafkaPassword?: string | undefined;
}

/** How a connection is encrypted and who we say that we are. */
export interface KafkaSecurity {
  /** TLS; `ca` is the PEM of who signed the brokers' certificates, where the system does not know them. */
  readonly tls?: { readonly ca?: string };
  readonly sasl?: {
    readonly mechanism: (typeof SASL_MECHANISMS)[number];
    readonly username: string;
    readonly password: string;
  };
}

export interface KafkaPlace extends KafkaSecurity {
  readonly brokers: readonly string[];
  readonly prefix?: string;
  readonly partitions: number;
  readonly replicas: number;
}

/** Throws one sentence where the settings contradict each other, and the system's error when the file cannot be read. */
export function kafkaPlace(settings: KafkaSettings): KafkaPlace {
  const { kafkaBrokers, kafkaTopicPrefix, kafkaPartitions, kafkaReplicas } = settings;
  return {
    brokers: kafkaBrokers,
    partitions: kafkaPartitions,
    replicas: kafkaReplicas,
    ...(kafkaTopicPrefix !== undefined && { prefix: kafkaTopicPrefix }),
    ...tlsOf(settings),
    ...saslOf(settings),
  };
}

function tlsOf({ kafkaTls, kafkaCaFile }: KafkaSettings): KafkaSecurity {
  if (kafkaTls) return { tls: kafkaCaFile === undefined ? {} : { ca: readFileSync(kafkaCaFile, 'utf8') } };
  if (kafkaCaFile !== undefined) throw new Error('SWARMSCOPE_KAFKA_CA_FILE is of no use without SWARMSCOPE_KAFKA_TLS=1.');
  return {};
}

function saslOf({ kafkaSasl, kafkaUser, kafkaPassword }: KafkaSettings): KafkaSecurity {
  if (kafkaSasl !== 'none') {
    if (kafkaUser === undefined || kafkaPassword === undefined)
      throw new Error('SWARMSCOPE_KAFKA_SASL needs SWARMSCOPE_KAFKA_USER and SWARMSCOPE_KAFKA_PASSWORD.');
    return { sasl: { mechanism: kafkaSasl, username: kafkaUser, password: kafkaPassword } };
  }
  if (kafkaUser !== undefined || kafkaPassword !== undefined)
    throw new Error('SWARMSCOPE_KAFKA_USER and SWARMSCOPE_KAFKA_PASSWORD are of no use without SWARMSCOPE_KAFKA_SASL.');
  return {};
}
