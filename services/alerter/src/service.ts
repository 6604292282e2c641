// The alerter as a service: rounds over the rules, an outbox for each receiver, a heartbeat for who watches the watchman.
import type { Bus } from '@swarmscope/bus/bus.ts';
import { ALERT_RULES, type AlertRule } from '@swarmscope/dashboards/definitions/alerts.ts';
import type { Clock } from '@swarmscope/runtime/clock.ts';
import type { Log } from '@swarmscope/runtime/log.ts';
import type { Metrics } from '@swarmscope/runtime/metrics.ts';
import type { Service } from '@swarmscope/runtime/service.ts';
import type { Store } from '@swarmscope/store/store.ts';
import type { AlertSettings } from './config.ts';
import { Evaluation } from './evaluation.ts';
import type { Notice } from './notice.ts';
import { Outbox } from './outbox.ts';
import { command, logReceiver, type Receiver, webhook } from './receiver.ts';

const HEARTBEAT_MS = 60_000;
const HEARTBEAT_TIMEOUT_MS = 10_000;
/** The store may still be starting: its state is read again until it answers. */
const RESUME_MS = 5_000;
/** A store that restarts is no trouble yet. */
const UNANSWERED_MS = 5 * 60_000;

export interface StartAlerterOptions {
  readonly bus: Pick<Bus, 'publish'>;
  readonly store: Pick<Store, 'query'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics?: Metrics;
  readonly instanceId: string;
  readonly network: string;
  readonly settings: AlertSettings;
  readonly everyMs: number;
  readonly rules?: readonly AlertRule[];
}

export interface RunningAlerter extends Service {
  /** Alerts that fire now, and notices that wait for a receiver. */
  progress(): { firing: number; waiting: number; evaluations: number; failures: number };
  /** What keeps it from its work, each a sentence (for `/healthz`). */
  troubles(): string[];
}

export async function startAlerter(options: StartAlerterOptions): Promise<RunningAlerter> {
  const alerter = new Alerter(options);
  alerter.start();
  return alerter;
}

class Alerter implements RunningAlerter {
  readonly name = 'alerter';
  readonly failed: Promise<never>;
  readonly #options: StartAlerterOptions;
  readonly #evaluation: Evaluation;
  readonly #outboxes: readonly Outbox[];
  readonly #told = new Map<Notice, number>(); // bound: what waits in the outboxes
  #fail!: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();
  #resumed = false;
  readonly #startedMs: number;
  #heartbeatMs = 0;
  #stopped = false;

  constructor(options: StartAlerterOptions) {
    this.#options = options;
    this.#startedMs = options.clock.wall();
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => {});
    const { bus, log, store } = options;
    this.#outboxes = receiversOf(options).map((receiver) => this.#outbox(receiver));
    this.#evaluation = new Evaluation(store, options, {
      publish: (event) => void bus.publish(event),
      notify: (notice) => this.#notify(notice),
      failed: (rule, why) => log.warn({ rule, why }, 'A rule could not be evaluated: its alerts stay as they are.'),
    });
    options.metrics?.gauges('alerter_alerts', 'Alerts by state.', 'state', () => ({ firing: this.#evaluation.firing }));
    options.metrics?.counters('alerter_total', 'What the alerter did, by kind.', 'kind', () => ({
      ...this.#evaluation.counters,
    }));
  }

  start(): void {
    this.#timer = setTimeout(() => this.#begin(), 0);
  }

  progress() {
    const { evaluations, failures } = this.#evaluation.counters;
    const waiting = this.#outboxes.reduce((sum, outbox) => sum + outbox.waiting, 0);
    return { firing: this.#evaluation.firing, waiting, evaluations, failures };
  }

  troubles(): string[] {
    const ago = this.#options.clock.wall() - UNANSWERED_MS;
    if (!this.#resumed) return this.#startedMs <= ago ? ['The store has not told the states of the alerts for 5 minutes.'] : [];
    const rules = this.#evaluation.failingSince(ago);
    return rules.length > 0 ? [`Rules could not be evaluated for 5 minutes: ${rules.join(', ')}.`] : [];
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await Promise.all(this.#outboxes.map((outbox) => outbox.stop()));
    await this.#round;
  }

  #begin(): void {
    this.#round = this.#work().then(
      (nextMs) => {
        if (!this.#stopped) this.#timer = setTimeout(() => this.#begin(), nextMs);
      },
      (error: unknown) => this.#fail(error),
    );
  }

  async #work(): Promise<number> {
    const { clock, everyMs } = this.#options;
    const now = clock.wall();
    if (!this.#resumed && !(await this.#resume(now))) return RESUME_MS;
    const answered = await this.#evaluation.round(now);
    await Promise.all(this.#outboxes.map((outbox) => outbox.deliver(now)));
    if (answered) await this.#beat(now);
    return everyMs;
  }

  async #resume(now: number): Promise<boolean> {
    try {
      await this.#evaluation.resume(this.#options.rules ?? ALERT_RULES, now);
      this.#resumed = true;
    } catch (error) {
      this.#options.log.warn({ err: error }, 'The states of the alerts cannot be read yet.');
    }
    return this.#resumed;
  }

  #notify(notice: Notice): void {
    this.#told.set(notice, this.#outboxes.length);
    for (const outbox of this.#outboxes) outbox.add(notice);
  }

  #outbox(receiver: Receiver): Outbox {
    const { log, clock } = this.#options;
    return new Outbox(receiver, {
      accepted: (notice) => this.#settled(notice, () => this.#evaluation.delivered(notice, clock.wall())),
      refused: (name, why, retryMs) =>
        log.warn({ receiver: name, why, retryMs }, 'A notification was not taken; it is tried again.'),
      lost: (notice) =>
        this.#settled(notice, () => log.error({ rule: notice.rule.uid }, 'A notification was given up: too many wait already.')),
    });
  }

  /** Delivered means: taken by every receiver. */
  #settled(notice: Notice, last: () => void): void {
    const left = (this.#told.get(notice) ?? 1) - 1;
    if (left > 0) {
      this.#told.set(notice, left);
      return;
    }
    this.#told.delete(notice);
    last();
  }

  async #beat(now: number): Promise<void> {
    const { settings, log } = this.#options;
    if (!settings.alertHeartbeat || now < this.#heartbeatMs) return;
    this.#heartbeatMs = now + HEARTBEAT_MS;
    try {
      const answer = await fetch(settings.alertHeartbeat, {
        redirect: 'manual',
        signal: AbortSignal.timeout(HEARTBEAT_TIMEOUT_MS),
      });
      await answer.body?.cancel();
      if (!answer.ok) log.warn({ status: answer.status }, 'The heartbeat was not taken.');
    } catch (error) {
      log.warn({ err: error }, 'The heartbeat could not be sent.');
    }
  }
}

/** The log always; what else is set beside it. */
function receiversOf({ settings, log }: StartAlerterOptions): Receiver[] {
  const { alertWebhook, alertSlackWebhook, alertCommand, alertPageUrl } = settings;
  return [
    logReceiver((line) => log.warn({}, line)),
    ...(alertWebhook ? [webhook(alertWebhook, 'json', alertPageUrl)] : []),
    ...(alertSlackWebhook ? [webhook(alertSlackWebhook, 'slack', alertPageUrl)] : []),
    ...(alertCommand ? [command([alertCommand], alertPageUrl)] : []),
  ];
}
