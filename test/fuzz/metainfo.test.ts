// Whatever bytes come, metainfo, magnets and layouts answer with a value: mutated vectors, mutated torrents, random text.
import { encode } from '@swarmscope/bittorrent/bencode.ts';
import { parseMagnet } from '@swarmscope/bittorrent/magnet.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import { parseTorrent } from '@swarmscope/bittorrent/metainfo.ts';
import { type Info, parseInfo } from '@swarmscope/bittorrent/metainfo-info.ts';
import { TorrentLayout } from '@swarmscope/bittorrent/metainfo-layout.ts';
import { Content } from '@swarmscope/lab/sim/content.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HEX, MAGNET_VECTORS } from '../vectors/magnet.ts';
import { INFO_VECTORS } from '../vectors/metainfo.ts';
import { mutated } from './mutation.ts';

const RUNS = {
  numRuns: Number(process.env['SWARMSCOPE_FUZZ_RUNS'] ?? 2_000),
  seed: Number(process.env['SWARMSCOPE_FUZZ_SEED'] ?? 20_261_124),
};

const FILES = [
  { path: 'a/b', bytes: 40_000 },
  { path: 'c', bytes: 5 },
];
const torrents = (['v1', 'hybrid', 'v2'] as const).map(
  (version) =>
    new Content({ name: 'x', seed: 1, pieceBytes: 16_384, files: FILES, version, trackers: ['udp://t:1'] }).torrentFile,
);

/** What an accepted info dictionary must keep, however odd it is. */
function checkInfo(info: Info): void {
  expect(info.pieces).toBe(Math.ceil(info.spanBytes / info.pieceBytes));
  expect(info.files.every((file) => file.path.every((name) => name !== '' && name !== '..' && !/[/\\\0]/.test(name)))).toBe(true);
  const layout = new TorrentLayout(info);
  for (const index of new Set([0, 1, info.pieces - 1])) {
    if (index >= info.pieces) continue;
    const bytes = layout.pieceBytes(index);
    expect(bytes > 0 && bytes <= info.pieceBytes).toBe(true);
    expect(layout.filesOf(index).reduce((sum, part) => sum + part.bytes, 0)).toBe(bytes);
  }
}

test('info dictionaries', () => {
  fc.assert(
    fc.property(mutated(INFO_VECTORS.map((vector) => vector.info)), (bytes) => {
      const info = parseInfo(bytes);
      if (!(info instanceof Malformed)) checkInfo(info);
    }),
    RUNS,
  );
});

test('torrents', () => {
  fc.assert(
    fc.property(mutated(torrents), (bytes) => {
      const torrent = parseTorrent(bytes);
      if (!(torrent instanceof Malformed)) checkInfo(torrent.info);
    }),
    RUNS,
  );
});

test('file lengths of any size', () => {
  const length = fc.oneof(fc.integer({ min: 0, max: 100_000 }), fc.maxSafeInteger());
  const file = fc.record({ length, path: fc.array(fc.string(), { maxLength: 3 }), attr: fc.constantFrom('', 'p', 'l', 'x') });
  const info = fc.record({
    name: fc.string(),
    'piece length': fc.oneof(fc.constantFrom(16_384, 1), fc.maxSafeInteger()),
    files: fc.array(file, { maxLength: 5 }),
  });
  fc.assert(
    fc.property(info, fc.integer({ min: 0, max: 40 }), (dictionary, pieces) => {
      const result = parseInfo(encode({ ...dictionary, pieces: new Uint8Array(20 * pieces) }));
      if (!(result instanceof Malformed)) checkInfo(result);
    }),
    RUNS,
  );
});

test('magnets', () => {
  const texts = fc.oneof(
    mutated(MAGNET_VECTORS.filter((vector) => vector.text.length < 1_000).map((vector) => Buffer.from(vector.text))).map(
      (bytes) => Buffer.from(bytes).toString(),
    ),
    fc.string({ unit: 'binary' }).map((text) => `magnet:?xt=urn:btih:${HEX}&${text}`),
  );
  fc.assert(
    fc.property(texts, (text) => {
      expect(parseMagnet(text)).toBeTypeOf('object');
    }),
    RUNS,
  );
});
