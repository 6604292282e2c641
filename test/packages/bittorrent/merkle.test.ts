// Merkle trees of BEP 52 against a naive tree over all padding, and proofs: every true one passes, every bit of it counts.
import { sha256 } from '@swarmscope/bittorrent/hash.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import {
  isPieceLayer,
  LEAF_BYTES,
  leafHashes,
  leavesOf,
  levelsAbove,
  MerkleTree,
  padHash,
  pieceRoot,
  proofToRoot,
  rootOf,
  smallFileRoot,
  uncleCount,
  verifyHashes,
} from '@swarmscope/bittorrent/merkle.ts';
import { MerkleTree as LabTree } from '@swarmscope/lab/sim/merkle.ts';
import { payloadRange } from '@swarmscope/lab/sim/payload.ts';
import { describe, expect, test } from 'vitest';

/** The root as the text of BEP 52 says it: all leaves of a power of two, zero hashes behind the file. */
function naiveRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 1) return leaves[0]!;
  const half = leaves.length / 2;
  return sha256(Buffer.concat([naiveRoot(leaves.slice(0, half)), naiveRoot(leaves.slice(half))]));
}

function naiveLeaves(bytes: Uint8Array): Uint8Array[] {
  const leaves: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += LEAF_BYTES) leaves.push(sha256(bytes.slice(at, at + LEAF_BYTES)));
  while ((leaves.length & (leaves.length - 1)) !== 0) leaves.push(new Uint8Array(32));
  return leaves;
}

const SIZES = [1, LEAF_BYTES, LEAF_BYTES + 1, 3 * LEAF_BYTES, 5 * LEAF_BYTES - 7, 8 * LEAF_BYTES, 21 * LEAF_BYTES + 1];

describe('roots', () => {
  test.each(SIZES)('of a file of %i bytes', (size) => {
    const bytes = payloadRange(3, 0, size);
    const root = naiveRoot(naiveLeaves(bytes));
    expect(toHex(smallFileRoot(bytes))).toBe(toHex(root));
    expect(toHex(new MerkleTree(leafHashes(bytes)).root)).toBe(toHex(root));
    expect(leafHashes(bytes)).toHaveLength(32 * leavesOf(size));
  });

  test('of padding', () => {
    expect(padHash(0)).toEqual(new Uint8Array(32));
    expect(padHash(3)).toEqual(naiveRoot(Array.from({ length: 8 }, () => new Uint8Array(32))));
    expect(() => padHash(41)).toThrow();
  });

  test('levels', () => {
    expect([1, 2, 3, 4, 5, 512, 513].map(levelsAbove)).toEqual([0, 1, 2, 2, 3, 9, 10]);
  });
});

describe('layers of pieces', () => {
  const pieceBytes = 4 * LEAF_BYTES;
  const size = 21 * LEAF_BYTES + 1;
  const bytes = payloadRange(3, 0, size);
  const tree = new MerkleTree(leafHashes(bytes));
  const layer = tree.level(2)!;

  test('hold one hash a piece, the last one padded', () => {
    for (let i = 0; i < 6; i++) {
      const piece = bytes.subarray(i * pieceBytes, (i + 1) * pieceBytes);
      expect(toHex(pieceRoot(piece, pieceBytes))).toBe(toHex(layer.subarray(32 * i, 32 * i + 32)));
    }
    expect(layer).toHaveLength(6 * 32);
  });

  test('are known by their length and root', () => {
    expect(isPieceLayer(layer, tree.root, size, pieceBytes)).toBe(true);
    expect(isPieceLayer(layer.subarray(32), tree.root, size, pieceBytes)).toBe(false);
    expect(isPieceLayer(layer, tree.root, size, 2 * pieceBytes)).toBe(false);
    expect(isPieceLayer(tree.level(0)!, tree.root, size, pieceBytes)).toBe(false);
    expect(isPieceLayer(new Uint8Array(0), tree.root, 0, pieceBytes)).toBe(false);
    expect(rootOf(layer, 2, 3)).toEqual(tree.root);
  });

  test('a tree of pieces answers for pieces, not for leaves', () => {
    const upper = new MerkleTree(layer, 2);
    const range = { root: tree.root, base: 2, index: 4, length: 2, proof: 2 };
    expect(upper.root).toEqual(tree.root);
    expect(upper.answer(range)).toEqual(tree.answer(range));
    expect(upper.answer({ ...range, base: 0 })).toBeUndefined();
  });
});

