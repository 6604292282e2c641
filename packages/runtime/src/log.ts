// Structured logs, one JSON line each, on standard error: standard output belongs to data. The one file that imports pino.
import { destination, type Logger, pino, stdTimeFunctions } from 'pino';

/** Fields first, then a sentence. Never an address in full, a tracker URL or a seed: fields named like one are removed. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Log;
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogOptions {
  /** Default: SWARMSCOPE_LOG_LEVEL, else `info`. A main.ts logs before its configuration is read, and what is wrong with that. */
  readonly level?: LogLevel;
  /** The service and the instance: on every line. */
  readonly service: string;
  readonly instanceId: string;
  /** For tests; default standard error, written at once, so that a crash loses no line. */
  readonly sink?: { write(line: string): void };
}

/** Passkeys live in tracker URLs. */
const SECRETS = ['url', 'passkey', 'seed', 'password', 'authorization'];

export function openLog(options: LogOptions): Log {
  const { service, instanceId, sink } = options;
  const level = options.level ?? LOG_LEVELS.find((word) => word === process.env['SWARMSCOPE_LOG_LEVEL']) ?? 'info';
  const logger: Logger = pino(
    {
      level,
      base: { service, instance_id: instanceId },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`]), censor: '[removed]' },
    },
    sink ?? destination({ dest: 2, sync: true }),
  );
  return logger;
}

/** Says nothing. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
};
