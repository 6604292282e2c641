// The merkle trees of BEP 52: one per file, SHA-256 over 16 KiB leaves, padded with zero leaves to a power of two; roots, layers, proofs.
import { sha256, sha256Into } from './hash.ts';
import { equalBytes } from './hex.ts';
import { Malformed } from './malformed.ts';
import type { HashRange } from './peer/messages.ts';

// Level 0 are the leaves; a hash of level n covers 2^n leaves. Hashes of a level stand one after the other in one Uint8Array, and those that
// cover nothing but padding are left out: `padHash(level)` stands for them.

export const LEAF_BYTES = 16_384;
export const HASH_BYTES = 32;
/** No peer answers more hashes of a level than this at a time. */
export const MAX_RANGE_HASHES = 512;
/** 2^40 leaves are more than any file has. */
const MAX_LEVELS = 40;

const PADS: readonly Uint8Array[] = makePads();

function makePads(): Uint8Array[] {
  const pads: Uint8Array[] = [new Uint8Array(HASH_BYTES)];
  for (let level = 0; level < MAX_LEVELS; level++) pads.push(parentOf(pads[level]!, pads[level]!));
  return pads;
}

function parentOf(left: Uint8Array, right: Uint8Array): Uint8Array {
  const both = new Uint8Array(2 * HASH_BYTES);
  both.set(left);
  both.set(right, HASH_BYTES);
  return sha256(both);
}

/** The hash of a tree of 2^level zero leaves. */
export function padHash(level: number): Uint8Array {
  const pad = PADS[level];
  if (!pad) throw new Error(`no tree has a level ${level}`);
  return pad;
}

/** Levels above `hashes` hashes: how often the next power of two halves. */
export function levelsAbove(hashes: number): number {
  let levels = 0;
  while (2 ** levels < hashes) levels++;
  return levels;
}

/** Number of leaves of a file. */
export function leavesOf(fileBytes: number): number {
  return Math.ceil(fileBytes / LEAF_BYTES);
}

/** Hashes of the 16 KiB leaves of `bytes`; the last one may be shorter. */
export function leafHashes(bytes: Uint8Array): Uint8Array {
  const hashes = new Uint8Array(leavesOf(bytes.length) * HASH_BYTES);
  for (let at = 0, to = 0; at < bytes.length; at += LEAF_BYTES, to += HASH_BYTES)
    sha256Into(bytes.subarray(at, at + LEAF_BYTES), hashes, to);
  return hashes;
}

/** The level above: half as many hashes, an odd last one joined with the padding of its level. */
function nextLevel(hashes: Uint8Array, level: number): Uint8Array {
  const count = Math.ceil(hashes.length / (2 * HASH_BYTES));
  const above = new Uint8Array(count * HASH_BYTES);
  for (let i = 0; i < count; i++) {
    const pair = hashes.subarray(2 * i * HASH_BYTES, (2 * i + 2) * HASH_BYTES);
    if (pair.length === 2 * HASH_BYTES) sha256Into(pair, above, i * HASH_BYTES);
    else above.set(parentOf(pair, padHash(level)), i * HASH_BYTES);
  }
  return above;
}

/** The root over hashes of `level`, `levels` above them: what is missing of 2^levels hashes is padding. At least one hash. */
export function rootOf(hashes: Uint8Array, level: number, levels: number): Uint8Array {
  let current = hashes;
  for (let i = 0; i < levels; i++) current = nextLevel(current, level + i);
  return current;
}

/** The hash that covers one piece in a layer of pieces: `bytes` may be shorter at the end of the file. */
export function pieceRoot(bytes: Uint8Array, pieceBytes: number): Uint8Array {
  return rootOf(leafHashes(bytes), 0, levelsAbove(pieceBytes / LEAF_BYTES));
}

/** The root of a file that fits one piece: its tree is no higher than its own leaves need. */
export function smallFileRoot(bytes: Uint8Array): Uint8Array {
  return rootOf(leafHashes(bytes), 0, levelsAbove(leavesOf(bytes.length)));
}

/** Whether a layer of piece hashes is that of the file: its length and its root are checked. */
export function isPieceLayer(layer: Uint8Array, root: Uint8Array, fileBytes: number, pieceBytes: number): boolean {
  const pieces = Math.ceil(fileBytes / pieceBytes);
  if (pieces < 1 || layer.length !== pieces * HASH_BYTES) return false;
  const level = levelsAbove(pieceBytes / LEAF_BYTES);
  return equalBytes(rootOf(layer, level, levelsAbove(pieces)), root);
}

