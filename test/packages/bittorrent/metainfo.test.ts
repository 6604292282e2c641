// Metainfo against its vectors, against torrents that the lab made by its own code, and piece by piece.
import { encode } from '@swarmscope/bittorrent/bencode.ts';
import { sha1, sha256 } from '@swarmscope/bittorrent/hash.ts';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import { type Metainfo, parseTorrent } from '@swarmscope/bittorrent/metainfo.ts';
import { type Info, parseInfo, wireHashes } from '@swarmscope/bittorrent/metainfo-info.ts';
import { TorrentLayout } from '@swarmscope/bittorrent/metainfo-layout.ts';
import { Content, type ContentPlan } from '@swarmscope/lab/sim/content.ts';
import { describe, expect, test } from 'vitest';
import { INFO_VECTORS } from '../../vectors/metainfo.ts';

function parsed<T>(value: T | Malformed): T {
  if (value instanceof Malformed) throw new Error(`${value.reason} at ${value.offset}`);
  return value;
}

const described = (info: Info) => ({
  ...info,
  files: info.files.map((file) => `${file.path.join('/')} ${file.bytes}@${file.offset}${file.padding ? ' p' : ''}`),
});

const PLAN: ContentPlan = {
  name: 'three files',
  seed: 7,
  pieceBytes: 32_768,
  files: [
    { path: 'a/long.bin', bytes: 150_000 },
    { path: 'a/one piece.bin', bytes: 20_000 },
    { path: 'tiny', bytes: 3 },
  ],
  trackers: ['http://tracker.example:8000/announce', 'udp://tracker.example:8001'],
};

describe('info dictionary', () => {
  test.each(INFO_VECTORS)('$name', ({ info, means, refused }) => {
    const result = parseInfo(info);
    if (refused) expect(result).toMatchObject({ reason: refused });
    else expect(described(parsed(result))).toMatchObject(means!);
  });

  test('is hashed as it stands, and named by v1 before v2', () => {
    for (const { info, means } of INFO_VECTORS) {
      if (!means) continue;
      const result = parsed(parseInfo(info));
      expect(result.bytes).toEqual(info);
      if (result.infoHashV1) expect(result.infoHashV1).toEqual(sha1(info));
      if (result.infoHashV2) expect(result.infoHashV2).toEqual(sha256(info));
      expect(result.swarmId).toEqual((result.infoHashV1 ?? result.infoHashV2!).subarray(0, 20));
      expect(wireHashes(result)[0]).toEqual(result.swarmId);
    }
  });

  test('keeps nothing of the memory it was read from', () => {
    const bytes = INFO_VECTORS[0]!.info.slice();
    const info = parsed(parseInfo(bytes));
    bytes.fill(0);
    expect(info.pieceHashes).toEqual(new TextEncoder().encode('h'.repeat(20)));
  });

  test('larger than any that peers may send is refused before it is looked at', () => {
    expect(parseInfo(new Uint8Array(9 * 1024 * 1024))).toMatchObject({ reason: 'too_long' });
  });
});

describe.each(['v1', 'hybrid', 'v2'] as const)('a %s torrent of the lab', (version) => {
  const content = new Content({ ...PLAN, version });
  const metainfo: Metainfo = parsed(parseTorrent(content.torrentFile));
  const { info } = metainfo;

  test('has the same hashes, files, pieces and trackers', () => {
    expect(info.bytes).toEqual(content.info);
    expect(info.infoHashV1).toEqual(content.infoHashV1);
    expect(info.infoHashV2).toEqual(content.infoHashV2);
    expect(info.pieces).toBe(content.pieces);
    expect(info.spanBytes).toBe(content.totalBytes);
    expect(info.sizeBytes).toBe(170_003);
    expect(info.files.filter((file) => !file.padding).map((file) => file.path.join('/'))).toEqual(
      PLAN.files.map((file) => file.path),
    );
    expect(metainfo.trackers).toEqual(PLAN.trackers!.map((url) => [url]));
    expect(metainfo.layers.size).toBe(version === 'v1' ? 0 : 1);
  });

  test('every piece is verified, and none of it changed', () => {
    const layout = new TorrentLayout(info, metainfo.layers);
    for (let i = 0; i < layout.pieces; i++) {
      const piece = content.range(i * info.pieceBytes, layout.pieceBytes(i));
      expect(layout.verify(i, piece)).toBe(true);
      expect(layout.verify(i, piece.subarray(1))).toBe(false);
      piece[piece.length - 1]! ^= 1;
      expect(layout.verify(i, piece)).toBe(false);
    }
    expect(layout.verify(layout.pieces, new Uint8Array(1))).toBe(false);
  });

  test('files and pieces say the same of each other', () => {
    const layout = new TorrentLayout(info, metainfo.layers);
    const bytes = info.files.map(() => 0);
    for (let i = 0; i < layout.pieces; i++) {
      const parts = layout.filesOf(i);
      expect(parts.reduce((sum, part) => sum + part.bytes, 0)).toBe(layout.pieceBytes(i));
      for (const part of parts) {
        expect(part.offset).toBe(bytes[part.file]);
        bytes[part.file]! += part.bytes;
        const { first, end } = layout.piecesOf(part.file);
        expect(i >= first && i < end).toBe(true);
      }
    }
    expect(bytes).toEqual(info.files.map((file) => file.bytes));
  });
});

