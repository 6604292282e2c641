// Settings of `swarmscope` from the environment (SWARMSCOPE_*): who it is in events and logs, its citizenship, and who is told of alerts.
import { alertSettings } from '@swarmscope/alerter/config.ts';
import { ConfigError, readConfig } from '@swarmscope/runtime/config.ts';
import { citizenSettings, processSettings } from '@swarmscope/runtime/settings.ts';
import { z } from 'zod';
import { usageFailure } from './failure.ts';

const { instanceId, network, logLevel } = processSettings;

export const settingsSchema = z.object({ instanceId, network, logLevel, ...citizenSettings, ...alertSettings });

export type Settings = z.output<typeof settingsSchema>;

/** Reads the environment; what a flag gave goes first. In a laboratory the network is named `lab` unless it is named otherwise. */
export function readSettings(flags: { labNetwork?: readonly string[] | undefined }, environment = process.env): Settings {
  const given: Record<string, unknown> = {};
  if (flags.labNetwork) given['labNetworks'] = flags.labNetwork;
  try {
    const settings = readConfig(settingsSchema, environment, given);
    const isLab = settings.labNetworks.length > 0 && !environment['SWARMSCOPE_NETWORK'];
    return isLab ? { ...settings, network: 'lab' } : settings;
  } catch (error) {
    throw error instanceof ConfigError ? usageFailure(error.message) : error;
  }
}
