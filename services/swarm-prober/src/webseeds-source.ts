// When web seeds are audited: with a census, a few pieces of each, at most every six hours, out of the budget for verification.
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Random } from '@swarmscope/bittorrent/machine.ts';
import type { AddressPolicy } from '@swarmscope/runtime/address-policy.ts';
import type { Clock } from '@swarmscope/runtime/clock.ts';
import type { Publisher } from './publish.ts';
import type { SwarmView } from './swarm.ts';
import { auditWebSeed, webSeedColumns } from './webseeds.ts';

const INTERVAL_MS = 6 * 3_600_000;
const PIECES = 3;
const MAX_BYTES = 16 * 1024 * 1024;
/** Audits at the same time; what is due beyond waits for the next census. */
const MAX_AUDITS = 16;
const MAX_REMEMBERED = 50_000;

export interface WebSeedSourceOptions {
  readonly policy: AddressPolicy;
  readonly random: Random;
  readonly clock: Clock;
  readonly publisher: Pick<Publisher, 'publish'>;
  /** Whether so much payload may be spent on a swarm now. */
  spend(view: SwarmView, bytes: number): boolean;
  readonly onInvariant: (error: unknown) => void;
}

export class WebSeedSource {
  readonly #options: WebSeedSourceOptions;
  readonly #next = new Map<string, number>(); // bound: MAX_REMEMBERED; the oldest give way, and are then audited sooner
  #audits = 0;
  #stopped = false;

  constructor(options: WebSeedSourceOptions) {
    this.#options = options;
  }

  /** Audits what is due. One name of a torrent is enough: nothing is asked for the second one of a hybrid. */
  ask(view: SwarmView): void {
    const swarm = view.home;
    const { layout } = swarm;
    if (!layout || !swarm.verify || swarm.views[0] !== view) return;
    const bytes = Math.min(MAX_BYTES, PIECES * layout.info.pieceBytes);
    const now = this.#options.clock.now();
    for (const seed of swarm.webSeeds) {
      const key = `${toHex(layout.info.swarmId)} ${seed}`;
      if (this.#audits >= MAX_AUDITS || now < (this.#next.get(key) ?? now)) continue;
      if (!this.#options.spend(view, bytes)) return;
      this.#remember(key, now + INTERVAL_MS);
      this.#audit(seed, view).catch((error: unknown) => this.#options.onInvariant(error));
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  async #audit(seed: string, { home }: SwarmView): Promise<void> {
    const { policy, random, publisher } = this.#options;
    this.#audits += 1;
    try {
      const result = await auditWebSeed(seed, home.layout!, { policy, random, pieces: PIECES, maxBytes: MAX_BYTES });
      if (result && !this.#stopped) publisher.publish('webseed_audited', webSeedColumns(home.id, seed, result));
    } finally {
      this.#audits -= 1;
    }
  }

  #remember(key: string, nextMs: number): void {
    this.#next.delete(key);
    if (this.#next.size >= MAX_REMEMBERED) this.#next.delete(this.#next.keys().next().value!);
    this.#next.set(key, nextMs);
  }
}
