// Client versions: many nodes run few of them, so each is kept once.

import { toHex } from '@swarmscope/bittorrent/hex.ts';
import type { Fields } from '@swarmscope/bittorrent/krpc/fields.ts';

/** What is read of `v`: two letters and two bytes by custom. */
const VERSION_BYTES = 8;
/** Who invents versions gets an array for each node, as before. */
const VERSIONS_MAX = 4_096;

export class Versions {
  readonly #known = new Map<string, Uint8Array>(); // bound: VERSIONS_MAX

  /** The version of a reply that has one; shared, so nobody changes it. */
  of(reply: Fields): Uint8Array {
    const bytes = reply.copy(reply.versionAt, Math.min(VERSION_BYTES, reply.versionLength));
    const key = toHex(bytes);
    const known = this.#known.get(key);
    if (!known && this.#known.size < VERSIONS_MAX) this.#known.set(key, bytes);
    return known ?? bytes;
  }
}
