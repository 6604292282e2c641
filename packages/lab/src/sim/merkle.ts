// The merkle tree of one file (BEP 52): 16 KiB leaves, padded with zero hashes to a power of two.
import { sha256 } from '@swarmscope/bittorrent/hash.ts';
import { BLOCK_BYTES } from './payload.ts';

export const HASH_BYTES = 32;
const ZERO = new Uint8Array(HASH_BYTES);

/** All layers, leaves first, root (one hash) last. */
export class MerkleTree {
  readonly layers: readonly (readonly Uint8Array[])[];

  /** `block(i)` gives the i-th 16 KiB of the file, the last one cut to the file's end. */
  constructor(lengthBytes: number, block: (index: number) => Uint8Array) {
    const leaves = Array.from({ length: Math.ceil(lengthBytes / BLOCK_BYTES) }, (_, i) => sha256(block(i)));
    const size = 2 ** Math.ceil(Math.log2(Math.max(1, leaves.length)));
    while (leaves.length < size) leaves.push(ZERO);
    const layers = [leaves];
    for (let layer = leaves; layer.length > 1; layers.push(layer)) {
      const below = layer;
      layer = Array.from({ length: below.length / 2 }, (_, i) => parentOf(below[2 * i]!, below[2 * i + 1]!));
    }
    this.layers = layers;
  }

  get root(): Uint8Array {
    return this.layers.at(-1)![0]!;
  }

  /** Hashes `index` to `index + length` of the layer `base` levels above the leaves, then `proof` uncles from below the root's side upward; undefined when there are none such. */
  range(base: number, index: number, length: number, proof: number): Uint8Array | undefined {
    const layer = this.layers[base];
    const isPower = length > 0 && (length & (length - 1)) === 0;
    if (!layer || !isPower || length > 512 || index % length !== 0 || index + length > layer.length) return undefined;
    const hashes = layer.slice(index, index + length);
    let level = base + Math.log2(length);
    let at = index / length;
    const uncles = proof - Math.log2(length) + 1; // proof layers that the range covers itself are counted, but not sent
    for (let i = 0; i < uncles && level < this.layers.length - 1; i++, level++, at >>= 1)
      hashes.push(this.layers[level]![at ^ 1]!);
    const bytes = new Uint8Array(hashes.length * HASH_BYTES);
    for (const [i, hash] of hashes.entries()) bytes.set(hash, i * HASH_BYTES);
    return bytes;
  }

  /** The layer whose hashes cover one piece each, without the padding behind the file's end. */
  pieceLayer(pieceBytes: number, lengthBytes: number): Uint8Array {
    const layer = this.layers[Math.log2(pieceBytes / BLOCK_BYTES)]!.slice(0, Math.ceil(lengthBytes / pieceBytes));
    const bytes = new Uint8Array(layer.length * HASH_BYTES);
    for (const [i, hash] of layer.entries()) bytes.set(hash, i * HASH_BYTES);
    return bytes;
  }
}

function parentOf(left: Uint8Array, right: Uint8Array): Uint8Array {
  const both = new Uint8Array(2 * HASH_BYTES);
  both.set(left);
  both.set(right, HASH_BYTES);
  return sha256(both);
}
