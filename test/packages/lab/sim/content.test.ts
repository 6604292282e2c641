// The lab's contents: what the metainfo says is what the bytes hash to, in v1, hybrid and v2.
import { decode, dictRange, type Value } from '@swarmscope/bittorrent/bencode.ts';
import { sha1, sha256 } from '@swarmscope/bittorrent/hash.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import { parseTorrent } from '@swarmscope/bittorrent/metainfo.ts';
import { Content, type ContentPlan } from '@swarmscope/lab/sim/content.ts';
import { describe, expect, test } from 'vitest';

const plan: ContentPlan = {
  name: 'two',
  seed: 5,
  pieceBytes: 32_768,
  files: [
    { path: 'a/one.bin', bytes: 100_000 },
    { path: 'b.bin', bytes: 20_001 },
  ],
};

type Dictionary = Map<string, Value>;

function infoOf(content: Content): Dictionary {
  const file = content.torrentFile;
  const range = dictRange(file, 'info') as { start: number; end: number };
  expect(file.slice(range.start, range.end)).toEqual(content.info);
  return decode(content.info) as Dictionary;
}

function checkPieces(content: Content): void {
  const pieces = infoOf(content).get('pieces') as Uint8Array;
  expect(pieces).toHaveLength(20 * content.pieces);
  for (let i = 0; i < content.pieces; i++) {
    const bytes = content.range(i * content.plan.pieceBytes, content.pieceLength(i));
    expect(sha1(bytes)).toEqual(pieces.slice(20 * i, 20 * i + 20));
  }
}

describe('v1', () => {
  test('hashes, lengths and name', () => {
    const content = new Content({ ...plan, trackers: ['http://127.0.0.1:1/x/announce', 'udp://127.0.0.1:2/announce'] });
    checkPieces(content);
    expect(content.totalBytes).toBe(120_001);
    expect(content.pieces).toBe(4);
    expect(content.pieceLength(3)).toBe(120_001 - 3 * 32_768);
    expect(content.infoHashV1).toEqual(sha1(content.info));
    expect(content.infoHashV2).toBeUndefined();
    expect(content.magnet).toBe(
      `magnet:?xt=urn:btih:${toHex(content.infoHashV1!)}&dn=two&tr=http%3A%2F%2F127.0.0.1%3A1%2Fx%2Fannounce&tr=udp%3A%2F%2F127.0.0.1%3A2%2Fannounce`,
    );
    expect((decode(content.torrentFile) as Dictionary).get('announce-list')).toHaveLength(2);
  });

  test('a private one says so', () => {
    expect(infoOf(new Content({ ...plan, private: true })).get('private')).toBe(1);
    expect(infoOf(new Content(plan)).has('private')).toBe(false);
  });

  test('any range is the same bytes, however it is cut', () => {
    const content = new Content(plan);
    const whole = content.range(0, content.totalBytes);
    for (const [from, length] of [
      [0, 1],
      [16_383, 2],
      [32_768, 16_384],
      [77_777, 33_333],
      [120_000, 1],
    ] as const) {
      expect(content.range(from, length)).toEqual(whole.slice(from, from + length));
    }
  });
});

describe('hybrid', () => {
  const content = new Content({ ...plan, version: 'hybrid' });

  test('both hashes, files at pieces, padding of zeroes', () => {
    checkPieces(content);
    expect(content.pieces).toBe(5);
    expect(content.wireHashes).toEqual([sha1(content.info), sha256(content.info).slice(0, 20)]);
    expect(content.range(100_000, 4 * 32_768 - 100_000).every((byte) => byte === 0)).toBe(true);
    const files = infoOf(content).get('files') as Dictionary[];
    expect(files.map((file) => file.get('length'))).toEqual([100_000, 31_072, 20_001]);
    expect(content.magnet).toContain('&xt=urn:btmh:1220');
  });

  test('piece layers fold to the roots, proofs lead to them', () => {
    const layers = (decode(content.torrentFile) as Dictionary).get('piece layers') as Dictionary;
    expect(layers.size).toBe(1);
    const root = Uint8Array.from([...layers.keys()][0]!, (character) => character.charCodeAt(0));
    const tree = content.treeOf(root)!;
    expect([...layers.values()][0]).toEqual(tree.pieceLayer(32_768, 100_000));
    // 100 000 bytes: 7 leaves, padded to 8: three levels above the leaves.
    const answer = tree.range(0, 4, 2, 2)!;
    const pair = (a: Uint8Array, b: Uint8Array) => sha256(Uint8Array.from([...a, ...b]));
    const hash = (i: number) => answer.slice(32 * i, 32 * i + 32);
    const leaf = sha256(content.range(4 * 16_384, 16_384));
    expect(hash(0)).toEqual(leaf);
    expect(answer).toHaveLength(4 * 32);
    expect(pair(hash(3), pair(pair(hash(0), hash(1)), hash(2)))).toEqual(root);
    expect(tree.range(0, 6, 4, 0)).toBeUndefined();
    expect(tree.range(9, 0, 1, 0)).toBeUndefined();
  });
});

test('a single file has one name in both versions, and our own parser finds all of it consistent', () => {
  const single = new Content({ ...plan, version: 'hybrid', files: [{ path: 'other.bin', bytes: 100_000 }] });
  expect([...(infoOf(single).get('file tree') as Dictionary).keys()]).toEqual(['two']);
  for (const version of ['v1', 'hybrid', 'v2'] as const) {
    for (const files of [plan.files, [{ path: 'other.bin', bytes: 100_000 }]]) {
      expect(parseTorrent(new Content({ ...plan, version, files }).torrentFile)).not.toBeInstanceOf(Malformed);
    }
  }
});

test('v2 alone has no v1 hash', () => {
  const content = new Content({ ...plan, version: 'v2' });
  expect(content.infoHashV1).toBeUndefined();
  expect(content.wireHashes).toEqual([content.infoHashV2!.slice(0, 20)]);
  expect(infoOf(content).has('pieces')).toBe(false);
});
