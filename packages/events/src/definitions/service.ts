// Events about Swarmscope itself: the health of its processes and the alerts.
import { choice, flag, float, instant, nullable, numbers, texts, uint32, word } from '../column.ts';
import { define } from '../definition.ts';
import { ALERT_STATES } from '../enums.ts';

export const serviceSampled = define({
  topic: 'service_sampled',
  version: 1,
  key: 'instance_id',
  volume: 'measure',
  order: ['service', 'ts'],
  retentionDays: 30,
  meaning: 'Health of a process, each 10 s.',
  columns: {
    service: word('Which service: `dht-crawler`, `swarm-prober`, `ingest`, `alerter`, `web`.'),
    counters: numbers(256, 'Its counters since start, by name.'),
    lag: nullable(uint32('Records behind the end of the log; null when it reads none.')),
    build: word('Version that runs.'),
  },
});

export const alertChanged = define({
  topic: 'alert_changed',
  version: 1,
  key: 'rule',
  volume: 'measure',
  order: ['rule', 'ts'],
  retentionDays: 365,
  meaning: 'An alert changed its state.',
  columns: {
    rule: word('Name of the alert rule.'),
    labels: texts(64, 'What it is about: the labels of this instance of the rule.'),
    state: choice(ALERT_STATES, 'The new state.'),
    since: instant('When the condition began.'),
    value: nullable(float('The value that was compared.')),
    delivered: flag('The notification was accepted by its receiver.'),
  },
});