/**
 * How many uncle hashes stand behind the `length` hashes of a range. Proof layers are counted from the one above the base; those that the
 * range itself covers, log2(length) - 1 of them, are left out on the wire.
 */
export function uncleCount(length: number, proof: number): number {
  return Math.max(0, proof - levelsAbove(length) + 1);
}

/** The proof layers that lead from a range of `base` up to the root of a file: what we ask for. */
export function proofToRoot(base: number, fileBytes: number): number {
  return Math.max(0, levelsAbove(leavesOf(fileBytes)) - base - 1);
}

/** A range must be whole: a power of two of hashes, aligned to its length, inside of its level. */
function isAligned(range: HashRange, height: number): boolean {
  const { base, index, length } = range;
  const isPower = length > 0 && length <= MAX_RANGE_HASHES && (length & (length - 1)) === 0;
  return isPower && base <= height && index % length === 0 && index + length <= 2 ** (height - base);
}

/**
 * Checks the hashes of an answer against the root of the file (BEP 52 `hashes`). The proof must reach the root: anything less proves
 * nothing. `out_of_range`: not a range of this file; `bad_length`: another number of hashes than was asked for; `bad_hash`: not of this tree.
 */
export function verifyHashes(range: HashRange, hashes: Uint8Array, fileBytes: number): Malformed | undefined {
  const height = levelsAbove(leavesOf(fileBytes));
  if (!isAligned(range, height)) return new Malformed('out_of_range');
  const uncles = uncleCount(range.length, range.proof);
  if (hashes.length !== (range.length + uncles) * HASH_BYTES) return new Malformed('bad_length');
  let level = range.base + levelsAbove(range.length);
  if (level + uncles !== height) return new Malformed('out_of_range');
  let hash = rootOf(hashes.subarray(0, range.length * HASH_BYTES), range.base, levelsAbove(range.length));
  let index = range.index / range.length;
  for (let at = range.length * HASH_BYTES; level < height; level++, at += HASH_BYTES) {
    const uncle = hashes.subarray(at, at + HASH_BYTES);
    hash = index % 2 === 0 ? parentOf(hash, uncle) : parentOf(uncle, hash);
    index = Math.floor(index / 2);
  }
  return equalBytes(hash, range.root) ? undefined : new Malformed('bad_hash');
}

/** All levels of one file's tree from `base` up: what answers hash requests. From leaves (base 0), or from a layer of pieces. */
export class MerkleTree {
  readonly base: number;
  readonly root: Uint8Array;
  readonly #levels: readonly Uint8Array[];

  /** `hashes` of level `base`, without padding; at least one. */
  constructor(hashes: Uint8Array, base = 0) {
    const levels = [hashes];
    const height = levelsAbove(hashes.length / HASH_BYTES);
    for (let i = 0; i < height; i++) levels.push(nextLevel(levels[i]!, base + i));
    this.base = base;
    this.root = levels.at(-1)!;
    this.#levels = levels;
  }

  /** The hashes of a level, without padding; undefined when the tree has none such. */
  level(level: number): Uint8Array | undefined {
    return this.#levels[level - this.base];
  }

  /** The hashes that answer a request, uncles behind them; undefined when it asks for what this tree does not have. */
  answer(range: HashRange): Uint8Array | undefined {
    const height = this.base + this.#levels.length - 1;
    if (range.base < this.base || !isAligned(range, height)) return undefined;
    const bottom = range.base + levelsAbove(range.length);
    const uncles = Math.min(uncleCount(range.length, range.proof), height - bottom);
    const bytes = new Uint8Array((range.length + uncles) * HASH_BYTES);
    for (let i = 0; i < range.length; i++) bytes.set(this.#node(range.base, range.index + i), i * HASH_BYTES);
    let index = range.index / range.length;
    for (let i = 0; i < uncles; i++) {
      const sibling = index % 2 === 0 ? index + 1 : index - 1;
      bytes.set(this.#node(bottom + i, sibling), (range.length + i) * HASH_BYTES);
      index = Math.floor(index / 2);
    }
    return bytes;
  }

  #node(level: number, index: number): Uint8Array {
    const hashes = this.level(level)!;
    const at = index * HASH_BYTES;
    return at < hashes.length ? hashes.subarray(at, at + HASH_BYTES) : padHash(level);
  }
}
