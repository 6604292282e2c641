// Settings of the alerter as a process of its own, beside a ClickHouse server and Kafka.
import { integer, oneOf, text } from '@swarmscope/runtime/config.ts';
import { busSettings, processSettings } from '@swarmscope/runtime/settings.ts';
import { z } from 'zod';

/** Who delivers: one owner, so that nobody is told twice. */
export const alertSettings = {
  alerts: oneOf('Who evaluates and delivers alerts: this process, or Grafana (then this process has nothing to do).', [
    'embedded',
    'grafana',
  ]).default('embedded'),
  alertWebhook: text('URL that gets each notification as JSON by POST.', { secret: true }).optional(),
  alertSlackWebhook: text("URL that gets each notification in the format of Slack's incoming webhooks.", {
    secret: true,
  }).optional(),
  alertCommand: text('Program that is run for each notification, which it reads as JSON from its standard input.').optional(),
  alertHeartbeat: text('URL that is fetched each minute in which every rule could be evaluated: a dead-man switch elsewhere.', {
    secret: true,
  }).optional(),
  alertPageUrl: text('Where people look: named in notifications.').optional(),
};

export const alerterConfig = z.object({
  ...processSettings,
  ...busSettings,
  ...alertSettings,
  clickhouseUrl: text('ClickHouse server: http://user:password@host:8123/database.', { secret: true }),
  alertEveryMs: integer('How often it looks which rules are due, in milliseconds.', 100, 60_000).default(5_000),
});

export type AlertSettings = Pick<z.infer<typeof alerterConfig>, keyof typeof alertSettings>;