describe('pieces of a v2 torrent', () => {
  const content = new Content({ ...PLAN, version: 'v2' });
  const metainfo = parsed(parseTorrent(content.torrentFile));
  const info = parsed(parseInfo(content.info));

  test('of a long file are unknown until its layer is there', () => {
    const layout = new TorrentLayout(info);
    const piece = content.range(0, layout.pieceBytes(0));
    expect(layout.verify(0, piece)).toBeUndefined();
    expect([layout.canVerify(0), layout.canVerify(layout.pieces - 1), layout.canVerify(layout.pieces)]).toEqual([
      false,
      true,
      false,
    ]);
    const root = info.files[0]!.root!;
    const layer = metainfo.layers.get(toHex(root))!;
    expect(layout.addLayer(root, layer.subarray(32))).toBe(false);
    expect(layout.addLayer(info.files[1]!.root!, layer)).toBe(false);
    expect(layout.addLayer(root, layer)).toBe(true);
    expect(layout.verify(0, piece)).toBe(true);
    expect(layout.canVerify(0)).toBe(true);
  });

  test('of a file that fits one need no layer, and end with the file', () => {
    const layout = new TorrentLayout(info);
    const { first } = layout.piecesOf(1);
    expect(layout.pieceBytes(first)).toBe(20_000);
    expect(layout.verify(first, content.range(first * info.pieceBytes, 20_000))).toBe(true);
  });
});

describe('what stands beside the info dictionary', () => {
  const info = new Map(Object.entries({ name: 'a', 'piece length': 4, pieces: 'h'.repeat(20), length: 4 }));
  const read = (beside: Parameters<typeof encode>[0]) => parsed(parseTorrent(encode({ info, ...(beside as object) })));

  test('announce-list hides announce; tiers are kept, each URL once, useless ones left out', () => {
    const list = [
      ['http://a/announce', 'udp://b:1'],
      [],
      ['http://a/announce', ' https://c/x ', 'wss://d/', 'junk', 7],
      'http://flat/announce',
      9,
    ];
    expect(read({ announce: 'http://old/announce', 'announce-list': list }).trackers).toEqual([
      ['http://a/announce', 'udp://b:1'],
      ['https://c/x'],
      ['http://flat/announce'],
    ]);
  });

  test('announce counts where the list has nothing of use', () => {
    expect(read({ announce: 'http://old/announce', 'announce-list': [['']] }).trackers).toEqual([['http://old/announce']]);
    expect(read({ announce: 5 }).trackers).toEqual([]);
  });

  test('at most 256 trackers', () => {
    const list = Array.from({ length: 1_000 }, (_, i) => [`udp://t${i}.example:1`]);
    expect(read({ 'announce-list': list }).trackers).toHaveLength(256);
  });

  test('web seeds as one string or as a list', () => {
    expect(read({ 'url-list': 'http://w/a/' }).webSeeds).toEqual(['http://w/a/']);
    expect(read({ 'url-list': ['https://w/b', 'ftp://w/c', '', 3] }).webSeeds).toEqual(['https://w/b']);
  });

  test('nodes with usable ports', () => {
    const nodes = [['router.example', 6881], ['x', 0], ['y', 70_000], ['', 1], 'z', [1, 2]];
    expect(read({ nodes }).nodes).toEqual([{ host: 'router.example', port: 6881 }]);
  });

  test('no info, two of them, or an info that is none', () => {
    expect(parseTorrent(encode({ announce: 'http://a/' }))).toMatchObject({ reason: 'missing_field' });
    expect(parseTorrent(new TextEncoder().encode('d4:infode4:infodee'))).toMatchObject({ reason: 'duplicate_key' });
    expect(parseTorrent(encode({ info: 3 }))).toMatchObject({ reason: 'bad_type' });
    expect(parseTorrent(new Uint8Array(0))).toMatchObject({ reason: 'truncated' });
    expect(parseTorrent(new TextEncoder().encode('le'))).toMatchObject({ reason: 'bad_type' });
    expect(parseTorrent(new TextEncoder().encode('<html>'))).toMatchObject({ reason: 'bad_type' });
  });

  test('a v2 torrent without its layers, or with others, is invalid', () => {
    const content = new Content({ ...PLAN, version: 'v2' });
    const layers = parsed(parseTorrent(content.torrentFile)).layers;
    const [root, layer] = [...layers][0]!;
    const key = String.fromCharCode(...Buffer.from(root, 'hex'));
    const splice = (beside: string) =>
      Buffer.concat([Buffer.from('d4:info'), content.info, Buffer.from(beside, 'latin1'), Buffer.from('e')]);
    expect(parseTorrent(splice(''))).toMatchObject({ reason: 'missing_field' });
    const wrong = layer.slice();
    wrong[3]! ^= 1;
    const asText = (bytes: Uint8Array) => `12:piece layersd32:${key}${bytes.length}:${Buffer.from(bytes).toString('latin1')}e`;
    expect(parseTorrent(splice(asText(wrong)))).toMatchObject({ reason: 'bad_hash' });
    expect(parseTorrent(splice(asText(layer)))).toHaveProperty('info');
  });

  test('every truncation of a torrent is refused', () => {
    const bytes = encode({ announce: 'http://a/', info });
    for (let length = 0; length < bytes.length; length++)
      expect(parseTorrent(bytes.subarray(0, length))).toBeInstanceOf(Malformed);
  });
});
