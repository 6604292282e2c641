// Verification of pieces, by themselves and as they come to a session in blocks, beside the bare hash function on the same bytes.
import { hash } from 'node:crypto';
import { encode } from '@swarmscope/bittorrent/bencode.ts';
import type { SessionOut } from '@swarmscope/bittorrent/machine.ts';
import { Malformed } from '@swarmscope/bittorrent/malformed.ts';
import { pieceRoot } from '@swarmscope/bittorrent/merkle.ts';
import { parseInfo } from '@swarmscope/bittorrent/metainfo-info.ts';
import { TorrentLayout } from '@swarmscope/bittorrent/metainfo-layout.ts';
import type { PeerFact } from '@swarmscope/bittorrent/peer/facts.ts';
import { BLOCK_BYTES, encodeMessage } from '@swarmscope/bittorrent/peer/messages.ts';
import { PieceCache } from '@swarmscope/swarm-prober/piece-cache.ts';
import type { Entry } from './entry.ts';
import { compared, type Figure } from './figure.ts';
import { greetingOf, newSession, SHOWN, swarmOf } from './greetings.ts';
import { inTurns, keep, sure } from './measure.ts';

/** One call verifies one MiB, so that calls are MiB. */
const PIECE_BYTES = 1 << 20;
const UNIT = 'MiB/CPU s';
/** What is read at once from a socket that has so much. */
const READ_BYTES = 65_536;
const CACHE_BYTES = 64 << 20;
const piece = new Uint8Array(PIECE_BYTES).map((_, i) => (i * 2_654_435_761) >>> 24);

function layoutOf(info: Parameters<typeof encode>[0]): TorrentLayout {
  const parsed = parseInfo(encode(info));
  if (parsed instanceof Malformed) throw new Error(`The info dictionary of the benchmark is ${parsed.reason}.`);
  return new TorrentLayout(parsed);
}

function verify(name: string, layout: TorrentLayout, bare: () => unknown): Figure[] {
  const changed = piece.with(5, piece[5]! ^ 1);
  sure(layout.verify(0, piece) === true, 'the piece passes');
  sure(layout.verify(0, changed) === false, 'a changed piece fails');
  const ask = challenges(layout);
  sure(ask(streamOf(changed)) === 'failed', 'a changed piece fails its challenge');
  const stream = streamOf(piece);
  const plan = { unit: UNIT, goal: 0.7 };
  const alone = inTurns(
    () => keep(layout.verify(0, piece)),
    () => keep(bare()),
  );
  const inSession = inTurns(
    () => sure(ask(stream) === 'passed', 'the piece passes its challenge'),
    () => keep(bare()),
  );
  return [
    compared({ ...plan, name }, alone.ours, alone.baseline),
    compared({ ...plan, name: `${name}_in_session` }, inSession.ours, inSession.baseline),
  ];
}

/** A piece as it comes from a socket: its blocks, one behind the other, in reads of 64 KiB. */
function streamOf(bytes: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let begin = 0; begin < bytes.length; begin += BLOCK_BYTES)
    frames.push(encodeMessage({ type: 'piece', index: 0, begin, block: bytes.subarray(begin, begin + BLOCK_BYTES) }));
  const whole = new Uint8Array(Buffer.concat(frames));
  return Array.from({ length: Math.ceil(whole.length / READ_BYTES) }, (_, i) =>
    whole.subarray(i * READ_BYTES, (i + 1) * READ_BYTES),
  );
}

/** A session with a seeder that has unchoked us: asks for the piece, hears the stream, and tells the result. What passes goes to the prober's cache. */
function challenges(layout: TorrentLayout): (stream: readonly Uint8Array[]) => string | undefined {
  const cache = new PieceCache(CACHE_BYTES);
  let result: string | undefined;
  const out: SessionOut<PeerFact> = {
    write: () => true,
    pause() {},
    resume() {},
    end() {},
    abort: () => sure(false, 'the session goes on'),
    emit: (fact) => {
      if (fact.type !== 'challenge') return;
      result = fact.result;
      if (fact.data) cache.put('', fact.piece, fact.data);
    },
  };
  const swarm = { ...swarmOf(SHOWN.infoHash, layout), pieces: cache.source('') };
  const session = newSession({ address: '127.0.0.1', port: 6_881 }, swarm);
  session.opened(0, out);
  session.receive(greetingOf({ ...SHOWN, has: { type: 'have_all' } }), 1, out);
  session.receive(encodeMessage({ type: 'unchoke' }), 1, out);
  return (stream) => {
    result = undefined;
    sure(session.challenge(0, 2, out), 'the piece can be asked for');
    for (const bytes of stream) session.receive(bytes, 2, out);
    return result;
  };
}

export const hashes: readonly Entry[] = [
  {
    name: 'verify',
    title:
      'pieces of 1 MiB verified, alone and from the blocks of a peer: SHA-1, SHA-256 merkle tree; beside crypto.hash on the same bytes',
    run: async () => {
      const v1 = { length: PIECE_BYTES, name: 'v1', 'piece length': PIECE_BYTES, pieces: hash('sha1', piece, 'buffer') };
      const root = pieceRoot(piece, PIECE_BYTES);
      const file = { length: PIECE_BYTES, 'pieces root': root };
      const v2 = { 'file tree': { v2: { '': file } }, 'meta version': 2, name: 'v2', 'piece length': PIECE_BYTES };
      return [
        ...verify('verify_v1_sha1', layoutOf(v1), () => hash('sha1', piece, 'buffer')),
        ...verify('verify_v2_merkle', layoutOf(v2), () => hash('sha256', piece, 'buffer')),
      ];
    },
  },
];
