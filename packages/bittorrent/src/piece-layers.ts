// The layers of pieces of a v2 torrent (BEP 52) as far as they are known: whole from a .torrent, in ranges from peers; what is whole answers hash requests.
import { toHex } from './hex.ts';
import {
  HASH_BYTES,
  isPieceLayer,
  LEAF_BYTES,
  leavesOf,
  levelsAbove,
  MAX_RANGE_HASHES,
  MerkleTree,
  proofToRoot,
} from './merkle.ts';
import type { HashRange } from './peer/messages.ts';
import type { HashQuestion, LeafPlan } from './peer/swarm.ts';

/** Ranges of layers that are not whole: 16 KiB each. A file of 16 million pieces would fill them; then the oldest goes. */
const MAX_RANGES = 256;

/** A file with a tree: not empty, and its root is known. */
export interface TreeFile {
  readonly bytes: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
}

export class PieceLayers {
  readonly #pieceBytes: number;
  readonly #whole = new Map<string, Uint8Array>(); // bound: one of each file that is longer than a piece
  readonly #ranges = new Map<string, Uint8Array>(); // bound: MAX_RANGES
  readonly #trees = new Map<string, MerkleTree>(); // bound: as #whole

  /** `whole`: layers that were checked, by the file's root in hex. */
  constructor(pieceBytes: number, whole: ReadonlyMap<string, Uint8Array>) {
    this.#pieceBytes = pieceBytes;
    for (const [root, layer] of whole) this.#whole.set(root, layer);
  }

  /** The level of the trees whose hashes cover one piece each. */
  get level(): number {
    return levelsAbove(this.#pieceBytes / LEAF_BYTES);
  }

  /** The hash of piece `piece` of a file that is longer than a piece; undefined when it is not known. */
  hash(file: TreeFile, piece: number): Uint8Array | undefined {
    const root = toHex(file.root);
    const whole = this.#whole.get(root);
    const length = this.#rangeLength(file);
    const from = whole ?? this.#ranges.get(rangeKey(root, Math.floor(piece / length)));
    const at = (whole ? piece : piece % length) * HASH_BYTES;
    return from?.subarray(at, at + HASH_BYTES);
  }

  /** What to ask a peer for, to know the hash of piece `piece` of a file. */
  question(file: TreeFile, piece: number): HashQuestion {
    const length = this.#rangeLength(file);
    const index = Math.floor(piece / length) * length;
    return questionOf(file, this.level, index, length);
  }

  /** Takes a whole layer; false when it is not that of the file. */
  addWhole(file: TreeFile, layer: Uint8Array): boolean {
    if (!isPieceLayer(layer, file.root, file.bytes, this.#pieceBytes)) return false;
    this.#whole.set(toHex(file.root), layer.slice());
    return true;
  }

  /** Takes hashes that answer `question`, checked by `verifyHashes`. When all ranges of the file are here, the layer is whole. */
  addRange(file: TreeFile, range: HashRange, hashes: Uint8Array): void {
    const root = toHex(file.root);
    if (range.base !== this.level || range.length !== this.#rangeLength(file)) return;
    const own = hashes.slice(0, range.length * HASH_BYTES);
    this.#ranges.set(rangeKey(root, range.index / range.length), own);
    if (this.#ranges.size > MAX_RANGES) this.#ranges.delete(this.#ranges.keys().next().value!);
    this.#join(file, root, range.length);
  }

  /** The hashes that answer a request for pieces of `file`; undefined when its layer is not whole here, or the request asks for what it has not. */
  answer(file: TreeFile, range: HashRange): Uint8Array | undefined {
    const root = toHex(file.root);
    const layer = this.#whole.get(root);
    if (!layer) return undefined;
    let tree = this.#trees.get(root);
    if (!tree) {
      tree = new MerkleTree(layer, this.level);
      this.#trees.set(root, tree);
    }
    return tree.answer(range);
  }

  #join(file: TreeFile, root: string, length: number): void {
    const pieces = Math.ceil(file.bytes / this.#pieceBytes);
    const keys = Array.from({ length: Math.ceil(pieces / length) }, (_, i) => rangeKey(root, i));
    if (!keys.every((key) => this.#ranges.has(key))) return;
    const layer = new Uint8Array(pieces * HASH_BYTES);
    for (const [i, key] of keys.entries()) {
      const at = i * length * HASH_BYTES;
      layer.set(this.#ranges.get(key)!.subarray(0, layer.length - at), at);
      this.#ranges.delete(key);
    }
    this.#whole.set(root, layer);
  }

  /** Hashes of one range: as many as a peer answers, or the whole layer. */
  #rangeLength(file: TreeFile): number {
    return Math.min(MAX_RANGE_HASHES, 2 ** levelsAbove(Math.ceil(file.bytes / this.#pieceBytes)));
  }
}

/** One leaf of a file, with the question for its hash: a pair of leaves and the way up. Undefined beyond the end, or when the root is the leaf's own hash. */
export function leafPlan(file: TreeFile, offset: number, begin: number): LeafPlan | undefined {
  const leaves = leavesOf(file.bytes);
  const leaf = (offset + begin) / LEAF_BYTES;
  if (leaves < 2 || leaf >= leaves) return undefined;
  const question = questionOf(file, 0, leaf - (leaf % 2), 2);
  return { begin, bytes: Math.min(LEAF_BYTES, file.bytes - leaf * LEAF_BYTES), question, at: (leaf % 2) * HASH_BYTES };
}

function questionOf({ root, bytes }: TreeFile, base: number, index: number, length: number): HashQuestion {
  return { range: { root, base, index, length, proof: proofToRoot(base, bytes) }, fileBytes: bytes };
}

function rangeKey(root: string, range: number): string {
  return `${root}/${range}`;
}
