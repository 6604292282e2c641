// Which pieces hang on claims alone: shown by nobody but those that claim everything, and verified by nobody yet. They decide whether a torrent can be completed.
import type { Random } from '@swarmscope/bittorrent/machine.ts';
import type { Peer } from './peer.ts';
import { isBelieved } from './verdict.ts';

/** Seldom enough that a swarm of thousands costs nothing, often enough to follow a census. */
const FRESH_MS = 500;

export class Rarity {
  readonly #verified = new Set<number>(); // bound: pieces that were asked for in one census
  #open: number[] = []; // bound: pieces of the torrent
  #at = Number.NEGATIVE_INFINITY;

  /** A piece passed its hash: it exists. */
  verified(piece: number): void {
    this.#verified.add(piece);
  }

  /** A piece that hangs on claims, that this peer shows and was not asked for; undefined when there is none. */
  choose(peer: Peer, peers: Iterable<Peer>, pieces: number, random: Random, now: number): number | undefined {
    if (now - this.#at >= FRESH_MS) {
      this.#open = hanging(peers, pieces); // bound: as above
      this.#at = now;
    }
    const fits = this.#open.filter((piece) => !this.#verified.has(piece) && !peer.asked.has(piece) && peer.field?.has(piece));
    return fits[Math.floor(random() * fits.length)];
  }
}

/** Pieces that no believed peer with less than everything shows. A super-seeder has them all, though it shows few. */
function hanging(peers: Iterable<Peer>, pieces: number): number[] {
  const covered = new Uint8Array(pieces);
  for (const peer of peers) {
    const { verdict, field } = peer;
    if (verdict === 'super_seeder') return [];
    if (!field || field.complete || !isBelieved(verdict)) continue;
    for (let i = 0; i < pieces; i++) if (field.has(i)) covered[i] = 1;
  }
  const open: number[] = [];
  for (let i = 0; i < pieces; i++) if (covered[i] === 0) open.push(i);
  return open;
}
