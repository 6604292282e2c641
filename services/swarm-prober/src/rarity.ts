// Which pieces hang on claims alone: shown by nobody but those that claim everything, and verified by nobody yet. They decide whether a torrent can be completed.
import type { Random } from '@swarmscope/bittorrent/machine.ts';
import type { Peer } from './peer.ts';
import { isBelieved } from './verdict.ts';

// Each such piece is asked of one claimant at a time. Once it passed it is settled for the whole swarm; a claimant that refuses it is a liar, and the next one
// is asked. So it costs about one piece each, and what nobody has is refused by everybody who claims it.

/** Seldom enough that a swarm of thousands costs nothing, often enough to follow a census. */
const FRESH_MS = 500;
/** A piece that one peer was asked for is not asked of others for so long. */
const ALONE_MS = 3_000;

/** What the pieces weigh, and how much of them may be asked for in one census. */
export interface RareBudget {
  readonly pieces: number;
  pieceBytes(piece: number): number;
  readonly maxBytes: number;
}

export class Rarity {
  readonly #verified = new Set<number>(); // bound: pieces that were asked for in one census
  /** When each was asked for last, until it passes. */
  readonly #asked = new Map<number, number>(); // bound: pieces that `maxBytes` pays for
  #open: number[] = []; // bound: pieces of the torrent
  #at = Number.NEGATIVE_INFINITY;
  #spentBytes = 0;

  /** A piece passed its hash: it exists. */
  verified(piece: number): void {
    this.#verified.add(piece);
    this.#asked.delete(piece);
  }

  /**
   * A piece that hangs on claims, that this peer shows and was not asked for: it is then to be asked. `later`: another peer is just being asked for
   * those that are left. Undefined: there is none, or the budget is used up.
   */
  choose(peer: Peer, peers: Iterable<Peer>, budget: RareBudget, random: Random, now: number): number | 'later' | undefined {
    if (now - this.#at >= FRESH_MS) {
      this.#open = hanging(peers, budget.pieces); // bound: as above
      this.#at = now;
    }
    const fits = this.#open.filter((piece) => !this.#verified.has(piece) && !peer.asked.has(piece) && peer.field?.has(piece));
    const free = fits.filter((piece) => (this.#asked.get(piece) ?? Number.NEGATIVE_INFINITY) + ALONE_MS <= now);
    const piece = free[Math.floor(random() * free.length)];
    if (piece === undefined) return fits.length > 0 ? 'later' : undefined;
    const bytes = budget.pieceBytes(piece);
    if (this.#spentBytes + bytes > budget.maxBytes) return undefined;
    this.#spentBytes += bytes;
    this.#asked.set(piece, now);
    return piece;
  }
}

/** Pieces that no believed peer with less than everything shows, and that nobody has given. A super-seeder has them all, though it shows few. */
function hanging(peers: Iterable<Peer>, pieces: number): number[] {
  const covered = new Uint8Array(pieces);
  for (const peer of peers) {
    const { verdict, field } = peer;
    if (verdict === 'super_seeder') return [];
    for (const piece of peer.passed) covered[piece] = 1;
    if (!field || field.complete || !isBelieved(verdict)) continue;
    for (let i = 0; i < pieces; i++) if (field.has(i)) covered[i] = 1;
  }
  const open: number[] = [];
  for (let i = 0; i < pieces; i++) if (covered[i] === 0) open.push(i);
  return open;
}
