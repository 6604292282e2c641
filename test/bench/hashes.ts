// Verification of pieces as sessions do it, beside the bare hash function on the same bytes.
import { hash } from 'node:crypto';
import { encode } from '@swarmscope/bittorrent/bencode.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import { pieceRoot } from '@swarmscope/bittorrent/merkle.ts';
import { parseInfo } from '@swarmscope/bittorrent/metainfo-info.ts';
import { TorrentLayout } from '@swarmscope/bittorrent/metainfo-layout.ts';
import type { Entry } from './entry.ts';
import { compared, type Figure } from './figure.ts';
import { inTurns, keep, sure } from './measure.ts';

/** One call verifies one MiB, so that calls are MiB. */
const PIECE_BYTES = 1 << 20;
const UNIT = 'MiB/CPU s';
const piece = new Uint8Array(PIECE_BYTES).map((_, i) => (i * 2_654_435_761) >>> 24);

function layoutOf(info: Parameters<typeof encode>[0]): TorrentLayout {
  const parsed = parseInfo(encode(info));
  if (parsed instanceof Malformed) throw new Error(`The info dictionary of the benchmark is ${parsed.reason}.`);
  return new TorrentLayout(parsed);
}

function verify(name: string, layout: TorrentLayout, bare: () => unknown): Figure {
  sure(layout.verify(0, piece) === true, 'the piece passes');
  sure(layout.verify(0, piece.with(5, piece[5]! ^ 1)) === false, 'a changed piece fails');
  const rounds = inTurns(
    () => keep(layout.verify(0, piece)),
    () => keep(bare()),
  );
  return compared({ name, unit: UNIT, goal: 0.7 }, rounds.ours, rounds.baseline);
}

export const hashes: readonly Entry[] = [
  {
    name: 'verify',
    title: 'pieces of 1 MiB verified: SHA-1 (v1) and the SHA-256 merkle tree (v2), beside crypto.hash on the same bytes',
    run: async () => {
      const v1 = { length: PIECE_BYTES, name: 'v1', 'piece length': PIECE_BYTES, pieces: hash('sha1', piece, 'buffer') };
      const root = pieceRoot(piece, PIECE_BYTES);
      const file = { length: PIECE_BYTES, 'pieces root': root };
      const v2 = { 'file tree': { v2: { '': file } }, 'meta version': 2, name: 'v2', 'piece length': PIECE_BYTES };
      return [
        verify('verify_v1_sha1', layoutOf(v1), () => hash('sha1', piece, 'buffer')),
        verify('verify_v2_merkle', layoutOf(v2), () => hash('sha256', piece, 'buffer')),
      ];
    },
  },
];
