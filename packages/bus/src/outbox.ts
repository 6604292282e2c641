// What was published and not yet taken over by a remote log: bounded per class of event, handed out in order, kept until it is acknowledged.
import { definitions, type Topic } from '@swarmscope/events/definitions.ts';
import { type Event, encodeEvent, eventKey } from '@swarmscope/events/event.ts';
import { RECORD_BYTES_MAX } from '@swarmscope/events/lists.ts';

export interface Letter {
  readonly topic: Topic;
  readonly key: string;
  /** JSON of the event. */
  readonly value: string;
}

export interface OutboxOptions {
  /** Sightings that wait; from nine sixteenths of it they are sampled down, at it all are given up. */
  readonly sightingsMax: number;
  /** Bytes of everything else from which on `room()` waits. */
  readonly measureBytesMax: number;
}

/** One sender takes a batch, sends it until it is acknowledged, and says so: nothing leaves before. */
export class Outbox {
  readonly counters = { published: 0, dropped: 0 };
  readonly #options: OutboxOptions;
  #letters: Letter[] = []; // bound: sightingsMax, and measurements that their makers hold back by room()
  #sightings = 0;
  #measureBytes = 0;
  #sampling = 0;
  #roomWaiters: (() => void)[] = []; // bound: one per prober slot that waits
  #emptyWaiters: (() => void)[] = []; // bound: one per flush that waits
  #wakeSender: () => void = () => {};

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  get length(): number {
    return this.#letters.length;
  }

  put(event: Event): 'queued' | 'dropped' {
    const isSighting = definitions[event.topic].volume === 'sighting';
    if (isSighting && this.#givesUp()) {
      this.counters.dropped += 1;
      return 'dropped';
    }
    const json = encodeEvent(event);
    // Longer than a record may be: readers reject it by its length, and the broker need not refuse it.
    const value = json.length > RECORD_BYTES_MAX ? json.slice(0, RECORD_BYTES_MAX + 1) : json;
    this.#letters.push({ topic: event.topic, key: eventKey(event), value });
    this.#count(isSighting, value.length, 1);
    this.counters.published += 1;
    this.#wakeSender();
    return 'queued';
  }

  hasRoom(): boolean {
    return this.#measureBytes < this.#options.measureBytesMax;
  }

  room(): Promise<void> {
    if (this.hasRoom()) return Promise.resolve();
    return new Promise((resolve) => this.#roomWaiters.push(resolve));
  }

  /** Kept when there is something to send, or at `wake()`. */
  more(): Promise<void> {
    if (this.#letters.length > 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wakeSender = resolve;
    });
  }

  wake(): void {
    this.#wakeSender();
  }

  /** The oldest, at most so many and so many bytes of JSON, one at least; they stay until `sent`. */
  head(lettersMax: number, bytesMax: number): readonly Letter[] {
    let count = 0;
    let bytes = 0;
    while (count < this.#letters.length && count < lettersMax) {
      bytes += this.#letters[count]!.value.length;
      if (count > 0 && bytes > bytesMax) break;
      count += 1;
    }
    return this.#letters.slice(0, count);
  }

  /** The oldest `count` are taken over. */
  sent(count: number): void {
    const gone = this.#letters.slice(0, count);
    this.#letters = this.#letters.slice(count); // bound: as above
    for (const { topic, value } of gone) this.#count(definitions[topic].volume === 'sighting', value.length, -1);
    if (this.hasRoom()) for (const wake of this.#roomWaiters.splice(0)) wake();
    if (this.#letters.length === 0) for (const wake of this.#emptyWaiters.splice(0)) wake();
  }

  /** True when all is taken over in time. */
  async empty(timeoutMs: number): Promise<boolean> {
    if (this.#letters.length === 0) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const wake = () => resolve(true);
    this.#emptyWaiters.push(wake);
    const timer = Number.isFinite(timeoutMs) ? setTimeout(() => resolve(false), timeoutMs) : undefined;
    const isEmpty = await promise;
    clearTimeout(timer);
    this.#emptyWaiters = this.#emptyWaiters.filter((other) => other !== wake); // bound: as above
    return isEmpty;
  }

  /** What is not taken over, as lines of JSON: for the spool. */
  *lines(): Iterable<string> {
    for (const { value } of this.#letters) yield value;
  }

  /** Nobody waits any more. */
  close(): void {
    for (const wake of this.#roomWaiters.splice(0)) wake();
    this.#wakeSender();
  }

  #count(isSighting: boolean, bytes: number, sign: 1 | -1): void {
    if (isSighting) this.#sightings += sign;
    else this.#measureBytes += sign * bytes;
  }

  #givesUp(): boolean {
    const pressure = this.#sightings / this.#options.sightingsMax;
    if (pressure < 0.5) return false;
    this.#sampling += 1;
    return pressure >= 1 || this.#sampling % 8 < Math.floor((pressure - 0.5) * 16);
  }
}
