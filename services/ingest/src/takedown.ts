// The takedown list at the store: what is on it is not stored, and what was stored before it came on it is taken out.
import type { Event } from '@swarmscope/events/event.ts';
import type { Takedown } from '@swarmscope/runtime/takedown.ts';
import type { Store } from '@swarmscope/store/store.ts';
import type { IngestLog } from './ingest.ts';

/** Whether an event is about a torrent of the list. The infohashes of one whose name is on it are remembered. */
export function isTakenDown(takedown: Takedown, event: Event): boolean {
  if (takedown.isEmpty) return false;
  switch (event.topic) {
    case 'infohash_sighted':
      return takedown.has(event.info_hash);
    case 'torrent_resolved':
      return takedown.meets(hashesOf(event.swarm_id, event.info_hash, event.info_hash_v1, event.info_hash_v2), event.name);
    case 'torrent_watched':
      return takedown.meets(hashesOf(event.swarm_id, event.info_hash, event.info_hash_v2), undefined);
    case 'alert_changed':
      return Object.values(event.labels).some((value) => HEX40.test(value) && takedown.has(value));
    default:
      return 'swarm_id' in event && takedown.has(event.swarm_id);
  }
}

const HEX40 = /^[0-9a-f]{40}$/;

function hashesOf(...hashes: readonly (string | null)[]): string[] {
  return hashes.filter((hash) => hash !== null);
}

/** What was read before the list changed is stored by then. */
const AGAIN_MS = 60_000;
const RETRY_MS = 30_000;

/**
 * Takes out of the store what is on the list: at the start, when the list changes, and a minute after that once more for what was on its way.
 * A store that cannot do it now is asked again.
 */
export class Eraser {
  readonly #takedown: Takedown;
  readonly #store: Pick<Store, 'erase'>;
  readonly #log: IngestLog;
  readonly #unlisten: () => void;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(takedown: Takedown, store: Pick<Store, 'erase'>, log: IngestLog) {
    this.#takedown = takedown;
    this.#store = store;
    this.#log = log;
    this.#unlisten = takedown.listen((change) => {
      if (change === 'list') void this.run();
      this.#later(AGAIN_MS);
    });
    if (!takedown.isEmpty) {
      void this.run();
      this.#later(AGAIN_MS);
    }
  }

  /** One at a time; answers when this one is over. */
  run(): Promise<void> {
    const before = this.#running ?? Promise.resolve();
    const running = before.then(() => this.#erase());
    this.#running = running;
    return running;
  }

  async #erase(): Promise<void> {
    if (this.#stopped || this.#takedown.isEmpty) return;
    try {
      const { hashed, names } = this.#takedown.list;
      const tables = await this.#store.erase({ infoHashes: this.#takedown.infoHashes(), hashed, names });
      if (tables.length > 0) this.#log.info({ tables }, 'What is on the takedown list was taken out of the store.');
    } catch (error) {
      this.#log.warn({ err: error }, 'The takedown list could not be applied to the store; it is tried again.');
      this.#later(RETRY_MS);
    }
  }

  #later(ms: number): void {
    if (this.#stopped || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.run();
    }, ms);
    this.#timer.unref();
  }

  /** Waits for what is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unlisten();
    clearTimeout(this.#timer);
    await this.#running;
  }
}
