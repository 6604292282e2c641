// Settings of `swarmscope` from the environment (SWARMSCOPE_*): who it is in events and logs, its citizenship, and who is told of alerts.
import { alertSettings } from '@swarmscope/alerter/config.ts';
import { crawlShareOf } from '@swarmscope/dht-crawler/config.ts';
import { ConfigError, readConfig } from '@swarmscope/runtime/config.ts';
import { citizenSettings, paceSettings, processSettings, takedownSettings } from '@swarmscope/runtime/settings.ts';
import { z } from 'zod';
import { usageFailure } from './failure.ts';

const { instanceId, network, logLevel } = processSettings;

export const settingsSchema = z.object({
  instanceId,
  network,
  logLevel,
  ...citizenSettings,
  ...takedownSettings,
  ...paceSettings,
  ...alertSettings,
});

export type Settings = z.output<typeof settingsSchema>;

/** What some commands take as flags too. */
export interface SettingFlags {
  labNetwork?: readonly string[] | undefined;
  packetsPerSecond?: number;
  flowsPerMinute?: number;
}

/** Reads the environment; what a flag gave goes first. In a laboratory the network is named `lab` unless it is named otherwise. */
export function readSettings(flags: SettingFlags, environment = process.env): Settings {
  const given: Record<string, unknown> = {};
  if (flags.labNetwork) given['labNetworks'] = flags.labNetwork;
  if (flags.packetsPerSecond !== undefined) given['packetsPerSecond'] = flags.packetsPerSecond;
  if (flags.flowsPerMinute !== undefined) given['flowsPerMinute'] = flags.flowsPerMinute;
  try {
    const settings = readConfig(settingsSchema, environment, given);
    const isLab = settings.labNetworks.length > 0 && !environment['SWARMSCOPE_NETWORK'];
    return isLab ? { ...settings, network: 'lab' } : settings;
  } catch (error) {
    throw error instanceof ConfigError ? usageFailure(error.message) : error;
  }
}

/** What the settings let the DHT node send, and the crawl of it: the rest is for lookups. */
export function crawlLimits({ packetsPerSecond, flowsPerMinute }: Settings) {
  const pace = { packetsPerSecond, flowsPerMinute };
  return { pace, limits: { queriesPerSecond: crawlShareOf(packetsPerSecond) } };
}