describe('hash requests', () => {
  const size = 21 * LEAF_BYTES + 1;
  const tree = new MerkleTree(leafHashes(payloadRange(3, 0, size)));
  const { root } = tree;

  test('the layers that the range covers itself are counted, but not sent', () => {
    expect(uncleCount(2, 3)).toBe(3);
    expect(uncleCount(4, 3)).toBe(2);
    expect(uncleCount(512, 3)).toBe(0);
    expect(proofToRoot(0, size)).toBe(4);
    expect(proofToRoot(2, size)).toBe(2);
    expect(proofToRoot(0, 1)).toBe(0);
  });

  test('every aligned range of every level is proved, padding included', () => {
    for (let base = 0; base < 5; base++) {
      for (let length = 2; length <= 2 ** (5 - base); length *= 2) {
        for (let index = 0; index + length <= 2 ** (5 - base); index += length) {
          const range = { root, base, index, length, proof: proofToRoot(base, size) };
          const hashes = tree.answer(range)!;
          expect(hashes).toHaveLength(32 * (length + uncleCount(length, range.proof)));
          expect(verifyHashes(range, hashes, size)).toBeUndefined();
        }
      }
    }
  });

  test('any changed byte is found', () => {
    const range = { root, base: 0, index: 8, length: 4, proof: 4 };
    const hashes = tree.answer(range)!;
    for (let i = 0; i < hashes.length; i++) {
      const wrong = hashes.slice();
      wrong[i]! ^= 0x10;
      expect(verifyHashes(range, wrong, size)).toMatchObject({ reason: 'bad_hash' });
    }
    expect(verifyHashes({ ...range, index: 12 }, hashes, size)).toMatchObject({ reason: 'bad_hash' });
  });

  test('a proof that does not reach the root proves nothing; lengths must be as asked', () => {
    const range = { root, base: 0, index: 8, length: 4, proof: 3 };
    const hashes = tree.answer(range)!;
    expect(verifyHashes(range, hashes, size)).toMatchObject({ reason: 'out_of_range' });
    expect(verifyHashes({ ...range, proof: 4 }, hashes, size)).toMatchObject({ reason: 'bad_length' });
    expect(verifyHashes({ ...range, proof: 4 }, hashes.subarray(1), size)).toMatchObject({ reason: 'bad_length' });
    expect(verifyHashes({ ...range, proof: 2 ** 31 }, hashes, size)).toMatchObject({ reason: 'bad_length' });
  });

  test.each([
    { base: 0, index: 2, length: 4, proof: 4 },
    { base: 0, index: 0, length: 3, proof: 4 },
    { base: 0, index: 0, length: 0, proof: 4 },
    { base: 0, index: 32, length: 4, proof: 4 },
    { base: 0, index: 0, length: 1024, proof: 0 },
    { base: 6, index: 0, length: 1, proof: 0 },
    { base: 0, index: 2 ** 32 - 4, length: 4, proof: 4 },
    { base: 2 ** 32 - 1, index: 0, length: 2, proof: 4 },
  ])('no tree has $base/$index+$length', (range) => {
    expect(tree.answer({ root, ...range })).toBeUndefined();
    expect(verifyHashes({ root, ...range }, new Uint8Array(64), size)).toMatchObject({ reason: 'out_of_range' });
  });

  test("the lab's own tree answers the same", () => {
    const bytes = payloadRange(3, 0, size);
    const other = new LabTree(size, (i) => bytes.subarray(i * LEAF_BYTES, (i + 1) * LEAF_BYTES));
    for (const [base, index, length, proof] of [
      [0, 8, 4, 4],
      [2, 4, 2, 2],
      [1, 0, 16, 1],
      [0, 30, 2, 0],
    ] as const)
      expect(other.range(base, index, length, proof)).toEqual(tree.answer({ root, base, index, length, proof }));
  });

  test('who asks for more proof than there is gets what there is', () => {
    expect(tree.answer({ root, base: 0, index: 0, length: 2, proof: 1_000_000 })).toHaveLength(32 * 6);
  });
});
