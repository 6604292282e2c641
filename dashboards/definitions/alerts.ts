// All alert rules, read by Grafana's rules and by the alerter alike.
import type { AlertRule } from './alert-rule.ts';
import { SERVICE_RULES } from './alerts/services.ts';
import { TORRENT_RULES } from './alerts/torrents.ts';

export type { AlertRule };

export const ALERT_RULES: readonly AlertRule[] = [...TORRENT_RULES, ...SERVICE_RULES];
