// Torrents by number: an info dictionary that hashes, made when it is wanted, so that two hundred thousand of them cost twenty bytes each.
import { encode } from '@swarmscope/bittorrent/bencode.ts';
import { sha1 } from '@swarmscope/bittorrent/hash.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import { mix32 } from '../sim/mix.ts';

const PIECE_BYTES = 262_144;
const HASH_BYTES = 20;
/** Pieces of a torrent: 80 to 119, so some 1.8 to 2.5 KB of metadata. */
const PIECES = { least: 80, spread: 40 };

/** The `info` dictionary of one torrent, bencoded. */
export function infoOf(seed: number, index: number): Uint8Array {
  const pieces = PIECES.least + (mix32(seed, index, 1) % PIECES.spread);
  const hashes = new Uint8Array(pieces * HASH_BYTES);
  const words = new Uint32Array(hashes.buffer);
  let word = mix32(seed, index, 2) || 1;
  for (let i = 0; i < words.length; i++) {
    // xorshift32
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    words[i] = word;
  }
  const length = pieces * PIECE_BYTES;
  return encode({ length, name: `Torrent ${index}`, 'piece length': PIECE_BYTES, pieces: hashes });
}

/** So many torrents, found by their infohashes. */
export class NumberedTorrents {
  readonly seed: number;
  readonly count: number;
  readonly #hashes: Uint8Array;
  /** By the infohash as 40 hex. */
  readonly #numbers = new Map<string, number>(); // bound: count

  constructor(seed: number, count: number) {
    this.seed = seed;
    this.count = count;
    this.#hashes = new Uint8Array(count * HASH_BYTES);
    for (let index = 0; index < count; index++) {
      const hash = sha1(infoOf(seed, index));
      this.#hashes.set(hash, index * HASH_BYTES);
      this.#numbers.set(toHex(hash), index);
    }
  }

  infoHash(index: number): Uint8Array {
    return this.#hashes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
  }

  info(index: number): Uint8Array {
    return infoOf(this.seed, index);
  }

  /** The number of an infohash, undefined when it is none of these. */
  numberOf(infoHash: string): number | undefined {
    return this.#numbers.get(infoHash);
  }
}
