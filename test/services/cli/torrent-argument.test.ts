// MAGNET|INFOHASH|FILE: what each is read as, and one sentence for what is none of them.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toHex } from '@swarmscope/bittorrent/hex.ts';
import { Content } from '@swarmscope/lab/sim/content.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Failure } from '../../../services/cli/src/failure.ts';
import { readTorrentArgument } from '../../../services/cli/src/torrent-argument.ts';

const V1 = '0123456789abcdef0123456789abcdef01234567';
const V2 = 'ab'.repeat(32);

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'swarmscope-torrent-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('infohashes in hex, base32 and as v2', () => {
  expect(readTorrentArgument(V1.toUpperCase())).toMatchObject({ swarmId: V1, magnet: undefined, file: undefined, trackers: [] });
  expect(readTorrentArgument('AERUKZ4JVPG66AJDIVTYTK6N54ASGRLH').swarmId).toBe(V1);
  expect(readTorrentArgument(V2).swarmId).toBe(V2.slice(0, 40));
});

test('a magnet link with its trackers', () => {
  const text = `magnet:?xt=urn:btih:${V1}&tr=http%3A%2F%2Ft.example%2Fannounce%3Fpasskey%3D1&tr=udp://u.example:1`;
  expect(readTorrentArgument(text)).toMatchObject({
    swarmId: V1,
    magnet: text,
    trackers: ['http://t.example/announce?passkey=1', 'udp://u.example:1'],
  });
});

test('a .torrent file', () => {
  const content = new Content({
    name: 'a',
    seed: 1,
    pieceBytes: 16_384,
    files: [{ path: 'a', bytes: 40_000 }],
    private: true,
    version: 'hybrid',
    trackers: ['http://t.example/announce'],
  });
  const path = join(directory, 'a.torrent');
  writeFileSync(path, content.torrentFile);
  const torrent = readTorrentArgument(path);
  expect(torrent.swarmId).toBe(toHex(content.wireHashes[0]!));
  expect(torrent.infoHashV2).toEqual(content.infoHashV2);
  expect(torrent.trackers).toEqual(['http://t.example/announce']);
  expect(torrent.file).toEqual(Buffer.from(content.torrentFile));
});

describe('one sentence and exit code 2', () => {
  test.each([
    ['magnet:?dn=nothing', /magnet link cannot be read/],
    ['nonsense', /no magnet link, no infohash, and no file/],
    [V1.slice(1), /no magnet link, no infohash, and no file/],
    ['', /no magnet link/],
  ])('%j', (text, sentence) => expect(() => readTorrentArgument(text)).toThrow(sentence));

  test('files that are none, with the place', () => {
    const path = join(directory, 'b.torrent');
    writeFileSync(path, 'd4:infod6:lengthi1ee');
    expect(() => readTorrentArgument(path)).toThrow(/b\.torrent is no \.torrent file: \w+ at byte \d+/);
    mkdirSync(join(directory, 'c.torrent'));
    expect(() => readTorrentArgument(join(directory, 'c.torrent'))).toThrow(/is a directory/);
    try {
      readTorrentArgument(path);
    } catch (error) {
      expect(error).toBeInstanceOf(Failure);
      expect((error as Failure).exitCode).toBe(2);
    }
  });
});
