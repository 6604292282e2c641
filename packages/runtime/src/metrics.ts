// Prometheus metrics of one process: made once by name, read at each scrape. The one file that imports prom-client.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export type Labels = Readonly<Record<string, string>>;

export interface CounterOf {
  add(amount?: number, labels?: Labels): void;
}

export interface GaugeOf {
  set(value: number, labels?: Labels): void;
}

export interface HistogramOf {
  observe(value: number, labels?: Labels): void;
}

const PREFIX = 'swarmscope_';

/** A name made twice is the same metric: services that share a process share it. Names get the prefix `swarmscope_`, units stand last in them. */
export class Metrics {
  readonly #registry = new Registry();

  /** With Node's own metrics (event loop lag, heap, open handles) unless told otherwise. */
  constructor(options: { readonly processMetrics?: boolean } = {}) {
    if (options.processMetrics ?? true) collectDefaultMetrics({ register: this.#registry, prefix: PREFIX });
  }

  counter(name: string, help: string, labelNames: readonly string[] = []): CounterOf {
    const counter = this.#made(name, (full) => new Counter({ ...full, help, labelNames, registers: [this.#registry] }));
    return { add: (amount = 1, labels = {}) => counter.inc(labels, amount) };
  }

  gauge(name: string, help: string, labelNames: readonly string[] = []): GaugeOf {
    const gauge = this.#made(name, (full) => new Gauge({ ...full, help, labelNames, registers: [this.#registry] }));
    return { set: (value, labels = {}) => gauge.set(labels, value) };
  }

  /** `bounds`: upper bounds of the buckets, rising. */
  histogram(name: string, help: string, bounds: readonly number[], labelNames: readonly string[] = []): HistogramOf {
    const made = { help, labelNames, buckets: [...bounds], registers: [this.#registry] };
    const histogram = this.#made(name, (full) => new Histogram({ ...full, ...made }));
    return { observe: (value, labels = {}) => histogram.observe(labels, value) };
  }

  /** Plain counters of a machine, read at each scrape: one series per key, labelled by `label`. `read` gives totals that only rise. */
  counters(name: string, help: string, label: string, read: () => Readonly<Record<string, number>>): void {
    this.#made(
      name,
      (full) =>
        new Counter({
          ...full,
          help,
          labelNames: [label],
          registers: [this.#registry],
          collect() {
            this.reset();
            for (const [key, value] of Object.entries(read())) this.inc({ [label]: key }, value);
          },
        }),
    );
  }

  /** Plain numbers that rise and fall, read at each scrape. */
  gauges(name: string, help: string, label: string, read: () => Readonly<Record<string, number>>): void {
    this.#made(
      name,
      (full) =>
        new Gauge({
          ...full,
          help,
          labelNames: [label],
          registers: [this.#registry],
          collect() {
            this.reset();
            for (const [key, value] of Object.entries(read())) this.set({ [label]: key }, value);
          },
        }),
    );
  }

  /** The exposition format of Prometheus. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  #made<M>(name: string, make: (full: { name: string }) => M): M {
    const full = `${PREFIX}${name}`;
    return (this.#registry.getSingleMetric(full) as M | undefined) ?? make({ name: full });
  }
}
